#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# x86_cpu.sh - a CPU, QEMU's, walks tables that libpgtbl has built; prints TAP.
set -u
src=${top_srcdir:-.}/tests/fmt
obj=${top_builddir:-.}/tests/fmt
qemu=qemu-system-x86_64
case $(uname -m) in
x86_64) ;;
*) echo "1..0 # SKIP needs an x86-64 assembler"; exit 77 ;;
esac
command -v $qemu >/dev/null || { echo "1..0 # SKIP no $qemu"; exit 77; }
dir=$(mktemp -d "${TMPDIR:-/tmp}/x86cpu.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT

${CC:-cc} -c -o "$dir/guest.o" "$src/x86_guest.S" &&
	ld -m elf_x86_64 -Ttext 0x100000 -o "$dir/guest" "$dir/guest.o" &&
	objcopy -O binary "$dir/guest" "$dir/guest.bin" || exit 99

n=0
for levels in 4 5; do
	"$obj/x86_image" $levels <"$dir/guest.bin" >"$dir/image" || exit 99
	timeout 120 $qemu -accel tcg -cpu max -m 64 -display none -no-reboot -nodefaults \
		-debugcon "file:$dir/out" -device isa-debug-exit,iobase=0xf4 \
		-kernel "$dir/image" >"$dir/log" 2>&1
	"$obj/x86_image" $levels names >"$dir/names"
	fold -w 1 <"$dir/out" >"$dir/each"
	i=0
	while read -r name; do
		i=$((i + 1)) n=$((n + 1))
		if [ "$(sed -n ${i}p "$dir/each")" = . ]; then
			echo "ok $n - $levels levels: $name"
		else
			echo "not ok $n - $levels levels: $name"
		fi
	done <"$dir/names"
	n=$((n + 1))
	if [ "$(sed -n $((i + 1))p "$dir/each")" = ! ]; then
		echo "ok $n - $levels levels: the guest came to its end"
	else
		sed 's/^/# /' "$dir/log"
		echo "not ok $n - $levels levels: the guest came to its end"
	fi
done
echo "1..$n"
