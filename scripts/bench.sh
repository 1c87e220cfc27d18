#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# bench.sh [OPTION...] [TRACE...] - how we do against Linux's own allocator and page
# tables on recorded DMA traffic, from a fresh clone.
#
# Installs missing Debian packages (root or sudo), builds in a directory of its own,
# replays every trace of bench/traces (or the given ones) through both sides, prints
# the tables, and writes them with JSON and plots (SVG, PNG) to bench-report/.
#
#   --no-install   never call apt
#   --mode=MODE    trace (as recorded, default), strict, lazy or both
#   --rounds=N     rounds of each comparison, at least 5 (default 9)
#   BENCH_DIR      the build directory (default: bench-build in the source tree)
#   REPORT_DIR     where the report goes (default: bench-report in the source tree)
#
# About two minutes on two CPUs, the packages not counted.
set -euo pipefail

PACKAGES=(autoconf automake libtool make gcc g++ pkg-config xz-utils liburcu-dev libjemalloc-dev
	libzstd-dev libjson-c-dev libbenchmark-dev gnuplot-nox linux-source-6.1)

here=$PWD
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${BENCH_DIR:-$top/bench-build}
report=${REPORT_DIR:-$top/bench-report}
install=yes
options=(--rounds=9)
traces=()
. "$top/scripts/packages.sh"
# What a caller set for other builds has no business in this one.
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MAKELEVEL GLIBC_TUNABLES

die() {
	echo "bench.sh: $*" >&2
	exit 1
}

for arg; do
	case $arg in
	--no-install) install=no ;;
	--mode=* | --rounds=*) options+=("$arg") ;;
	-h | --help) sed -n '4,19s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
	-*) die "unknown option $arg (try --help)" ;;
	/*) traces+=("$arg") ;;
	*) traces+=("$here/$arg") ;;
	esac
done
[ ${#traces[@]} -gt 0 ] || traces=("$top"/bench/traces/*.trace.zst)

# quietly NAME COMMAND...: its output only if it fails.
quietly() {
	local log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; die "failed: $* (all of it: $log)"; }
}

# The tree itself may be configured, which rules out building elsewhere: build a copy.
# Times are kept, so that a second run compiles only what has changed.
copy_sources() {
	mkdir -p "$work/src"
	(cd "$top" && tar --exclude=./.git --exclude=./bench-build --exclude=./bench-report \
		--exclude=./check-build --exclude=./qemu-build --exclude='*.o' --exclude='*.lo' --exclude='*.la' \
		--exclude=.libs --exclude=.deps --exclude=autom4te.cache --exclude=./config.status \
		--exclude=./config.h --exclude=./stamp-h1 --exclude=./Makefile --exclude=./libtool \
		--exclude=./bench/peers/src-* -cf - .) | tar -xf - -C "$work/src"
}

build() {
	[ -x "$work/src/configure" ] || quietly autoreconf autoreconf -fi "$work/src"
	mkdir -p "$work/build"
	cd "$work/build"
	[ -e Makefile ] || quietly configure "$work/src/configure"
	quietly make make -j"$(nproc)" bench/replay bench/replay-6.1
}

machine() {
	echo "CPU       $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) usable"
	echo "kernel    $(uname -sr)"
	echo "compiler  $(gcc --version | head -n 1)"
	echo "source    $(git -C "$top" describe --always --dirty 2>/dev/null || echo "no git")"
	echo "peer      $(dpkg-query -W -f='${Package} ${Version}' linux-source-6.1 2>/dev/null)"
}

page() {
	cat <<-END
	<!doctype html>
	<html lang="en"><meta charset="utf-8"><title>Trace replay: ours and Linux</title>
	<style>body{font:15px sans-serif;max-width:1200px;margin:2em auto}img{max-width:100%}
	pre{overflow-x:auto;background:#f4f4f4;padding:1em}</style>
	<h1>Recorded DMA traffic through ours and through Linux's own code</h1>
	<pre>$(sed 's/&/\&amp;/g; s/</\&lt;/g' "$report/machine.txt")</pre>
	<p><img src="ratio.svg" alt="CPU time, ours as a share of Linux's"></p>
	<p><img src="time.svg" alt="CPU time of a map and its unmap"></p>
	<p><img src="latency.svg" alt="latency percentiles"></p>
	<p><img src="cost.svg" alt="descriptors, leaf tables, walk-cache misses, metadata"></p>
	<pre>$(sed 's/&/\&amp;/g; s/</\&lt;/g' "$report/replay.txt")</pre>
	</html>
	END
}

mkdir -p "$work" "$report"
install_packages "$install" "$work/apt.log" "${PACKAGES[@]}" || die "packages"
echo "building in $work" >&2
copy_sources
build
machine | tee "$report/machine.txt"
"$work/build/bench/replay" "${options[@]}" --json="$report/replay.json" --svg="$report" \
	"${traces[@]}" | tee "$report/replay.txt"
page >"$report/index.html"
echo "report: $report/index.html" >&2
