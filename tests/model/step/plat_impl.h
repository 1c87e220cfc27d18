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

#include "../../../plat/user/plat_impl.h"

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

#undef plat_load_relaxed
#undef plat_load_acquire
#undef plat_store_relaxed
#undef plat_store_release
#undef plat_cas_relaxed
#undef plat_cas_release
#undef plat_cas_full
#undef plat_xchg_full
#undef plat_fetch_or_full
#undef plat_fetch_and_full
#undef plat_fetch_add_relaxed
#undef plat_fetch_add_full

#define plat_load_relaxed(p) VTD_STEP(__atomic_load_n((p), __ATOMIC_RELAXED))
#define plat_load_acquire(p) VTD_STEP(__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define plat_store_relaxed(p, v) VTD_STEP_VOID(__atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define plat_store_release(p, v) VTD_STEP_VOID(__atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define plat_cas_relaxed(p, old, new) VTD_STEP(PLAT_CAS(p, old, new, __ATOMIC_RELAXED))
#define plat_cas_release(p, old, new) VTD_STEP(PLAT_CAS(p, old, new, __ATOMIC_RELEASE))
#define plat_cas_full(p, old, new) VTD_STEP(PLAT_CAS(p, old, new, __ATOMIC_SEQ_CST))
#define plat_xchg_full(p, v) VTD_STEP(__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_or_full(p, v) VTD_STEP(__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_and_full(p, v) VTD_STEP(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_add_relaxed(p, v) VTD_STEP(__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define plat_fetch_add_full(p, v) VTD_STEP(__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))

#endif
