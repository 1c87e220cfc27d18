/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova.h - what the models of libiova share: a window of at most 128 slots
 * at the bottom of a space, operations on it that are recorded, and the
 * sequential model that their histories must fit.
 *
 * An allocation returns a free, naturally aligned run of slots, or -ENOSPC when there
 * is none; a free succeeds exactly when the range is allocated; an allocation at
 * a fixed address exactly when it is free.  Allocations may also answer -EAGAIN.
 * Slots are granules, or groups of them.
 */
#ifndef MC_IOVA_H
#define MC_IOVA_H

#include "iova_int.h"
#include "iova_resv.h"
#include "mc.h"

#define PAGE 4096ull
#define SLOTS 128u
#define TREE_BYTES (1ull << 27) /* a whole tree: nothing outside it needs reserving */

enum { ALLOC = 1, FREE, TAKE, RESERVE, WISH };

/* The length of the range that begins in each slot, 0: none, 255: inside one. */
struct window {
	uint8_t len[SLOTS];
};
#define INSIDE 255

static struct iova_space *s;
static uint64_t slot_bytes = PAGE, nr_slots; /* of the window */
static struct window start;	  /* before the threads */
static unsigned quarantine;
static uint64_t end_slots; /* of the space, which can grow; 0: it is a whole tree */
static enum iova_placement placement;
#ifndef SPACE_FLAGS
#define SPACE_FLAGS 0
#endif

static void create(void)
{
	struct iova_space_config c = { .first = 0, .last = (end_slots ? end_slots * PAGE : TREE_BYTES) - 1,
				       .grow_last = TREE_BYTES - 1, .granule_lg2 = 12,
				       .quarantine = quarantine, .placement = placement,
				       .mem = mc_mem(), .flags = SPACE_FLAGS };

	mc_assert(iova_space_create(&s, &c) == 0);
	for (unsigned i = 0; i < s->nr_slots; i++)
		mc_quiet(&s->slot[i]->refills, 3 * sizeof(uint64_t));
	mc_quiet(&s->metadata_bytes, 2 * sizeof(uint64_t));
}

static inline bool run_is_free(const struct window *w, uint64_t at, uint64_t n)
{
	for (uint64_t i = at; i < at + n; i++)
		if (i >= nr_slots || w->len[i])
			return false;
	return true;
}

static inline void mark(struct window *w, uint64_t at, uint64_t n)
{
	for (uint64_t i = at; i < at + n; i++)
		w->len[i] = i == at ? (uint8_t)n : INSIDE;
}

static inline bool any_run(const struct window *w, uint64_t n)
{
	uint64_t align = 1;

	while (align < n)
		align *= 2;
	for (uint64_t i = 0; i + n <= nr_slots; i += align)
		if (run_is_free(w, i, n))
			return true;
	return false;
}

/* Of @n slots at 1 modulo 4: is there a block to cut one out of? */
static inline bool any_block(const struct window *w, uint64_t n)
{
	for (uint64_t i = 0; i + 1 + n <= nr_slots; i += 4)
		if (run_is_free(w, i, 1 + n))
			return true;
	return false;
}

static inline bool window_apply(void *state, const struct mc_op *op)
{
	struct window *w = state;
	uint64_t n = op->arg[1], at = op->arg[0] / slot_bytes;

	switch (op->kind) {
	case ALLOC:
		if (iova_is_err(op->ret))
			return iova_err(op->ret) == -EAGAIN ||
			       (iova_err(op->ret) == -ENOSPC && !any_run(w, n));
		at = op->ret / slot_bytes;
		if (op->ret % slot_bytes || !run_is_free(w, at, n))
			return false;
		mark(w, at, n);
		return true;
	case WISH:
		if (iova_is_err(op->ret))
			return iova_err(op->ret) == -EAGAIN ||
			       (iova_err(op->ret) == -ENOSPC && !any_block(w, n));
		at = op->ret / slot_bytes;
		if (op->ret % (4 * slot_bytes) != slot_bytes || !run_is_free(w, at, n))
			return false;
		mark(w, at, n);
		return true;
	case TAKE:
	case RESERVE:
		if (!run_is_free(w, at, n))
			return (int)op->ret == -EEXIST || (int)op->ret == -EAGAIN;
		mark(w, at, op->ret ? 0 : n);
		if (op->kind == RESERVE && !op->ret)
			w->len[at] = INSIDE;
		return !op->ret || (int)op->ret == -EAGAIN;
	default:
		if (w->len[at] != n)
			return (int)op->ret == -ENOENT || (int)op->ret == -EINVAL;
		for (uint64_t i = 0; i < n; i++)
			w->len[at + i] = 0;
		return !op->ret;
	}
}

/* @n slots anywhere in the window. */
static inline uint64_t alloc_n(uint64_t n)
{
	struct mc_op *op = mc_begin(ALLOC, 0, n, 0);
	uint64_t iova = iova_space_alloc(s, n * slot_bytes, nr_slots * slot_bytes - 1);

	mc_end(op, iova);
	return iova;
}

/* @n slots (2 or 3) at 1 modulo 4: no natural place. */
static inline uint64_t wish_n(uint64_t n)
{
	struct iova_request q = { .size = n * slot_bytes, .align = 4 * slot_bytes,
				  .offset = slot_bytes, .max = nr_slots * slot_bytes - 1 };
	struct mc_op *op = mc_begin(WISH, 0, n, 0);
	uint64_t iova = iova_space_alloc_request(s, &q);

	mc_end(op, iova);
	return iova;
}

static inline int free_n(uint64_t slot, uint64_t n)
{
	struct mc_op *op = mc_begin(FREE, slot * slot_bytes, n, 0);
	int r = iova_space_free(s, slot * slot_bytes, n * slot_bytes);

	mc_end(op, (uint64_t)r);
	return r;
}

static inline int take_n(uint64_t slot, uint64_t n)
{
	struct mc_op *op = mc_begin(TAKE, slot * slot_bytes, n, 0);
	int r = iova_space_alloc_fixed(s, slot * slot_bytes, n * slot_bytes, NULL);

	mc_end(op, (uint64_t)r);
	return r;
}

static inline int reserve_n(uint64_t slot, uint64_t n)
{
	struct mc_op *op = mc_begin(RESERVE, slot * slot_bytes, n, 0);
	int r = iova_space_reserve(s, slot * slot_bytes, (slot + n) * slot_bytes - 1, NULL);

	mc_end(op, (uint64_t)r);
	return r;
}

static inline int unreserve_n(uint64_t slot, uint64_t n)
{
	return iova_space_unreserve(s, slot * slot_bytes, (slot + n) * slot_bytes - 1);
}

/*
 * A window of @slots slots of @bytes, all taken one by one, but for those of
 * @free (the first 64).
 */
static inline void fill_window(uint64_t slots, uint64_t bytes, uint64_t free)
{
	create();
	slot_bytes = bytes;
	nr_slots = slots;
	for (uint64_t i = 0; i < slots; i++)
		mc_assert(iova_space_alloc(s, bytes, slots * bytes - 1) < slots * bytes);
	for (uint64_t i = 0; i < slots; i++) {
		if (i < 64 && free >> i & 1)
			mc_assert(!iova_space_free(s, i * bytes, bytes));
		else
			mark(&start, i, 1);
	}
}

static struct iova_range live[SLOTS];
static unsigned nr_live;

static inline int note_range(void *ctx, const struct iova_range *range)
{
	(void)ctx;
	mc_assert(nr_live < SLOTS);
	live[nr_live++] = *range;
	return 0;
}

/* Every word of the window: nothing taken, or freed and not collected. */
static inline void window_is_free(void)
{
	unsigned level = slot_bytes == PAGE ? 0 : 1;

	for (uint64_t pfn = 0; pfn < nr_slots * slot_bytes / PAGE; pfn += 32ull << iova_unit_lg2(level)) {
		struct iova_ref ref;

		mc_assert(iova_ref_at(s, level, pfn, &ref));
		mc_assert(!(iova_used(*iova_word(&ref)) & ~(uint32_t)*iova_word_ctl(&ref)));
	}
}

/* Slots that are in no range, and not reserved. */
static inline uint64_t free_slots(void)
{
	uint64_t n = nr_slots;

	for (unsigned i = 0; i < nr_live; i++)
		n -= (live[i].last - live[i].first + 1) / slot_bytes;
	for (unsigned i = 0; mc_get_op(i); i++)
		if (mc_get_op(i)->kind == RESERVE && !mc_get_op(i)->ret)
			n -= mc_get_op(i)->arg[1];
	return n;
}

/*
 * The history is right, there are as many ranges as it says, what is free can be
 * allocated, slot by slot, and all can be freed.
 */
static inline void window_drain(void)
{
	unsigned expect = 0;

	mc_check_history(&start, sizeof(start), window_apply);
	for (unsigned i = 0; i < SLOTS; i++)
		expect += start.len[i] && start.len[i] != INSIDE;
	for (unsigned i = 0; mc_get_op(i); i++) {
		const struct mc_op *op = mc_get_op(i);

		if (op->kind == ALLOC || op->kind == WISH)
			expect += !iova_is_err(op->ret);
		else if (!op->ret && op->kind != RESERVE)
			expect += op->kind == TAKE ? 1 : -1u;
	}
	iova_space_for_each(s, 0, ~0ull, note_range, NULL);
	mc_assert(nr_live == expect);
	/* On the last CPU: what only the hints of the first knew would be lost. */
	mc_set_cpu(plat_cpu_count() - 1);
	for (uint64_t n = free_slots(); n; n--) {
		uint64_t a = iova_space_alloc(s, slot_bytes, nr_slots * slot_bytes - 1);

		mc_assert(!iova_is_err(a));
		note_range(NULL, &(struct iova_range){ a, a + slot_bytes - 1 });
	}
	mc_assert(iova_space_alloc(s, slot_bytes, nr_slots * slot_bytes - 1) == (uint64_t)-ENOSPC);
	while (nr_live--)
		mc_assert(!iova_space_free(s, live[nr_live].first,
					   live[nr_live].last - live[nr_live].first + 1));
	mc_assert(!iova_space_in_use(s));
}

/* The end of a window model: and then every slot is free. */
static inline void window_end(void)
{
	window_drain();
	window_is_free();
	mc_assert(iova_space_destroy(s) == 0);
}

#endif
