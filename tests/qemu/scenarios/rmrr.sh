# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Firmware may go on using a device's reserved region (RMRR): it is mapped one to one
# before the device is attached.  QEMU's firmware has none, so the table is replaced.
summary="a reserved memory region in DMAR is mapped one to one before attach"
devices="-device edu,addr=4 -device edu,addr=6"
cmdline="memmap=64K\$0x0a000000"
faults=1

prepare() { # directory
	"$here/dmar.py" rmrr:0a000000-0a00ffff:00:04.0 "$1/early.cpio"
}

guest() {
	check "the table is the injected one" grep -q TEST /sys/firmware/acpi/tables/DMAR
	load_driver
	edu_load 0000:00:04.0
	check "the region is reported" grep -q "^0x000000000a000000 0x000000000a00ffff direct" \
		/sys/bus/pci/devices/0000:00:04.0/iommu_group/reserved_regions
	edu "the device reaches its region" "identity 0xa000000"
	edu "to its end" "identity 0xa00f000"
	edu "streaming mappings stay out of it" streaming
	edu=0000:00:06.0
	check "another device's DMA is translated, too" translated $edu
	edu "another device does not reach it" "foreign 0xa000000"
}
