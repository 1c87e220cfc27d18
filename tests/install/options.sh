#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# options.sh DIR [JOBS] - configure's options, in DIR, which is emptied: what is refused says
# why, and what nobody else builds with is built, without warnings, and tested a little:
#   static libraries alone, without jemalloc and without restartable sequences;
#   shared libraries alone, without any of the packages that are optional.
# Ends in "N passed, N failed".  scripts/check.sh runs it, "make check" does not.
set -u
src=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit 1
dir=${1:?usage: options.sh DIR [JOBS]}
jobs=${2:-$(nproc)}
passed=0 failed=0
rm -rf "$dir" && mkdir -p "$dir/kernel/empty" "$dir/none" && cd "$dir" || exit 1
dir=$PWD

result() { # status, what
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok - $2"
	else
		failed=$((failed + 1))
		echo "not ok - $2"
		sed 's/^/# /' "$dir/log" | tail -n 20
	fi
}

# liburcu, the one package that is not optional, is there without pkg-config, too.
urcu=$(pkg-config --libs liburcu-bp) || exit 1
configure() {
	URCU_BP_LIBS=$urcu URCU_BP_CFLAGS=-I"$dir/none" \
		"$src/configure" --enable-werror -q "$@" >"$dir/log" 2>&1
}

# refused MESSAGE OPTION...: there is no Makefile then.
refused() {
	local message=$1
	shift
	rm -rf "$dir/no" && mkdir "$dir/no" && cd "$dir/no" || exit 1
	! configure "$@" && grep -qF -e "error: $message" "$dir/log" && [ ! -e Makefile ]
	result $? "refused: $*: $message"
}

# A directory of kernel headers that looks sound, and in which nothing can be built.
kernel_that_fails() {
	mkdir -p "$dir/kernel/broken/include/config" "$dir/kernel/broken/scripts/mod" &&
		cd "$dir/kernel/broken" || exit 1
	touch include/config/auto.conf scripts/mod/modpost
	echo 1.2.3 >include/config/kernel.release
	printf 'modules:\n\tfalse\n' >Makefile
}

# build NAME OPTION...: configured and built in NAME.
build() {
	local name=$1
	shift
	mkdir "$dir/$name" && cd "$dir/$name" && configure "$@"
	result $? "$name: configure $*"
	make -j"$jobs" >"$dir/log" 2>&1
	result $? "$name: make"
}

# tested NAME TEST...: these programs of tests/ alone.
tested() {
	local name=$1
	shift
	cd "$dir/$name" || exit 1
	make -j"$jobs" check TESTS="$*" check_PROGRAMS="$*" check_LIBRARIES= \
		check_LTLIBRARIES="$(grep -q '^have_criterion=yes' config.log && echo tests/libunit.la)" \
		>"$dir/log" 2>&1 && grep -q '^# PASS: *[1-9]' "$dir/log"
	result $? "$name: $(grep -c '^PASS:' "$dir/log") tests"
}

# The libraries that "make install" brings, in alphabetical order.
installed() { # name, what is expected
	cd "$dir/$1" && make install DESTDIR="$dir/$1/root" >"$dir/log" 2>&1 &&
		(cd root && find . -name 'lib*.so' -o -name 'lib*.a') | sed 's|.*/||' | sort |
		tr '\n' ' ' >"$dir/log" && [ "$(cat "$dir/log")" = "$2 " ]
	result $? "$1: installs $2"
}

refused '--with-config=module: expected user, kernel or all' --with-config=module
refused '--enable-sanitizers=memory: expected address,undefined or thread' \
	--enable-sanitizers=memory
refused '--enable-fuzzers does not go with --enable-sanitizers=thread' \
	--enable-fuzzers --enable-sanitizers=thread CC=clang
refused 'gcc cannot link with -fsanitize=fuzzer-no-link' --enable-fuzzers CC=gcc
refused '--with-jemalloc: jemalloc not found' --with-jemalloc PKG_CONFIG_LIBDIR="$dir/none"
refused "--with-kernel-headers=$dir/missing: no such directory" \
	--with-config=kernel --with-kernel-headers="$dir/missing"
refused "$dir/kernel/empty/Makefile is missing: not a directory in which modules can be built" \
	--with-config=all --with-kernel-headers="$dir/kernel/empty"
kernel_that_fails
refused "$dir/kernel/broken does not build modules; config.log has more" \
	--with-config=kernel --with-kernel-headers="$dir/kernel/broken"

build static --disable-shared --without-jemalloc CPPFLAGS=-DPLAT_NO_RSEQ
tested static tests/unit/test_plat_words tests/unit/test_iova_fast tests/unit/test_iova_refill \
	tests/unit/test_dmap tests/stress/stress_plat_words
installed static 'libdma.a libiova.a libpgtbl.a libvtd.a'

build bare --disable-static PKG_CONFIG_LIBDIR="$dir/none"
tested bare tests/locks/test_locks tests/stress/stress_plat_words tests/stress/stress_pgtbl
installed bare 'libdma.so libiova.so libpgtbl.so libvtd.so'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
