# SPDX-License-Identifier: GPL-2.0-only OR MIT
# lib.sh - what a scenario's guest() may use; busybox sh, in the guest.
# shellcheck shell=ash
#
# Verdicts go through the kernel's log: a record is written to the console whole,
# in order with the kernel's own messages.

passed=0
failed=0
loaded= # our driver is in

say() { # one line of the test's own
	echo "TEST: $*" >/dev/kmsg
}

show() { # what stdin has, as comments
	while IFS= read -r line; do
		say "# $line"
	done
}

ok() { # description
	passed=$((passed + 1))
	say "ok $((passed + failed)) - $*"
}

not_ok() { # description
	failed=$((failed + 1))
	say "not ok $((passed + failed)) - $*"
}

# check DESCRIPTION COMMAND...: the command succeeds.
check() {
	what=$1
	shift
	if "$@" >/out 2>&1; then
		ok "$what"
	else
		say "# $* (status $?):"
		show </out
		not_ok "$what"
	fi
}

# refused DESCRIPTION ERROR MESSAGE COMMAND...: it fails with that error, and the kernel
# says why: a line that matches MESSAGE.
refused() {
	what=$1 error=$2 message=$3
	shift 3
	mark
	if "$@" >/out 2>&1; then
		say "# succeeded: $*"
		not_ok "$what"
	elif ! grep -q "$error" /out; then
		say "# not \"$error\", but:"
		show </out
		not_ok "$what"
	elif ! logged "$message"; then
		say "# the log has no \"$message\""
		not_ok "$what"
	else
		ok "$what"
	fi
}

# The command fails, and says ERROR.
fails() { # error, command...
	error=$1
	shift
	! "$@" >/out2 2>&1 && cat /out2 && grep -q "$error" /out2
}

mark() { # what is logged from here on is new
	marks=$((${marks:-0} + 1))
	say "mark $marks"
}

new_log() {
	dmesg | sed "1,/TEST: mark $marks\$/d"
}

logged() { # PATTERN: since the mark
	new_log | grep -q -- "$1"
}

# Within SECONDS the command succeeds.
within() { # SECONDS COMMAND...
	tries=$(($1 * 10))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 100000
	done
}

# Waits for a file: what a driver makes once it is bound.
appears() { # PATH [SECONDS]
	within "${2:-20}" test -e "$1"
}

# The driver under test takes over before any device driver is loaded.
load_driver() { # module parameter...
	case $driver in
	vtd)
		check "iova_vtd takes over the unit" modprobe iova_vtd "mode=$mode" "$@"
		loaded=yes
		;;
	linux)
		check "Linux's own driver runs the unit" test -e /sys/class/iommu/dmar0
		;;
	esac
}

# A device's DMA goes through a translating domain.
translated() { # 0000:00:02.0
	type=$(cat "/sys/bus/pci/devices/$1/iommu_group/type") || return 1
	echo "$1 has a domain of type $type"
	case $type in DMA | DMA-FQ) ;; *) return 1 ;; esac
}

unbind_all() {
	for link in /sys/bus/pci/drivers/*/0000:*; do
		[ ! -e "$link" ] || echo "${link##*/}" >"${link%/*}/unbind"
	done
}

release_unit() {
	echo 1 >/sys/module/iova_vtd/parameters/unload
}

# Nothing of ours stays behind.
unload_driver() {
	unbind_all
	mark
	check "the unit is given back" release_unit
	check "the driver unloads" rmmod iova_vtd
	check "no live IOVA, table or metadata at unload" \
		logged "iova_vtd: unload: live iova 0 tables 0 metadata 0"
	loaded=
}

# Whoever warned or oopsed left a taint: 128 is an oops, 512 a warning.
untainted() {
	taint=$(cat /proc/sys/kernel/tainted)
	echo "tainted: $taint"
	[ $((taint & 640)) -eq 0 ]
}

finish() {
	[ -z "$loaded" ] || unload_driver
	check "the kernel has neither warned nor oopsed" untainted
	say "summary: $passed passed, $failed failed"
}

# edu_test, bound to the device.
edu_load() { # 0000:00:04.0 [module parameter...]
	edu=$1
	shift
	modprobe edu_test "$@"
	check "edu_test is bound" appears "/sys/kernel/debug/edu_test/$edu"
	check "its DMA is translated" translated "$edu"
}

edu_run() { # test
	echo "$1" >"/sys/kernel/debug/edu_test/$edu"
}

edu() { # description, test
	[ "$driver" != linux ] || sleep 2 # it reports three faults in 5 s
	check "$1" edu_run "$2"
}

# eth0 with the address that QEMU's user networking expects.
net_up() {
	ip addr add 10.0.2.15/24 dev eth0
	ip link set eth0 up
	check "the link is up" within 20 grep -q 1 /sys/class/net/eth0/carrier
}
