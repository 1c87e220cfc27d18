# SPDX-License-Identifier: GPL-2.0-only OR MIT
# build.sh - what the scenarios need, built in $work; bash, on the host.
# shellcheck shell=bash

# Sets release, image, modules, headers and busybox.
find_kernel() {
	local paths name value
	paths=$("$here/fetch-kernel") || die "no kernel"
	while IFS='=' read -r name value; do
		case $name in
		release | image | modules | headers | busybox) printf -v "$name" %s "$value" ;;
		esac
	done <<<"$paths"
}

# quietly NAME COMMAND...: its output only if it fails.
quietly() {
	local log=$work/logs/build-$1.log
	shift
	"$@" >"$log" 2>&1 && return
	tail -n 30 "$log" >&2
	echo "tests/qemu/run: failed: $* (all of it: $log)" >&2
	return 1
}

build_programs() {
	local p
	mkdir -p "$work/programs"
	for p in blockcheck netpeer; do
		${CC:-gcc} -std=gnu11 -O2 -Wall -Wextra -Werror -static \
			-o "$work/programs/$p" "$here/programs/$p.c" || return 1
	done
}

# Out of tree: the sources may be read-only.
kbuild() { # build directory, source directory
	mkdir -p "$1" && make -C "$headers" M="$1" src="$2" modules
}

# A copy of the sources: the tree itself may be configured, and must stay as it is.
# Times are kept, so that a second run compiles only what has changed.
copy_sources() {
	mkdir -p "$work/src" &&
		(cd "$top" && tar --exclude-vcs --exclude='./*-build' --exclude=./kobj \
			--exclude='*.[oa]' --exclude='*.l[oa]' --exclude=.libs --exclude=.deps \
			--exclude=./config.status --exclude=./config.h --exclude=./Makefile \
			--exclude=./bench/traces -cf - .) | tar -xf - -C "$work/src" || return
	[ -x "$work/src/configure" ] || autoreconf -fi "$work/src"
}

# Our modules in $1/kobj, as a user builds them.
build_modules() { # directory, make target
	mkdir -p "$1" && cd "$1" || return
	[ -e Makefile ] || "$work/src/configure" --with-config=kernel \
		--with-kernel-headers="$headers" --enable-werror || return
	make -j"$(nproc)" "$2"
}

# The same with one source of the core changed by mutants/NAME.sed, whose first line
# says which: "# FILE".  Kbuild sees links to the sources; this one becomes a copy.
build_mutant() { # name
	local script=$here/mutants/$1.sed target
	target=$(sed -n '1s/^# //p' "$script")
	build_modules "$work/vtd-$1" kobj/links || return
	sed --posix -f "$script" "$top/$target" >"$work/mutant.c" || return
	if cmp -s "$work/mutant.c" "$top/$target"; then
		echo "$script no longer applies to $target"
		return 1
	fi
	rm -f "kobj/$target" && cp "$work/mutant.c" "kobj/$target" && make -j"$(nproc)" modules
}

# The directory of the modules that the scenario asks for.
vtd_modules() {
	echo "$work/vtd${mutant:+-$mutant}/kobj"
	[ -z "$mutant" ] || [ "$driver" != vtd ] ||
		(quietly "mutant-$mutant" build_mutant "$mutant")
}

build_all() {
	build_programs || return
	(quietly modules kbuild "$work/modules" "$here/modules") || return
	[ "$driver" != vtd ] || { quietly sources copy_sources &&
		(quietly vtd build_modules "$work/vtd" all); }
}
