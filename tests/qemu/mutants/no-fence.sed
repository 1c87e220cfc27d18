# kernel-shim/plat_kernel.c
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Taking a word away does not wait for the CPU that may be in the middle of a step.
s/if (!smp_call_function_single((int)cpu, between_steps, NULL, 1))/if (cpu_online(cpu))/
