#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# cross.sh - libiova for aarch64 and for s390x (big-endian), without CPU-local steps,
# under qemu-user, in "make check-long"; "make check" has the compiler read it only.
# Skips what is not installed.
set -u
. "$top_srcdir/tests/tap.sh"
show="log out"
src=$top_srcdir
inc="-I$src/tests/cross -I$src/plat/user -I$src/plat -I$src/libiova -I$src/tests -I$src/tests/fuzz"
flags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -static -pthread"

for cpu in aarch64 s390x; do
	cc=$cpu-linux-gnu-gcc
	if ! command -v "$cc" >/dev/null || ! command -v "qemu-$cpu" >/dev/null; then
		n=$((n + 1))
		echo "ok $n - $cpu # SKIP no $cc or no qemu-$cpu"
		continue
	fi
	output="-o $dir/smoke"
	[ "${CHECK_LONG:-0}" != 0 ] || output=-fsyntax-only
	# shellcheck disable=SC2086
	"$cc" $flags $inc $output "$src/tests/cross/smoke.c" "$src/tests/cross/plat_cross.c" \
		"$src"/tests/fuzz/iova_ref.c "$src"/tests/fuzz/iova_ref_more.c \
		"$src"/tests/fuzz/iova_flat.c "$src"/libiova/*.c >"$dir/log" 2>&1
	result $? "$cpu: compiles"
	[ "${CHECK_LONG:-0}" != 0 ] || continue
	timeout 600 "qemu-$cpu" "$dir/smoke" >"$dir/out" 2>&1
	result $? "$cpu: smoke test"
done
echo "1..$n"
