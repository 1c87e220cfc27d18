#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# build.sh - compiles every core source as the kernel would, with kernel-shim/plat_impl.h
# over the fake <linux/...> headers beside this script, and looks at what the objects ask for.
set -u
here=$top_srcdir/tests/fakekernel
. "$top_srcdir/tests/tap.sh"

if ! echo 'int x;' | $CC -m64 -mcmodel=kernel -fno-pic -fno-pie -x c -c -o "$dir/probe.o" - 2>/dev/null; then
	echo "1..0 # SKIP the compiler has no x86-64 kernel model"
	exit 0
fi

# gcc's level 5 wants the attribute and takes no comment for it; clang has no levels.
fallthrough=-Wimplicit-fallthrough
$CC --version | grep -q clang || fallthrough=-Wimplicit-fallthrough=5

# Linux 6.1's flags for x86-64, as far as they change what the compiler accepts or emits.
flags="-nostdinc -ffreestanding -D__KERNEL__ -std=gnu11 -O2 -m64 -mcmodel=kernel -mno-red-zone
	-mno-sse -mno-mmx -mno-sse2 -mno-3dnow -mno-avx -mno-80387
	-fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing -fno-common -fshort-wchar
	-fno-delete-null-pointer-checks -fno-asynchronous-unwind-tables
	-Wall -Wextra -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wframe-larger-than=1024
	$fallthrough -Werror
	-I$here/include -I$top_srcdir/kernel-shim -I$top_srcdir/plat"

# What the core may leave to the kernel and to kernel-shim/plat_kernel.c, nothing else.
allowed='memset memcpy memmove memcmp rcu_read_lock rcu_read_unlock synchronize_rcu nr_cpu_ids
	rcu_read_lock_sched rcu_read_unlock_sched fake_processor_id fake_irq_save fake_irq_restore plat_fence_cpus plat_kernel_fence_reading plat_mem_default'

cd "$top_srcdir" || exit 99
for lib in libiova libpgtbl libdma libvtd; do
	[ -d $lib ] || continue
	inc=-I$lib
	[ $lib = libdma ] && inc="$inc -Ilibiova -Ilibpgtbl"
	[ $lib = libvtd ] && inc="$inc -Ilibpgtbl"
	for src in $(find $lib -name '*.c' | sort); do
		# shellcheck disable=SC2086
		$CC $flags $inc -c -o "$dir/$(echo "$src" | tr / _).o" "$src" >"$dir/err" 2>&1
		rc=$?
		sed 's/^/# /' "$dir/err"
		result $rc "$src compiles as kernel code"
	done
done

for o in "$dir"/*_*.o; do
	[ -e "$o" ] || continue
	$NM -g "$o"
done >"$dir/symbols"
awk '$(NF-1) != "U" && NF > 1 { print $NF }' "$dir/symbols" | sort -u >"$dir/defined"
echo "$allowed" | tr -s ' \t\n' '\n' | grep . | sort -u >"$dir/allowed"
awk '$(NF-1) == "U" { print $NF }' "$dir/symbols" | sort -u |
	comm -23 - "$dir/defined" | comm -23 - "$dir/allowed" >"$dir/unknown"
sed 's/^/# undefined: /' "$dir/unknown"
[ ! -s "$dir/unknown" ]
result $? "the objects need nothing but RCU, interrupts off and plat_kernel.c"
[ "$n" -gt 1 ]
result $? "there are sources"
echo "1..$n"
