// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * selftest_dmap.c - libdma over the simulated queue: map, use, unmap.
 *
 * What an actor maps must be translated until it unmaps it, and refuse an unmap
 * of another size.  Many mappings are unmapped by another actor than mapped them.
 * After the last flush nothing may be left.
 */
#include "selftest.h"
#include "dmap.h"
#include "dmap_simq.h"
#include "plat.h"

#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#define PAGE 4096ull
#define SPACE_LAST ((64ull << 20) - 1)
#define HANDS 16u
#define RW (PGTBL_READ | PGTBL_WRITE)

struct st_dmap {
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	struct dmap_simq *queue;
	struct dmap_space *space;
	struct st_mem mem;
	u64 hand[HANDS];
	enum dmap_mode mode;
	/* what must not happen */
	atomic64_t refused, missing, wrong;
	/* what must */
	atomic64_t maps, irq_maps, unmaps, no_room;
};

static u64 now_ns(void *ctx)
{
	return ktime_get_mono_fast_ns();
}

static void dmap_close(struct st_dmap *s, const char *name)
{
	u64 live = dmap_space_destroy(s->space), bytes = pgtbl_destroy(s->pgtbl);

	dmap_simq_destroy(s->queue);
	live += iova_space_destroy(s->iova);
	if (name)
		st_ok(!live && !bytes && !atomic64_read(&s->mem.blocks),
		      "%s: no mapping, no range, no page and no metadata left", name);
}

static bool dmap_open(struct st_dmap *s, enum dmap_mode mode)
{
	struct plat_mem mem = st_mem(&s->mem);
	struct iova_space_config iova = {
		.first = PAGE, .last = SPACE_LAST, .granule_lg2 = 12, .mem = mem,
	};
	struct pgtbl_config pgtbl = {
		.ops = &pgtbl_vtdss_ops, .levels = 4, .oa_bits = 52, .flags = PGTBL_UNLINK,
		.pages = mem, .meta = mem, .phys_offset = -PAGE_OFFSET,
	};
	struct dmap_simq_config queue = { .mem = mem };
	struct dmap_config config = {
		.inval = &dmap_simq_ops, .domain = 1, .mode = mode, .lazy_entries = 64,
		.now_ns = now_ns, .mem = mem,
	};

	s->iova = NULL;
	s->pgtbl = NULL;
	s->queue = NULL;
	s->space = NULL;
	s->mode = mode;
	if (!iova_space_create(&s->iova, &iova) && !pgtbl_create(&s->pgtbl, &pgtbl) &&
	    !dmap_simq_create(&s->queue, &queue)) {
		config.iova = s->iova;
		config.pgtbl = s->pgtbl;
		config.inval_ctx = s->queue;
		if (!dmap_space_create(&s->space, &config))
			return true;
	}
	dmap_close(s, NULL);
	return false;
}

/* A mapping as a word: its address, and below it its pages less one. */
static u64 map(struct st_dmap *s, struct st_actor *a)
{
	u64 v = st_random(&a->seed), pages = v % 4 ? 1 + (v >> 2) % 8 : 1 + (v >> 2) % 64;
	u64 phys = (1ull << 32) + ((v >> 16) & 0xfffff) * PAGE, iova, seen = 0;

	iova = dmap_map(s->space, phys, pages * PAGE, RW, ~0ull);
	if (iova_is_err(iova)) {
		if (iova_err(iova) == -ENOSPC || iova_err(iova) == -EAGAIN)
			atomic64_inc(&s->no_room);
		else
			atomic64_inc(&s->wrong);
		return 0;
	}
	if (pgtbl_translate(s->pgtbl, iova + (pages - 1) * PAGE + 5, &seen) ||
	    seen != phys + (pages - 1) * PAGE + 5)
		atomic64_inc(&s->missing);
	atomic64_inc(a->irq ? &s->irq_maps : &s->maps);
	return iova | (pages - 1);
}

static void unmap(struct st_dmap *s, u64 mapping)
{
	u64 iova = mapping & ~(PAGE - 1), size = ((mapping & (PAGE - 1)) + 1) * PAGE, phys;

	if (dmap_unmap(s->space, iova, size + PAGE) != -EINVAL)
		atomic64_inc(&s->wrong);
	if (pgtbl_translate(s->pgtbl, iova, &phys))
		atomic64_inc(&s->missing);
	if (dmap_unmap(s->space, iova, size))
		atomic64_inc(&s->refused);
	atomic64_inc(&s->unmaps);
}

static void step(struct st_actor *a)
{
	struct st_dmap *s = a->t->priv;
	u64 v = st_random(&a->seed), mapping;

	if (v % 4 < 2) {
		mapping = a->nr_held < 16 ? map(s, a) : 0;
		if (mapping)
			a->held[a->nr_held++] = mapping;
	} else if (v % 4 == 2) {
		if (a->nr_held)
			unmap(s, a->held[--a->nr_held]);
	} else {
		mapping = a->nr_held ? a->held[--a->nr_held] : 0;
		mapping = xchg(&s->hand[v / 4 % HANDS], mapping);
		if (mapping)
			unmap(s, mapping);
	}
}

/* What a driver's timer and its housekeeping do. */
static void tend(struct st_torment *t)
{
	struct st_dmap *s = t->priv;
	int err = dmap_flush(s->space, t->extra_steps & 1);

	if (err < 0 && err != -EAGAIN)
		atomic64_inc(&s->wrong);
	if (pgtbl_drain(s->pgtbl))
		atomic64_inc(&s->wrong);
	usleep_range(500, 2000);
}

static void give_back(struct st_dmap *s, struct st_torment *t)
{
	unsigned int i;

	for (i = 0; i < ST_ACTORS; i++)
		while (t->actor[i].nr_held)
			unmap(s, t->actor[i].held[--t->actor[i].nr_held]);
	for (i = 0; i < HANDS; i++)
		if (s->hand[i])
			unmap(s, s->hand[i]);
}

static int found(void *ctx, const struct pgtbl_leaf *leaf)
{
	return 1;
}

static void dmap_results(struct st_dmap *s, const char *name)
{
	struct dmap_stats stats;

	st_ok(!dmap_flush(s->space, false) &&
		      !pgtbl_visit(s->pgtbl, 0, pgtbl_iova_last(s->pgtbl), found, NULL) &&
		      !iova_space_in_use(s->iova),
	      "%s: nothing is left after the last flush", name);
	dmap_stats(s->space, &stats);
	st_ok(!stats.quarantined_bytes && !stats.lost_pages && !stats.bad_frees &&
		      !stats.failed_flushes,
	      "%s: nothing in quarantine or lost", name);
	st_ok(!atomic64_read(&s->missing), "%s: what is mapped is translated (%lld maps)", name,
	      atomic64_read(&s->maps) + atomic64_read(&s->irq_maps));
	st_ok(!atomic64_read(&s->refused) && !atomic64_read(&s->wrong),
	      "%s: no call fails that should not (%lld unmaps, %lld no room)", name,
	      atomic64_read(&s->unmaps), atomic64_read(&s->no_room));
	st_ok(atomic64_read(&s->irq_maps) > 500 && stats.waits > 10, "%s: interrupts map (%lld)",
	      name, atomic64_read(&s->irq_maps));
}

static void dmap_torment(const char *name, enum dmap_mode mode)
{
	struct st_dmap *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct st_torment *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!st_ok(t && s && dmap_open(s, mode), "%s: a space", name))
		goto out;
	t->step = step;
	t->extra = tend;
	t->priv = s;
	st_torment(t, name);
	give_back(s, t);
	dmap_results(s, name);
	dmap_close(s, name);
out:
	kfree(s);
	kfree(t);
}

static void dmap_smoke(struct st_dmap *s)
{
	u64 iova = dmap_map(s->space, 0x12345678, 3 * PAGE, RW, ~0ull), phys = 0;

	st_ok(!iova_is_err(iova) && (iova & (PAGE - 1)) == 0x678 &&
		      !pgtbl_translate(s->pgtbl, iova, &phys) && phys == 0x12345678,
	      "dmap: a map keeps the offset");
	st_ok(dmap_unmap(s->space, iova, PAGE) == -EINVAL &&
		      !pgtbl_translate(s->pgtbl, iova, &phys),
	      "dmap: an unmap of another size is refused");
	st_ok(!dmap_unmap(s->space, iova, 3 * PAGE) &&
		      pgtbl_translate(s->pgtbl, iova, &phys) == -ENOENT,
	      "dmap: strict: gone when unmap returns");
	st_ok(dmap_unmap(s->space, iova, 3 * PAGE) == -ENOENT, "dmap: a double unmap is refused");
	dmap_simq_inject(s->queue, DMAP_SIMQ_LOST, 0, 1);
	iova = dmap_map(s->space, 0, PAGE, RW, ~0ull);
	st_ok(dmap_unmap(s->space, iova, PAGE) == -ETIMEDOUT && iova_space_in_use(s->iova),
	      "dmap: a lost invalidation: the address is not used again");
}

/* The n-th allocation of memory fails, for every n until none does. */
static void dmap_memory(struct st_dmap *s)
{
	bool wrong = false, done = false;
	unsigned int n;
	u64 iova;

	for (n = 1; !done && !wrong && n < 1000; n++) {
		atomic64_set(&s->mem.fail_in, n);
		if (!dmap_open(s, DMAP_LAZY)) {
			wrong = atomic64_read(&s->mem.blocks);
			continue;
		}
		iova = dmap_map(s->space, 0, PAGE, RW, ~0ull);
		done = atomic64_read(&s->mem.fail_in);
		wrong = iova_is_err(iova) ? iova_err(iova) != -ENOMEM || done :
					    dmap_unmap(s->space, iova, PAGE) != 0;
		wrong |= dmap_space_destroy(s->space) != 0;
		s->space = NULL;
		dmap_close(s, NULL);
		wrong |= atomic64_read(&s->mem.blocks) != 0;
	}
	atomic64_set(&s->mem.fail_in, 0);
	st_ok(done && !wrong, "dmap: memory that fails (at each of %u calls)", n - 2);
}

void st_dmap(void)
{
	struct st_dmap *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (st_ok(s && dmap_open(s, DMAP_STRICT), "dmap: a space")) {
		dmap_smoke(s);
		dmap_close(s, "dmap");
		dmap_memory(s);
	}
	kfree(s);
	dmap_torment("dmap, strict", DMAP_STRICT);
	dmap_torment("dmap, lazy", DMAP_LAZY);
}
