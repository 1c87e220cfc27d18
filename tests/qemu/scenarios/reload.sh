# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Nothing stays behind: the disk works under each of the drivers' lives.
summary="NVMe I/O, then unload and reload: 20 rounds, nothing live after any"
drivers=vtd
modules_wanted="nvme"
programs="blockcheck"
disk=16M
devices="-device nvme,addr=3,serial=steel,drive=disk"
timeout=300

one_round() { # number
	modprobe iova_vtd mode=$([ $(($1 % 2)) -eq 0 ] && echo strict || echo lazy) &&
		modprobe nvme && appears /dev/nvme0n1 && translated 0000:00:03.0 &&
		blockcheck write /dev/nvme0n1 65536 2097152 "$1" 2 &&
		rmmod nvme && unbind_all && release_unit && rmmod iova_vtd
}

guest() {
	for round in $(seq 20); do
		mark
		check "round $round" one_round "$round"
		check "nothing is live" logged "iova_vtd: unload: live iova 0 tables 0 metadata 0"
	done
	check "the core module unloads" rmmod iova_core
	modprobe nvme
	check "the disk works without a driver of ours" appears /dev/nvme0n1
	check "and with the unit off" blockcheck write /dev/nvme0n1 65536 2097152 21 2
}
