#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# bench/ratios: bad arguments get one line on stderr, exit status 1 and no output.
set -u
ratios=${top_builddir:-.}/bench/ratios
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ratios.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

refused() { # arguments; stdin: a pattern the message must match
	read -r pattern
	"$ratios" "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	if [ $rc -ne 1 ] || [ -s "$tmp/out" ] || [ "$(wc -l <"$tmp/err")" -ne 1 ] ||
		! grep -q "$pattern" "$tmp/err"; then
		echo "ratios $*: rc $rc, stderr: $(cat "$tmp/err")"
		failed=1
	fi
}

echo 'unknown name "iova/nothing"' | refused iova/nothing
# Checked before anything runs.
echo 'unknown name "x"' | refused iova/pair_4k x
echo 'unknown name ""' | refused ""
echo 'rounds' | refused --rounds=4
echo 'rounds' | refused --rounds=many iova/pair_4k
echo '6.12' | refused --linux-iova=5.10
echo 'unrecognized option' | refused --fast

"$ratios" --list >"$tmp/list" || failed=1
[ "$(grep -c '^iova/' "$tmp/list")" = 13 ] && [ "$(grep -c '^pgtbl/' "$tmp/list")" = 10 ] || {
	echo "--list is incomplete"
	failed=1
}
[ "$(sort "$tmp/list" | uniq -d | wc -l)" = 0 ] || { echo "--list has duplicates"; failed=1; }
"$ratios" --help | grep -q '^usage: bench/ratios' || failed=1
exit $failed
