# SPDX-License-Identifier: GPL-2.0-only OR MIT
# packages.sh - for the scripts that install what they miss; bash.
# shellcheck shell=bash

# install_packages yes|no LOG PACKAGE...: installs (root or sudo) what is missing, if it may.
# False, with the reason on stderr, if something is missing then.
install_packages() {
	local may=$1 log=$2 missing=() as_root=() p
	shift 2
	for p; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] ||
			missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$may" != yes ]; then
		echo "missing packages: ${missing[*]}" >&2
		return 1
	fi
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	echo "installing ${missing[*]}" >&2
	apt_install() {
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -q --no-install-recommends "${missing[@]}"
	}
	apt_install >"$log" 2>&1 ||
		{ "${as_root[@]}" apt-get update -q && apt_install; } >>"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		echo "cannot install: ${missing[*]}" >&2
		return 1
	}
}
