// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_acpi.c - the DMAR table: which units there are, which serves a device, and
 * which memory firmware wants mapped for it.
 *
 * Paths in the table go through bridges, whose bus numbers can change; so they
 * are followed each time they are needed, never stored as source ids.
 */
#include "ivtd.h"
#include "vtd_dmar.h"

#include <linux/acpi.h>
#include <linux/slab.h>

static struct vtd_dmar dmar;
static void *table;

/* The table is copied, so that what was checked is what is read. */
int ivtd_dmar_open(void)
{
	struct acpi_table_header *header;
	struct vtd_dmar_error error;
	acpi_status status;
	size_t bytes;
	int ret;

	status = acpi_get_table(ACPI_SIG_DMAR, 0, &header);
	if (ACPI_FAILURE(status)) {
		pr_err("no ACPI DMAR table: this machine has no VT-d, or it is turned off\n");
		return -ENODEV;
	}
	bytes = header->length;
	table = kmemdup(header, bytes, GFP_KERNEL);
	acpi_put_table(header);
	if (!table)
		return -ENOMEM;
	ret = vtd_dmar_open(&dmar, table, bytes, &error);
	if (ret) {
		pr_err("corrupt ACPI DMAR table, offset %u: %s\n", error.offset, error.text);
		ivtd_dmar_close();
	}
	return ret;
}

void ivtd_dmar_close(void)
{
	kfree(table);
	table = NULL;
}

static bool next_of(enum vtd_dmar_kind kind, u32 *pos, struct vtd_dmar_entry *entry)
{
	while (vtd_dmar_next(&dmar, pos, entry) > 0) {
		if (entry->kind == kind)
			return true;
	}
	return false;
}

/* An array of the units that the table lists, not started. */
int ivtd_dmar_units(struct ivtd_unit **unit, unsigned int *nr)
{
	struct vtd_dmar_entry entry;
	struct ivtd_unit *u;
	u32 pos = 0;

	*nr = 0;
	while (next_of(VTD_DMAR_DRHD, &pos, &entry)) {
		if (entry.problem) {
			pr_err("corrupt ACPI DMAR table, offset %u: %s\n", entry.offset,
			       entry.problem);
			return -EINVAL;
		}
		++*nr;
	}
	if (!*nr) {
		pr_err("the ACPI DMAR table lists no remapping unit\n");
		return -ENODEV;
	}
	*unit = kcalloc(*nr, sizeof(**unit), GFP_KERNEL);
	if (!*unit)
		return -ENOMEM;
	for (pos = 0, u = *unit; next_of(VTD_DMAR_DRHD, &pos, &entry); u++) {
		u->index = u - *unit;
		u->segment = entry.segment;
		u->base = entry.base;
		xa_init(&u->sources);
	}
	return 0;
}

static int secondary_bus(void *ctx, uint16_t source)
{
	const u16 *segment = ctx;
	struct pci_dev *bridge = pci_get_domain_bus_and_slot(*segment, source >> 8, source & 0xff);
	int bus = bridge && bridge->subordinate ? bridge->subordinate->number : -ENOENT;

	pci_dev_put(bridge);
	return bus;
}

static bool scope_holds(const struct vtd_dmar_scope *scope, u16 segment, struct pci_dev *pdev)
{
	int source = vtd_dmar_scope_source(scope, secondary_bus, &segment);

	if (source < 0)
		return false;
	if (scope->type == VTD_SCOPE_ENDPOINT)
		return pci_dev_id(pci_physfn(pdev)) == source;
	if (scope->type != VTD_SCOPE_BRIDGE)
		return false;
	for (; pdev; pdev = pci_upstream_bridge(pdev)) {
		if (pci_dev_id(pdev) == source)
			return true;
	}
	return false;
}

static bool entry_holds(const struct vtd_dmar_entry *entry, struct pci_dev *pdev)
{
	struct vtd_dmar_scope scope;
	u32 pos = 0;

	if (entry->segment != pci_domain_nr(pdev->bus))
		return false;
	while (vtd_dmar_next_scope(&dmar, entry, &pos, &scope) > 0) {
		if (scope_holds(&scope, entry->segment, pdev))
			return true;
	}
	return false;
}

/* The unit that lists @pdev, else the one for the rest of its segment, else NULL. */
struct ivtd_unit *ivtd_dmar_unit_of(struct pci_dev *pdev)
{
	struct ivtd_unit *u = ivtd.unit, *rest = NULL;
	struct vtd_dmar_entry entry;
	u32 pos = 0;

	for (; next_of(VTD_DMAR_DRHD, &pos, &entry); u++) {
		if (entry_holds(&entry, pdev))
			return u;
		if (entry.all && entry.segment == pci_domain_nr(pdev->bus))
			rest = u;
	}
	return rest;
}

/* Calls @fn for each reserved region of @pdev, until it returns something else than 0. */
int ivtd_dmar_rmrrs(struct pci_dev *pdev, int (*fn)(void *ctx, u64 first, u64 last), void *ctx)
{
	struct vtd_dmar_entry entry;
	u32 pos = 0;
	int ret = 0;

	while (!ret && next_of(VTD_DMAR_RMRR, &pos, &entry)) {
		if (!entry_holds(&entry, pdev))
			continue;
		if (entry.problem)
			pr_warn(FW_BUG "DMAR table, offset %u: %s: region ignored\n",
				entry.offset, entry.problem);
		else
			ret = fn(ctx, entry.base, entry.last);
	}
	return ret;
}
