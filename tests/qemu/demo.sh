# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034,SC2154
# The steel thread, to be watched: scripts/demo-vtd.sh runs it and prints what it says.
summary="a disk, a network card and a rogue device behind our driver"
modules_wanted="nvme e1000e"
programs="blockcheck netpeer"
disk=32M
devices="-device nvme,addr=3,serial=steel,drive=disk -device edu,addr=4"
devices="$devices -device e1000e,addr=5,netdev=net,romfile="
devices="$devices -netdev user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:$work/programs/netpeer"
faults=3

# Every "name=value" of a file of statistics that begins with WORD, or all.
statistics() { # file [WORD...]
	file=/sys/kernel/debug/iova_vtd/$1
	shift
	while IFS= read -r line; do
		case $line in *" maps=0 "*) continue ;; esac
		text=
		for pair in $line; do
			for word in "${@:-}"; do
				case $pair in "$word"*) text="$text $pair" ;; esac
			done
		done
		[ -z "$text" ] || say "#$text"
	done <"$file"
}

guest() {
	say "= The driver takes over the remapping unit, before any device driver"
	load_driver

	say "= NVMe: 16 MiB written and read back, every word checked"
	modprobe nvme
	check "the disk appears" appears /dev/nvme0n1
	check "its DMA is translated" translated 0000:00:03.0
	check "blocks of 4 KiB" blockcheck write /dev/nvme0n1 4096 4194304 1 2
	check "blocks of 1 MiB" blockcheck write /dev/nvme0n1 1048576 16777216 2 2

	say "= e1000e: 8 MiB over TCP each way, every word checked"
	modprobe e1000e
	check "its DMA is translated" translated 0000:00:05.0
	net_up
	check "out" netpeer up 10.0.2.100 7 8388608
	check "in" netpeer down 10.0.2.100 7 8388608

	say "= What the driver counted"
	statistics devices device= domain= sources=
	statistics domains type= mode= maps= unmaps= live= strict_flushes= table_bytes= faults=
	statistics units unit= levels= descriptors= waits= faults=
	ip link set eth0 down

	say "= A rogue device: it reads and writes memory that it was never given"
	edu_load 0000:00:04.0
	edu "the read is blocked, and the secret stays one" unmapped-read
	edu "the write is blocked, and the memory stays as it was" unmapped-write
	edu "what was taken back is out of reach at once" read-after-unmap
	edu "what it is given works" streaming

	say "= The end: nothing may be left"
}
