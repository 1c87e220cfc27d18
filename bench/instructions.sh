#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Counts instructions per operation, ours and the peer's, with callgrind: slower
# than bench/ratios, but the same on every run and on a busy machine.
#
#   bench/instructions.sh [-C BUILDDIR] [NAME...]
#   bench/instructions.sh [-C BUILDDIR] --formats
#   bench/instructions.sh [-C BUILDDIR] --guest [NAME...]
#
# NAMEs are those of bench/ratios whose operations are the same each time; without
# NAME, all of those.  One line each:
#   INSTR name ours=<n> peer=<n> ratio=<ours/peer>
# --formats: every page-table format against VT-d's second stage instead,
#   INSTR format/name ours=<n> vtdss=<n> ratio=<ours/vtdss>
# The loop around the operation is included on both sides.  valgrind does not know
# restartable sequences; the worker pretends to be registered, so that our CPU-local
# path is counted and not its fallback (see harness_count.c).
# --guest: in a virtual machine whose time-stamp counter counts instructions instead (QEMU's
# -icount), with Linux's own rseq(2): the least of 25 short rounds.  The kernel is that of
# tests/qemu/fetch-kernel.
set -euo pipefail

builddir=.
if [ "${1:-}" = -C ]; then
	[ $# -ge 2 ] || { echo "instructions.sh: -C needs a folder" >&2; exit 1; }
	builddir=$2
	shift 2
fi
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
formats=no guest=no
[ "${1:-}" != --formats ] || { formats=yes; shift; }
[ "${1:-}" != --guest ] || { guest=yes; shift; }
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(
	iova/pair_4k iova/pair_4k_vs_malloc iova/ring256_4k iova/mixed_4k_64k iova/large_256k_2m
	pgtbl/map_unmap_4k pgtbl/pair_8x4k pgtbl/map_512x4k pgtbl/unmap_512x4k pgtbl/map_1g_4k
	pgtbl/map_1g_4k_vs_store pgtbl/map_unmap_2m pgtbl/translate pgtbl/map_sg_32x4k)

worker=bench/ratios-worker-6.1
[ $guest = yes ] || command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 1; }
[ -e "$builddir/bench/ratios" ] || { echo "instructions.sh: $builddir is not a build tree" >&2; exit 1; }
cd "$builddir"
make -s $worker >&2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

count() { # ours|peer, name: instructions per operation
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
		$worker --count "$1" "$2" >"$tmp/ops" 2>"$tmp/log" ||
		{ cat "$tmp/log" >&2; return 1; }
	sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$tmp/log" |
		awk -v ops="$(cat "$tmp/ops")" '{ printf "%.2f", $1 / ops }'
}

show() { # name, ours, peer
	echo "$@" | awk '{ printf "INSTR %s ours=%s peer=%s ratio=%.3f\n", $1, $2, $3, $2 / $3 }'
}

# The guest's only process runs the worker for each name and side.
boot() {
	local root=$tmp/root busybox
	busybox=$("$top/tests/qemu/fetch-kernel" busybox)
	mkdir -p "$root/bin" "$root/proc"
	cp "$busybox" "$root/bin/busybox"
	cp $worker "$root/bin/worker"
	ldd $worker | grep -o '/[^ ]*' | xargs cp -L --parents -t "$root"
	{
		echo '#!/bin/busybox sh'
		echo '/bin/busybox mount -t proc proc /proc'
		for name in "${names[@]}"; do
			for side in ours peer; do # one line each, in this order
				echo "echo \"TICKS $name \$(/bin/worker --ticks $side $name 2>&1)\""
			done
		done
		echo '/bin/busybox poweroff -f'
	} >"$root/init"
	chmod 755 "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$tmp/initrd"
	timeout "${GUEST_TIMEOUT:-1800}" qemu-system-x86_64 -accel tcg -icount shift=0,sleep=off -M q35 \
		-cpu max -m 2048 -nodefaults -no-user-config -nographic -no-reboot -serial stdio \
		-kernel "$("$top/tests/qemu/fetch-kernel" image)" -initrd "$tmp/initrd" \
		-append "console=ttyS0 quiet panic=-1 no_timer_check" </dev/null 2>&1 | tr -d '\r'
}

if [ $guest = yes ]; then
	command -v qemu-system-x86_64 cpio >/dev/null ||
		{ echo "instructions.sh: qemu-system-x86_64 or cpio is not installed" >&2; exit 1; }
	boot >"$tmp/log"
	for name in "${names[@]}"; do
		# the firmware's escape sequences may come before the first
		mapfile -t each < <(grep -o "TICKS $name [0-9.]*" "$tmp/log" | cut -d' ' -f3)
		[[ ${#each[@]} -eq 2 && -n ${each[0]} && -n ${each[1]} ]] ||
			{ tail -n 20 "$tmp/log" >&2; echo "instructions.sh: no count of $name" >&2; exit 1; }
		show "$name" "${each[@]}"
	done
	exit 0
fi

if [ $formats = yes ]; then
	for name in map_unmap_4k pair_8x4k map_512x4k unmap_512x4k map_unmap_2m translate; do
		vtdss=$(count ours pgtbl/vtdss/$name)
		for format in x86_64 amdv1 arm_s1 arm_s2 riscv tce; do
			# a TCE table has pages of one size
			[ $format/$name != tce/map_unmap_2m ] || continue
			ours=$(count ours pgtbl/$format/$name)
			echo "$format/$name $ours $vtdss" | awk '{
				printf "INSTR %s ours=%s vtdss=%s ratio=%.3f\n", $1, $2, $3, $2 / $3 }'
		done
	done
	exit 0
fi

for name in "${names[@]}"; do
	ours=$(count ours "$name")
	peer=$(count peer "$name")
	show "$name" "$ours" "$peer"
done
