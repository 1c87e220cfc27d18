# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Our layers by themselves: a scenario of tests/qemu/run, started by bench/kernel.sh --layers.
summary="instructions of each of our layers, counted"
drivers="vtd"
cpus=1
timeout=600
cmdline="nokaslr"
devices="-icount shift=0,sleep=off -seed 1 -rtc base=2026-01-01,clock=vm"

guest() {
	check "the layers are measured" modprobe iova_layers
	check "and leave" rmmod iova_layers iova_core
}
