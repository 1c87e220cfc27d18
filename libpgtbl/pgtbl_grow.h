/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_grow.h - tables whose top level rises while they are in use.
 *
 * Hardware begins with few levels, which makes its walks short, and is told of a table one
 * or more levels up when an address needs it.  The tables above are there from the
 * beginning, one page for each level, and software walks through them; so growing writes no
 * entry, needs no memory and changes no translation.  A table never becomes smaller again.
 * What serves address 0 with tables is not mapped by leaves of that size or more.
 *
 * Hardware must be able to change the root's address and the number of levels in one
 * step, or DMA in flight would meet one without the other.  The ARM formats are refused for
 * that reason; "Growing" in doc/ordering-pgtbl.md names the words of the others.
 *
 * Synchronisation: both calls may run beside all others of the library but destroy.
 * Progress: lock-free but for what @grown does.
 */
#ifndef PGTBL_GROW_H
#define PGTBL_GROW_H

#include "pgtbl.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/**
 * struct pgtbl_growth - how a table grows; pgtbl_config.growth
 * @start_levels: what hardware begins with; pgtbl_config.levels is the most that there
 *                may ever be.  Both must be levels that hardware has, and those between.
 * @grown:  make every unit and device that uses the table begin at @root_phys with @levels
 *          levels, and complete the invalidation of what they cached about the old root.
 *          Return 0, or a negative errno, which the call that wanted to grow then returns.
 *
 *          Called from maps and reservations above the present reach, and from pgtbl_grow(),
 *          in their context and outside any read section, by several threads at once.
 *          It must serialise itself, and do nothing and return 0 if @levels is not more than
 *          what it has programmed already.  It must not map, grow or destroy.  Nothing
 *          need be undone before an error: each root translates what lower ones do.
 *
 *          Who attaches a device later programs what @grown was last told, not what
 *          pgtbl_top() says, under the lock that @grown takes: pgtbl_top() follows only
 *          when @grown has returned.
 * @ctx:    for @grown
 */
struct pgtbl_growth {
	unsigned start_levels;
	int (*grown)(void *ctx, uint64_t root_phys, unsigned levels);
	void *ctx;
};

/**
 * struct pgtbl_top - where hardware begins its walk
 * @root_phys: physical address of the root table
 * @iova_last: greatest address that it translates then
 * @levels:    number of levels
 */
struct pgtbl_top {
	uint64_t root_phys;
	uint64_t iova_last;
	unsigned levels;
};

/**
 * pgtbl_top - where does hardware begin now
 * @pt:  the table
 * @top: out: three values that belong together; those of the config, if it does not grow
 *
 * Context: any.
 */
void pgtbl_top(const struct pgtbl *pt, struct pgtbl_top *top);

/**
 * pgtbl_grow - make addresses up to @iova_last usable
 * @pt:        the table
 * @iova_last: greatest address that will be mapped
 *
 * What maps and reservations do by themselves; for whoever maps in a context in which
 * @grown cannot work.
 *
 * Context: any in which @grown may be called; it is not if the addresses are in reach.
 * Return: 0; -EINVAL: NULL, or beyond pgtbl_iova_last(); what @grown returned: as before.
 */
int pgtbl_grow(struct pgtbl *pt, uint64_t iova_last);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
