// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_domain.c - IOMMU domains.
 *
 * identity   pass-through contexts; no table
 * blocked    no context at all
 * unmanaged  a table that VFIO and others fill through the IOMMU core
 * DMA        a table that the DMA API fills (vtd_space.c); the IOMMU core maps
 *            reserved regions in it
 *
 * What unmap_pages() clears is invalidated by iotlb_sync(), where a table page
 * was unlinked at once: the core's gather could not hold it back.
 */
#include "ivtd.h"

#include <linux/slab.h>
#include <asm/processor.h>

static struct pgtbl *make_table(void)
{
	struct pgtbl_config config = {
		.ops = &pgtbl_vtdss_ops,
		.levels = ivtd.levels,
		.oa_bits = min_t(unsigned int, boot_cpu_data.x86_phys_bits, 52),
		.flags = PGTBL_UNLINK | (ivtd.snoop_control ? PGTBL_SNOOP_CTL : 0),
		.page_sizes = ivtd.page_sizes,
		.pages = ivtd_pages,
		.meta = ivtd_meta,
		.phys_offset = ivtd_phys_offset(),
		.flush = ivtd.coherent ? NULL : ivtd_flush_lines,
	};
	struct pgtbl *pt;

	return pgtbl_create(&pt, &config) ? NULL : pt;
}

static bool has_table(unsigned int type)
{
	return type == IOMMU_DOMAIN_UNMANAGED || type == IOMMU_DOMAIN_DMA ||
	       type == IOMMU_DOMAIN_DMA_FQ;
}

struct iommu_domain *ivtd_domain_alloc(unsigned int type)
{
	struct ivtd_domain *d;

	if (!has_table(type) && type != IOMMU_DOMAIN_BLOCKED &&
	    !(type == IOMMU_DOMAIN_IDENTITY && ivtd.pass_through))
		return NULL;
	d = kzalloc(struct_size(d, tag, ivtd.nr), GFP_KERNEL);
	if (!d)
		return NULL;
	d->count = alloc_percpu(struct ivtd_counters);
	d->pt = has_table(type) ? make_table() : NULL;
	if (!d->count || (has_table(type) && !d->pt)) {
		pgtbl_destroy(d->pt);
		free_percpu(d->count);
		kfree(d);
		return NULL;
	}
	d->lazy = type == IOMMU_DOMAIN_DMA_FQ && ivtd.lazy;
	/* The core sets it later; attaching needs it, which comes later still. */
	d->domain.type = type;
	d->domain.geometry.aperture_end = ivtd.iova_last;
	d->domain.geometry.force_aperture = true;
	mutex_lock(&ivtd_lock);
	list_add_tail(&d->node, &ivtd.domains);
	mutex_unlock(&ivtd_lock);
	return &d->domain;
}

/* No source is attached any more.  What the hardware may still use is lost. */
static void domain_free(struct iommu_domain *domain)
{
	struct ivtd_domain *d = to_ivtd(domain);
	unsigned int i;

	mutex_lock(&ivtd_lock);
	list_del(&d->node);
	mutex_unlock(&ivtd_lock);
	ivtd_space_destroy(d);
	for (i = 0; i < ivtd.nr; i++) {
		if (d->tag[i] && vtd_domain_id_free(ivtd.unit[i].unit, d->tag[i]))
			d->poisoned = true;
	}
	if (d->poisoned)
		pr_err("a domain's page tables are lost: the hardware may still use them\n");
	else
		pgtbl_destroy(d->pt);
	free_percpu(d->count);
	kfree(d);
}

/*
 * Firmware's regions must stay mapped whoever owns the device; who gets an
 * unmanaged domain maps only what it likes.
 */
static int has_rmrr(void *ctx, u64 first, u64 last)
{
	return 1;
}

static int attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);
	int ret;

	if (!vd)
		return -ENODEV;
	if (domain->type == IOMMU_DOMAIN_UNMANAGED && !ivtd_rmrr_relaxable(vd->pdev) &&
	    ivtd_dmar_rmrrs(vd->pdev, has_rmrr, NULL)) {
		dev_warn(dev, "iova_vtd: firmware uses memory through it: not for assignment\n");
		return -EPERM;
	}
	ret = ivtd_device_attach(vd, to_ivtd(domain));
	if (ret)
		dev_err(dev, "iova_vtd: not attached (%d)\n", ret);
	return ret;
}

/* The core calls it where there is no domain to change to. */
static void detach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);

	if (vd && vd->domain == to_ivtd(domain))
		ivtd_device_leave(vd);
}

static int map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys,
		     size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct ivtd_domain *d = to_ivtd(domain);
	unsigned int rights = (prot & IOMMU_READ ? PGTBL_READ : 0) |
			      (prot & IOMMU_WRITE ? PGTBL_WRITE : 0) |
			      (d->snoop ? PGTBL_COHERENT : 0);
	int ret;

	if (!d->pt)
		return -EINVAL;
	WRITE_ONCE(d->mapped, true); /* relaxed: VFIO enforces before it maps, in one thread */
	ret = pgtbl_map(d->pt, iova, phys, pgsize * pgcount, rights);
	if (!ret)
		*mapped = pgsize * pgcount;
	return ret;
}

static void iotlb_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	if (ivtd_domain_map_flush(to_ivtd(domain), iova, iova + size - 1))
		pr_err_ratelimited("a mapping was not announced to the hardware\n");
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			  size_t pgcount, struct iommu_iotlb_gather *core)
{
	struct ivtd_domain *d = to_ivtd(domain);
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_DOMAIN };
	size_t size = pgsize * pgcount, done;
	struct pgtbl_report report = { .error = 0 };
	struct pgtbl_gather gather;

	if (!d->pt)
		return 0;
	pgtbl_gather_init(&gather);
	done = pgtbl_unmap_at(d->pt, iova, size, &gather, &report);
	if (!done)
		return 0;
	if (!gather.free_list)
		iommu_iotlb_gather_add_range(core, iova, size);
	else if (ivtd_domain_flush(d, &cmd))
		d->poisoned = true;
	else
		pgtbl_gather_release(d->pt, &gather);
	/* A hole is as good as unmapped; a leaf that reaches out of the range stays. */
	return report.error == -EBUSY ? report.iova - iova : size;
}

static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *core)
{
	struct vtd_inval_cmd cmd = {
		.kind = VTD_INVAL_RANGE,
		.leaf_only = true,
		.first = core->start & PAGE_MASK,
		.last = min_t(u64, core->end | ~PAGE_MASK, ivtd.iova_last),
	};

	if (core->end && core->start <= core->end)
		ivtd_domain_flush(to_ivtd(domain), &cmd);
}

static void flush_iotlb_all(struct iommu_domain *domain)
{
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_DOMAIN };

	ivtd_domain_flush(to_ivtd(domain), &cmd);
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	struct ivtd_domain *d = to_ivtd(domain);
	uint64_t phys;

	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return iova;
	return pgtbl_translate(d->pt, iova, &phys) ? 0 : phys;
}

/* Only mappings made afterwards have the bit, so it must come first. */
static bool enforce_cache_coherency(struct iommu_domain *domain)
{
	struct ivtd_domain *d = to_ivtd(domain);

	if (!ivtd.snoop_control || !d->pt || (READ_ONCE(d->mapped) && !d->snoop))
		return false;
	d->snoop = true;
	return true;
}

const struct iommu_domain_ops ivtd_domain_ops = {
	.attach_dev = attach_dev,
	.detach_dev = detach_dev,
	.map_pages = map_pages,
	.unmap_pages = unmap_pages,
	.flush_iotlb_all = flush_iotlb_all,
	.iotlb_sync = iotlb_sync,
	.iotlb_sync_map = iotlb_sync_map,
	.iova_to_phys = iova_to_phys,
	.enforce_cache_coherency = enforce_cache_coherency,
	.free = domain_free,
};
