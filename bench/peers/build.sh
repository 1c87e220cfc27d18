#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Builds the peers: Linux's IOVA allocator and page-table code, unmodified, out of
# Debian's kernel source package, into OUTDIR/libpeers-VERSION.a.
#
#   build.sh OUTDIR [VERSION]     VERSION: 6.1 (default) or 6.12
#
# CC and CFLAGS come from the environment, so that both sides of a comparison are
# compiled alike.  Kernel sources never leave OUTDIR, a folder of the build tree.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
[ $# -ge 1 ] || { echo "usage: build.sh OUTDIR [6.1|6.12]" >&2; exit 1; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
version=${2:-6.1}
cc=${CC:-gcc}
cflags=${CFLAGS--O2 -g}
package=linux-source-$version
src=$out/src-$version

die() { echo "build.sh: $*" >&2; exit 1; }

case $version in
6.1) units="drivers/iommu/iova lib/rbtree drivers/iommu/io-pgtable drivers/iommu/io-pgtable-arm" ;;
6.12) units="drivers/iommu/iova lib/rbtree" ;;
*) die "kernel version $version is not one of 6.1 and 6.12" ;;
esac

# Prints the path of the source tarball: an installed package's, or one unpacked
# from a downloaded package, or one that apt-get installs now.
find_tarball() {
	local installed=/usr/src/$package.tar.xz tmp=$out/download
	if [ -e "$installed" ]; then
		echo "$installed"
		return
	fi
	mkdir -p "$tmp"
	if [ ! -e "$tmp/usr/src/$package.tar.xz" ]; then
		echo "build.sh: fetching $package" >&2
		(cd "$tmp" && apt-get -q download "$package" >&2) ||
			{ as_root apt-get -q update >&2 && (cd "$tmp" && apt-get -q download "$package" >&2); } ||
			die "cannot download the Debian package $package"
		dpkg-deb -x "$tmp/$package"_*.deb "$tmp"
		rm -f "$tmp/$package"_*.deb
	fi
	echo "$tmp/usr/src/$package.tar.xz"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Unpacks the few files we compile, and answers every other kernel header they
# name with the compat header.
unpack() {
	local tarball headers="rbtree.h rbtree_types.h rbtree_augmented.h iova.h" tmp=$src.tmp h u
	local -a want=()
	[ "$version" = 6.1 ] && headers+=" io-pgtable.h" && want+=("$package/drivers/iommu/io-pgtable-arm.h")
	tarball=$(find_tarball)
	for h in $headers; do want+=("$package/include/linux/$h"); done
	for u in $units; do want+=("$package/$u.c"); done
	rm -rf "$tmp"
	mkdir -p "$tmp"
	tar -xJf "$tarball" -C "$tmp" --strip-components=1 --occurrence=1 "${want[@]}" ||
		die "$tarball does not hold the expected files"
	grep -rhoE '#include <(linux|asm)/[a-z0-9_/-]+\.h>' "$tmp" | sed 's/.*<\(.*\)>/\1/' |
		sort -u | while read -r h; do
		[ -e "$tmp/include/$h" ] && continue
		mkdir -p "$tmp/compat/$(dirname "$h")"
		echo '#include "kcompat.h"' >"$tmp/compat/$h"
	done
	rm -rf "$src" "$out/download"
	mv "$tmp" "$src"
}

compile() {
	local obj=$out/obj-$version u
	# What the kernel compiles itself with and relies on; warnings are its business.
	local kflags="-std=gnu11 -fno-strict-aliasing -fno-strict-overflow -w"
	local inc="-I$here -I$here/compat -I$top/plat -I$top/plat/user"
	local kinc="-I$src/include -I$src/compat -include kcompat.h"
	rm -rf "$obj"
	mkdir -p "$obj"
	# shellcheck disable=SC2086 # the flags are lists
	{
		for u in $units; do
			$cc $cflags $kflags $inc $kinc -DCONFIG_IOMMU_IO_PGTABLE_LPAE \
				-c "$src/$u.c" -o "$obj/$(basename "$u").o"
		done
		for u in compat/kcompat peer_iova peer_pgtbl; do
			[ $u = peer_pgtbl ] && [ "$version" != 6.1 ] && continue
			$cc $cflags -std=gnu11 -Wall -Wno-pointer-sign $inc $kinc \
				-c "$here/$u.c" -o "$obj/$(basename $u).o"
		done
	}
	rm -f "$obj/libpeers.a"
	${AR:-ar} rcs "$obj/libpeers.a" "$obj"/*.o
	mv "$obj/libpeers.a" "$out/libpeers-$version.a"
	printf '%s\n' "$($cc --version | head -1)" "$cflags" "$package" >"$out/libpeers-$version.flags"
}

[ -e "$src/drivers/iommu/iova.c" ] || unpack
compile
