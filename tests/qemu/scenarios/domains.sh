# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Domains other than the DMA API's: identity from the start, identity and back while the
# machine runs, and one that a driver makes for itself, as VFIO does.
summary="identity and unmanaged domains, and the way back from them"
variants="passthrough switch unmanaged"
modules_wanted="nvme"
programs="blockcheck"
disk=8M
bytes=4194304
nvme=0000:00:03.0
devices="-device nvme,addr=3,serial=steel,drive=disk -device edu,addr=4"
case $variant in
passthrough) cmdline="iommu.passthrough=1" ;;
unmanaged) faults=1 ;;
esac

of_type() { # TYPE
	type=$(cat /sys/bus/pci/devices/$nvme/iommu_group/type)
	echo "type $type"
	[ "$type" = "$1" ]
}

blocks() { # SEED
	appears /dev/nvme0n1 && blockcheck write /dev/nvme0n1 65536 $bytes "$1" 2
}

# The type of a group changes only while none of its devices has a driver.
change_type() { # TYPE
	echo $nvme >/sys/bus/pci/drivers/nvme/unbind &&
		echo "$1" >/sys/bus/pci/devices/$nvme/iommu_group/type &&
		echo $nvme >/sys/bus/pci/drivers/nvme/bind
}

guest() {
	load_driver
	case $variant in
	passthrough)
		modprobe nvme
		check "the disk works" blocks 1
		check "its domain is the identity" of_type identity
		;;
	switch)
		modprobe nvme
		check "the disk works" blocks 1
		check "its DMA is translated" translated $nvme
		check "it changes to the identity" change_type identity
		check "the disk works" blocks 2
		check "its domain is the identity" of_type identity
		check "it changes back" change_type DMA
		check "the disk works" blocks 3
		check "its DMA is translated" translated $nvme
		;;
	unmanaged)
		edu_load 0000:00:04.0
		edu "a domain of the driver's own, and back" unmanaged
		edu "streaming mappings" streaming
		;;
	esac
}
