# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Bad input: a message that says why, an errno, and the machine goes on.
summary="bad machines and bad callers: a clear message, an errno, the machine goes on"
drivers=vtd
variants="translation-on remapping-on no-dmar no-unit zero-length past-the-end truncated-scope
	bound parameters calls"
modules_wanted="nvme"
programs="blockcheck"
disk=16M
devices="-device nvme,addr=3,serial=steel,drive=disk"
case $variant in
translation-on) cmdline="intel_iommu=on" ;;
remapping-on)
	cmdline="intremap=on"
	iommu="-device intel-iommu,intremap=on"
	;;
no-dmar) iommu= ;;
calls)
	devices="-device edu,addr=4"
	;;
esac

prepare() { # directory
	case $variant in
	no-unit | zero-length | past-the-end | truncated-scope)
		"$here/dmar.py" "$variant" "$1/early.cpio"
		;;
	esac
}

# Loading fails with ERROR, and the log says why.
no_load() { # error, message, module parameter...
	error=$1 message=$2
	shift 2
	refused "loading fails: $error" "$error" "iova_vtd: .*$message" modprobe iova_vtd "$@"
	check "nothing is left of it" test ! -e /sys/module/iova_vtd
}

disk_works() {
	modprobe nvme
	check "the disk is there" appears /dev/nvme0n1
	check "the disk works" blockcheck write /dev/nvme0n1 65536 2097152 1 2
}

try_bound() {
	disk_works
	no_load "Device or resource busy" "0000:00:03.0 is in use by nvme"
	rmmod nvme
	load_driver
	disk_works
	refused "unloading under a driver fails" "Device or resource busy" \
		"iova_vtd: unload: 0000:00:03.0 is in use by nvme" release_unit
	check "removing the module fails, too" fails "Resource temporarily unavailable" rmmod iova_vtd
	check "a second load fails" fails "File exists" \
		insmod "/lib/modules/$(uname -r)/extra/iova_vtd.ko"
	check "the disk still works" blockcheck write /dev/nvme0n1 65536 2097152 2 2
}

try_parameters() {
	no_load "Invalid argument" "mode=fast: neither strict nor lazy" mode=fast
	no_load "Invalid argument" "age_ms=0: not 1..1000" age_ms=0
	no_load "Invalid argument" "age_ms=1001: not 1..1000" age_ms=1001
	no_load "Invalid argument" "unknown parameter 'colour'" colour=blue
	no_load "Invalid argument" "unknown parameter 'colour'" mode=lazy colour
	load_driver
	check "the unload knob wants a 1" fails "Invalid argument" \
		sh -c "echo perhaps >/sys/module/iova_vtd/parameters/unload"
	check "the mode is fixed after loading" fails "Permission denied\|can't create" \
		sh -c "echo lazy >/sys/module/iova_vtd/parameters/mode"
	disk_works
}

reported() { # test: its driver error is logged, and it ends well
	mark
	edu_run "$1" && logged "edu_test 0000:00:04.0: iova_vtd: unmap of 0x"
}

try_calls() {
	load_driver
	edu_load 0000:00:04.0
	check "unmapping twice is reported, and no more" reported double-unmap
	check "so is unmapping with another size" reported wrong-size
	check "so is unmapping what was never mapped" reported never-mapped
	edu "mappings work as before" streaming
}

guest() {
	case $variant in
	translation-on) no_load "Device or resource busy" "boot with intel_iommu=off" ;;
	remapping-on) no_load "Device or resource busy" "boot with intel_iommu=off" ;;
	no-dmar) no_load "No such device" "no ACPI DMAR table" ;;
	no-unit) no_load "No such device" "no remapping unit" ;;
	zero-length | past-the-end | truncated-scope)
		no_load "Invalid argument" "corrupt ACPI DMAR table, offset [0-9]*: "
		;;
	bound) try_bound ;;
	parameters) try_parameters ;;
	calls) try_calls ;;
	esac
	case $variant in
	bound | parameters | calls) ;;
	*) disk_works ;;
	esac
}
