/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_dmap_env.h - a DMA space with everything below it, and a device that remembers.
 *
 * The device caches every translation it uses and forgets only what an
 * invalidation command that takes effect tells it to.  Whoever hands out an
 * address that the device still remembers has broken libdma's one rule.
 */
#ifndef TEST_DMAP_ENV_H
#define TEST_DMAP_ENV_H

#include "dmap.h"
#include "dmap_simq.h"
#include "plat.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096ull
#define RW (PGTBL_READ | PGTBL_WRITE)
#define NO_LIMIT UINT64_MAX
#define DOMAIN_ID 7

/* Memory that is counted, and whose n-th allocation from now can be made to fail. */
struct env_mem {
	uint64_t blocks;
	uint64_t allocs;
	uint64_t fail_at; /* 0: never; n: the n-th from now on */
	bool fail_all;
};

static void *env_alloc(void *ctx, size_t size, size_t align)
{
	struct env_mem *m = ctx;
	void *p;

	if (m->fail_all || (m->fail_at && !--m->fail_at))
		return NULL;
	p = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	cr_assert_not_null(p);
	m->blocks++;
	m->allocs++;
	return memset(p, 0, size);
}

static void env_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct env_mem *m = ctx;

	(void)align;
	memset(ptr, 0x5a, size);
	free(ptr);
	m->blocks--;
}

static const struct plat_mem_ops env_mem_ops = { .alloc = env_alloc, .free = env_free };

/* The device's translation cache: direct mapped by nothing, simply all of it. */
#define TLB_SIZE 65536
struct env_tlb {
	uint64_t iova[TLB_SIZE]; /* page address | 1; 0: empty */
	uint64_t phys[TLB_SIZE];
	unsigned used; /* slots below may be in use */
};

struct env {
	struct env_mem mem; /* libdma's */
	struct env_mem iova_mem;
	struct env_mem page_mem;
	struct env_mem simq_mem;
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	struct dmap_simq *simq;
	struct dmap_space *space;
	uint64_t clock_ns;
	uint64_t clock_step_ns; /* added at every look */
	uint64_t executed;
	struct dmap_inval_cmd last_cmd;
	struct env_tlb *tlb;
};

static uint64_t env_now(void *ctx)
{
	struct env *e = ctx;

	return e->clock_ns += e->clock_step_ns;
}

static void env_exec(void *ctx, const struct dmap_inval_cmd *cmd)
{
	struct env *e = ctx;

	e->executed++;
	e->last_cmd = *cmd;
	cr_assert(cmd->kind == DMAP_INVAL_GLOBAL || cmd->domain == DOMAIN_ID);
	for (unsigned i = 0; i < e->tlb->used; i++) {
		uint64_t a = e->tlb->iova[i] & ~1ull;

		if (cmd->kind != DMAP_INVAL_RANGE || (a >= cmd->first && a <= cmd->last))
			e->tlb->iova[i] = 0;
	}
}

/* Whether the device remembers a translation of the page. */
static inline bool env_remembers(struct env *e, uint64_t iova, uint64_t *phys)
{
	iova &= ~(PAGE - 1);
	for (unsigned i = 0; i < e->tlb->used; i++) {
		if (e->tlb->iova[i] != (iova | 1))
			continue;
		if (phys)
			*phys = e->tlb->phys[i];
		return true;
	}
	return false;
}

/* The device accesses @iova: 0 and *phys as the hardware would find it, or -ENOENT (fault). */
static inline int env_access(struct env *e, uint64_t iova, uint64_t *phys)
{
	uint64_t page;
	unsigned i = 0;
	int r;

	if (env_remembers(e, iova, &page)) {
		*phys = page + (iova & (PAGE - 1));
		return 0;
	}
	r = pgtbl_translate(e->pgtbl, iova, phys);
	if (r)
		return r;
	while (i < e->tlb->used && e->tlb->iova[i])
		i++;
	cr_assert_lt(i, TLB_SIZE);
	e->tlb->iova[i] = (iova & ~(PAGE - 1)) | 1;
	e->tlb->phys[i] = *phys & ~(PAGE - 1);
	if (i == e->tlb->used)
		e->tlb->used++;
	return 0;
}

struct env_options {
	struct dmap_config dmap;	/* parts are filled in */
	struct dmap_simq_config simq;	/* likewise */
	struct iova_space_config iova;	/* likewise */
	unsigned pgtbl_flags;
	bool clock; /* give dmap the clock too */
	bool no_space; /* leave creating the DMA space to the test */
};

static inline struct dmap_config env_config(struct env *e, const struct env_options *o)
{
	struct dmap_config c = o->dmap;

	c.iova = e->iova;
	c.pgtbl = e->pgtbl;
	if (!c.inval) {
		c.inval = &dmap_simq_ops;
		c.inval_ctx = e->simq;
	}
	c.domain = DOMAIN_ID;
	if (o->clock) {
		c.now_ns = env_now;
		c.now_ctx = e;
	}
	c.mem = (struct plat_mem){ &env_mem_ops, &e->mem };
	return c;
}

static inline void env_open(struct env *e, const struct env_options *o)
{
	struct iova_space_config ic = o->iova;
	struct dmap_simq_config sc = o->simq;
	struct pgtbl_config pc = {
		.ops = &pgtbl_vtdss_ops,
		.levels = 4,
		.oa_bits = 52,
		.flags = o->pgtbl_flags,
		.pages = { &env_mem_ops, &e->page_mem },
		.meta = { &env_mem_ops, &e->page_mem },
	};
	struct dmap_config dc;

	memset(e, 0, sizeof(*e));
	e->tlb = calloc(1, sizeof(*e->tlb));
	cr_assert_not_null(e->tlb);
	ic.first = ic.first ? ic.first : PAGE;
	ic.last = ic.last ? ic.last : (1ull << 48) - 1;
	ic.granule_lg2 = ic.granule_lg2 ? ic.granule_lg2 : 12;
	ic.mem = (struct plat_mem){ &env_mem_ops, &e->iova_mem };
	cr_assert_eq(iova_space_create(&e->iova, &ic), 0);
	cr_assert_eq(pgtbl_create(&e->pgtbl, &pc), 0);
	sc.now_ns = env_now;
	sc.now_ctx = e;
	sc.exec = env_exec;
	sc.exec_ctx = e;
	sc.mem = (struct plat_mem){ &env_mem_ops, &e->simq_mem };
	cr_assert_eq(dmap_simq_create(&e->simq, &sc), 0);
	if (o->no_space)
		return;
	dc = env_config(e, o);
	cr_assert_eq(dmap_space_create(&e->space, &dc), 0);
}

/* What is left when the DMA space and its addresses are gone. */
static inline void env_close_rest(struct env *e)
{
	cr_assert_eq(pgtbl_destroy(e->pgtbl), 0);
	dmap_simq_destroy(e->simq);
	cr_assert_eq(e->mem.blocks, 0);
	cr_assert_eq(e->iova_mem.blocks, 0);
	cr_assert_eq(e->page_mem.blocks, 0);
	cr_assert_eq(e->simq_mem.blocks, 0);
	free(e->tlb);
}

/* Everything goes, and nothing may be left: no mapping, no address, no page, no byte. */
static inline void env_close(struct env *e)
{
	cr_assert_eq(dmap_space_destroy(e->space), 0);
	cr_assert_not(iova_space_in_use(e->iova));
	cr_assert_eq(iova_space_destroy(e->iova), 0);
	env_close_rest(e);
}

/* Map, and check the rule: nothing in the new range may be remembered. */
static inline uint64_t env_map(struct env *e, uint64_t phys, uint64_t size, uint64_t limit)
{
	uint64_t iova = dmap_map(e->space, phys, size, RW, limit);

	if (iova_is_err(iova))
		return iova;
	cr_assert_eq(iova & (PAGE - 1), phys & (PAGE - 1));
	cr_assert_leq(iova + size - 1, limit);
	for (uint64_t a = iova & ~(PAGE - 1); a < iova + size; a += PAGE)
		cr_assert_not(env_remembers(e, a, NULL), "%#lx is handed out but remembered",
			      (unsigned long)a);
	return iova;
}

static inline struct dmap_stats env_stats(struct env *e)
{
	struct dmap_stats s;

	dmap_stats(e->space, &s);
	return s;
}

static inline struct iova_space_stats env_iova_stats(struct env *e)
{
	struct iova_space_stats s;

	iova_space_stats(e->iova, &s);
	return s;
}

static inline struct pgtbl_stats env_pgtbl_stats(struct env *e)
{
	struct pgtbl_stats s;

	pgtbl_stats(e->pgtbl, &s);
	return s;
}

/* xorshift64*; the seed is printed, SEED= repeats a run. */
static inline uint64_t env_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline uint64_t env_seed(void)
{
	const char *s = getenv("SEED");
	uint64_t seed = s ? strtoull(s, NULL, 0) : (uint64_t)(uintptr_t)&s ^ 0x9e3779b97f4a7c15ull;

	fprintf(stderr, "SEED=%#llx\n", (unsigned long long)seed);
	return seed ? seed : 1;
}

#endif
