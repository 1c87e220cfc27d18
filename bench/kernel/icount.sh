# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# The benchmark's guest: a scenario of tests/qemu/run, started by bench/kernel.sh.
summary="instructions of the DMA API's calls, counted"
variants="strict lazy"
mode=$variant
cpus=1
timeout=600
cmdline="nokaslr"
devices="-icount shift=0,sleep=off -seed 1 -rtc base=2026-01-01,clock=vm"
devices="$devices -device edu,addr=4,dma_mask=0xffffffffffffffff"
iommu="-device intel-iommu,aw-bits=48,intremap=off"
# The module proves with them that the device is translated.
faults=3
[ "$mode" = strict ] || faults=2
rounds=${BENCH_KERNEL_ROUNDS:-5}

# The very same module under either driver, and what is to be told to it.
prepare() { # directory
	local root=$1/guest
	mkdir -p "$root/lib/modules/$release/extra" &&
		cp "$work/vtd/kobj/iova_bench.ko" "$root/lib/modules/$release/extra/" &&
		echo "BENCH_KERNEL_ROUNDS=$rounds" >>"$root/settings"
}

guest() {
	strict=0
	[ "$mode" = lazy ] || strict=1
	load_driver
	say "kernel $(uname -v)"
	check "the benchmark runs, and its checks pass" \
		insmod "/lib/modules/$(uname -r)/extra/iova_bench.ko" strict=$strict rounds="$rounds"
}
