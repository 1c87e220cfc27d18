// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * main.c - iova_bench.ko: what the DMA API costs, in guest instructions.
 *
 * Knows nothing of who implements the DMA API below it: the same module is loaded
 * under Linux's own VT-d driver and under ours.  Everything happens while it is
 * loaded; the results are in the kernel log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include "iova_bench.h"

#include <linux/dma-map-ops.h>
#include <linux/module.h>

#define BENCH_EMPTY 1024
#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

static unsigned int rounds = 5;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often to run every case (default 5)");

static bool strict;
module_param(strict, bool, 0444);
MODULE_PARM_DESC(strict, "check that the device reaches nothing after an unmap");

static struct bench bench;

static void free_memory(struct bench *b)
{
	if (b->buf)
		__free_pages(b->buf, BENCH_BUF_ORDER);
	kvfree(b->live);
	kvfree(b->samples.begin);
	kvfree(b->samples.end);
}

static int get_memory(struct bench *b)
{
	unsigned int i;

	b->buf = alloc_pages(GFP_KERNEL, BENCH_BUF_ORDER);
	b->live = kvcalloc(BENCH_LIVE, sizeof(*b->live), GFP_KERNEL);
	b->samples.begin = kvcalloc(BENCH_SAMPLES, sizeof(u32), GFP_KERNEL);
	b->samples.end = kvcalloc(BENCH_SAMPLES, sizeof(u32), GFP_KERNEL);
	if (!b->buf || !b->live || !b->samples.begin || !b->samples.end) {
		free_memory(b);
		return -ENOMEM;
	}
	sg_init_table(b->scattered, BENCH_SG_PAGES);
	sg_init_table(b->contig, BENCH_SG_PAGES);
	for (i = 0; i < BENCH_SG_PAGES; i++) {
		sg_set_page(&b->scattered[i], b->buf + 2 * i, PAGE_SIZE, 0);
		sg_set_page(&b->contig[i], b->buf + i, PAGE_SIZE, 0);
	}
	return 0;
}

static int find_device(struct bench *b)
{
	int r;

	b->pdev = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	if (!b->pdev || b->pdev->dev.driver) {
		pr_err("%s: start QEMU with -device edu\n",
		       b->pdev ? "the edu device has a driver" : "no edu device");
		pci_dev_put(b->pdev);
		return -ENODEV;
	}
	b->dev = &b->pdev->dev;
	r = dma_set_mask_and_coherent(b->dev, DMA_BIT_MASK(64));
	if (r) {
		pci_dev_put(b->pdev);
		return r;
	}
	pr_info("DEVICE %s ops %ps\n", dev_name(b->dev), get_dma_ops(b->dev));
	return 0;
}

static int run(struct bench *b)
{
	unsigned int i;
	int r = measure_calibrate();

	if (!r)
		r = bench_check_domain(b);
	if (!r)
		r = bench_check_maps(b);
	if (!r)
		r = bench_check_device(b, strict);
	if (!r)
		measure_empty(&b->samples, BENCH_EMPTY);
	for (i = 0; i < rounds && !r; i++)
		r = bench_run(b, i);
	/* Still so after all that. */
	if (!r)
		r = bench_check_maps(b);
	return r;
}

static int __init bench_init(void)
{
	int r = find_device(&bench);

	if (r)
		return r;
	r = get_memory(&bench);
	if (!r) {
		r = run(&bench);
		free_memory(&bench);
	}
	pci_dev_put(bench.pdev);
	pr_info("DONE %d\n", r);
	return r;
}

static void __exit bench_exit(void)
{
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Instructions of the DMA API's calls");
MODULE_LICENSE("Dual MIT/GPL");
