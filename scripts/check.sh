#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# check.sh [--long] [--no-install] [--only=STEP,...] - proves the tree correct, from a
# fresh clone.
#
# Installs missing Debian packages (root or sudo), copies the sources to a work
# directory, and there: builds and tests with gcc, builds with clang, tries configure's
# options, makes a release tarball and tests it, runs everything under AddressSanitizer and
# UndefinedBehaviorSanitizer and the plain C tests under ThreadSanitizer, fuzzes
# each target for a minute, and boots the QEMU scenarios (tests/qemu), whose kernel comes
# from Debian's packages, unpacked and not installed.
# Warnings are errors throughout.  The last line is "N passed, N failed".
#
#   --long         the tests take their long form (make check-long), and AFL++ fuzzes, too
#   --no-install   never call apt
#   --only=STEP,.. these steps alone, by the names in the output's first column; distcheck and
#                  tarball need what gcc leaves behind
#   CHECK_DIR      the work directory (default: check-build in the source tree)
#   FUZZ_SECONDS   how long each target is fuzzed (default: 60)
set -u

PACKAGES=(autoconf automake libtool make gcc g++ clang libclang-rt-dev llvm pkg-config xz-utils
	liburcu-dev libjemalloc-dev libcriterion-dev libzstd-dev libbenchmark-dev libjson-c-dev
	python3 qemu-system-x86 cpio libelf1)

target=check
install=yes
only=
steps=
for arg; do
	case $arg in
	--long)
		target=check-long
		PACKAGES+=(afl++ qemu-user gcc-aarch64-linux-gnu gcc-s390x-linux-gnu
			libc6-dev-arm64-cross libc6-dev-s390x-cross) ;;
	--no-install) install=no ;;
	--only=?*) only=,${arg#--only=}, ;;
	-h | --help) sed -n '4,23s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) echo "check.sh: unknown argument $arg (try --help)" >&2; exit 1 ;;
	esac
done

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
work=${CHECK_DIR:-$top/check-build}
passed=0
failed=0
started=$SECONDS
jobs=$(nproc)
. "$top/scripts/packages.sh"
unset CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MAKELEVEL GLIBC_TUNABLES

finish() {
	echo "check.sh: $((SECONDS - started)) s, logs in $work/logs"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

die() {
	echo "check.sh: $1" >&2
	failed=$((failed + 1))
	finish
}

# A copy of the sources: the tree itself may be configured, and must stay as it is.
copy_sources() {
	rm -rf "$work/src" "$work/files" && mkdir -p "$work/src" || die "cannot write to $work"
	if git -C "$top" rev-parse --is-inside-work-tree >/dev/null 2>&1 &&
		[ -n "$(git -C "$top" ls-files | head -n 1)" ]; then
		(cd "$top" && git ls-files | grep -v '\.gitignore$' | sort) >"$work/files"
		(cd "$top" && git ls-files -z -co --exclude-standard |
			while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done |
			tar --null -T - -cf -) | tar -xf - -C "$work/src"
	else
		(cd "$top" && tar --exclude=./check-build --exclude=./qemu-build --exclude=./bench-build \
			--exclude=./bench-report --exclude=./.git -cf - .) | tar -xf - -C "$work/src"
		[ ! -f "$work/src/Makefile" ] || (cd "$work/src" && make -s distclean) >/dev/null 2>&1
	fi
	(cd "$work/src" && autoreconf -fi) >"$work/logs/autoreconf.log" 2>&1 ||
		{ tail -n 20 "$work/logs/autoreconf.log"; die "autoreconf failed"; }
}

# count NAME: adds the results of a step; false if one failed.  They are the last line of
# its log, "N passed, N failed", or else every test's in its directory.
count() {
	local p f
	if read -r p f < <(tail -n 1 "$work/logs/$1.log" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p'); then
		:
	elif [ -d "$work/$1" ]; then
		p=$(find "$work/$1" -name '*.trs' -exec cat {} + |
			grep -c '^:test-result: \(PASS\|XFAIL\)')
		f=$(find "$work/$1" -name '*.trs' -exec cat {} + |
			grep -c '^:test-result: \(FAIL\|ERROR\|XPASS\)')
	else
		p=0 f=0
	fi
	passed=$((passed + p))
	failed=$((failed + f))
	[ "$f" -eq 0 ]
}

verdict() { # name, status, what, start
	printf '%-12s %-7s %5d s  %s\n' "$1" "$2" $((SECONDS - $4)) "$3"
}

# wanted NAME: whether this step is to run.
wanted() {
	steps+=",$1,"
	[ -z "$only" ] || [[ $only == *",$1,"* ]]
}

# stage NAME COMMAND...: one step that either works or does not.
stage() {
	local name=$1 start=$SECONDS
	wanted "$name" || return 0
	shift
	if "$@" >"$work/logs/$name.log" 2>&1; then
		passed=$((passed + 1))
		verdict "$name" ok "" "$start"
	else
		failed=$((failed + 1))
		tail -n 30 "$work/logs/$name.log"
		verdict "$name" FAILED "$work/logs/$name.log" "$start"
	fi
}

# test_stage NAME COMMAND...: a step of many tests: make check in $work/NAME, or scenarios.
test_stage() {
	local name=$1 start=$SECONDS p=$passed f=$failed rc
	wanted "$name" || return 0
	shift
	"$@" >"$work/logs/$name.log" 2>&1
	rc=$?
	count "$name"
	if [ $rc -ne 0 ] && [ "$failed" -eq "$f" ]; then
		failed=$((failed + 1))
		tail -n 30 "$work/logs/$name.log"
	fi
	if [ "$passed" -eq "$p" ] && [ "$failed" -eq "$f" ]; then
		failed=$((failed + 1))
	fi
	p="$((passed - p)) passed, $((failed - f)) failed"
	if [ "$failed" -eq "$f" ]; then
		verdict "$name" ok "$p" "$start"
	else
		grep -E '^(FAIL|ERROR|XPASS):|^FAILED ' "$work/logs/$name.log" | head -n 20
		verdict "$name" FAILED "$p; $work/logs/$name.log" "$start"
	fi
}

# build NAME COMPILER FLAG...: configures and builds in $work/NAME.
build() {
	local name=$1 cc=$2 cxx=g++
	shift 2
	case $cc in
	clang) cxx=clang++ ;;
	afl-clang-fast) cxx=afl-clang-fast++ ;;
	esac
	rm -rf "${work:?}/$name" && mkdir -p "$work/$name" && cd "$work/$name" || return 1
	"$work/src/configure" CC="$cc" CXX="$cxx" --enable-werror "$@" && make -j"$jobs"
}

# ThreadSanitizer's runtime cannot place its shadow under strong address randomisation.
fixed_addresses() {
	if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

with_gcc() { build gcc gcc && make -k -j"$jobs" $target; }
with_clang() { build clang clang && make -j"$jobs" check TESTS=; }
# The options that no other step builds with.
options() { "$work/src/tests/install/options.sh" "$work/options" "$jobs"; }
distcheck() { cd "$work/gcc" && CHECK_LONG='' make -j"$jobs" distcheck; }
# Every file under version control is in the release.
tarball() {
	cd "$work" && tar -tf gcc/libiova-*.tar.xz | sed 's|^[^/]*/||' | sort >in-tarball &&
		comm -23 files in-tarball >missing && cat missing && [ ! -s missing ]
}
with_asan() {
	build asan gcc CFLAGS='-g -O1' CXXFLAGS='-g -O1' --enable-sanitizers=address,undefined &&
		make -k -j"$jobs" $target
}
with_tsan() {
	build tsan gcc CFLAGS='-g -O1' CXXFLAGS='-g -O1' --enable-sanitizers=thread &&
		fixed_addresses make -k -j"$jobs" $target
}
fuzz() { # directory, compiler
	build "$1" "$2" CFLAGS='-g -O1' CXXFLAGS='-g -O1' --enable-fuzzers &&
		make -j"$jobs" fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-60}"
}

# The virtual machines: their logs are in $work/qemu/logs.
qemu() { QEMU_WORK="$work/qemu" "$1"; }
demo() { cd / && QEMU_WORK="$work/qemu" "$work/src/scripts/demo-vtd.sh" --no-install; }

mkdir -p "$work/logs" || { echo "check.sh: cannot write to $work" >&2; exit 1; }
install_packages "$install" "$work/logs/apt.log" "${PACKAGES[@]}" || die "packages"
copy_sources
test_stage gcc with_gcc
stage clang with_clang
test_stage options options
stage distcheck distcheck
[ ! -s "$work/files" ] || stage tarball tarball
test_stage asan with_asan
test_stage tsan with_tsan
stage fuzz fuzz fuzz clang
[ $target = check ] || AFL_QUIET=1 stage fuzz-afl fuzz fuzz-afl afl-clang-fast
test_stage qemu-runner qemu "$work/src/tests/qemu/test-run"
test_stage qemu qemu "$work/src/tests/qemu/run"
stage demo demo
for step in ${only//,/ }; do
	[[ $steps == *",$step,"* ]] || die "no step is called $step"
done
finish
