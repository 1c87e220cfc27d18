# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034,SC2154
# Each end knows every byte it must get.  The far end is a process on the host that QEMU
# starts for the connection: no port, no privilege.
summary="e1000e: TCP both ways with checked payload"
variants="strict lazy"
mode=$variant
modules_wanted="e1000e"
programs="netpeer"
devices="-device e1000e,addr=3,netdev=net,romfile="
devices="$devices -netdev user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:$work/programs/netpeer"

guest() {
	load_driver
	modprobe e1000e
	check "the interface appears" appears /sys/class/net/eth0
	check "its DMA is translated" translated 0000:00:03.0
	net_up
	check "the gateway answers" ping -c 3 -w 10 10.0.2.2
	for bytes in 32768 8388608; do
		check "$bytes bytes out" netpeer up 10.0.2.100 7 $bytes
		check "$bytes bytes in" netpeer down 10.0.2.100 7 $bytes
		check "$bytes bytes both ways at once" netpeer both 10.0.2.100 7 $bytes
	done
	ip link set eth0 down
}
