// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* vtd_iommu_ops.c - the IOMMU core's view of devices: probe, groups, reserved regions. */
#include "ivtd.h"

#include <linux/dma-map-ops.h>
#include <linux/module.h>

/* VFIO asks for coherency; x86 devices have it unless they ask for no-snoop themselves. */
static bool ivtd_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static struct iommu_device *probe_device(struct device *dev)
{
	struct ivtd_device *vd;
	struct ivtd_unit *u;

	if (!dev_is_pci(dev))
		return ERR_PTR(-ENODEV);
	u = ivtd_dmar_unit_of(to_pci_dev(dev));
	if (!u)
		return ERR_PTR(-ENODEV);
	vd = ivtd_device_create(to_pci_dev(dev), u);
	if (!vd)
		return ERR_PTR(-ENOMEM);
	dev_iommu_priv_set(dev, vd);
	return &u->iommu;
}

static void release_device(struct device *dev)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);

	set_dma_ops(dev, NULL);
	dev_iommu_priv_set(dev, NULL);
	ivtd_device_destroy(vd);
}

/* Also after the type of the default domain was changed through sysfs. */
static void probe_finalize(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	bool dma = domain && iommu_is_dma_domain(domain);

	set_dma_ops(dev, dma ? &ivtd_dma_ops : NULL);
}

static void add_region(struct list_head *list, u64 first, u64 last, int prot,
		       enum iommu_resv_type type)
{
	struct iommu_resv_region *region =
		iommu_alloc_resv_region(first, last - first + 1, prot, type, GFP_KERNEL);

	if (region)
		list_add_tail(&region->list, list);
}

struct rmrr_list {
	struct list_head *list;
	enum iommu_resv_type type;
};

static int add_rmrr(void *ctx, u64 first, u64 last)
{
	struct rmrr_list *r = ctx;

	add_region(r->list, first, last, IOMMU_READ | IOMMU_WRITE, r->type);
	return 0;
}

static void get_resv_regions(struct device *dev, struct list_head *list)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct rmrr_list r = {
		.list = list,
		.type = ivtd_rmrr_relaxable(pdev) ? IOMMU_RESV_DIRECT_RELAXABLE :
						    IOMMU_RESV_DIRECT,
	};

	ivtd_dmar_rmrrs(pdev, add_rmrr, &r);
	add_region(list, VTD_INTERRUPT_FIRST, VTD_INTERRUPT_LAST,
		   IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO, IOMMU_RESV_MSI);
}

/* The type is the administrator's choice (iommu.passthrough=, sysfs); vtd_domain.c obeys. */
struct iommu_ops ivtd_iommu_ops = {
	.capable = ivtd_capable,
	.domain_alloc = ivtd_domain_alloc,
	.probe_device = probe_device,
	.release_device = release_device,
	.probe_finalize = probe_finalize,
	.device_group = pci_device_group,
	.get_resv_regions = get_resv_regions,
	.default_domain_ops = &ivtd_domain_ops,
	.owner = THIS_MODULE,
};
