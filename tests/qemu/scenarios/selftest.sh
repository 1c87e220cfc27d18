# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# The libraries under hard interrupts, and the same with one of the kernel's primitives
# broken: a self-test that does not notice would be worth nothing.
summary="iova_selftest.ko: hard interrupts, moves and CPU hotplug inside every call"
drivers=vtd
variants="voluntary preempt take-irqs-on collect-irqs-on percpu-cas-irqs-on no-fence no-fence-reading"
iommu=
timeout=400
tests=words,iova,pgtbl,dmap
seconds=2
case $variant in
voluntary) cmdline="preempt=voluntary" ;;
preempt) cmdline="preempt=full" ;;
*)
	cmdline="preempt=full"
	mutant=$variant
	tests=words
	seconds=5
	must_fail="^not ok [0-9]+ - (the self-test passes|nothing failed)|^selftest: not ok"
	;;
esac

# A program that loads modules may try twice: the first result counts, too.
host_check() { # directory, log
	grep -E "selftest: not ok" "$2" | sed 's/^\[[^]]*\] //'
}

guest() {
	check "iova_core loads" modprobe iova_core
	mark
	check "the self-test passes" modprobe iova_selftest "tests=$tests" "seconds=$seconds"
	check "nothing failed" logged "selftest: [1-9][0-9]* passed, 0 failed"
	[ ! -d /sys/module/iova_selftest ] || check "it unloads" rmmod iova_selftest
	check "iova_core unloads" rmmod iova_core
}
