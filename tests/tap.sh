# SPDX-License-Identifier: GPL-2.0-only OR MIT
# tap.sh - what every test script starts with (". $top_srcdir/tests/tap.sh"):
# an empty directory $dir that goes away at the end, and a count of results.
# shellcheck shell=sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/test.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
n=0
show= # files of $dir that tell what went wrong

result() { # status, description
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
		return
	fi
	echo "not ok $n - $2"
	for file in $show; do
		[ ! -f "$dir/$file" ] || sed 's/^/# /' "$dir/$file"
	done
}
