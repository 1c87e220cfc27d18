# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# What a guest can do wrong; test-run wants each of them reported as a failure.
summary="a guest that goes wrong"
drivers=none
iommu=
variants="fail warn oops panic hang stall early-exit init-exits qemu must-fail host-check"
case $variant in
hang) timeout=30 ;;
stall) cmdline="rcupdate.rcu_cpu_stall_timeout=3" ;;
qemu) devices="-device no-such-device" ;;
must-fail) must_fail="^not ok" ;;
esac

guest() {
	check "something works" true
	case $variant in
	fail) check "something does not work" false ;;
	warn | oops | stall) modprobe warn_test "how=$variant" ;;
	panic) echo c >/proc/sysrq-trigger ;;
	hang) sleep 3600 ;;
	early-exit) poweroff -f ;;
	init-exits) exit 0 ;;
	esac
}

host_check() {
	[ "$variant" != host-check ] || echo "the host found something"
}
