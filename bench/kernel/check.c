// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * check.c - nobody wins by not translating.
 *
 * The page tables are asked through the IOMMU core, page by page; and QEMU's edu
 * device, which copies to and from any address it is told, is asked whether it
 * reaches memory through mappings, and only through them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include "iova_bench.h"

#include <linux/delay.h>
#include <linux/sort.h>

int bench_check_domain(struct bench *b)
{
	b->domain = iommu_get_domain_for_dev(b->dev);
	if (!b->domain || b->domain->type == IOMMU_DOMAIN_IDENTITY ||
	    b->domain->type == IOMMU_DOMAIN_BLOCKED) {
		pr_err("the device has no translating domain\n");
		return -ENODEV;
	}
	return 0;
}

/* Whether [addr, addr + bytes) leads to @phys onwards, or, with @phys 0, nowhere. */
static int check_range(struct bench *b, dma_addr_t addr, size_t bytes, phys_addr_t phys)
{
	size_t at;

	for (at = 0; at < bytes; at += PAGE_SIZE) {
		phys_addr_t got = iommu_iova_to_phys(b->domain, addr + at);
		phys_addr_t want = phys ? phys + at : 0;

		if (got != want) {
			pr_err("%pad + %zx leads to %pa, not to %pa\n", &addr, at, &got, &want);
			return -EIO;
		}
	}
	return 0;
}

static int check_page(struct bench *b, size_t bytes)
{
	dma_addr_t addr = dma_map_page(b->dev, b->buf, 0, bytes, DMA_BIDIRECTIONAL);
	int r;

	if (dma_mapping_error(b->dev, addr)) {
		pr_err("cannot map %zu bytes\n", bytes);
		return -EIO;
	}
	r = check_range(b, addr, bytes, page_to_phys(b->buf));
	dma_unmap_page(b->dev, addr, bytes, DMA_BIDIRECTIONAL);
	return r ? r : check_range(b, addr, bytes, 0);
}

/* The segments of the device lead to the pages of the list, in order and completely. */
static int check_segments(struct bench *b, struct scatterlist *list, unsigned int nr)
{
	struct scatterlist *s;
	size_t done = 0;
	unsigned int i;

	for_each_sg(list, s, nr, i) {
		size_t at;

		if (!sg_dma_len(s) || sg_dma_len(s) > dma_get_max_seg_size(b->dev))
			return -EIO;
		for (at = 0; at < sg_dma_len(s); at += PAGE_SIZE, done += PAGE_SIZE) {
			if (done == BENCH_SG_PAGES * PAGE_SIZE ||
			    check_range(b, sg_dma_address(s) + at, PAGE_SIZE,
					sg_phys(&list[done / PAGE_SIZE])))
				return -EIO;
		}
	}
	return done == BENCH_SG_PAGES * PAGE_SIZE ? 0 : -EIO;
}

static int check_sg(struct bench *b, struct scatterlist *list, const char *name)
{
	unsigned int nr = dma_map_sg(b->dev, list, BENCH_SG_PAGES, DMA_BIDIRECTIONAL);
	dma_addr_t addr = sg_dma_address(list);
	int r;

	if (!nr) {
		pr_err("cannot map the %s list\n", name);
		return -EIO;
	}
	pr_info("SEGMENTS %s %u max_seg_size %u\n", name, nr, dma_get_max_seg_size(b->dev));
	r = check_segments(b, list, nr);
	if (r)
		pr_err("the segments of the %s list are wrong\n", name);
	dma_unmap_sg(b->dev, list, BENCH_SG_PAGES, DMA_BIDIRECTIONAL);
	return r ? r : check_range(b, addr, PAGE_SIZE, 0);
}

int bench_check_maps(struct bench *b)
{
	static const size_t bytes[] = { SZ_4K, SZ_64K, SZ_256K, SZ_1M };
	unsigned int i;
	int r = 0;

	for (i = 0; i < ARRAY_SIZE(bytes) && !r; i++)
		r = check_page(b, bytes[i]);
	if (!r)
		r = check_sg(b, b->scattered, "sg32_scattered");
	if (!r)
		r = check_sg(b, b->contig, "sg32_contig");
	return r;
}

static int compare_live(const void *a, const void *b)
{
	const struct bench_live *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* All live mappings lead to the buffer, and no two overlap. */
int bench_check_live(struct bench *b)
{
	struct bench_live *l = b->live;
	unsigned int i;

	sort(l, BENCH_LIVE, sizeof(*l), compare_live, NULL);
	for (i = 0; i < BENCH_LIVE; i++) {
		if (i && l[i - 1].addr + l[i - 1].bytes > l[i].addr) {
			pr_err("%pad and %pad overlap\n", &l[i - 1].addr, &l[i].addr);
			return -EIO;
		}
		if (check_range(b, l[i].addr, l[i].bytes, page_to_phys(b->buf)))
			return -EIO;
	}
	return 0;
}

#define EDU_SRC 0x80
#define EDU_DST 0x88
#define EDU_COUNT 0x90
#define EDU_CMD 0x98
#define EDU_CMD_GO 1
#define EDU_CMD_TO_RAM 2
#define EDU_BUFFER 0x40000
#define EDU_BYTES 64
#define EDU_TRIES 100
/* From the command to the copy, and how long before the copy an unmap still counts as late. */
#define EDU_DELAY_MS 100
#define EDU_LATE_MS 2

static void edu_begin(void __iomem *regs, u64 src, u64 dst, u64 cmd)
{
	writeq(src, regs + EDU_SRC);
	writeq(dst, regs + EDU_DST);
	writeq(EDU_BYTES, regs + EDU_COUNT);
	writeq(cmd | EDU_CMD_GO, regs + EDU_CMD);
}

static int edu_end(void __iomem *regs)
{
	unsigned int i;

	for (i = 0; i < EDU_TRIES; i++) {
		if (!(readq(regs + EDU_CMD) & EDU_CMD_GO))
			return 0;
		msleep(10);
	}
	pr_err("the edu device does not answer\n");
	return -ETIMEDOUT;
}

/* For the log's judge: the next access must be reported. */
static void expect_fault(struct bench *b, u64 addr)
{
	pr_info("TEST: expect fault %02x:%02x.%d write 0x%llx 0x05\n", b->pdev->bus->number,
		PCI_SLOT(b->pdev->devfn), PCI_FUNC(b->pdev->devfn), addr);
}

/* 1 when the device, told to write its buffer of 0x5a to @addr, has changed @mem. */
static int edu_reaches(void __iomem *regs, u64 addr, u8 *mem)
{
	int r;

	memset(mem, 0x33, EDU_BYTES);
	edu_begin(regs, EDU_BUFFER, addr, EDU_CMD_TO_RAM);
	r = edu_end(regs);
	return r ? r : READ_ONCE(mem[0]) == 0x5a;
}

/* The same, but the mapping ends shortly before the device writes. */
static int edu_reaches_late(struct bench *b, void __iomem *regs, dma_addr_t addr, u8 *mem)
{
	int r;

	memset(mem, 0x33, EDU_BYTES);
	edu_begin(regs, EDU_BUFFER, addr, EDU_CMD_TO_RAM);
	mdelay(EDU_DELAY_MS - EDU_LATE_MS);
	dma_unmap_page(b->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	r = edu_end(regs);
	return r ? r : READ_ONCE(mem[0]) == 0x5a;
}

static int edu_probe(struct bench *b, void __iomem *regs, bool strict)
{
	int through, direct, late, after, r;
	u8 *mem = page_address(b->buf);
	dma_addr_t addr;

	addr = dma_map_page(b->dev, b->buf, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(b->dev, addr))
		return -EIO;
	memset(mem, 0x5a, EDU_BYTES);
	edu_begin(regs, addr, EDU_BUFFER, 0);
	r = edu_end(regs);
	expect_fault(b, page_to_phys(b->buf));
	direct = r ? r : edu_reaches(regs, page_to_phys(b->buf), mem);
	/* The last access before the unmap: the translation is cached when it happens. */
	through = r ? r : edu_reaches(regs, addr, mem);
	if (strict)
		expect_fault(b, addr);
	late = edu_reaches_late(b, regs, addr, mem);
	msleep(EDU_DELAY_MS);
	expect_fault(b, addr);
	after = edu_reaches(regs, addr, mem);
	pr_info("DEVICE through_mapping %d physical_address %d just_after_unmap %d later %d\n",
		through, direct, late, after);
	if (through != 1 || direct || after || late < 0 || (strict && late)) {
		pr_err("the device is not translated as it should be\n");
		return -EIO;
	}
	return 0;
}

/*
 * The device reaches memory through a mapping, not by the memory's physical address, not long
 * after an unmap and, with @strict, not right after one.  The DMA faults are part of the proof.
 */
int bench_check_device(struct bench *b, bool strict)
{
	void __iomem *regs;
	int r;

	r = pci_enable_device_mem(b->pdev);
	if (r)
		return r;
	pci_set_master(b->pdev);
	regs = pci_iomap(b->pdev, 0, 0);
	r = regs ? edu_probe(b, regs, strict) : -ENOMEM;
	if (regs)
		pci_iounmap(b->pdev, regs);
	pci_clear_master(b->pdev);
	pci_disable_device(b->pdev);
	return r;
}
