# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Behind a PCIe-to-PCI bridge DMA comes with the bridge's alias, 01:00.0, as its source.
summary="edu behind pcie-pci-bridge: the alias is what is translated"
devices="-device pcie-pci-bridge,id=bridge,addr=5 -device edu,bus=bridge,addr=2"
devices="$devices -device edu,addr=6"
faults=2

guest() {
	load_driver
	edu_load 0000:01:02.0 source=01:00.0
	edu "streaming mappings through the bridge" streaming
	edu "a scatter list through the bridge" sg
	edu "what is not mapped is blocked under the alias" unmapped-read
	edu "so it is after unmap" read-after-unmap
	edu=0000:00:06.0
	check "the device beside the bridge is translated, too" translated $edu
	edu "streaming mappings beside the bridge" streaming
}
