// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* core_main.c - iova_core.ko: the one copy of the libraries that other modules link to. */
#include "plat_kernel.h"

#include <linux/module.h>

static int __init iova_core_init(void)
{
	int err = plat_kernel_init();

	if (err)
		return err;
	err = core_params_init();
	if (err)
		plat_kernel_exit();
	return err;
}
module_init(iova_core_init);

static void __exit iova_core_exit(void)
{
	s64 left = plat_kernel_live_bytes();

	core_params_exit();
	plat_kernel_exit();
	WARN(left, "iova_core: %lld bytes were never freed\n", left);
}
module_exit(iova_core_exit);

MODULE_DESCRIPTION("IOVA allocation, IOMMU page tables, DMA mapping and VT-d without locks");
MODULE_LICENSE("Dual MIT/GPL");
