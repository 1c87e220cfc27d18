/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_check.c - the checking pass finds nothing wrong with ours, and finds what
 * is wrong with each of a dozen sides that are ours with one fault put in.
 */
#define _GNU_SOURCE
#include "unit/unit.h"

#include "check.h"
#include "plat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum fault {
	NO_FAULT,
	OVERLAP,	    /* two live mappings at one address */
	BEYOND_LIMIT,	    /* an address the device cannot reach */
	RESERVED,	    /* an address in the interrupt window */
	MISALIGNED,
	WRONG_FRAME,	    /* mapped to the next physical page */
	UNMAP_REFUSED,	    /* an unmap fails */
	UNMAP_FORGOTTEN,    /* an unmap says it worked and did nothing */
	NOT_INVALIDATED,    /* the queue never hears of it */
	INVALIDATED_EARLY,  /* the queue hears of it before the entries are cleared */
	METADATA_LEAK,
	TABLE_LEAK,
	DRAIN_FAILS,
};

static enum fault fault;
static struct side_config config; /* as the checking pass gave it */
static uint64_t maps, unmaps, last_iova[2];
static void *leaked; /* for the leak detector's sake, freed by the test in the end */
static bool armed; /* the fault happens once in a while, not on every call */

static int swallow_submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr,
			  uint64_t *fence)
{
	(void)ctx, (void)cmd, (void)nr;
	*fence = 0;
	return 0;
}

static int swallow_poll(void *ctx, uint64_t fence)
{
	(void)ctx, (void)fence;
	return 1;
}

static int swallow_wait(void *ctx, uint64_t fence)
{
	(void)ctx, (void)fence;
	return 0;
}

static const struct dmap_inval_ops swallow = { swallow_submit, swallow_poll, swallow_wait };

static int broken_open(struct side **side, const struct side_config *c)
{
	struct side_config with = *c;

	config = *c;
	maps = unmaps = 0;
	if (fault == NOT_INVALIDATED)
		with.inval = &swallow;
	if (fault == METADATA_LEAK)
		leaked = plat_mem_alloc(&config.meta, 64, 64);
	if (fault == TABLE_LEAK)
		leaked = plat_mem_alloc(&config.pages, 4096, 4096);
	return side_ours.open(side, &with);
}

static uint64_t broken_map(struct side *side, const struct trace_event *event,
			   const struct pgtbl_segment *seg)
{
	struct pgtbl_segment other[16];
	uint64_t iova;

	armed = ++maps % 100 == 50;
	if (fault == WRONG_FRAME && armed) {
		cr_assert_leq(event->nr_seg, 16);
		memcpy(other, seg, event->nr_seg * sizeof(*seg));
		other[event->nr_seg - 1].phys += TRACE_PAGE_BYTES;
		seg = other;
	}
	iova = side_ours.map(side, event, seg);
	if (!armed) {
		last_iova[event->domain] = iova;
		return iova;
	}
	switch (fault) {
	case OVERLAP:
		return last_iova[event->domain];
	case BEYOND_LIMIT:
		return iova | UINT64_C(1) << 40;
	case RESERVED:
		return SIDE_MSI_LAST & ~(TRACE_PAGE_BYTES - 1);
	case MISALIGNED:
		return iova + 512;
	default:
		return iova;
	}
}

static int broken_unmap(struct side *side, const struct trace_event *event, uint64_t iova)
{
	const struct dmap_inval_cmd cmd = {
		.kind = DMAP_INVAL_DOMAIN,
		.domain = event->domain,
	};
	uint64_t fence;

	armed = ++unmaps % 100 == 50;
	if (armed && fault == UNMAP_REFUSED)
		return -EIO;
	if (armed && fault == UNMAP_FORGOTTEN)
		return 0;
	if (armed && fault == INVALIDATED_EARLY)
		config.inval->submit(config.inval_ctx, &cmd, 1, &fence);
	return side_ours.unmap(side, event, iova);
}

static int broken_drain(struct side *side)
{
	int ret = side_ours.drain(side);

	return fault == DRAIN_FAILS ? -EIO : ret;
}

/* Maps of 1 to 4 pages, several alive at once, ended in another order than made. */
static struct trace *make_trace(void)
{
	char path[] = "/tmp/test_check.XXXXXX";
	uint32_t first = 0x1000, live[8] = { 0 }, pages[8] = { 0 };
	struct trace_error err;
	struct trace *t;
	FILE *f;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	f = fdopen(fd, "w");
	for (unsigned i = 0; i < 3000; i++) {
		unsigned k = i * 5 % 8;

		if (live[k])
			fprintf(f, "20000 %u u %u %x000 %x000 0 0\n", i % 3, k % 2, live[k],
				pages[k]);
		pages[k] = 1 + i % 4;
		live[k] = first;
		first += 8;
		fprintf(f, "20000 %u m %u %x000 %x000 ffffffff 6 %u 0 ", i % 2, k % 2, live[k],
			pages[k], k % 2);
		for (unsigned p = 0; p < pages[k]; p++)
			fprintf(f, "%x%s", 0x100 + i * 16 + p * 3, p + 1 < pages[k] ? "," : "\n");
	}
	fclose(f);
	cr_assert_eq(trace_load(&t, path, NULL, NULL, &err), 0, "%s", err.text);
	unlink(path);
	return t;
}

/* The pass over ours with @with put in must say @says; NULL: must find nothing. */
static void expect(enum fault with, enum dmap_mode mode, const char *says)
{
	struct side_ops broken = side_ours;
	const struct plat_mem libc = { NULL, NULL };
	struct check_result result;
	struct trace *t = make_trace();

	broken.open = broken_open;
	broken.map = broken_map;
	broken.unmap = broken_unmap;
	broken.drain = broken_drain;
	fault = with;
	cr_assert_eq(check_run(&result, t, &broken, mode, libc, libc), 0);
	if (says) {
		cr_assert_gt(result.errors, 0, "fault %d in mode %d was not found", with, mode);
		cr_assert_not_null(strstr(result.first_error, says), "\"%s\" does not say \"%s\"",
				   result.first_error, says);
	} else {
		cr_assert_eq(result.errors, 0, "%s", result.first_error);
		cr_assert_eq(result.failed_maps, 0);
		cr_assert_gt(result.peak_meta_bytes, 0);
		cr_assert_gt(result.peak_table_pages, 3);
		cr_assert_gt(result.leaf_tables, 1, "two domains, so two tables at least");
		cr_assert_geq(result.walk_misses, result.leaf_tables);
		cr_assert_geq(result.walk_accesses, t->nr_maps);
	}
	trace_free(t);
	free(leaked);
}

Test(check, ours_strict)
{
	expect(NO_FAULT, DMAP_STRICT, NULL);
}

Test(check, ours_lazy)
{
	expect(NO_FAULT, DMAP_LAZY, NULL);
}

Test(check, overlap)
{
	expect(OVERLAP, DMAP_STRICT, "overlaps the live mapping");
}

Test(check, beyond_limit)
{
	expect(BEYOND_LIMIT, DMAP_LAZY, "beyond the limit");
}

Test(check, reserved)
{
	expect(RESERVED, DMAP_STRICT, "reserved window");
}

Test(check, misaligned)
{
	expect(MISALIGNED, DMAP_STRICT, "not page aligned");
}

Test(check, wrong_frame)
{
	expect(WRONG_FRAME, DMAP_LAZY, "translates to");
}

Test(check, unmap_refused)
{
	expect(UNMAP_REFUSED, DMAP_STRICT, "failed");
}

Test(check, unmap_forgotten)
{
	expect(UNMAP_FORGOTTEN, DMAP_LAZY, "still mapped after its unmap");
}

Test(check, strict_not_invalidated)
{
	expect(NOT_INVALIDATED, DMAP_STRICT, "before its invalidation");
}

Test(check, lazy_not_invalidated)
{
	expect(NOT_INVALIDATED, DMAP_LAZY, "reused before its invalidation");
}

Test(check, invalidated_early)
{
	expect(INVALIDATED_EARLY, DMAP_STRICT, "still mapped when its invalidation is submitted");
}

Test(check, metadata_leak)
{
	expect(METADATA_LEAK, DMAP_STRICT, "64 bytes of metadata");
}

Test(check, table_leak)
{
	expect(TABLE_LEAK, DMAP_LAZY, "4096 bytes of table pages");
}

Test(check, drain_fails)
{
	expect(DRAIN_FAILS, DMAP_LAZY, "final drain failed");
}
