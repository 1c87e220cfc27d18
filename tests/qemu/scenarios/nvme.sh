# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Real I/O: what is written is read back, by the guest and then from the image file.
summary="NVMe: write and read back with checksums, 4K to 1M blocks"
variants="strict lazy"
mode=$variant
modules_wanted="nvme"
programs="blockcheck"
disk=32M
bytes=16777216
devices="-device nvme,addr=3,serial=steel,drive=disk"

guest() {
	load_driver
	modprobe nvme
	check "the disk appears" appears /dev/nvme0n1
	check "its DMA is translated" translated 0000:00:03.0
	seed=0
	for size in 4096 16384 65536 262144 1048576; do
		seed=$((seed + 1))
		check "blocks of $size bytes" blockcheck write /dev/nvme0n1 $size $bytes $seed 2
	done
	dd if=/dev/nvme0n1 bs=1M count=16 2>/dev/null | sha256sum | show
}

host_check() { # directory, log
	"$work/programs/blockcheck" verify "$1/disk" 1048576 $bytes 5 ||
		echo "the image does not hold what the guest wrote"
	grep -q "TEST: # $(head -c $bytes "$1/disk" | sha256sum | cut -c 1-64)" "$2" ||
		echo "the guest read something else than the image holds"
}
