// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_space.c - the DMA space of a domain: which addresses it may use, its
 * birth at the first attach, and the timer that limits how long lazy unmaps wait.
 *
 * Timer.  It runs while something is queued.  @quiet says that it stops or has
 * stopped; who queues then starts it (ivtd_space_wake()).  An unmap reads @quiet
 * after its push without a fence, so it may miss that: therefore the timer comes
 * once more after it has said so, and stops only if nobody has taken @quiet back
 * and nothing is queued.  By then the push is visible, however long a store may
 * take to get out of a CPU.  Invariant: if the timer is not pending, @quiet is set.
 */
#include "ivtd.h"
#include "iova_life.h"
#include "iova_resv.h"

#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define RESERVE_TRIES 1000

/*
 * Takes [@first, @last] out of use, as far as it is addressable.  Some of it may
 * be reserved already.  -EBUSY: somebody has mapped there.
 */
static int reserve(struct iova_space *iova, u64 first, u64 last)
{
	unsigned int tries;
	int ret = -EAGAIN;

	first = max_t(u64, first & PAGE_MASK, PAGE_SIZE);
	last = min(last | ~PAGE_MASK, ivtd.iova_last);
	if (first > last)
		return 0;
	for (tries = 0; ret == -EAGAIN && tries < RESERVE_TRIES; tries++)
		ret = iova_space_reserve_merge(iova, first, last, NULL);
	return ret == -EEXIST ? -EBUSY : ret;
}

/* Takes [@first, @last] out of a list of @nr ranges, which may grow by one. */
static unsigned int cut(struct iova_range *range, unsigned int nr, u64 first, u64 last)
{
	unsigned int i, n = nr;

	for (i = 0; i < nr; i++) {
		struct iova_range r = range[i];

		if (r.last < first || r.first > last)
			continue;
		range[i] = r.first < first ? (struct iova_range){ r.first, first - 1 } :
					     IOVA_RANGE_NONE;
		if (r.last > last)
			range[n++] = (struct iova_range){ last + 1, r.last };
	}
	return n;
}

/*
 * Leaves out the interrupt window, and what the host bridge routes to its
 * devices: a request there might never reach the unit (no ACS between them).
 * In one call, since each of libiova's waits for a grace period.
 */
static int leave_out_windows(struct ivtd_domain *d, struct pci_dev *pdev)
{
	struct pci_host_bridge *host = pci_find_host_bridge(pdev->bus);
	struct resource_entry *window;
	struct iova_range *range;
	unsigned int nr = 3, tries;
	int ret = -EAGAIN;

	if (d->host == host)
		return 0;
	resource_list_for_each_entry(window, &host->windows)
		nr++;
	range = kmalloc_array(nr, sizeof(*range), GFP_KERNEL);
	if (!range)
		return -ENOMEM;
	range[0] = (struct iova_range){ 0, ivtd.iova_last };
	nr = cut(range, 1, VTD_INTERRUPT_FIRST, VTD_INTERRUPT_LAST);
	resource_list_for_each_entry(window, &host->windows) {
		if (resource_type(window->res) == IORESOURCE_MEM)
			nr = cut(range, nr, window->res->start - window->offset,
				 window->res->end - window->offset);
	}
	for (tries = 0; ret == -EAGAIN && tries < RESERVE_TRIES; tries++)
		ret = iova_space_allow(d->iova, range, nr, NULL);
	kfree(range);
	if (!ret)
		d->host = host;
	return ret == -EEXIST ? -EBUSY : ret;
}

/* Maps a region that firmware uses, at its own address, unless the IOMMU core has done it. */
static int map_rmrr(void *ctx, u64 first, u64 last)
{
	struct ivtd_domain *d = ctx;
	int ret = reserve(d->iova, first, last);

	return ret ? ret : ivtd_rmrr_map(d->pt, first, last);
}

static void timer_expired(struct timer_list *timer);

static int make_space(struct ivtd_domain *d, struct ivtd_unit *u)
{
	struct iova_space_config iova_config = {
		.first = PAGE_SIZE,
		.last = ivtd.iova_last,
		.granule_lg2 = PAGE_SHIFT,
		.mem = ivtd_meta,
		.flags = ivtd.trim ? IOVA_SPACE_TRIM : 0,
	};
	struct dmap_config config = {
		.pgtbl = d->pt,
		.inval = &ivtd_inval_ops,
		.inval_ctx = u->unit,
		.domain = d->tag[u->index],
		.mode = d->lazy ? DMAP_LAZY : DMAP_STRICT,
		.granule_lg2 = PAGE_SHIFT,
		.lazy_age_ns = ivtd.age_ns,
		.now_ns = ivtd_now_ns,
		.mem = ivtd_meta,
		.flags = DMAP_NO_TRIM, /* a timer must not sleep: housekeeping() does it */
	};
	int ret = iova_space_create(&d->iova, &iova_config);

	if (ret)
		return ret;
	config.iova = d->iova;
	ret = dmap_space_create(&d->space, &config);
	if (ret) {
		iova_space_destroy(d->iova);
		d->iova = NULL;
		return ret;
	}
	d->home = u;
	d->quiet = d->lazy;
	timer_setup(&d->timer, timer_expired, 0);
	return 0;
}

/* Everything a DMA domain needs before @vd may use it; nothing for other domains. */
int ivtd_space_prepare(struct ivtd_domain *d, struct ivtd_device *vd)
{
	int ret = 0;

	if (!iommu_is_dma_domain(&d->domain))
		return 0;
	if (!d->space)
		ret = make_space(d, vd->unit);
	if (!ret && d->home != vd->unit) {
		pci_err(vd->pdev, "iova_vtd: another unit than the rest of its group\n");
		ret = -EINVAL;
	}
	if (!ret)
		ret = leave_out_windows(d, vd->pdev);
	if (!ret)
		ret = ivtd_dmar_rmrrs(vd->pdev, map_rmrr, d);
	if (ret == -EBUSY)
		pci_err(vd->pdev, "iova_vtd: what it reserves is in use by its group\n");
	return ret;
}

/* What drivers left mapped: some of it said at once, all counted for the message at unload. */
static void destroy_iova(struct iova_space *iova)
{
	struct iova_range live[4];
	u64 nr = iova_space_destroy_report(iova, live, ARRAY_SIZE(live)), i;

	for (i = 0; i < min_t(u64, nr, ARRAY_SIZE(live)); i++)
		pr_warn("still mapped: 0x%llx..0x%llx\n", live[i].first, live[i].last);
	if (nr > ARRAY_SIZE(live))
		pr_warn("still mapped: %llu more\n", nr - ARRAY_SIZE(live));
	ivtd.lost_iova += nr;
}

/* No device is attached. */
void ivtd_space_destroy(struct ivtd_domain *d)
{
	if (!d->space)
		return;
	/* The timer must not restart: no unmap runs any more. */
	del_timer_sync(&d->timer);
	dmap_space_destroy(d->space);
	destroy_iova(d->iova);
	d->space = NULL;
	d->iova = NULL;
}

static unsigned long interval(void)
{
	return max(nsecs_to_jiffies(ivtd.age_ns / 2), 1ul);
}

void ivtd_space_wake(struct ivtd_domain *d)
{
	/* IVTD-Q1 (full): of several that see @quiet, one starts the timer; pairs with IVTD-Q2 */
	if (xchg(&d->quiet, false))
		mod_timer(&d->timer, jiffies + interval());
}

static void timer_expired(struct timer_list *timer)
{
	struct ivtd_domain *d = from_timer(d, timer, timer);
	int ret = dmap_flush(d->space, true);

	if (ret < 0 && ret != -EAGAIN)
		pr_err_ratelimited("lazy flush failed (%d)\n", ret);
	/* IVTD-Q2 (relaxed): set since the last visit; who takes it back starts the timer */
	if (!ret && READ_ONCE(d->quiet))
		return;
	/* relaxed: an unmap that misses it is found by the next visit */
	WRITE_ONCE(d->quiet, !ret);
	mod_timer(timer, jiffies + interval());
}

/* Unlinked tables, and metadata of empty areas, are freed here: that needs a grace period. */
static void housekeeping(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(housekeeping_work, housekeeping);

static void housekeeping(struct work_struct *work)
{
	struct pgtbl_stats stats;
	struct ivtd_domain *d;

	mutex_lock(&ivtd_lock);
	list_for_each_entry(d, &ivtd.domains, node) {
		if (!d->pt)
			continue;
		pgtbl_stats(d->pt, &stats);
		if (stats.queued_pages)
			pgtbl_drain(d->pt);
		if (d->iova)
			iova_space_trim_idle(d->iova);
	}
	mutex_unlock(&ivtd_lock);
	schedule_delayed_work(&housekeeping_work, HZ);
}

void ivtd_housekeeping_start(void)
{
	schedule_delayed_work(&housekeeping_work, HZ);
}

void ivtd_housekeeping_stop(void)
{
	cancel_delayed_work_sync(&housekeeping_work);
}
