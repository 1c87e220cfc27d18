// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* edu_cases - the tests of edu_test: what a device may do, and what it may not */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "edu_test.h"

static dma_addr_t map(struct edu *e, enum dma_data_direction how)
{
	return dma_map_page(e->dev, e->page, 0, PAGE_SIZE, how);
}

static void unmap(struct edu *e, dma_addr_t dma, enum dma_data_direction how)
{
	dma_unmap_page(e->dev, dma, PAGE_SIZE, how);
}

/* @len bytes from @offset of a page through the device and back. */
static int round_trip(struct edu *e, u32 offset, u32 len)
{
	dma_addr_t dma;
	u32 i;
	int err;

	for (i = 0; i < PAGE_SIZE; i++)
		e->mem[i] = i * 7 + i / 256 + offset;
	memcpy(e->scratch, e->mem, PAGE_SIZE);

	dma = dma_map_page(e->dev, e->page, offset, len, DMA_TO_DEVICE);
	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	err = device_reads(e, dma, len);
	dma_unmap_page(e->dev, dma, len, DMA_TO_DEVICE);
	if (err)
		return err;

	memset(e->mem, 0xee, PAGE_SIZE);
	dma = dma_map_page(e->dev, e->page, offset, len, DMA_FROM_DEVICE);
	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	if (dma + len - 1 > *e->dev->dma_mask)
		err = fail(e, "address beyond the mask");
	else
		err = device_writes(e, dma, len);
	dma_unmap_page(e->dev, dma, len, DMA_FROM_DEVICE);
	if (err)
		return err;
	if (memcmp(e->mem + offset, e->scratch + offset, len))
		return fail(e, "data damaged");
	if (memchr_inv(e->mem, 0xee, offset) ||
	    memchr_inv(e->mem + offset + len, 0xee, PAGE_SIZE - offset - len))
		return fail(e, "data outside of the mapping changed");
	return 0;
}

static int test_streaming(struct edu *e, u64 arg)
{
	static const struct { u32 offset, len; } c[] = {
		{ 0, 2048 }, { 1, 1 }, { 4095, 1 }, { 2048, 2048 }, { 513, 1027 },
	};
	int err = 0, i;

	for (i = 0; i < ARRAY_SIZE(c) && !err; i++)
		err = round_trip(e, c[i].offset, c[i].len);
	return err;
}

static int test_bidirectional(struct edu *e, u64 arg)
{
	dma_addr_t dma = map(e, DMA_BIDIRECTIONAL);
	int err;

	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	memset(e->mem, 0x3c, 512);
	memset(e->mem + 512, 0, 512);
	err = device_reads(e, dma, 512) ?: device_writes(e, dma + 512, 512);
	unmap(e, dma, DMA_BIDIRECTIONAL);
	if (!err && memchr_inv(e->mem, 0x3c, 1024))
		err = fail(e, "data damaged");
	return err;
}

static int test_coherent(struct edu *e, u64 arg)
{
	dma_addr_t dma;
	u8 *v = dma_alloc_coherent(e->dev, 5 * PAGE_SIZE, &dma, GFP_KERNEL);
	int err;

	if (!v)
		return -ENOMEM;
	if (memchr_inv(v, 0, 5 * PAGE_SIZE))
		err = fail(e, "coherent memory is not zeroed");
	else
		err = preload_device(e, 0x42, 64) ?:
		      device_writes(e, dma + 4 * PAGE_SIZE + 4000, 64);
	if (!err && memchr_inv(v + 4 * PAGE_SIZE + 4000, 0x42, 64))
		err = fail(e, "data damaged");
	dma_free_coherent(e->dev, 5 * PAGE_SIZE, v, dma);
	return err;
}

#define SG_PAGES 4
static int sg_transfer(struct edu *e, struct sg_table *sgt)
{
	struct scatterlist *sg;
	u64 total = 0;
	int i, err = 0;

	for_each_sgtable_dma_sg(sgt, sg, i)
		total += sg_dma_len(sg);
	if (total != SG_PAGES * 512)
		return fail(e, "the segments have the wrong length");
	for_each_sgtable_dma_sg(sgt, sg, i) {
		err = preload_device(e, 0x90, sg_dma_len(sg)) ?:
		      device_writes(e, sg_dma_address(sg), sg_dma_len(sg));
		if (err)
			break;
	}
	return err;
}

static int test_sg(struct edu *e, u64 arg)
{
	struct page *pages[SG_PAGES];
	struct scatterlist *sg;
	struct sg_table sgt;
	int i, n, err;

	err = sg_alloc_table(&sgt, SG_PAGES, GFP_KERNEL);
	if (err)
		return err;
	for_each_sgtable_sg(&sgt, sg, n) {
		pages[n] = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
		sg_set_page(sg, pages[n], 512, n * 1024);
	}
	err = dma_map_sgtable(e->dev, &sgt, DMA_FROM_DEVICE, 0);
	if (!err) {
		err = sg_transfer(e, &sgt);
		dma_unmap_sgtable(e->dev, &sgt, DMA_FROM_DEVICE, 0);
	}
	for (i = 0; i < SG_PAGES; i++) {
		u8 *v = page_address(pages[i]);

		if (!err && (memchr_inv(v + i * 1024, 0x90, 512) ||
			     memchr_inv(v, 0, i * 1024) ||
			     memchr_inv(v + i * 1024 + 512, 0, PAGE_SIZE - i * 1024 - 512)))
			err = fail(e, "wrong bytes in a segment's page");
		__free_page(pages[i]);
	}
	sg_free_table(&sgt);
	return err;
}

/* The physical address of a page that this device was never given. */
static int foreign_address(struct edu *e, dma_addr_t *addr)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(e->dev);

	*addr = page_to_phys(e->page);
	if (!domain)
		return fail(e, "no IOMMU domain");
	return iommu_iova_to_phys(domain, *addr) ? fail(e, "in use as an IOVA") : 0;
}

static int test_unmapped_read(struct edu *e, u64 arg)
{
	dma_addr_t addr;
	int err = foreign_address(e, &addr) ?: preload_device(e, 0x11, 64);

	if (err)
		return err;
	memset(e->mem, 0x5a, PAGE_SIZE);
	expect(e, "read", addr, FAULT_READ);
	err = device_reads(e, addr, 64);
	return err ?: must_not_hold(e, 0x5a, "the device read it");
}

static int test_unmapped_write(struct edu *e, u64 arg)
{
	dma_addr_t addr;
	int err = foreign_address(e, &addr) ?: preload_device(e, 0x11, 64);

	if (err)
		return err;
	memset(e->mem, 0x5a, PAGE_SIZE);
	expect(e, "write", addr, FAULT_WRITE);
	err = device_writes(e, addr, 64);
	return err ?: must_keep(e, 0x5a, "the device wrote");
}

static int write_readonly(struct edu *e, bool warm)
{
	dma_addr_t dma;
	int err = preload_device(e, 0x11, 64);

	if (err)
		return err;
	memset(e->mem, 0x5a, PAGE_SIZE);
	dma = map(e, DMA_TO_DEVICE);
	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	if (warm)
		err = device_reads(e, dma, 64);
	else
		expect(e, "write", dma, FAULT_WRITE);
	err = err ?: device_writes(e, dma, 64);
	unmap(e, dma, DMA_TO_DEVICE);
	return err ?: must_keep(e, 0x5a, "the device wrote");
}

static int test_readonly_write(struct edu *e, u64 arg)
{
	return write_readonly(e, false);
}

/* QEMU blocks what its IOTLB forbids without a fault report: none is announced. */
static int test_readonly_write_warm(struct edu *e, u64 arg)
{
	return write_readonly(e, true);
}

/*
 * The stale-IOTLB probe.  The first transfer makes the unit cache the translation; if
 * unmapping does not make it forget, the second one sees what the memory holds now.
 */
static int read_after_unmap(struct edu *e, unsigned int wait_ms)
{
	dma_addr_t dma = map(e, DMA_TO_DEVICE);
	int err;

	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	memset(e->mem, 0x11, 64);
	err = device_reads(e, dma, 64);
	unmap(e, dma, DMA_TO_DEVICE);
	err = err ?: must_hold(e, 0x11, "the mapping did not work");
	if (err)
		return err;
	msleep(wait_ms);
	memset(e->mem, 0x5a, 64);
	expect(e, "read", dma, FAULT_READ);
	err = device_reads(e, dma, 64);
	return err ?: must_not_hold(e, 0x5a, "a stale translation was used");
}

static int test_after_unmap(struct edu *e, u64 arg)
{
	return read_after_unmap(e, 0);
}

/* Lazy invalidation may be late, but not for ever. */
static int test_after_flush(struct edu *e, u64 arg)
{
	return read_after_unmap(e, 500);
}

static int test_write_after_unmap(struct edu *e, u64 arg)
{
	dma_addr_t dma = map(e, DMA_FROM_DEVICE);
	int err;

	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	err = preload_device(e, 0x11, 64) ?: device_writes(e, dma, 64);
	unmap(e, dma, DMA_FROM_DEVICE);
	if (!err && memchr_inv(e->mem, 0x11, 64))
		err = fail(e, "the mapping did not work");
	if (err)
		return err;
	memset(e->mem, 0x5a, PAGE_SIZE);
	expect(e, "write", dma, FAULT_WRITE);
	err = device_writes(e, dma, 64);
	return err ?: must_keep(e, 0x5a, "a stale translation was used");
}

#define REUSE_TRIES 8192

/* Maps @page again and again until it gets the address @wanted; the number of mappings. */
static int map_until(struct edu *e, struct page *page, dma_addr_t wanted, dma_addr_t *got)
{
	int n = 0;

	do {
		got[n] = dma_map_page(e->dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);
		if (dma_mapping_error(e->dev, got[n]))
			break;
	} while (got[n++] != wanted && n < REUSE_TRIES);
	return n;
}

/* An address in its second life, for another page: the device must see that page only. */
static int test_reuse(struct edu *e, u64 arg)
{
	dma_addr_t dma, *got = kvcalloc(REUSE_TRIES, sizeof(*got), GFP_KERNEL);
	struct page *other = alloc_page(GFP_KERNEL | GFP_DMA);
	int err = -ENOMEM, n;

	if (!got || !other)
		goto out;
	memset(e->mem, 0x11, 64);
	memset(page_address(other), 0x5a, 64);
	migrate_disable(); /* allocators keep freed addresses for their CPU */
	dma = map(e, DMA_TO_DEVICE);
	if (dma_mapping_error(e->dev, dma))
		goto enable;
	err = device_reads(e, dma, 64) ?: must_hold(e, 0x11, "the mapping did not work");
	unmap(e, dma, DMA_TO_DEVICE);
	msleep(100); /* lazy: the address comes back with its flush */
	n = map_until(e, other, dma, got);
	if (!err && got[n ? n - 1 : 0] != dma)
		err = fail(e, "the address does not come back");
	err = err ?: device_reads(e, dma, 64) ?:
	      must_hold(e, 0x5a, "a stale translation was used");
	while (n--)
		unmap(e, got[n], DMA_TO_DEVICE);
enable:
	migrate_enable();
out:
	if (other)
		__free_page(other);
	kvfree(got);
	return err;
}

/* What firmware left in a reserved region: written and read under its own address. */
static int test_identity(struct edu *e, u64 arg)
{
	u8 *v = memremap(arg, PAGE_SIZE, MEMREMAP_WB);
	int err;

	if (!v)
		return -ENOMEM;
	memset(v, 0x5a, PAGE_SIZE);
	err = device_reads(e, arg, 64) ?: must_hold(e, 0x5a, "the device did not read it") ?:
	      preload_device(e, 0x11, 64) ?: device_writes(e, arg + PAGE_SIZE - 64, 64);
	if (!err && (memchr_inv(v + PAGE_SIZE - 64, 0x11, 64) ||
		     memchr_inv(v, 0x5a, PAGE_SIZE - 64)))
		err = fail(e, "the device did not write it");
	memunmap(v);
	return err;
}

/* Another device's region. */
static int test_foreign(struct edu *e, u64 arg)
{
	u8 *v = memremap(arg, PAGE_SIZE, MEMREMAP_WB);
	int err;

	if (!v)
		return -ENOMEM;
	memset(v, 0x5a, PAGE_SIZE);
	expect(e, "read", arg, FAULT_READ);
	err = device_reads(e, arg, 64) ?: must_not_hold(e, 0x5a, "the device read it");
	memunmap(v);
	return err;
}

#define EDU_ID 0x010000edu /* in the first register of each */

/* Registers of another device, at @arg: the device reads them once they are mapped for it. */
static int test_resource(struct edu *e, u64 arg)
{
	dma_addr_t dma = dma_map_resource(e->dev, arg, PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	int err;

	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	if (dma == arg)
		err = fail(e, "the registers have their own address");
	else
		err = device_reads(e, dma, 4);
	dma_unmap_resource(e->dev, dma, PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	memset(e->scratch, 0, 4);
	err = err ?: device_writes(e, e->scratch_dma, 4);
	if (!err && *(u32 *)e->scratch != EDU_ID)
		err = fail(e, "the device did not read the register");
	return err;
}

#define OWN_IOVA 0xb000000ul /* the device drops what is above 28 bits */

/* In a domain of the test's own: what it maps works, and no longer once it is unmapped. */
static int own_domain(struct edu *e, struct iommu_domain *domain)
{
	phys_addr_t phys = page_to_phys(e->page);
	int err = iommu_map(domain, OWN_IOVA, phys, PAGE_SIZE, IOMMU_READ | IOMMU_WRITE);

	if (err)
		return err;
	memset(e->mem, 0x77, PAGE_SIZE);
	err = device_reads(e, OWN_IOVA, 64);
	memset(e->mem, 0x11, PAGE_SIZE);
	err = err ?: device_writes(e, OWN_IOVA + 128, 64);
	if (!err && (memchr_inv(e->mem + 128, 0x77, 64) || memchr_inv(e->mem, 0x11, 128)))
		err = fail(e, "the mapping did not work");
	if (!err && iommu_iova_to_phys(domain, OWN_IOVA + 5) != phys + 5)
		err = fail(e, "iova_to_phys is wrong");
	if (iommu_unmap(domain, OWN_IOVA, PAGE_SIZE) != PAGE_SIZE)
		err = fail(e, "unmap of another size");
	if (!err && iommu_iova_to_phys(domain, OWN_IOVA + 5))
		err = fail(e, "iova_to_phys of nothing");
	if (err)
		return err;
	memset(e->mem, 0x5a, PAGE_SIZE);
	expect(e, "read", OWN_IOVA, FAULT_READ);
	return device_reads(e, OWN_IOVA, 64);
}

/* What VFIO does: the device leaves the DMA API's domain for another, and comes back. */
static int test_unmanaged(struct edu *e, u64 arg)
{
	struct iommu_domain *domain = iommu_domain_alloc(e->dev->bus);
	int err;

	if (!domain)
		return fail(e, "no unmanaged domain");
	err = iommu_attach_device(domain, e->dev);
	if (!err) {
		err = own_domain(e, domain);
		iommu_detach_device(domain, e->dev);
		err = err ?: must_not_hold(e, 0x5a, "a stale translation was used") ?:
		      round_trip(e, 0, 64);
	}
	iommu_domain_free(domain);
	return err;
}

/* Errors of a driver: reported, refused, and nothing else suffers. */
static int test_double_unmap(struct edu *e, u64 arg)
{
	dma_addr_t dma = map(e, DMA_TO_DEVICE);

	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	unmap(e, dma, DMA_TO_DEVICE);
	unmap(e, dma, DMA_TO_DEVICE);
	return round_trip(e, 0, 64);
}

static int test_wrong_size(struct edu *e, u64 arg)
{
	dma_addr_t dma = map(e, DMA_TO_DEVICE);

	if (dma_mapping_error(e->dev, dma))
		return -ENOMEM;
	dma_unmap_page(e->dev, dma, 3 * PAGE_SIZE, DMA_TO_DEVICE);
	unmap(e, dma, DMA_TO_DEVICE);
	return round_trip(e, 0, 64);
}

static int test_never_mapped(struct edu *e, u64 arg)
{
	unmap(e, 0x5000000, DMA_TO_DEVICE);
	return round_trip(e, 0, 64);
}

const struct edu_case edu_cases[] = {
	{ "streaming", test_streaming },
	{ "bidirectional", test_bidirectional },
	{ "coherent", test_coherent },
	{ "sg", test_sg },
	{ "unmapped-read", test_unmapped_read },
	{ "unmapped-write", test_unmapped_write },
	{ "readonly-write", test_readonly_write },
	{ "readonly-write-warm", test_readonly_write_warm },
	{ "read-after-unmap", test_after_unmap },
	{ "read-after-flush", test_after_flush },
	{ "write-after-unmap", test_write_after_unmap },
	{ "reuse", test_reuse },
	{ "identity", test_identity },
	{ "foreign", test_foreign },
	{ "resource", test_resource },
	{ "unmanaged", test_unmanaged },
	{ "double-unmap", test_double_unmap },
	{ "wrong-size", test_wrong_size },
	{ "never-mapped", test_never_mapped },
};
const unsigned int edu_case_count = ARRAY_SIZE(edu_cases);
