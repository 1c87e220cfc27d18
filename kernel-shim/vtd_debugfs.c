// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_debugfs.c - statistics: /sys/kernel/debug/iova_vtd/{units,domains,devices}.
 *
 * One line for each, "name=value" separated by spaces; doc/kernel-module.md
 * explains the names.
 */
#include "ivtd.h"

#include <linux/debugfs.h>
#include <linux/seq_file.h>

static struct dentry *dir;

static int units_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	mutex_lock(&ivtd_lock);
	for (i = 0; i < ivtd.nr; i++) {
		struct ivtd_unit *u = &ivtd.unit[i];
		const struct vtd_caps *caps;
		struct vtd_stats s;

		if (!u->unit)
			continue;
		caps = vtd_unit_caps(u->unit);
		vtd_unit_stats(u->unit, &s);
		seq_printf(m, "unit=%u segment=%u base=0x%llx version=%u.%u cap=0x%llx ecap=0x%llx",
			   i, u->segment, u->base, caps->version_major, caps->version_minor,
			   caps->cap, caps->ecap);
		seq_printf(m, " levels=%u descriptors=%llu waits=%llu collapsed=%llu",
			   ivtd.levels, s.descriptors, s.batches, s.collapsed);
		seq_printf(m, " queue_errors=%llu context_tables=%llu faults=%lld\n",
			   s.queue_errors, s.context_tables, atomic64_read(&u->faults));
	}
	seq_printf(m, "tables=%lld metadata=%lld\n", ivtd_pages_live(), ivtd_meta_live());
	mutex_unlock(&ivtd_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(units);

static const char *type_name(unsigned int type)
{
	switch (type) {
	case IOMMU_DOMAIN_IDENTITY:
		return "identity";
	case IOMMU_DOMAIN_BLOCKED:
		return "blocked";
	case IOMMU_DOMAIN_UNMANAGED:
		return "unmanaged";
	default:
		return "dma";
	}
}

static void show_counters(struct seq_file *m, struct ivtd_domain *d)
{
	struct ivtd_counters sum = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct ivtd_counters *c = per_cpu_ptr(d->count, cpu);

		sum.maps += READ_ONCE(c->maps);
		sum.unmaps += READ_ONCE(c->unmaps);
		sum.map_errors += READ_ONCE(c->map_errors);
		sum.unmap_errors += READ_ONCE(c->unmap_errors);
	}
	seq_printf(m, " maps=%llu unmaps=%llu map_errors=%llu unmap_errors=%llu", sum.maps,
		   sum.unmaps, sum.map_errors, sum.unmap_errors);
}

static void show_space(struct seq_file *m, struct ivtd_domain *d)
{
	struct iova_space_stats iova;
	struct dmap_stats s;

	dmap_stats(d->space, &s);
	iova_space_stats(d->iova, &iova);
	seq_printf(m, " live=%llu live_bytes=%llu reserved_bytes=%llu metadata_bytes=%llu",
		   iova.live_ranges, iova.live_bytes, iova.reserved_bytes, iova.metadata_bytes);
	seq_printf(m, " descriptors=%llu waits=%llu strict_flushes=%llu lazy_flushes=%llu",
		   s.range_cmds + s.domain_cmds, s.waits, s.strict_flushes, s.lazy_flushes);
	seq_printf(m, " failed_flushes=%llu queued=%llu quarantined_bytes=%llu",
		   s.failed_flushes, s.queued, s.quarantined_bytes);
	seq_printf(m, " bad_frees=%llu", s.bad_frees + iova.bad_frees);
}

/* Faults of the sources that are attached now are still with them. */
static s64 domain_faults(struct ivtd_domain *d)
{
	s64 sum = atomic64_read(&d->faults);
	struct ivtd_source *source;
	unsigned long id;
	unsigned int i;

	for (i = 0; i < ivtd.nr; i++) {
		xa_for_each(&ivtd.unit[i].sources, id, source) {
			if (source->domain == d)
				sum += atomic64_read(&source->faults);
		}
	}
	return sum;
}

static int domains_show(struct seq_file *m, void *unused)
{
	struct pgtbl_stats tables;
	struct ivtd_domain *d;
	unsigned int i;

	mutex_lock(&ivtd_lock);
	list_for_each_entry(d, &ivtd.domains, node) {
		seq_printf(m, "type=%s mode=%s", type_name(d->domain.type),
			   d->lazy ? "lazy" : "strict");
		for (i = 0; i < ivtd.nr; i++) {
			if (d->tag[i])
				seq_printf(m, " unit%u_id=%u", i, d->tag[i]);
		}
		show_counters(m, d);
		seq_printf(m, " faults=%lld", domain_faults(d));
		if (d->space)
			show_space(m, d);
		if (d->pt) {
			pgtbl_stats(d->pt, &tables);
			seq_printf(m, " table_bytes=%llu table_peak_bytes=%llu queued_tables=%llu",
				   tables.table_pages << PAGE_SHIFT,
				   tables.table_pages_peak << PAGE_SHIFT, tables.queued_pages);
		}
		seq_putc(m, '\n');
	}
	mutex_unlock(&ivtd_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(domains);

static int devices_show(struct seq_file *m, void *unused)
{
	struct ivtd_device *vd;
	unsigned int i;

	mutex_lock(&ivtd_lock);
	list_for_each_entry(vd, &ivtd.devices, node) {
		seq_printf(m, "device=%s unit=%u", pci_name(vd->pdev), vd->unit->index);
		seq_printf(m, " domain=%s id=%u",
			   vd->domain ? type_name(vd->domain->domain.type) : "none",
			   vd->domain ? vd->domain->tag[vd->unit->index] : 0);
		for (i = 0; i < vd->nr; i++)
			seq_printf(m, "%s%02x:%02x.%x", i ? "," : " sources=",
				   vd->source[i] >> 8, PCI_SLOT(vd->source[i] & 0xff),
				   PCI_FUNC(vd->source[i]));
		seq_putc(m, '\n');
	}
	mutex_unlock(&ivtd_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(devices);

void ivtd_debugfs_create(void)
{
	dir = debugfs_create_dir("iova_vtd", NULL);
	debugfs_create_file("units", 0400, dir, NULL, &units_fops);
	debugfs_create_file("domains", 0400, dir, NULL, &domains_fops);
	debugfs_create_file("devices", 0400, dir, NULL, &devices_fops);
}

void ivtd_debugfs_remove(void)
{
	debugfs_remove_recursive(dir);
	dir = NULL;
}
