// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_inval.c - the way from domains to the invalidation queues.
 *
 * Two kinds of callers: libdma, whose DMA spaces belong to one unit, and the
 * IOMMU core's domains, which may be attached behind several.
 */
#include "ivtd.h"
#include "plat.h"

/* The only two places where unmapping reaches the hardware. */
static int post(struct vtd_unit *unit, const struct vtd_inval_cmd *cmd, unsigned int nr,
		uint64_t *fence)
{
	return vtd_inval_submit(unit, cmd, nr, fence);
}

static int post_range(struct vtd_unit *unit, const struct dmap_inval_cmd *cmd, uint64_t *fence)
{
	return vtd_inval_submit_range(unit, cmd->domain, cmd->first, cmd->last, cmd->leaf_only,
				      fence);
}

static void translate(struct vtd_inval_cmd *out, const struct dmap_inval_cmd *cmd)
{
	out->kind = cmd->kind == DMAP_INVAL_RANGE  ? VTD_INVAL_RANGE :
		    cmd->kind == DMAP_INVAL_DOMAIN ? VTD_INVAL_DOMAIN :
						     VTD_INVAL_GLOBAL;
	out->leaf_only = cmd->leaf_only;
	out->domain = cmd->domain;
	out->source_id = 0;
	out->first = cmd->first;
	out->last = cmd->last;
}

static noinline int submit_list(struct vtd_unit *unit, const struct dmap_inval_cmd *cmd,
				unsigned int nr, uint64_t *fence)
{
	struct vtd_inval_cmd out[PGTBL_GATHER_RANGES] plat_uninit;
	unsigned int i;

	if (unlikely(nr > PGTBL_GATHER_RANGES))
		return -EINVAL;
	for (i = 0; i < nr; i++)
		translate(&out[i], &cmd[i]);
	return post(unit, out, nr, fence);
}

static int submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned int nr, uint64_t *fence)
{
	if (likely(nr == 1 && cmd->kind == DMAP_INVAL_RANGE))
		return post_range(ctx, cmd, fence);
	return submit_list(ctx, cmd, nr, fence);
}

static int poll(void *ctx, uint64_t fence)
{
	return vtd_inval_poll(ctx, fence);
}

static int wait(void *ctx, uint64_t fence)
{
	return vtd_inval_wait(ctx, fence);
}

const struct dmap_inval_ops ivtd_inval_ops = { submit, poll, wait };

/*
 * Sends @cmd, with the right domain id, to every unit that @d is or was
 * attached on, and waits.  Returns the first error; the other units are flushed
 * all the same.
 */
int ivtd_domain_flush(struct ivtd_domain *d, const struct vtd_inval_cmd *cmd)
{
	struct vtd_inval_cmd out = *cmd;
	unsigned int i;
	uint64_t fence;
	int r, ret = 0;

	/*
	 * IVTD-T2 (full fence): what was cleared before the tags are read: a unit
	 * that is being attached just now either has its tag seen here or finds
	 * the entries clear; pairs with IVTD-T1
	 */
	smp_mb();
	for (i = 0; i < ivtd.nr; i++) {
		out.domain = READ_ONCE(d->tag[i]); /* relaxed: behind IVTD-T2 */
		if (!out.domain)
			continue;
		r = post(ivtd.unit[i].unit, &out, 1, &fence);
		if (!r)
			r = vtd_inval_wait(ivtd.unit[i].unit, fence);
		ret = ret ?: r;
	}
	if (ret)
		pr_err_ratelimited("invalidation failed (%d)\n", ret);
	return ret;
}

/* [@first, @last] became present: units that cache absence, or buffer writes, are told. */
int ivtd_domain_map_flush(struct ivtd_domain *d, u64 first, u64 last)
{
	unsigned int i, tag;
	int r, ret = 0;

	if (!ivtd.flush_maps)
		return 0;
	smp_mb(); /* IVTD-T2 again: what was mapped before the tags are read; pairs with IVTD-T1 */
	for (i = 0; i < ivtd.nr; i++) {
		tag = READ_ONCE(d->tag[i]); /* relaxed: behind IVTD-T2 */
		if (!tag)
			continue;
		r = vtd_map_flush(ivtd.unit[i].unit, (u16)tag, first, last);
		ret = ret ?: r;
	}
	return ret;
}
