// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * edu_test - DMA that must work and DMA that must not, by QEMU's "edu" device and the
 * plain DMA API; it knows nothing of the driver under test.
 *
 * "echo TEST [ADDRESS] >/sys/kernel/debug/edu_test/0000:00:03.0" runs one test; the
 * write fails if the test does.  Before it provokes a fault, a test announces it in the
 * kernel's log:
 *
 *	TEST: expect fault 00:03.0 read 0x1234000 0x06
 *
 * Transfers take about 100 ms of QEMU's time each.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/module.h>

#include "edu_test.h"

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_CMD_GO	1
#define EDU_CMD_TO_RAM	2
#define EDU_BUF		0x40000
/* The device's buffer is 4096 bytes, but QEMU 7.2 aborts on a transfer that fills it. */
#define EDU_MAX_BYTES	2048

static char *source;
module_param(source, charp, 0444);
MODULE_PARM_DESC(source, "source id of the device's DMA, as 01:00.0 (default: its own)");
static int mask_bits = 28;
module_param(mask_bits, int, 0444);
MODULE_PARM_DESC(mask_bits, "DMA mask; the device's own default is 28 bits");

static struct dentry *dir;

static int xfer(struct edu *e, u64 src, u64 dst, u32 bytes, u32 cmd)
{
	int i;

	if (bytes > EDU_MAX_BYTES)
		return -EMSGSIZE;
	writeq(src, e->regs + EDU_SRC);
	writeq(dst, e->regs + EDU_DST);
	writeq(bytes, e->regs + EDU_COUNT);
	writel(cmd | EDU_CMD_GO, e->regs + EDU_CMD);
	for (i = 0; i < 1000; i++) {
		if (!(readl(e->regs + EDU_CMD) & EDU_CMD_GO)) {
			/* The fault interrupt, if there is one, comes before what follows. */
			msleep(20);
			return 0;
		}
		msleep(10);
	}
	fail(e, "transfer does not end");
	return -ETIMEDOUT;
}

int device_reads(struct edu *e, dma_addr_t addr, u32 bytes)
{
	return xfer(e, addr, EDU_BUF, bytes, 0);
}

int device_writes(struct edu *e, dma_addr_t addr, u32 bytes)
{
	return xfer(e, EDU_BUF, addr, bytes, EDU_CMD_TO_RAM);
}

int preload_device(struct edu *e, u8 value, u32 bytes)
{
	memset(e->scratch, value, bytes);
	return device_reads(e, e->scratch_dma, bytes);
}

int must_hold(struct edu *e, u8 value, const char *complaint)
{
	int err;

	memset(e->scratch, ~value, 64);
	err = device_writes(e, e->scratch_dma, 64);
	if (!err && memchr_inv(e->scratch, value, 64))
		err = fail(e, complaint);
	return err;
}

/* A read that was blocked leaves the device with zeros or ones, whatever QEMU likes. */
int must_not_hold(struct edu *e, u8 secret, const char *complaint)
{
	int err;

	memset(e->scratch, 0, 64);
	err = device_writes(e, e->scratch_dma, 64);
	if (!err && memchr(e->scratch, secret, 64))
		err = fail(e, complaint);
	return err;
}

int must_keep(struct edu *e, u8 value, const char *complaint)
{
	return memchr_inv(e->mem, value, PAGE_SIZE) ? fail(e, complaint) : 0;
}

void expect(struct edu *e, const char *how, dma_addr_t addr, int reason)
{
	pr_info("TEST: expect fault %s %s 0x%llx 0x%02x\n",
		source ?: pci_name(e->pdev) + strlen("0000:"), how,
		(u64)addr & PAGE_MASK, reason);
}

int fail(struct edu *e, const char *complaint)
{
	dev_err(e->dev, "%s\n", complaint);
	return -EIO;
}

static ssize_t run_write(struct file *file, const char __user *ubuf, size_t len, loff_t *pos)
{
	struct edu *e = file->private_data;
	char line[64] = "", name[32];
	unsigned int i;
	u64 arg = 0;
	int err;

	if (len >= sizeof(line) || copy_from_user(line, ubuf, len) ||
	    sscanf(line, "%31s %llx", name, &arg) < 1)
		return -EINVAL;
	for (i = 0; i < edu_case_count; i++) {
		if (!strcmp(name, edu_cases[i].name)) {
			err = edu_cases[i].run(e, arg);
			return err ?: len;
		}
	}
	return -ENOENT;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_write,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *e = devm_kzalloc(&pdev->dev, sizeof(*e), GFP_KERNEL);
	int err;

	if (!e)
		return -ENOMEM;
	e->pdev = pdev;
	e->dev = &pdev->dev;
	err = pcim_enable_device(pdev) ?:
	      pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME) ?:
	      dma_set_mask_and_coherent(e->dev, DMA_BIT_MASK(mask_bits));
	if (err)
		return err;
	pci_set_master(pdev);
	e->regs = pcim_iomap_table(pdev)[0];
	e->scratch = dmam_alloc_coherent(e->dev, PAGE_SIZE, &e->scratch_dma, GFP_KERNEL);
	e->page = alloc_page(GFP_KERNEL | GFP_DMA);
	if (!e->scratch || !e->page) {
		if (e->page)
			__free_page(e->page);
		return -ENOMEM;
	}
	e->mem = page_address(e->page);
	e->file = debugfs_create_file(pci_name(pdev), 0200, dir, e, &run_fops);
	pci_set_drvdata(pdev, e);
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *e = pci_get_drvdata(pdev);

	debugfs_remove(e->file);
	pci_clear_master(pdev);
	__free_page(e->page);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

static int __init edu_init(void)
{
	int err;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	err = pci_register_driver(&edu_driver);
	if (err)
		debugfs_remove(dir);
	return err;
}
module_init(edu_init);

static void __exit edu_exit(void)
{
	pci_unregister_driver(&edu_driver);
	debugfs_remove(dir);
}
module_exit(edu_exit);

MODULE_DESCRIPTION("DMA tests with QEMU's edu device");
MODULE_LICENSE("Dual MIT/GPL");
