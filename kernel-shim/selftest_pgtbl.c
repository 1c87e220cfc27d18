// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * selftest_pgtbl.c - libpgtbl: maps, unmaps and reclaim in one table.
 *
 * Each actor owns every ST_ACTORS-th page of the same leaf tables, and a 2 MiB
 * area of its own.  What it maps it must find until it unmaps it, whatever the
 * others do, interrupted or interrupting, and however often reclaim takes empty
 * tables away meanwhile.  After each reclaim the actors move on to other tables,
 * not quite all at once.  In the end no mapping and no page is left.
 */
#include "selftest.h"
#include "pgtbl.h"
#include "plat.h"

#include <linux/delay.h>
#include <linux/slab.h>

#define PAGE 4096ull
#define LARGE (512 * PAGE)
#define TABLES 64u			   /* leaf tables that all actors use ... */
#define WINDOW 4u			   /* ... most of them these, for the time being */
#define SHARED (1ull << 33)		   /* where they begin */
#define OWN_AREAS (1ull << 37)		   /* and where the areas of single actors begin */
#define PHYS(iova) ((iova) + (1ull << 44)) /* where a page goes */
#define RW (PGTBL_READ | PGTBL_WRITE)

struct st_table {
	struct pgtbl *pt;
	struct st_mem mem;
	/* what must not happen */
	atomic64_t refused, missing, partly, left;
	/* what must */
	atomic64_t maps, large, unmaps, no_memory, reclaimed;
};

static bool table_open(struct st_table *s, const struct pgtbl_ops *ops, unsigned int levels)
{
	struct pgtbl_config config = {
		.ops = ops,
		.levels = levels,
		.oa_bits = 52,
		.flags = PGTBL_UNLINK,
		.pages = st_mem(&s->mem),
		.meta = st_mem(&s->mem),
		.phys_offset = -PAGE_OFFSET,
	};

	return !pgtbl_create(&s->pt, &config);
}

static void table_close(struct st_table *s, const char *name)
{
	u64 bytes = pgtbl_destroy(s->pt);

	st_ok(!bytes && !atomic64_read(&s->mem.blocks), "%s: no mapping and no page left", name);
}

/* All of [iova, iova + size) goes where it should, or nowhere. */
static bool is_mapped(struct st_table *s, u64 iova, u64 size, bool mapped)
{
	u64 at, phys;
	int err;

	for (at = iova; at < iova + size; at += size > PAGE ? size - PAGE : PAGE) {
		err = pgtbl_translate(s->pt, at + 1, &phys);
		if (mapped ? err || phys != PHYS(at) + 1 : err != -ENOENT)
			return false;
	}
	return true;
}

static bool map(struct st_table *s, u64 iova, u64 size)
{
	int err = pgtbl_map(s->pt, iova, PHYS(iova), size, RW);

	if (err == -ENOMEM) {
		atomic64_inc(&s->no_memory);
		return false;
	}
	if (err)
		atomic64_inc(&s->refused);
	else
		atomic64_inc(size == LARGE ? &s->large : &s->maps);
	return !err;
}

static void unmap(struct st_table *s, u64 iova, u64 size)
{
	struct pgtbl_gather gather;

	if (!is_mapped(s, iova, size, true))
		atomic64_inc(&s->missing);
	pgtbl_gather_init(&gather);
	if (pgtbl_unmap(s->pt, iova, size, &gather) != size)
		atomic64_inc(&s->partly);
	if (!is_mapped(s, iova, size, false))
		atomic64_inc(&s->left);
	pgtbl_gather_release(s->pt, &gather); /* no hardware: nothing to invalidate */
	atomic64_inc(&s->unmaps);
}

/* held[]: a page of the shared tables or, with bit 0, the actor's own area in one piece. */
static void step(struct st_actor *a)
{
	struct st_table *s = a->t->priv;
	u64 v = st_random(&a->seed), iova, size;
	unsigned int i;

	if (a->nr_held == 8 || (a->nr_held && v & 1)) {
		iova = a->held[--a->nr_held];
		unmap(s, iova & ~1ull, iova & 1 ? LARGE : PAGE);
		return;
	}
	if (v % 16 == 0) {
		iova = OWN_AREAS + a->id * LARGE;
		size = LARGE;
	} else {
		i = (unsigned int)READ_ONCE(a->t->extra_steps) * WINDOW;
		i = (i + (unsigned int)(v >> 8) % (WINDOW + WINDOW / 2)) % TABLES;
		iova = SHARED + i * LARGE +
		       ((v >> 32) % (512 / ST_ACTORS) * ST_ACTORS + a->id - 1) * PAGE;
		size = PAGE;
	}
	for (i = 0; i < a->nr_held; i++)
		if ((a->held[i] & ~1ull) == iova)
			return;
	if (map(s, iova, size))
		a->held[a->nr_held++] = iova | (size == LARGE);
}

/* Everything that is empty is unlinked, while it is being mapped again. */
static void reclaim(struct st_torment *t)
{
	struct st_table *s = t->priv;
	struct pgtbl_gather gather;
	s64 n;

	pgtbl_gather_init(&gather);
	n = pgtbl_reclaim(s->pt, 0, pgtbl_iova_last(s->pt), &gather);
	if (n < 0)
		atomic64_inc(&s->refused);
	else
		atomic64_add(n, &s->reclaimed);
	pgtbl_gather_release(s->pt, &gather);
	usleep_range(100, 500);
}

static void pgtbl_torment(const char *name, const struct pgtbl_ops *ops)
{
	struct st_table *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct st_torment *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;
	u64 held;

	if (!st_ok(t && s && table_open(s, ops, 4), "%s: a table", name))
		goto out;
	t->step = step;
	t->extra = reclaim;
	t->priv = s;
	st_torment(t, name);
	for (i = 0; i < ST_ACTORS; i++)
		while (t->actor[i].nr_held) {
			held = t->actor[i].held[--t->actor[i].nr_held];
			unmap(s, held & ~1ull, held & 1 ? LARGE : PAGE);
		}
	st_ok(!atomic64_read(&s->refused), "%s: no map is refused (%lld pages, %lld areas)", name,
	      atomic64_read(&s->maps), atomic64_read(&s->large));
	st_ok(!atomic64_read(&s->missing), "%s: what was mapped is there", name);
	st_ok(!atomic64_read(&s->partly) && !atomic64_read(&s->left),
	      "%s: what was unmapped is not", name);
	st_ok(atomic64_read(&s->reclaimed) > 5, "%s: empty tables are unlinked (%lld)", name,
	      atomic64_read(&s->reclaimed));
	table_close(s, name);
out:
	kfree(s);
	kfree(t);
}

static void pgtbl_smoke(struct st_table *s)
{
	struct pgtbl_gather gather;
	struct pgtbl_stats stats;

	st_ok(map(s, 0, 3 * PAGE) && is_mapped(s, 0, 3 * PAGE, true), "pgtbl: pages");
	st_ok(pgtbl_map(s->pt, PAGE, 0, PAGE, RW) == -EEXIST && is_mapped(s, 0, 3 * PAGE, true),
	      "pgtbl: a mapping is not replaced");
	st_ok(map(s, LARGE, LARGE) && is_mapped(s, LARGE, LARGE, true), "pgtbl: an area of 2 MiB");
	st_ok(pgtbl_map(s->pt, 1, 0, PAGE, RW) == -EINVAL, "pgtbl: bad arguments are refused");
	unmap(s, 0, 3 * PAGE);
	unmap(s, LARGE, LARGE);
	pgtbl_gather_init(&gather);
	st_ok(!pgtbl_unmap(s->pt, 0, PAGE, &gather) && pgtbl_gather_empty(&gather) &&
		      !atomic64_read(&s->partly) && !atomic64_read(&s->left),
	      "pgtbl: what is unmapped is gone");
	pgtbl_gather_release(s->pt, &gather);
	st_ok(!pgtbl_drain(s->pt), "pgtbl: drain");
	pgtbl_stats(s->pt, &stats);
	st_ok(!stats.queued_pages && stats.table_pages, "pgtbl: statistics");
}

/* The n-th page is not there, for every n until all are. */
static void pgtbl_memory(struct st_table *s)
{
	bool wrong = false, done = false;
	unsigned int n;

	for (n = 1; !done && !wrong && n < 100; n++) {
		atomic64_set(&s->mem.fail_in, n);
		if (!table_open(s, &pgtbl_vtdss_ops, 4)) {
			wrong = atomic64_read(&s->mem.blocks);
			continue;
		}
		if (map(s, LARGE - PAGE, 2 * PAGE))
			unmap(s, LARGE - PAGE, 2 * PAGE);
		else
			wrong = !is_mapped(s, LARGE - PAGE, 2 * PAGE, false);
		done = atomic64_read(&s->mem.fail_in);
		wrong |= pgtbl_destroy(s->pt) || atomic64_read(&s->mem.blocks);
	}
	atomic64_set(&s->mem.fail_in, 0);
	st_ok(done && !wrong && atomic64_read(&s->no_memory) && !atomic64_read(&s->refused),
	      "pgtbl: memory that fails (at each of %u calls)", n - 2);
}

void st_pgtbl(void)
{
	struct st_table *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (st_ok(s && table_open(s, &pgtbl_vtdss_ops, 3), "pgtbl: a table")) {
		pgtbl_smoke(s);
		table_close(s, "pgtbl");
		pgtbl_memory(s);
	}
	kfree(s);
	pgtbl_torment("pgtbl, second stage", &pgtbl_vtdss_ops);
	pgtbl_torment("pgtbl, x86-64", &pgtbl_x86_64_ops);
}
