#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Counts instructions per operation, ours and the peer's, with callgrind: slower
# than bench/ratios, but the same on every run and on a busy machine.
#
#   bench/instructions.sh [-C BUILDDIR] [NAME...]
#   bench/instructions.sh [-C BUILDDIR] --formats
#
# NAMEs are those of bench/ratios whose operations are the same each time; without
# NAME, all of those.  One line each:
#   INSTR name ours=<n> peer=<n> ratio=<ours/peer>
# --formats: every page-table format against VT-d's second stage instead,
#   INSTR format/name ours=<n> vtdss=<n> ratio=<ours/vtdss>
# The loop around the operation is included on both sides.  valgrind does not know
# restartable sequences; the worker pretends to be registered, so that our CPU-local
# path is counted and not its fallback (see harness_count.c).
set -euo pipefail

builddir=.
if [ "${1:-}" = -C ]; then
	[ $# -ge 2 ] || { echo "instructions.sh: -C needs a folder" >&2; exit 1; }
	builddir=$2
	shift 2
fi
formats=no
[ "${1:-}" != --formats ] || { formats=yes; shift; }
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(
	iova/pair_4k iova/pair_4k_vs_malloc iova/ring256_4k iova/mixed_4k_64k iova/large_256k_2m
	pgtbl/map_unmap_4k pgtbl/pair_8x4k pgtbl/map_512x4k pgtbl/unmap_512x4k pgtbl/map_1g_4k
	pgtbl/map_1g_4k_vs_store pgtbl/map_unmap_2m pgtbl/translate pgtbl/map_sg_32x4k)

worker=bench/ratios-worker-6.1
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 1; }
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
	echo "$name $ours $peer" |
		awk '{ printf "INSTR %s ours=%s peer=%s ratio=%.3f\n", $1, $2, $3, $2 / $3 }'
done
