#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# corpus.sh - runs every fuzz target once over its corpus.
set -u
n=0
log=$(mktemp "${TMPDIR:-/tmp}/corpus.XXXXXX") || exit 99
trap 'rm -f "$log"' EXIT
for t in $FUZZ_TARGETS; do
	n=$((n + 1))
	name=${t##*/fuzz_}
	if ls "$top_srcdir/tests/fuzz/corpus/$name"/* >"$log" 2>&1 &&
		"$top_builddir/$t" "$top_srcdir/tests/fuzz/corpus/$name"/* >"$log" 2>&1; then
		echo "ok $n - $name"
	else
		tail -n 40 "$log" | sed 's/^/# /'
		echo "not ok $n - $name"
	fi
done
[ $n -gt 0 ] || { echo "no fuzz target"; exit 77; }
echo "1..$n"
