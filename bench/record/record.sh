#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# record.sh NAME COMMAND [ARG...] - records the DMA traffic of this machine while
# COMMAND runs, as NAME.trace.zst in the current directory.  As root, on x86-64 with an
# IOMMU in use and kernel headers installed; see doc/recording-traces.md.
#
#   EVENTS=N       room for N events (default 4000000, 48 bytes each)
#   MAP_PAGES=FUNCTION FLUSH_ALL=FUNCTION
#                  of an IOMMU driver that is not Intel's or AMD's
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
die() {
	echo "record.sh: $*" >&2
	exit 1
}

[ $# -ge 2 ] || die "usage: record.sh NAME COMMAND [ARG...]"
name=$1
shift
[ "$(id -u)" = 0 ] || die "only root can load a module"
[ "$(uname -m)" = x86_64 ] || die "the module knows x86-64 only"
build=/lib/modules/$(uname -r)/build
[ -e "$build/Makefile" ] || die "no headers of this kernel: apt-get install linux-headers-$(uname -r)"
grep -qs '^DMA' /sys/kernel/iommu_groups/*/type ||
	die "no device translates its DMA (boot with intel_iommu=on or amd_iommu=on, iommu.passthrough=0)"

if [ -z "${MAP_PAGES:-}" ]; then
	case $(ls /sys/class/iommu 2>/dev/null) in
	*dmar*) MAP_PAGES=intel_iommu_map_pages FLUSH_ALL=intel_flush_iotlb_all ;;
	*ivhd*) MAP_PAGES=amd_iommu_map_pages FLUSH_ALL=amd_iommu_flush_iotlb_all ;;
	*) die "unknown IOMMU: set MAP_PAGES and FLUSH_ALL" ;;
	esac
fi

work=$(mktemp -d)
loaded=no
cleanup() {
	[ $loaded = no ] || rmmod dmarec
	rm -rf "$work"
}
trap cleanup EXIT

cp "$here/dmarec.c" "$here/Kbuild" "$work/"
make -s -C "$build" M="$work" modules >"$work/make.log" 2>&1 ||
	{ cat "$work/make.log" >&2; die "cannot build the module"; }
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
insmod "$work/dmarec.ko" events="${EVENTS:-4000000}" map_pages="$MAP_PAGES" \
	flush_all="${FLUSH_ALL:-}" || die "cannot load the module: see dmesg"
loaded=yes

status=0
"$@" || status=$?
echo 0 >/sys/kernel/debug/dmarec/active
cat /sys/kernel/debug/dmarec/names >"$work/names"
cat /sys/kernel/debug/dmarec/events >"$work/events"
head -n 1 "$work/names" >&2
"$here/dmarec-trace" "$work/events" "$work/names" "$name" >"$work/trace"
zstd -q -19 -f "$work/trace" -o "$name.trace.zst"
echo "record.sh: $name.trace.zst: $(grep -vc '^#' "$work/trace") events" >&2
exit $status
