# SPDX-License-Identifier: GPL-2.0-only OR MIT
# initramfs.sh - what the guest boots into; bash, on the host.
# shellcheck shell=bash

# The names of modules with all that they depend on, as paths below $modules.
module_closure() { # NAME...
	awk -v wanted="$*" '
		{
			path = $1
			sub(/:$/, "", path)
			name = path
			sub(/.*\//, "", name)
			sub(/\.ko.*/, "", name)
			gsub(/-/, "_", name)
			paths[name] = path
			$1 = ""
			needs[path] = $0
		}
		END {
			n = split(wanted, w, " ")
			for (i = 1; i <= n; i++) {
				name = w[i]
				gsub(/-/, "_", name)
				if (!(name in paths)) {
					print "no module " w[i] >"/dev/stderr"
					exit 1
				}
				print paths[name]
				m = split(needs[paths[name]], d, " ")
				for (j = 1; j <= m; j++)
					print d[j]
			}
		}' "$modules/modules.dep" | sort -u
}

# initramfs DIR SCENARIO_FILE MODULES PROGRAMS KO_FILE...: builds DIR/initramfs.
# Everything in DIR/guest beforehand (a file of settings) becomes part of it.
initramfs() {
	local dir=$1 scenario=$2 wanted=$3 programs=$4 path p
	shift 4
	local root=$dir/guest lib=$dir/guest/lib/modules/$release
	mkdir -p "$root"/{bin,dev,proc,sys,sbin} "$lib/extra"
	cp "$busybox" "$root/bin/busybox"
	cp "$here/guest/init" "$root/init"
	cp "$here/guest/lib.sh" "$root/lib.sh"
	cp "$scenario" "$root/scenario"
	chmod 755 "$root/init"
	for p in $programs; do
		cp "$work/programs/$p" "$root/bin/" || return 1
	done
	[ $# -eq 0 ] || cp "$@" "$lib/extra/" || return 1
	# shellcheck disable=SC2086 # a list of names
	[ -z "$wanted" ] || wanted=$(module_closure $wanted) || return 1
	for path in $wanted; do
		mkdir -p "$lib/${path%/*}" && cp "$modules/$path" "$lib/$path" || return 1
	done
	"$busybox" depmod -b "$root" "$release" &&
		(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$dir/initramfs"
}
