#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# bench/replay as a user meets it: what it prints, how it refuses, what it exits with.
# The peer is not needed here: it takes a kernel source package to build.
set -u
replay=$top_builddir/bench/replay
traces=$top_srcdir/bench/traces
. "$top_srcdir/tests/tap.sh"
show='out err'

# Runs replay; sets $rc.
run() {
	"$replay" "$@" >"$dir/out" 2>"$dir/err"
	rc=$?
}

# A one-line message that matches $1, exit status 1, nothing on standard output: $2 says of what.
refused() {
	[ "$rc" -eq 1 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" -eq 1 ] &&
		grep -q -- "$1" "$dir/err"
	result $? "$2"
}

# Three domains, four devices, CPUs 7 and 300, a 1 GiB mapping, limits of 28 and 64 bits.
cat >"$dir/odd.trace" <<-END
	# something this project has never seen
	0 7 m 900 ff000 1000 fffffff 6 40 0 abc
	10 300 m 17 4000000000 40000000 ffffffffffffffff 7 2 1 80000+40000
	10 7 m 4 1000 3000 ffffffff 5 65000 2 1,7+2
	10 300 u 900 ff000 1000 41 2
	99999999 7 m 900 ff000 1000 fffffff 6 40 0 abd
	5 7 u 17 4000000000 40000000 2 0
END
run --no-peer --mode=both "$dir/odd.trace"
[ "$rc" -eq 0 ] && grep -q '^odd  *strict' "$dir/out" && grep -q '^odd  *lazy' "$dir/out"
result $? "a trace never seen before, both modes"

run --no-peer --check --mode=both - <"$dir/odd.trace"
[ "$rc" -eq 0 ] && grep -q '^-  *strict' "$dir/out"
result $? "standard input"

if [ "${CHECK_LONG:-0}" = 1 ]; then
	set -- "$traces"/*.trace.zst
else
	set -- "$traces/usb-fs-strict.trace.zst" "$traces/boot-lazy.trace.zst" \
		"$traces/nvme-fs-lazy.trace.zst"
fi
for trace; do
	name=$(basename "$trace" .trace.zst)
	run --no-peer --check --mode=both "$trace"
	[ "$rc" -eq 0 ] && [ "$(grep -c "^$name " "$dir/out")" -eq 2 ] && [ ! -s "$dir/err" ]
	result $? "$name: checks hold in both modes"
done

for threads in 1 2; do
	run --no-peer --threads=$threads "$traces/boot-lazy.trace.zst"
	[ "$rc" -eq 0 ] && grep -q '^boot-lazy  *lazy' "$dir/out" && [ ! -s "$dir/err" ]
	result $? "measured on up to $threads threads"
done

run --no-peer --threads=1 --latency=300 --mode=strict "$dir/odd.trace"
result $rc "a queue that takes its time"

run --no-peer --json --threads=1 "$traces/usb-fs-strict.trace.zst"
if grep -q 'without json-c' "$dir/err"; then
	n=$((n + 1))
	echo "ok $n - JSON # SKIP built without json-c"
else
	[ "$rc" -eq 0 ] && grep -q '"pair_ns"' "$dir/out" && grep -q '"walk_cache"' "$dir/out" &&
		grep -q '"waits": *16623' "$dir/out"
	result $? "JSON"
fi

head -c 100000 "$traces/usb-fs-strict.trace.zst" >"$dir/cut.trace.zst"
run --no-peer "$dir/cut.trace.zst"
refused '/cut.trace.zst:[1-9][0-9]*: truncated' "truncated zstd"

{ head -c 90000 "$traces/usb-fs-strict.trace.zst"; head -c 140000 /dev/zero; } >"$dir/bad.trace.zst"
run --no-peer "$dir/bad.trace.zst"
refused '/bad.trace.zst:[1-9][0-9]*: ' "corrupt zstd"

run --no-peer "$replay"
refused '/replay:[1-9][0-9]*: ' "a program is no trace"

printf '1 0 m 0 1000 1000 ffff 6 0 0 1\n1 0 u 0 1000 2000 0 0\n' >"$dir/size.trace"
run --no-peer "$dir/size.trace"
refused '/size.trace:2: unmap of 2000 bytes' "an unmap of another size"

: >"$dir/empty"
run --no-peer "$dir/empty"
refused 'no map event' "an empty file"

run --no-peer "$dir/nowhere"
refused '/nowhere: cannot open' "a file that is not there"

run --no-peer "$dir"
refused 'is a directory' "a folder"

run --no-peer --check "$dir/size.trace" "$dir/odd.trace"
[ "$rc" -eq 1 ] && grep -q '^odd' "$dir/out" && grep -q 'size.trace:2:' "$dir/err"
result $? "a bad trace does not keep the next one from being replayed"

for option in --rounds=4 --rounds=100 --rounds=x --mode=eager --threads=3 --latency=-1 --cpus=two \
	--frobnicate; do
	run --no-peer "$option" "$dir/odd.trace"
	[ "$rc" -eq 1 ] && [ ! -s "$dir/out" ] && grep -q -- --help "$dir/err"
	result $? "$option"
done
run
refused 'no trace given' "no file at all"
run --no-peer --ratio --json "$dir/odd.trace"
refused 'the peer' "--ratio without a peer"
run --help
[ "$rc" -eq 0 ] && grep -q '^Usage' "$dir/out"
result $? "--help"

echo "1..$n"
