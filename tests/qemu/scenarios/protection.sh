# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# What is mapped works; what is not, or no longer, or not so, is blocked and reported.
summary="edu: allowed DMA works; forbidden DMA is blocked and reported exactly"
variants="strict lazy"
mode=$variant
devices="-device edu,addr=4 -device edu,addr=5"
faults=4
[ "$variant" = lazy ] || faults=6

registers() { # DEVICE: where they are, in hexadecimal
	sed -n '1s/ .*//p' "/sys/bus/pci/devices/$1/resource"
}

guest() {
	load_driver
	edu_load 0000:00:04.0
	edu "streaming mappings, any offset and length" streaming
	edu "a mapping for both directions" bidirectional
	edu "coherent memory" coherent
	edu "a scatter list" sg
	edu "another device's registers" "resource $(registers 0000:00:05.0)"
	edu "reading memory that is not mapped is blocked" unmapped-read
	edu "writing memory that is not mapped is blocked" unmapped-write
	edu "writing a read-only mapping is blocked" readonly-write
	edu "so it is when the translation is cached" readonly-write-warm
	edu "reading after the unmap and its flush is blocked" read-after-flush
	if [ "$variant" = strict ]; then
		edu "reading after unmap is blocked at once" read-after-unmap
		edu "writing after unmap is blocked at once" write-after-unmap
	fi
	edu "an address in its second use leads to the new page" reuse
	edu "after all of it, streaming mappings work" streaming
}
