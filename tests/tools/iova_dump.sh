#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# iova_dump.sh - iova-dump shows what was played, in text and as well-formed SVG.
set -u
. "$top_srcdir/tests/tap.sh"
tool=$top_builddir/tools/iova-dump
show="out err"

cat >"$dir/ops" <<'END'
# 64 granules a row's cell each
space 0x0 0xfffff
at 1 0x10000 0x10000
at 2 0x40000 0x1000
alloc 3 0x2000
free 3
reserve 0x80000 0x8ffff
END
"$tool" "$dir/ops" >"$dir/out" 2>"$dir/err"
result $? "operations are played"
grep -q '^2 ranges, 68 KiB live, 64 KiB reserved, 4 holes, the largest 448 KiB, fragmentation 0.498' "$dir/out"
result $? "the numbers are right"
row=$(sed -n 's/^0000000000000000 //p' "$dir/out")
[ "$(echo "$row" | cut -c17-32)" = "@@@@@@@@@@@@@@@@" ] &&
	[ "$(echo "$row" | cut -c1-16)" = "................" ] &&
	[ "$(echo "$row" | cut -c65)" = "@" ] && [ "$(echo "$row" | cut -c66)" = "." ]
result $? "live ranges are where they are"
[ "$(sed -n 's/^0000000000080000 //p' "$dir/out" | cut -c1-17)" = "################." ]
result $? "and so is the reservation"

"$tool" --svg "$dir/ops" >"$dir/out" 2>"$dir/err"
rc=$?
[ $rc -eq 0 ] && [ "$(grep -c '<rect x=' "$dir/out")" -eq 256 ] &&
	[ "$(grep -c 'fill="#606060"' "$dir/out")" -eq 16 ]
result $? "SVG: a square for each of 256 granules, 16 of them reserved"
if command -v python3 >/dev/null; then
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$dir/out" 2>"$dir/err"
	result $? "SVG is well-formed"
fi

"$tool" --demo=7 >"$dir/out" 2>"$dir/err" && grep -q '64 KiB reserved' "$dir/out" &&
	[ "$(grep -c '^0' "$dir/out")" -ge 40 ]
result $? "the demo has a picture"

printf 'alloc 1 0x1000\nalloc 1 0x1000\nfree 2\nnonsense\n' | "$tool" >"$dir/out" 2>"$dir/err"
rc=$?
[ $rc -eq 1 ] && [ "$(wc -l <"$dir/err")" -eq 3 ] && grep -q '^1 ranges' "$dir/out"
result $? "what is refused is said, with its line"
echo 'space 1 2' | "$tool" >"$dir/out" 2>"$dir/err"
[ $? -eq 1 ] && grep -q 'no such space' "$dir/err"
result $? "a space that cannot be"
"$tool" --what >"$dir/out" 2>"$dir/err"
[ $? -eq 2 ] && grep -q usage "$dir/err"
result $? "usage"
echo "1..$n"
