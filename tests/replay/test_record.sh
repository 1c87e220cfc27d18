#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# dmarec-trace on recordings made by hand: what it puts together, leaves out, refuses.
set -u
if ! command -v python3 >/dev/null; then
	echo "no python3"
	exit 77
fi
convert=$top_srcdir/bench/record/dmarec-trace
. "$top_srcdir/tests/tap.sh"
show='out err'

# Reads "kind ns cpu thread context domain device iova value bytes prot", numbers as in C.
record() {
	python3 -c '
import struct, sys
for line in sys.stdin:
    w = line.split()
    ns, cpu, thread, context, domain, device, iova, value, size, prot = (int(x, 0) for x in w[1:])
    sys.stdout.buffer.write(struct.pack("<QQQQIHHHBBBB2x", ns, iova, value, size, thread, cpu,
        device, domain, ord(w[0]), context, prot, 1))' >"$dir/events"
}

names() {
	printf 'events 99 dropped %s\ndev 0 0000:00:03.0 nvme dma_mask ffff coherent_mask ffff\n' "$1" >"$dir/names"
}

convert() {
	"$convert" "$dir/events" "$dir/names" made >"$dir/out" 2>"$dir/err"
	rc=$?
}

# has LINE: the trace has exactly this line
has() { grep -qxF -- "$1" "$dir/out"; }

names 0
# One mapping in two entries, an interrupt in its middle; an unmap from before; 100 bytes at an offset.
record <<-END
	U 1000 0 5 0 0 0 0x777000 0 4096 0
	A 2000 0 5 0 0 0 0 0xffffffff 0x3000 0
	S 2010 0 5 0 9 0 0 0 0 0
	M 2020 0 5 0 0 0 0x10000 0x400000 0x2000 3
	A 2030 0 5 2 0 0 0 0xffffffff 0x1000 0
	S 2031 0 5 2 9 0 0 0 0 0
	M 2032 0 5 2 0 0 0x20000 0x500000 0x1000 2
	M 2040 0 5 0 0 0 0x12000 0x600000 0x1000 3
	M 2050 1 6 0 0 0 0x999000 0x600000 0x1000 3
	U 3000 1 6 0 0 0 0x20010 0 100 0
	F 3005 1 6 0 9 0 0x20000 0 0x1000 0
	U 4000 1 6 0 0 0 0x10000 0 0x3000 0
	F 4005 1 6 0 9 0 0x10000 0 0x3000 0
END
convert
[ $rc -eq 0 ] && has '# dma-trace v2 made' && has '0 0 m 0 10000 3000 ffffffff 3 0 0 400+2,600' &&
	has '12 0 m 0 20000 1000 ffffffff 2 0 2 500' && has '968 1 u 0 20000 1000 0 0' &&
	has '1000 1 u 0 10000 3000 0 0' && ! grep -q ' f ' "$dir/out"
result $? "strict: segments joined across an interrupt, sizes rounded to pages"
has '# dev 0 0000:00:03.0 nvme dom 0 dma_mask ffff coherent_mask ffff'
result $? "the device table"
grep -q '1 unmaps of mappings older' "$dir/err" && grep -q '1 page-table entries not made' "$dir/err"
result $? "what was left out is said"
"$top_builddir/bench/replay" --no-peer --check - <"$dir/out" >"$dir/replayed" 2>&1
result $? "replay takes it"

record <<-END
	A 1000 0 5 0 0 0 0 0xffffffff 0x1000 0
	S 1010 0 5 0 9 0 0 0 0 0
	M 1020 0 5 0 0 0 0x10000 0x400000 0x1000 3
	A 1100 0 5 0 0 0 0 0xffffffff 0x1000 0
	S 1110 0 5 0 9 0 0 0 0 0
	M 1120 0 5 0 0 0 0x11000 0x400000 0x1000 3
	U 2000 0 5 1 0 0 0x10000 0 0x1000 0
	U 2100 0 5 1 0 0 0x11000 0 0x1000 0
	X 3000 1 0 1 0 0 0 0 0 0
	F 3001 1 0 1 9 0 0x10000 0 0x1000 0
	F 3002 1 0 1 9 0 0x11000 0 0x1000 0
	F 3003 1 0 1 9 0 0x55000 0 0x1000 0
	A 4000 0 5 0 0 0 0 0xffffffff 0x1000 0
	S 4010 0 5 0 9 0 0 0 0 0
	M 4020 0 5 0 0 0 0x10000 0x400000 0x1000 3
	A 5000 0 5 0 0 0 0 0xffffffff 0x1000 0
	S 5010 0 5 0 9 0 0 0 0 0
	M 5020 0 5 0 0 0 0x10000 0x400000 0x1000 3
	A 6000 0 5 0 0 0 0 0xffffffff 0x2000 0
	M 6020 0 5 0 0 0 0x80000 0x400000 0x1000 3
END
convert
[ $rc -eq 0 ] && has '900 1 x 0' && has '1 1 f 0 10000 1000' && has '1 1 f 0 11000 1000' &&
	has '1018 0 m 0 10000 1000 ffffffff 3 0 0 400'
result $? "lazy: flushes and frees"
has '1000 0 m 1 10000 1000 ffffffff 3 0 0 400' && grep -q '1 domains that were replaced' "$dir/err"
result $? "the same range mapped twice is a new domain"
! grep -q ' 80000 ' "$dir/out" && grep -q '1 mappings cut off' "$dir/err"
result $? "a mapping cut off by the end"
"$top_builddir/bench/replay" --no-peer --check - <"$dir/out" >"$dir/replayed" 2>&1
result $? "replay takes it"

names 3
convert
[ $rc -ne 0 ] && [ ! -s "$dir/out" ] && grep -q 'events were dropped' "$dir/err"
result $? "a recording with dropped events is refused"

names 0
head -c 100 "$dir/events" >"$dir/cut" && mv "$dir/cut" "$dir/events"
convert
[ $rc -ne 0 ] && [ ! -s "$dir/out" ] && grep -q 'cut off' "$dir/err"
result $? "a recording that is cut off is refused"

echo "1..$n"
