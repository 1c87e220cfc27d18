#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# dump.sh - pgtbl-dump from the command line: every output, scripts and traces, comparisons,
# what it refuses; its images walked by walk_image.py, which shares nothing with the library.
set -u
. "$top_srcdir/tests/tap.sh"
tool=$top_builddir/tools/pgtbl-dump
walk="python3 $top_srcdir/tests/tools/walk_image.py"

cat >"$dir/script" <<'END'
# sizes of every kind
map 0x100000 0x80100000 1M
map 0x200000 0x80200000 4M rw
map 5G 16G 1G r
map 0x17ffff000 4096 3M   # straddles
unmap 0x180001000 8K
replace 0x200000 0x90000000 2M
map 0x300000000 0x1000 64K
END
sed 's/^map 5G.*/map 5G 16G 64M r/' "$dir/script" >"$dir/small"
cat >"$dir/want" <<'END'
vtdss levels=4 root=0x100000000
0x0000000000100000-0x00000000001fffff -> 0x0000000080100000 256 x 4K rw
0x0000000000200000-0x00000000003fffff -> 0x0000000090000000 1 x 2M rw
0x0000000000400000-0x00000000005fffff -> 0x0000000080400000 1 x 2M rw
0x0000000140000000-0x000000017fffffff -> 0x0000000400000000 1 x 1G r
END
# 0x17ffff000 lies in the gigabyte.
! $tool "$dir/script" >"$dir/text" 2>"$dir/err" && grep -q 'script:5: refused: File exists' "$dir/err"
result $? "a line that is refused is named"
sed -i '/straddles/d; /^unmap/d' "$dir/script" "$dir/small"
$tool "$dir/script" >"$dir/text" 2>"$dir/err" && head -5 "$dir/text" | cmp -s - "$dir/want"
result $? "text"
$tool -s "$dir/script" >"$dir/svg" && python3 - "$dir/svg" <<'END'
import sys
import xml.dom.minidom
svg = xml.dom.minidom.parse(sys.argv[1])
boxes = [r for r in svg.getElementsByTagName("rect") if r.getAttribute("fill") == "#eee"]
# root, level 3, two of level 2, two leaf tables; all but the root hang on a line
sys.exit(len(boxes) != 6 or len(svg.getElementsByTagName("line")) != 5)
END
result $? "a picture: well formed, a box for each table, a line to each from its parent"

image() { # name, options
	name=$1
	shift
	$tool "$@" -i -o "$dir/image" "$dir/small" && $tool "$@" -j -o "$dir/json" "$dir/small" &&
		$walk "$dir/image" "$dir/json"
	result $? "image: an independent walker agrees: $name"
}
image "vtdss, 3 levels" -l 3
image "vtdss, 5 levels" -l 5
image "x86_64" -f x86_64
image "amdv1, pages of many sizes" -f amdv1 -l 3
image "amdv1, 6 levels" -f amdv1 -l 6
image "arm_s1, contiguous" -f arm_s1
image "arm_s2, root of several tables" -f arm_s2 -l 3 --iova-bits=40
image "riscv, Svnapot" -f riscv -l 3
image "tce, big-endian" -f tce

# Two that begin with three levels: one of them has to grow.
image "vtdss, 3 levels that may become 5" -l 5 --start-levels=3
[ "$(od -An -tu4 -j12 -N4 "$dir/image" | tr -d ' ')" = 3 ]
result $? "image: a table that did not have to grow"
echo 'map 0x8000000000 0x1000 64K' >>"$dir/small"
image "vtdss, grown to 4 levels" -l 5 --start-levels=3
[ "$(od -An -tu4 -j12 -N4 "$dir/image" | tr -d ' ')" = 4 ]
result $? "image: a table that has grown by one level"
sed -i '$d' "$dir/small"

# A flipped bit in a table is found: the walker reads what is there.
$tool -i -o "$dir/image" "$dir/small" && $tool -j -o "$dir/json" "$dir/small" &&
	python3 - "$dir/image" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = next(i for i in range(len(data) - 32, 64, -1) if data[i])
data[at] ^= 0x40
open(sys.argv[1], "wb").write(data)
END
! $walk "$dir/image" "$dir/json" >/dev/null
result $? "image: a changed bit does not go unnoticed"

cat >"$dir/trace" <<'END'
# tracer: nop
     kworker-17 [001] ..... 10.1: map: IOMMU: iova=0x00000000fffff000 paddr=0x000000010a2b3000 size=4096
     kworker-17 [001] ..... 10.2: map: IOMMU: iova=0x00000000ffffe000 - 0x00000000fffff000 paddr=0x000000010a2b4000 size=4096
     kworker-17 [001] ..... 10.3: unmap: IOMMU: iova=0x00000000fffff000 size=4096 unmapped_size=4096
     kworker-17 [001] ..... 10.4: unmap: IOMMU: iova=0x00000000ffff0000 size=4096 unmapped_size=0
END
echo 'map 0xffffe000 0x10a2b4000 4K' >"$dir/same"
$tool -c "$dir/same" "$dir/trace"
result $? "a Linux trace; two that translate alike do not differ"
printf 'map 0xffffe000 0x10a2b4000 4K\nmap 0x1000 0x5000 12K r\nmap 8G 8G 2M\n' >"$dir/a"
printf 'map 0xffffe000 0x10a2b4000 4K\nmap 0x2000 0x6000 4K\nmap 8G 8G 1M\nmap 0x200100000 0x200100000 1M\n' >"$dir/b"
$tool -c "$dir/b" "$dir/a" >"$dir/diff"
[ $? -eq 1 ] && cat >"$dir/want" <<'END' && cmp "$dir/diff" "$dir/want"
0x0000000000001000-0x0000000000001fff 0x0000000000005000 r | nothing
0x0000000000002000-0x0000000000002fff 0x0000000000006000 r | 0x0000000000006000 rw
0x0000000000003000-0x0000000000003fff 0x0000000000007000 r | nothing
END
result $? "differences, and only those: sizes of leaves are none"

printf 'map 1G 4G 4M\nunmap 0x40001000 4K\ndemote 0x40200000 4K 4K\n' >"$dir/ops"
$tool --split "$dir/ops" >"$dir/text" &&
	[ "$(tail -n +2 "$dir/text" | sed 's/.* -> [^ ]* //' | tr '\n' ';')" = "1 x 4K rw;1022 x 4K rw;" ]
result $? "split and demote"
echo 'promote 1G 1G' >>"$dir/ops"
$tool --split "$dir/ops" | grep -q ' 1 x 2M rw'
result $? "promote"
printf 'map 6G 0 4K\nunmap 6G 4K\nreserve 9G 4K 4K\nreclaim\n' >"$dir/ops"
$tool -i "$dir/ops" | wc -c | grep -qx $((64 + 24 * 5 + 4096 * 4))
result $? "reserve and reclaim"

refused() { # what, script, options
	what=$1
	printf '%s\n' "$2" >"$dir/bad"
	shift 2
	$tool "$@" "$dir/bad" >/dev/null 2>"$dir/err"
	[ $? -eq 2 ] && [ -s "$dir/err" ]
	result $? "refused: $what"
}
refused "a bad number" 'map 0 0 4X'
refused "too few words" 'map 0 0'
refused "unknown permissions" 'map 0 0 4K rwz'
refused "an unknown operation" 'remap 0 0 4K'
refused "an unmap of nothing" 'unmap 0 4K'
refused "a format that is none" '' -f vtd
refused "levels that the format lacks" '' -l 9
refused "an unwritable output" '' -o "$dir/no/where"
$tool "$dir/nothing" >/dev/null 2>"$dir/err"
[ $? -eq 2 ] && grep -q 'nothing: No such file' "$dir/err"
result $? "refused: no such file"
echo "1..$n"
