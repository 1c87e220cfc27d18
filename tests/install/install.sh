#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# install.sh - installs into an empty directory and uses the result as others will:
# each header alone in C and C++, pkg-config, both kinds of library, dlopen(), Python.
set -u
. "$top_srcdir/tests/tap.sh"
show=log
src=$top_srcdir/tests/install

${MAKE:-make} -C "$top_builddir" install DESTDIR="$dir/root" >"$dir/log" 2>&1
rc=$?
result $rc "make install"
[ $rc -eq 0 ] || { echo "1..$n"; exit 1; }

pc=$(find "$dir/root" -name libiova.pc)
libdir=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
# The .pc files name the final directories; put ours in front of them.
pkgconf() { pkg-config "$@" | sed "s|-\([IL]\)$prefix|-\1$dir/root$prefix|g"; }
prefix=$(pkg-config --variable=prefix libiova)
includes=$(pkgconf --cflags libiova)

# Headers: alone, twice, in every dialect that they promise.
for h in "$dir/root$(pkg-config --variable=includedir libiova)"/libiova/*.h; do
	name=$(basename "$h")
	printf '#include <%s>\n#include <%s>\n' "$name" "$name" >"$dir/one.c"
	cp "$dir/one.c" "$dir/one.cc"
	for std in c11 gnu11 c17; do
		# shellcheck disable=SC2086
		$CC -std=$std -Wall -Wextra -Wpedantic -Werror $includes -fsyntax-only \
			"$dir/one.c" >"$dir/log" 2>&1
		result $? "$name alone in $std"
	done
	for std in c++11 c++14 c++17; do
		# shellcheck disable=SC2086
		$CXX -std=$std -Wall -Wextra -Wpedantic -Werror $includes -fsyntax-only \
			"$dir/one.cc" >"$dir/log" 2>&1
		result $? "$name alone in $std"
	done
done

# Programs: the README's example, with the shared and with the static libraries.
export LD_LIBRARY_PATH="$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if [ -f "$src/example.c" ]; then
	# shellcheck disable=SC2046,SC2086
	$CC $CFLAGS -Wall -Wextra -Werror $(pkgconf --cflags libdma) "$src/example.c" \
		-o "$dir/shared" $(pkgconf --libs libdma) >"$dir/log" 2>&1 &&
		"$dir/shared" >"$dir/log" 2>&1
	result $? "example with shared libraries"
	# shellcheck disable=SC2046,SC2086
	$CC $CFLAGS $(pkgconf --cflags libdma) "$src/example.c" -o "$dir/static" -Wl,-Bstatic \
		-L"$libdir" -ldma -lpgtbl -liova -Wl,-Bdynamic $(pkg-config --libs liburcu-bp) \
		>"$dir/log" 2>&1 && LD_LIBRARY_PATH='' "$dir/static" >"$dir/log" 2>&1
	result $? "example with static libraries"
	cp "$src/example.c" "$dir/example.cc"
	# shellcheck disable=SC2046,SC2086
	$CXX $CXXFLAGS -std=c++11 -Wall -Wextra $(pkgconf --cflags libdma) "$dir/example.cc" \
		-o "$dir/cxx" $(pkgconf --libs libdma) >"$dir/log" 2>&1 &&
		"$dir/cxx" >"$dir/log" 2>&1
	result $? "example as C++"
fi

# Shared libraries: soname, not unloadable, and loadable by a program that has no idea.
# shellcheck disable=SC2086
$CC $CFLAGS "$src/load.c" -o "$dir/load" -ldl
first_symbol() { $NM -D --defined-only "$1" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3; exit }'; }
python=
case $CFLAGS in *-fsanitize*) ;; *) python=$(command -v python3) ;; esac
for lib in "$libdir"/lib*.so; do
	name=$(basename "$lib")
	readelf -d "$lib" >"$dir/log"
	grep -q "soname: \[$name\.[0-9]*\]" "$dir/log"
	result $? "$name has a versioned soname"
	grep -q NODELETE "$dir/log"
	result $? "$name stays loaded (restartable sequences, thread destructors)"
	[ "$name" = libiova-jemalloc.so ] && continue
	"$dir/load" "$lib" "$(first_symbol "$lib")" >"$dir/log" 2>&1
	result $? "$name loads by dlopen(RTLD_NOW)"
	[ -n "$python" ] || continue
	"$python" -c "import ctypes, sys; getattr(ctypes.CDLL(sys.argv[1]), sys.argv[2])" \
		"$lib" "$(first_symbol "$lib")" >"$dir/log" 2>&1
	result $? "$name loads in Python"
done
echo "1..$n"
