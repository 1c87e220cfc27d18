/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_impl.h - plat.h for the model checker.
 *
 * Every primitive is a call into tests/mc, where it is a scheduling point and
 * one step of a weak memory model (README.md).  Plain accesses reach the
 * checker through the compiler's ThreadSanitizer instrumentation, whose entry
 * points mc_race.c provides.
 */
#ifndef PLAT_MC_IMPL_H
#define PLAT_MC_IMPL_H

#include <string.h>

#define plat_likely(x) __builtin_expect(!!(x), 1)
#define plat_unlikely(x) __builtin_expect(!!(x), 0)
#define plat_always_inline inline __attribute__((always_inline))
#define plat_noinline __attribute__((noinline))
#define plat_aligned(n) __attribute__((aligned(n)))

enum mc_order { MC_RELAXED, MC_ACQUIRE, MC_RELEASE, MC_FULL };
enum mc_rmw { MC_XCHG, MC_OR, MC_AND, MC_ADD };
enum mc_word { MC_TAKE, MC_PUT, MC_COLLECT };

uint64_t mc_load(const volatile void *p, unsigned size, enum mc_order order, const char *site);
void mc_store(volatile void *p, unsigned size, uint64_t v, enum mc_order order, const char *site);
bool mc_cas(volatile void *p, unsigned size, uint64_t old, uint64_t new_val, enum mc_order order,
	    const char *site);
uint64_t mc_rmw(volatile void *p, unsigned size, enum mc_rmw op, uint64_t v, enum mc_order order,
		const char *site);
void mc_mb(const char *site);
void mc_relax(const char *site);
unsigned mc_cpu(const char *site);
int mc_word_step(enum mc_word what, void *const *cell, size_t off, uint64_t a, uint64_t b,
		 const char *site);
bool mc_percpu_cas(uint64_t *p, uint64_t old, uint64_t new_val, unsigned cpu, const char *site);
int mc_fence_cpus(unsigned cpu, const char *site);
void mc_read_lock(const char *site);
void mc_read_unlock(const char *site);
void mc_synchronize(const char *site);
void *mc_memset(void *p, int c, size_t n);
void *mc_memcpy(void *to, const void *from, size_t n);
unsigned plat_cpu_count(void);
bool plat_percpu_ok(void);

/* The compiler instruments no library call: these tell the race detector first. */
#define memset(p, c, n) mc_memset(p, c, n)
#define memcpy(to, from, n) mc_memcpy(to, from, n)

#define MC_STR2(x) #x
#define MC_STR(x) MC_STR2(x)
#define MC_SITE __FILE__ ":" MC_STR(__LINE__)
#define MC_U64(v) ((uint64_t)(uintptr_t)(v))
#define MC_AS(p, v) ((__typeof__(*(p)))(uintptr_t)(v))
/* What a value has after conversion to the type of *p, as the compiler's builtins do it. */
#define MC_VAL(p, v) MC_U64((__typeof__(*(p)))(v))

#define MC_LOAD(p, o) MC_AS(p, mc_load((p), sizeof(*(p)), o, MC_SITE))
#define MC_STORE(p, v, o) mc_store((p), sizeof(*(p)), MC_VAL(p, v), o, MC_SITE)
#define MC_CAS(p, old, new, o) \
	mc_cas((p), sizeof(*(p)), MC_VAL(p, old), MC_VAL(p, new), o, MC_SITE)
/* A statement expression: its value may be left unused. */
#define MC_RMW(p, op, v, o)                                                                \
	({                                                                                 \
		__typeof__(*(p)) mc_old_ =                                                 \
			MC_AS(p, mc_rmw((p), sizeof(*(p)), op, MC_VAL(p, v), o, MC_SITE)); \
		mc_old_;                                                                   \
	})

#define plat_load_relaxed(p) MC_LOAD(p, MC_RELAXED)
#define plat_peek(p) plat_load_relaxed(p)
#define plat_load_acquire(p) MC_LOAD(p, MC_ACQUIRE)
#define plat_store_relaxed(p, v) MC_STORE(p, v, MC_RELAXED)
#define plat_store_release(p, v) MC_STORE(p, v, MC_RELEASE)
#define plat_cas_relaxed(p, old, new) MC_CAS(p, old, new, MC_RELAXED)
#define plat_cas_release(p, old, new) MC_CAS(p, old, new, MC_RELEASE)
#define plat_cas_full(p, old, new) MC_CAS(p, old, new, MC_FULL)
#define plat_xchg_full(p, v) MC_RMW(p, MC_XCHG, v, MC_FULL)
#define plat_fetch_or_full(p, v) MC_RMW(p, MC_OR, v, MC_FULL)
#define plat_fetch_and_full(p, v) MC_RMW(p, MC_AND, v, MC_FULL)
#define plat_fetch_add_relaxed(p, v) MC_RMW(p, MC_ADD, v, MC_RELAXED)
#define plat_fetch_add_full(p, v) MC_RMW(p, MC_ADD, v, MC_FULL)
#define plat_mb() mc_mb(MC_SITE)
#define plat_relax() mc_relax(MC_SITE)

#define plat_cpu() mc_cpu(MC_SITE)
#define plat_cpu_raw() (plat_percpu_ok() ? mc_cpu(MC_SITE) : PLAT_CPU_NONE)
#define plat_word_take(cell, off, full, pat) \
	mc_word_step(MC_TAKE, (cell), (off), (full), (pat), MC_SITE)
#define plat_word_put(cell, off, chk, pat) \
	mc_word_step(MC_PUT, (cell), (off), (chk), (pat), MC_SITE)
#define plat_word_collect(cell, off, need) \
	mc_word_step(MC_COLLECT, (cell), (off), (need), 0, MC_SITE)
#define plat_percpu_cas(p, old, new, cpu) mc_percpu_cas((p), (old), (new), (cpu), MC_SITE)
#define plat_fence_cpus(cpu) mc_fence_cpus((cpu), MC_SITE)
#define plat_read_lock() mc_read_lock(MC_SITE)
#define plat_read_unlock() mc_read_unlock(MC_SITE)
#define plat_synchronize() mc_synchronize(MC_SITE)

extern const struct plat_mem_ops plat_mem_default;

#endif
