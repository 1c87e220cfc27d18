/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* edu_test.h - between the tests (edu_cases.c) and the device (edu_main.c) */
#ifndef EDU_TEST_H
#define EDU_TEST_H

#include <linux/dma-mapping.h>
#include <linux/pci.h>

/* VT-d fault reasons. */
#define FAULT_WRITE	0x05
#define FAULT_READ	0x06

struct edu {
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	u8 *scratch;		/* coherent page; where the device's buffer is looked at */
	dma_addr_t scratch_dma;
	struct page *page;	/* below 16 MiB, so below any mask */
	u8 *mem;		/* its address */
	struct dentry *file;
};

struct edu_case {
	const char *name;
	int (*run)(struct edu *e, u64 arg);
};

extern const struct edu_case edu_cases[];
extern const unsigned int edu_case_count;

/* One transfer of at most 2048 bytes between @addr and the device's buffer; 0, -ETIMEDOUT. */
int device_reads(struct edu *e, dma_addr_t addr, u32 bytes);
int device_writes(struct edu *e, dma_addr_t addr, u32 bytes);

/* Fills the device's buffer with @bytes times @value. */
int preload_device(struct edu *e, u8 value, u32 bytes);

/* -EIO and @complaint unless the device's buffer begins with 64 times @value. */
int must_hold(struct edu *e, u8 value, const char *complaint);

/* -EIO and @complaint if one of the first 64 bytes of the device's buffer is @secret. */
int must_not_hold(struct edu *e, u8 secret, const char *complaint);

/* -EIO and @complaint unless all of @e->page is @value. */
int must_keep(struct edu *e, u8 value, const char *complaint);

/* Announces a fault: the next transfer provokes it. */
void expect(struct edu *e, const char *how, dma_addr_t addr, int reason);

int fail(struct edu *e, const char *complaint);

#endif
