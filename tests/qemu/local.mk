# SPDX-License-Identifier: GPL-2.0-only OR MIT
# tests/qemu boots virtual machines: scripts/check.sh runs it, "make check" does not.
EXTRA_DIST += tests/qemu/fetch-kernel
