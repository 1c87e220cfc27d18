// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_main.c - iova_vtd.ko: load, unload, and the knobs.
 *
 * Order of loading, and backwards to unload: DMAR table; every unit taken over,
 * quiet; fault interrupts; translation on, with every device blocked but for
 * firmware's memory; the IOMMU core, which probes and attaches the devices.  So
 * no device ever has more access than its domain gives it.
 *
 * Each device holds a reference on the module, so that it cannot be removed
 * while it serves any: writing to the parameter "unload" ends that.
 */
#include "ivtd.h"

#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/syscore_ops.h>

struct ivtd_driver ivtd = {
	.domains = LIST_HEAD_INIT(ivtd.domains),
	.devices = LIST_HEAD_INIT(ivtd.devices),
	.trim = true,
};
DEFINE_MUTEX(ivtd_lock);

/* Serialises load, the knob and removal. */
static DEFINE_MUTEX(life_lock);
static bool serving;

static int set_mode(const char *value, const struct kernel_param *kp)
{
	if (sysfs_streq(value, "strict"))
		ivtd.lazy = false;
	else if (sysfs_streq(value, "lazy"))
		ivtd.lazy = true;
	else {
		pr_err("mode=%s: neither strict nor lazy\n", value);
		return -EINVAL;
	}
	return 0;
}

static int get_mode(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", ivtd.lazy ? "lazy" : "strict");
}

static const struct kernel_param_ops mode_ops = { .set = set_mode, .get = get_mode };
module_param_cb(mode, &mode_ops, NULL, 0444);
MODULE_PARM_DESC(mode, "strict (default): unmap waits for the hardware; lazy: flushes are batched");

static uint age_ms = 10;
module_param(age_ms, uint, 0444);
MODULE_PARM_DESC(age_ms, "lazy mode: longest wait of an unmap for its flush, 1..1000 (default 10)");

module_param_named(trim, ivtd.trim, bool, 0444);
MODULE_PARM_DESC(trim, "give back memory of address ranges that are empty (default yes)");

/*
 * A device that does DMA now would be cut off.  Bridges have drivers (pcieport)
 * that do none of their own.
 */
static bool in_use(struct pci_dev *pdev)
{
	return pdev->dev.driver && !pci_is_bridge(pdev);
}

static int check_unused(void)
{
	struct pci_dev *pdev = NULL;
	int ret = 0;

	for_each_pci_dev(pdev) {
		if (!in_use(pdev) || !ivtd_dmar_unit_of(pdev))
			continue;
		pr_err("%s is in use by %s: load this module before, or unbind it\n",
		       pci_name(pdev), pdev->dev.driver->name);
		ret = -EBUSY;
	}
	return ret;
}

static void stop_units(void)
{
	unsigned int i;

	for (i = ivtd.nr; i--;) {
		ivtd_unit_stop(&ivtd.unit[i]);
		xa_destroy(&ivtd.unit[i].sources);
	}
}

static int start_units(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ivtd.nr && !ret; i++)
		ret = ivtd_unit_start(&ivtd.unit[i]);
	if (!ret)
		ret = ivtd_common();
	if (ret)
		stop_units();
	return ret;
}

static int enable_units(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ivtd.nr && !ret; i++)
		ret = vtd_unit_enable(ivtd.unit[i].unit);
	if (ret)
		pr_err("translation cannot be turned on (%d)\n", ret);
	return ret;
}

static void disable_units(void)
{
	unsigned int i;

	for (i = 0; i < ivtd.nr; i++) {
		if (ivtd.unit[i].unit)
			vtd_unit_disable(ivtd.unit[i].unit);
	}
}

/* The core forgets to: a later registration, and every hot-plugged device, would use them. */
static void forget_ops(void)
{
	if (pci_bus_type.iommu_ops == &ivtd_iommu_ops)
		pci_bus_type.iommu_ops = NULL;
	if (platform_bus_type.iommu_ops == &ivtd_iommu_ops)
		platform_bus_type.iommu_ops = NULL;
}

static void unregister_units(void)
{
	unsigned int i;

	for (i = ivtd.nr; i--;) {
		if (ivtd.unit[i].registered)
			iommu_device_unregister(&ivtd.unit[i].iommu);
		ivtd.unit[i].registered = false;
	}
	forget_ops();
	for (i = ivtd.nr; i--;) {
		if (ivtd.unit[i].listed)
			iommu_device_sysfs_remove(&ivtd.unit[i].iommu);
		ivtd.unit[i].listed = false;
	}
}

/* In sysfs first: the core links the devices that it finds to the units there. */
static int register_units(void)
{
	struct ivtd_unit *u;
	unsigned int i;
	int ret = 0;

	ivtd_iommu_ops.pgsize_bitmap = ivtd.page_sizes;
	for (i = 0; i < ivtd.nr && !ret; i++) {
		u = &ivtd.unit[i];
		ret = iommu_device_sysfs_add(&u->iommu, NULL, NULL, "iova-vtd%u", i);
		u->listed = !ret;
	}
	for (i = 0; i < ivtd.nr && !ret; i++) {
		u = &ivtd.unit[i];
		ret = iommu_device_register(&u->iommu, &ivtd_iommu_ops, NULL);
		u->registered = !ret;
	}
	if (ret) {
		pr_err("the IOMMU core refuses (%d)\n", ret);
		unregister_units();
	}
	return ret;
}

/* kexec, reboot: the devices have been shut down; the next kernel wants quiet units. */
static struct syscore_ops syscore = { .shutdown = disable_units };

static int serve(void)
{
	int ret;

	ret = check_unused();
	if (ret)
		return ret;
	ret = start_units();
	if (ret)
		return ret;
	ret = ivtd_irq_setup();
	if (ret)
		goto stop;
	ret = ivtd_firmware_keep();
	if (ret)
		goto irq;
	ret = enable_units();
	if (!ret)
		ret = register_units();
	ivtd_firmware_release();
	if (ret)
		goto disable;
	return 0;

disable:
	disable_units();
irq:
	ivtd_irq_teardown();
stop:
	stop_units();
	return ret;
}

/* Drivers that are bound, by name; -EBUSY if there are any. */
static int check_unbound(void)
{
	struct ivtd_device *vd;
	int ret = 0;

	mutex_lock(&ivtd_lock);
	list_for_each_entry(vd, &ivtd.devices, node) {
		if (!in_use(vd->pdev))
			continue;
		pr_err("unload: %s is in use by %s: unbind it first\n", pci_name(vd->pdev),
		       vd->pdev->dev.driver->name);
		ret = -EBUSY;
	}
	mutex_unlock(&ivtd_lock);
	return ret;
}

static void report_left(void)
{
	s64 tables = ivtd_pages_live(), metadata = ivtd_meta_live();

	if (ivtd.lost_iova || tables || metadata)
		pr_err("unload: live iova %llu tables %lld metadata %lld\n", ivtd.lost_iova,
		       tables, metadata);
	else
		pr_info("unload: live iova 0 tables 0 metadata 0\n");
}

static int stop_serving(void)
{
	int ret = check_unbound();

	if (ret)
		return ret;
	unregister_units();
	disable_units();
	ivtd_irq_teardown();
	ivtd_housekeeping_stop();
	ivtd_debugfs_remove();
	stop_units();
	report_left();
	serving = false;
	return 0;
}

static int set_unload(const char *value, const struct kernel_param *kp)
{
	bool yes;
	int ret = kstrtobool(value, &yes);

	if (ret || !yes)
		return -EINVAL;
	mutex_lock(&life_lock);
	ret = serving ? stop_serving() : -EINVAL;
	mutex_unlock(&life_lock);
	return ret;
}

static const struct kernel_param_ops unload_ops = { .set = set_unload };
module_param_cb(unload, &unload_ops, NULL, 0200);
MODULE_PARM_DESC(unload, "write 1: give the units back, so that the module can be removed");

static int __init ivtd_init(void)
{
	int ret;

	if (age_ms < 1 || age_ms > 1000) {
		pr_err("age_ms=%u: not 1..1000\n", age_ms);
		return -EINVAL;
	}
	ivtd.age_ns = (u64)age_ms * NSEC_PER_MSEC;
	mutex_lock(&life_lock);
	ret = ivtd_dmar_open();
	if (!ret)
		ret = ivtd_dmar_units(&ivtd.unit, &ivtd.nr);
	if (!ret)
		ret = serve();
	if (ret) {
		kfree(ivtd.unit);
		ivtd_dmar_close();
	} else {
		serving = true;
		ivtd_debugfs_create();
		ivtd_housekeeping_start();
		register_syscore_ops(&syscore);
		pr_info("%u units, %u levels, %s\n", ivtd.nr, ivtd.levels,
			ivtd.lazy ? "lazy" : "strict");
	}
	mutex_unlock(&life_lock);
	return ret;
}
module_init(ivtd_init);

/* Only when nothing refers to the module: no device is served any more. */
static void __exit ivtd_exit(void)
{
	mutex_lock(&life_lock);
	unregister_syscore_ops(&syscore);
	if (serving)
		stop_serving();
	kfree(ivtd.unit);
	ivtd_dmar_close();
	mutex_unlock(&life_lock);
}
module_exit(ivtd_exit);

MODULE_DESCRIPTION("Intel VT-d driver over libiova, libpgtbl, libdma and libvtd");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_IMPORT_NS(LIBIOVA);
