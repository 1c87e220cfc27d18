// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_source.c - source ids: which ones a device uses, and what they are attached to.
 *
 * A request carries the id of the device, or one that a bridge put in its
 * place; a quirky device uses ids of other functions as well.  Several devices
 * may share an id (all behind one bridge), so ids are counted per unit.  All of
 * them are in one IOMMU group (pci_device_group() follows the same aliases),
 * so that the IOMMU core never wants an id in two domains for long: it moves
 * the devices of a group one after the other, and the first one moves the id.
 */
#include "ivtd.h"

#include <linux/slab.h>

#define DEVFNS 256 /* bits in pci_dev.dma_alias_mask: functions of a bus */

/* Where the ids of a walk go; @source may be NULL to count them. */
struct alias_walk {
	unsigned int nr;
	u16 *source;
};

static void add_alias(struct alias_walk *w, u16 source)
{
	if (w->source)
		w->source[w->nr] = source;
	w->nr++;
}

/*
 * The id that requests from below @bridge carry above it, or -1 if it keeps
 * theirs.  A PCIe-to-PCI bridge takes the request over with function 0 of its
 * secondary bus (PCIe to PCI/PCI-X Bridge Specification, 2.3); QEMU does the
 * same.  A bridge on a conventional bus uses its own id.
 */
static int bridge_alias(struct pci_dev *bridge)
{
	u16 below = PCI_DEVID(bridge->subordinate->number, 0);

	if (!pci_is_pcie(bridge))
		return bridge->dev_flags & PCI_DEV_FLAG_PCIE_BRIDGE_ALIAS ? below :
									    pci_dev_id(bridge);
	switch (pci_pcie_type(bridge)) {
	case PCI_EXP_TYPE_PCI_BRIDGE:
		return below;
	case PCI_EXP_TYPE_PCIE_BRIDGE:
		return pci_dev_id(bridge);
	default:
		return -1;
	}
}

static void walk_aliases(struct pci_dev *pdev, struct alias_walk *w)
{
	struct pci_dev *bridge;
	unsigned int devfn;
	int alias;

	w->nr = 0;
	add_alias(w, pci_dev_id(pdev));
	if (pdev->dma_alias_mask) {
		for_each_set_bit(devfn, pdev->dma_alias_mask, DEVFNS) {
			if (devfn != pdev->devfn)
				add_alias(w, PCI_DEVID(pdev->bus->number, devfn));
		}
	}
	for (bridge = pci_upstream_bridge(pdev); bridge; bridge = pci_upstream_bridge(bridge)) {
		/* The unit sits below: it sees what came this far. */
		if (bridge->dev_flags & PCI_DEV_FLAGS_BRIDGE_XLATE_ROOT)
			return;
		alias = bridge_alias(bridge);
		if (alias >= 0)
			add_alias(w, (u16)alias);
	}
}

static int source_get(struct ivtd_unit *u, u16 id)
{
	struct ivtd_source *source = xa_load(&u->sources, id);
	int ret;

	if (source) {
		source->users++;
		return 0;
	}
	source = kzalloc(sizeof(*source), GFP_KERNEL);
	if (!source)
		return -ENOMEM;
	source->users = 1;
	ret = xa_err(xa_store(&u->sources, id, source, GFP_KERNEL));
	if (ret)
		kfree(source);
	return ret;
}

/*
 * Blocks the id.  What the hardware would not confirm poisons the domain: its
 * tables stay, whatever happens to it.
 */
static int source_block(struct ivtd_unit *u, u16 id, struct ivtd_source *source)
{
	struct ivtd_domain *d = source->domain;
	int ret;

	if (!d)
		return 0;
	atomic64_add(atomic64_xchg(&source->faults, 0), &d->faults); /* relaxed: counts */
	ret = vtd_detach(u->unit, id);
	if (ret) {
		pr_err("%02x:%02x.%x: not detached (%d)\n", id >> 8, PCI_SLOT(id & 0xff),
		       PCI_FUNC(id), ret);
		d->poisoned = true;
	}
	source->domain = NULL;
	return ret;
}

static void source_put(struct ivtd_unit *u, u16 id)
{
	struct ivtd_source *source = xa_load(&u->sources, id);

	if (--source->users)
		return;
	source_block(u, id, source);
	xa_erase(&u->sources, id);
	kfree_rcu(source, rcu);
}

static int source_attach(struct ivtd_unit *u, u16 id, struct ivtd_domain *d)
{
	struct ivtd_source *source = xa_load(&u->sources, id);
	struct vtd_context context = {
		.domain = d->tag[u->index],
		.pass_through = !d->pt,
		.levels = ivtd.levels,
		.root_phys = d->pt ? pgtbl_root_phys(d->pt) : 0,
	};
	int ret;

	if (source->domain == d)
		return 0;
	ret = source_block(u, id, source);
	if (!ret && d->domain.type != IOMMU_DOMAIN_BLOCKED)
		ret = vtd_attach(u->unit, id, &context);
	if (!ret && d->domain.type != IOMMU_DOMAIN_BLOCKED)
		source->domain = d;
	return ret;
}

/* The domain's id on a unit; it lives as long as the domain. */
static int get_tag(struct ivtd_domain *d, struct ivtd_unit *u)
{
	int id;

	if (d->tag[u->index])
		return 0;
	id = vtd_domain_id_alloc(u->unit);
	if (id < 0) {
		pr_err("unit %u: all domain ids are in use\n", u->index);
		return id;
	}
	/* IVTD-T1 (release; VTD-C3, before the unit sees the table, is full): pairs with IVTD-T2 */
	smp_store_release(&d->tag[u->index], (u16)id);
	return 0;
}

static void forget_domain(struct ivtd_device *vd)
{
	vd->domain = NULL;
	vd->space = NULL;
	vd->count = NULL;
}

/* Detaches the ids of @vd, as far as nobody else has attached them elsewhere. */
void ivtd_device_leave(struct ivtd_device *vd)
{
	struct ivtd_source *source;
	unsigned int i;

	mutex_lock(&ivtd_lock);
	for (i = 0; i < vd->nr; i++) {
		source = xa_load(&vd->unit->sources, vd->source[i]);
		if (source->domain == vd->domain)
			source_block(vd->unit, vd->source[i], source);
	}
	forget_domain(vd);
	mutex_unlock(&ivtd_lock);
}

static int switch_sources(struct ivtd_device *vd, struct ivtd_domain *d)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < vd->nr && !ret; i++)
		ret = source_attach(vd->unit, vd->source[i], d);
	if (ret) {
		for (i = 0; i < vd->nr; i++)
			source_block(vd->unit, vd->source[i],
				     xa_load(&vd->unit->sources, vd->source[i]));
		forget_domain(vd);
		return ret;
	}
	vd->domain = d;
	vd->space = d->space;
	vd->count = d->count;
	return 0;
}

/*
 * Attaches all ids of @vd to @d.  If the hardware does not go along the device
 * is blocked: what it was attached to before is gone, and nothing else is safe.
 */
int ivtd_device_attach(struct ivtd_device *vd, struct ivtd_domain *d)
{
	int ret = 0;

	mutex_lock(&ivtd_lock);
	if (d->domain.type != IOMMU_DOMAIN_BLOCKED)
		ret = get_tag(d, vd->unit);
	if (!ret)
		ret = ivtd_space_prepare(d, vd);
	if (!ret)
		ret = switch_sources(vd, d);
	mutex_unlock(&ivtd_lock);
	return ret;
}

struct ivtd_device *ivtd_device_create(struct pci_dev *pdev, struct ivtd_unit *u)
{
	struct alias_walk w = {};
	struct ivtd_device *vd;
	unsigned int i;

	walk_aliases(pdev, &w);
	vd = kzalloc(struct_size(vd, source, w.nr), GFP_KERNEL);
	if (!vd)
		return NULL;
	w.source = vd->source;
	walk_aliases(pdev, &w);
	vd->nr = w.nr;
	vd->unit = u;
	vd->pdev = pdev;
	vd->flush_maps = ivtd.flush_maps;
	vd->prot[DMA_BIDIRECTIONAL] = PGTBL_READ | PGTBL_WRITE;
	vd->prot[DMA_TO_DEVICE] = PGTBL_READ;
	/* Without ZLR a device's zero-length read, which flushes its writes, needs R too. */
	vd->prot[DMA_FROM_DEVICE] = PGTBL_WRITE | (ivtd.zero_length_read ? 0 : PGTBL_READ);
	mutex_lock(&ivtd_lock);
	for (i = 0; i < vd->nr; i++) {
		if (source_get(u, vd->source[i]))
			break;
	}
	if (i < vd->nr) {
		while (i--)
			source_put(u, vd->source[i]);
		kfree(vd);
		vd = NULL;
	} else {
		list_add_tail(&vd->node, &ivtd.devices);
	}
	mutex_unlock(&ivtd_lock);
	return vd;
}

void ivtd_device_destroy(struct ivtd_device *vd)
{
	unsigned int i;

	mutex_lock(&ivtd_lock);
	list_del(&vd->node);
	for (i = 0; i < vd->nr; i++)
		source_put(vd->unit, vd->source[i]);
	mutex_unlock(&ivtd_lock);
	kfree(vd);
}
