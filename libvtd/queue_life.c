/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* queue_life.c - turning queued invalidation on and off. */
#include "vtd_int.h"

/* Ring and status page, queue on.  The unit's pages are given back on error. */
int vtd_queue_init(struct vtd_unit *u)
{
	struct vtd_queue *q = &u->queue;
	uint32_t fsts;
	int ret;

	q->ring = vtd_page_alloc(u);
	q->status = vtd_page_alloc(u);
	if (!q->ring || !q->status) {
		vtd_queue_fini(u);
		return -ENOMEM;
	}
	q->open = 1;
	/* What a former owner left would stop the queue at once. */
	fsts = vtd_read32(u, VTD_FSTS) & VTD_FSTS_QUEUE;
	if (fsts)
		vtd_write32(u, VTD_FSTS, fsts);
	vtd_write32(u, VTD_IQT, 0);
	vtd_write64(u, VTD_IQA, vtd_phys(u, q->ring));
	ret = vtd_gcmd_set(u, VTD_GCMD_QIE, true);
	if (ret)
		vtd_queue_fini(u);
	return ret;
}

/* The unit turns the queue off only when it is empty. */
static void queue_drain(struct vtd_unit *u)
{
	uint64_t end = vtd_now(u) + u->config.timeout_ns;

	while ((vtd_read64(u, VTD_IQH) ^ vtd_read64(u, VTD_IQT)) >> VTD_QUEUE_INDEX_SHIFT) {
		vtd_queue_check(u);
		if (vtd_now(u) > end || u->queue.dead)
			break;
		vtd_relax(u);
	}
}

/* -ETIMEDOUT: still on; nothing was freed. */
int vtd_queue_fini(struct vtd_unit *u)
{
	struct vtd_queue *q = &u->queue;
	int ret;

	if (u->gcmd & VTD_GCMD_QIE) {
		queue_drain(u);
		ret = vtd_gcmd_set(u, VTD_GCMD_QIE, false);
		if (ret)
			return ret;
	} else if (q->ring && vtd_read32(u, VTD_GSTS) & VTD_GCMD_QIE) {
		return -ETIMEDOUT;
	}
	vtd_page_free(u, q->ring);
	vtd_page_free(u, q->status);
	q->ring = NULL;
	q->status = NULL;
	return 0;
}
