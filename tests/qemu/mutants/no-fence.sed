# kernel-shim/plat_kernel.c
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The CPU that may be in the middle of a step gets its interrupt, and nobody waits for it.
s/between_steps, NULL, 1)/between_steps, NULL, 0)/
