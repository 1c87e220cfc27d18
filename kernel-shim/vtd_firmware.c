// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_firmware.c - memory that firmware uses through devices (RMRR).
 *
 * Firmware goes on while Linux runs: a management controller or USB keyboard
 * emulation must find its memory at every moment.  When translation is turned
 * on the IOMMU core does not know the devices yet, so until then a small domain
 * of our own, with nothing in it but that memory, stands in for theirs.
 */
#include "ivtd.h"

/* USB and graphics devices stop using theirs once a driver has taken over (Linux: "relaxable"). */
bool ivtd_rmrr_relaxable(struct pci_dev *pdev)
{
	return pdev->class >> 8 == PCI_CLASS_SERIAL_USB ||
	       pdev->class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

/* Maps a region at its own address, unless that has been done; -EBUSY: something else is there. */
int ivtd_rmrr_map(struct pgtbl *pt, u64 first, u64 last)
{
	uint64_t phys;
	int ret = 0;

	for (first &= PAGE_MASK; !ret && first <= last; first += PAGE_SIZE) {
		if (!pgtbl_translate(pt, first, &phys))
			ret = phys == first ? 0 : -EBUSY;
		else
			ret = pgtbl_map(pt, first, first, PAGE_SIZE, PGTBL_READ | PGTBL_WRITE);
	}
	return ret;
}

static int map_region(void *ctx, u64 first, u64 last)
{
	struct ivtd_domain *d = ctx;

	d->stands_in = true;
	return ivtd_rmrr_map(d->pt, first, last);
}

/* Attaches @pdev to a domain of its regions, if it has any. */
static int keep(struct pci_dev *pdev, struct ivtd_unit *u)
{
	struct iommu_domain *domain = ivtd_domain_alloc(IOMMU_DOMAIN_UNMANAGED);
	struct ivtd_device *vd = NULL;
	int ret;

	if (!domain)
		return -ENOMEM;
	ret = ivtd_dmar_rmrrs(pdev, map_region, to_ivtd(domain));
	if (!ret && to_ivtd(domain)->stands_in) {
		vd = ivtd_device_create(pdev, u);
		ret = vd ? ivtd_device_attach(vd, to_ivtd(domain)) : -ENOMEM;
		if (ret && vd)
			ivtd_device_destroy(vd);
	}
	if (ret || !vd)
		ivtd_domain_ops.free(domain);
	if (ret)
		pci_err(pdev, "iova_vtd: firmware's memory is not mapped (%d)\n", ret);
	return ret;
}

/* Before translation is turned on. */
int ivtd_firmware_keep(void)
{
	struct pci_dev *pdev = NULL;
	struct ivtd_unit *u;
	int ret = 0;

	for_each_pci_dev(pdev) {
		u = ret ? NULL : ivtd_dmar_unit_of(pdev);
		if (u)
			ret = keep(pdev, u);
	}
	if (ret)
		ivtd_firmware_release();
	return ret;
}

/* The devices have domains of the IOMMU core now; one that has not is blocked. */
void ivtd_firmware_release(void)
{
	struct ivtd_device *vd, *next;

	list_for_each_entry_safe(vd, next, &ivtd.devices, node) {
		struct ivtd_domain *d = vd->domain;

		if (!d || !d->stands_in)
			continue;
		ivtd_device_leave(vd);
		ivtd_device_destroy(vd);
		ivtd_domain_ops.free(&d->domain);
	}
}
