#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# kernel.sh [OPTION...] [NAME...] - what the DMA API costs a driver, in guest
# instructions: under our iova_vtd.ko and under Linux's own VT-d driver.
#
# Builds the modules, boots Debian's kernel in QEMU under either driver, loads the same
# iova_bench.ko there, and prints one line for each NAME (default: all):
#   RATIO name ours=<n> peer=<n> peer_name=linux-<version> ratio=<ours/peer> min=<..> max=<..>
# Works from a fresh clone and installs missing Debian packages (root or sudo);
# bench/kernel/README.md says what is counted and how.
#
#   --list         the names
#   --json=FILE    the same in JSON, with the values of each round (also: --json FILE)
#   --rounds=N     how often each guest runs every case (default 5)
#   --boots=N      boot each guest N times, and fail if the counts of two boots differ by
#                  more than 8 and by more than one part in 10,000 (default 1)
#   --layers       instead: instructions of map and unmap in each of our layers by itself,
#                  and of Linux's address allocator, "LAYER name map=<n> unmap=<n>"
#   --no-install   never call apt-get install
#   BENCH_KERNEL_DIR   the work directory (default: bench-build/kernel in the source tree)
#
# About two minutes, the download of the kernel and the build not counted.
set -euo pipefail

PACKAGES=(autoconf automake libtool make gcc libc6-dev pkg-config libelf1 qemu-system-x86 cpio)

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${BENCH_KERNEL_DIR:-$top/bench-build/kernel}
here=$PWD
json=
boots=1
install=yes
layers=
names=()
export BENCH_KERNEL_ROUNDS=5

# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"

die() {
	echo "kernel.sh: $*" >&2
	exit 1
}

number() { # option, text
	[[ $2 =~ ^[1-9][0-9]?$ ]] || die "$1 takes a number from 1 to 99"
	echo "$2"
}

all_names() {
	local mode case
	for mode in strict lazy; do
		for case in 4k 64k 256k 1m sg32_scattered sg32_contig; do
			echo "kernel/${case}_$mode"
		done
		for case in p50 p99 max; do
			echo "kernel/mixed_${mode}_$case"
		done
	done
}

# run DRIVER SCENARIO: boots its guests.
run() {
	QEMU_WORK=$work/qemu "$top/tests/qemu/run" --driver="$1" "$top/bench/kernel/$2.sh" >&2 ||
		die "the guest under $1 failed"
}

# guests DRIVER BOOT: boots both modes; the logs become $work/DRIVER-MODE.BOOT.log.
guests() {
	local mode
	run "$1" icount
	for mode in strict lazy; do
		cp "$work/qemu/logs/icount-$mode.log" "$work/$1-$mode.$2.log"
	done
}

counts() { # log
	sed -n 's/.*iova_bench: RESULT //p' "$1"
}

same() { # log, log: of two boots
	paste -d' ' <(counts "$1") <(counts "$2") | awk -f "$top/bench/kernel/same.awk" ||
		die "$1 and $2 differ"
}

while [ $# -gt 0 ]; do
	case $1 in
	--list) all_names; exit 0 ;;
	--json=*) json=${1#--json=} ;;
	--json) json=${2:?kernel.sh: --json takes a file}; shift ;;
	--layers) layers=yes ;;
	--no-install) install=no ;;
	--rounds=*) BENCH_KERNEL_ROUNDS=$(number --rounds "${1#--rounds=}") ;;
	--boots=*) boots=$(number --boots "${1#--boots=}") ;;
	-h | --help) sed -n '4,25s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
	-*) die "unknown option $1 (try --help)" ;;
	*) names+=("$1") ;;
	esac
	shift
done
for name in "${names[@]}"; do
	all_names | grep -qxF -- "$name" || die "unknown name $name (--list prints all)"
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(all_names)
case $json in '' | /*) ;; *) json=$here/$json ;; esac

mkdir -p "$work"
install_packages "$install" "$work/apt.log" "${PACKAGES[@]}" >&2 || exit 1
if [ -n "$layers" ]; then
	run vtd layers
	sed -nE 's/.*: LAYER ([a-z0-9_]*) round 0 n ([0-9]*) map ([0-9]*) unmap ([0-9]*) .*/\1 \2 \3 \4/p' \
		"$work/qemu/logs/layers.log" |
		awk '{ printf "LAYER %s map=%.6g unmap=%.6g\n", $1, $3 / $2, $4 / $2 }'
	exit
fi
for ((boot = 1; boot <= boots; boot++)); do
	guests vtd $boot # first: builds the benchmark's module
	guests linux $boot
	for log in "$work"/{vtd,linux}-{strict,lazy}; do
		[ $boot = 1 ] || same "$log.1.log" "$log.$boot.log"
	done
done

version=$(sed -n 's/.*TEST: kernel .*Debian \([0-9.]*\).*/\1/p' "$work/linux-strict.1.log")
rm -f "$work/results"
for mode in strict lazy; do
	awk -v mode=$mode -v names="${names[*]}" -v rounds="$BENCH_KERNEL_ROUNDS" \
		-v peer_name="linux-$version" -v json="$work/results" -f "$top/bench/kernel/ratios.awk" \
		side=ours "$work/vtd-$mode.1.log" side=peer "$work/linux-$mode.1.log"
done
[ -z "$json" ] || awk 'NR > 1 { printf ",\n" } NR == 1 { print "[" } { printf "%s", $0 }
	END { print "\n]" }' "$work/results" >"$json"
