/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_impl.h - plat.h for tests that look between the steps: the user-space
 * primitives, with a call of vtd_step after each one that loads or stores.
 *
 * At that call a test plays an interrupt on the same CPU, or the hardware
 * reading the tables just then.
 */
#ifndef VTD_STEP_PLAT_IMPL_H
#define VTD_STEP_PLAT_IMPL_H

extern void (*vtd_step)(void);

#define VTD_STEP(expression)                                \
	({                                                  \
		__typeof__(expression) step_ = (expression); \
		if (vtd_step)                               \
			vtd_step();                         \
		step_;                                      \
	})
#define VTD_STEP_VOID(statement)    \
	do {                        \
		statement;          \
		if (vtd_step)       \
			vtd_step(); \
	} while (0)

#define PLAT_HOOK_LOAD(expression) VTD_STEP(expression)
#define PLAT_HOOK_STORE(statement) VTD_STEP_VOID(statement)
#define PLAT_HOOK_RMW(expression) VTD_STEP(expression)
#include "../../plat_hook.h"

#endif
