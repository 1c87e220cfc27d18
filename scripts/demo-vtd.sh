#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# demo-vtd.sh [--no-install] - our driver in charge of an emulated VT-d unit.
#
# Boots a virtual machine with Debian's stock kernel and our modules, moves data through an
# NVMe disk and a network card, prints the driver's statistics, and lets a rogue device try
# to reach memory that is not its own.  From a fresh clone and from any directory; installs
# missing Debian packages (root or sudo).  The kernel is downloaded, but not installed.
#
#   --no-install   never call apt-get install
#   QEMU_WORK      the work directory (default: qemu-build in the source tree)
#
# The exit status is 0 if all went as it must.
set -u -o pipefail

PACKAGES=(autoconf automake libtool make gcc libc6-dev pkg-config libelf1 qemu-system-x86 cpio)

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
export QEMU_WORK=${QEMU_WORK:-$top/qemu-build}
install=yes
. "$top/scripts/packages.sh"

for arg; do
	case $arg in
	--no-install) install=no ;;
	-h | --help) sed -n '4,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
	*) echo "demo-vtd.sh: unknown argument $arg (try --help)" >&2; exit 1 ;;
	esac
done

# What is worth watching of the guest's log; all of it is in $QEMU_WORK/logs/demo.log.
narrate() {
	sed -u -nE -e 's/.*TEST: = /\n/p; t' \
		-e 's/.*TEST: (not |)ok [0-9]+ - /  \1ok      /p; t' \
		-e 's/.*TEST: # /          /p; t' \
		-e 's/.*\] iova_vtd: /  kernel  iova_vtd: /p; t' \
		-e '/^FAILED |^ {8}|^tests\/qemu\/run: [^0-9]|^fetch-kernel/p'
}

mkdir -p "$QEMU_WORK" || exit 1
install_packages "$install" "$QEMU_WORK/apt.log" "${PACKAGES[@]}" || exit 1
echo "building the modules in $QEMU_WORK, then booting"
"$top/tests/qemu/run" --verbose "$top/tests/qemu/demo.sh" 2>&1 | narrate
status=${PIPESTATUS[0]}
echo
[ "$status" -eq 0 ] && echo "All of it went as it must." || echo "Something went wrong."
exit "$status"
