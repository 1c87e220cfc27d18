# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034,SC2154
# Units that QEMU has not: DMAR points at reserved memory, in which the guest writes what the
# registers would say.  Nothing answers commands there.
summary="units that cannot be used: a clear message, an errno, the machine goes on"
drivers=vtd
variants="no-queue no-levels translation-on remapping-on queue-on deaf absent zeros"
modules_wanted="nvme"
programs="blockcheck"
disk=16M
devices="-device nvme,addr=3,serial=steel,drive=disk"
cmdline="memmap=64K\$0x0a000000"

prepare() { # directory
	"$here/dmar.py" unit:0a000000 "$1/early.cpio"
}

# Registers of a usable, quiet unit: QEMU's own.
VER=0x00 CAP=0x08 ECAP=0x10 GSTS=0x1c
registers() {
	register $VER 32 0x10
	register $CAP 64 0xd2008c22260206
	register $ECAP 64 0xf42
	register $GSTS 32 0
}

register() { # offset, bits, value
	devmem $((0x0a000000 + $1)) "$2" "$3"
}

no_unit() { # error, message
	refused "loading fails: $1" "$1" "iova_vtd: unit 0 at 0x.*: .*$2" modprobe iova_vtd
	check "nothing is left of it" test ! -e /sys/module/iova_vtd
}

guest() {
	check "the registers are written" registers
	case $variant in
	no-queue)
		register $ECAP 64 0xf40
		no_unit "Operation not supported" "no queued invalidation"
		;;
	no-levels)
		register $CAP 64 0xd2008c22260006
		no_unit "Operation not supported" "no page tables of 3 to 5 levels"
		;;
	translation-on)
		register $GSTS 32 0x80000000
		no_unit "Device or resource busy" "translation is already on; boot with intel_iommu=off"
		;;
	remapping-on)
		register $GSTS 32 0x02000000
		no_unit "Operation not permitted" "interrupt remapping is on; boot with"
		;;
	queue-on)
		register $GSTS 32 0x04000000
		no_unit "Operation already in progress" "its invalidation queue has an owner; boot with"
		;;
	deaf) no_unit "timed out" "it does not follow commands" ;;
	absent) # what a bus returns when nobody answers
		register $VER 32 0xffffffff
		register $CAP 64 0xffffffffffffffff
		register $ECAP 64 0xffffffffffffffff
		register $GSTS 32 0xffffffff
		no_unit "No such device" "its registers do not answer"
		;;
	zeros)
		register $CAP 64 0
		register $ECAP 64 0
		no_unit "Invalid argument" "its capability registers contradict each other"
		;;
	esac
	modprobe nvme
	check "the disk is there" appears /dev/nvme0n1
	check "the disk works" blockcheck write /dev/nvme0n1 65536 2097152 1 2
}
