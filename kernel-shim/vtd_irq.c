// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_irq.c - the fault interrupt.
 *
 * A unit's interrupt message is made by the CPU vector domain, to which ours
 * adds only where to write it: the fault event registers.  (Interrupt remapping
 * is off, or the module would not have loaded.)
 */
#include "ivtd.h"

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#define FAULTS_AT_ONCE 8
/* Faster than this a device may fault for ever: let others run, too. */
#define ROUNDS_MAX 32
#define REST_MS 10

static struct fwnode_handle *fwnode;
static struct irq_domain *irq_domain;

static void count_fault(struct ivtd_unit *u, u16 source_id)
{
	struct ivtd_source *source;

	atomic64_inc(&u->faults); /* relaxed: a count */
	rcu_read_lock();
	source = xa_load(&u->sources, source_id);
	if (source)
		atomic64_inc(&source->faults); /* relaxed: a count */
	rcu_read_unlock();
}

/* The format is documented (doc/kernel-module.md): scripts look for it. */
static void print_fault(const struct vtd_fault *f)
{
	pr_err_ratelimited("fault: %02x:%02x.%x %s addr 0x%llx reason 0x%02x (%s)\n",
			   f->source_id >> 8, PCI_SLOT(f->source_id & 0xff),
			   PCI_FUNC(f->source_id), f->write ? "write" : "read", f->iova,
			   f->reason, f->text);
}

/*
 * Reads until a look finds no record: while one is left, no interrupt comes for
 * new ones.  False: there are still some.
 */
static bool read_faults(struct ivtd_unit *u)
{
	struct vtd_fault fault[FAULTS_AT_ONCE];
	unsigned int round;
	bool lost;
	int i, nr = 1;

	for (round = 0; nr > 0 && round < ROUNDS_MAX; round++) {
		nr = vtd_fault_read(u->unit, fault, FAULTS_AT_ONCE, &lost);
		for (i = 0; i < nr; i++) {
			count_fault(u, fault[i].source_id);
			print_fault(&fault[i]);
		}
		if (lost)
			pr_err_ratelimited("fault: unit %u dropped some\n", u->index);
	}
	return nr <= 0;
}

/* Masked, the unit remembers that it wants an interrupt. */
static irqreturn_t fault_handler(int irq, void *data)
{
	struct ivtd_unit *u = data;

	if (!read_faults(u)) {
		vtd_fault_mask(u->unit, true);
		mod_timer(&u->fault_timer, jiffies + msecs_to_jiffies(REST_MS));
	}
	return IRQ_HANDLED;
}

static void rested(struct timer_list *timer)
{
	struct ivtd_unit *u = from_timer(u, timer, fault_timer);

	if (read_faults(u))
		vtd_fault_mask(u->unit, false);
	else
		mod_timer(timer, jiffies + msecs_to_jiffies(REST_MS));
}

static struct ivtd_unit *unit_of(struct irq_data *data)
{
	return irq_data_get_irq_chip_data(data);
}

static void write_message(struct irq_data *data)
{
	struct irq_data *parent = data->parent_data;
	struct msi_msg msg = {};

	parent->chip->irq_compose_msi_msg(parent, &msg);
	vtd_fault_set_message(unit_of(data)->unit, (u64)msg.address_hi << 32 | msg.address_lo,
			      msg.data);
}

static void irq_mask(struct irq_data *data)
{
	vtd_fault_mask(unit_of(data)->unit, true);
}

static void irq_unmask(struct irq_data *data)
{
	vtd_fault_mask(unit_of(data)->unit, false);
}

static int irq_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	struct irq_data *parent = data->parent_data;
	int ret = parent->chip->irq_set_affinity(parent, mask, force);

	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE)
		write_message(data);
	return ret;
}

static struct irq_chip irq_chip = {
	.name = "iova-vtd",
	.irq_mask = irq_mask,
	.irq_unmask = irq_unmask,
	.irq_ack = irq_chip_ack_parent,
	.irq_set_affinity = irq_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int irq_alloc(struct irq_domain *domain, unsigned int virq, unsigned int nr, void *arg)
{
	struct irq_alloc_info *info = arg;
	struct ivtd_unit *u = info->data;
	int ret = irq_domain_alloc_irqs_parent(domain, virq, nr, arg);

	if (!ret)
		irq_domain_set_info(domain, virq, u->index, &irq_chip, u, handle_edge_irq, NULL,
				    "edge");
	return ret;
}

static void irq_free(struct irq_domain *domain, unsigned int virq, unsigned int nr)
{
	irq_domain_free_irqs_common(domain, virq, nr);
}

static int irq_activate(struct irq_domain *domain, struct irq_data *data, bool reserve)
{
	write_message(data);
	return 0;
}

static const struct irq_domain_ops irq_domain_ops = {
	.alloc = irq_alloc,
	.free = irq_free,
	.activate = irq_activate,
};

static int unit_irq(struct ivtd_unit *u)
{
	struct irq_alloc_info info;
	int virq, ret;

	memset(&info, 0, sizeof(info));
	info.type = X86_IRQ_ALLOC_TYPE_DMAR;
	info.data = u;
	virq = irq_domain_alloc_irqs(irq_domain, 1, NUMA_NO_NODE, &info);
	if (virq < 0)
		return virq;
	timer_setup(&u->fault_timer, rested, 0);
	ret = request_irq(virq, fault_handler, IRQF_NO_THREAD, "iova-vtd-fault", u);
	if (ret) {
		irq_dispose_mapping(virq);
		return ret;
	}
	u->virq = virq;
	return 0;
}

int ivtd_irq_setup(void)
{
	unsigned int i;
	int ret = -ENOMEM;

	fwnode = irq_domain_alloc_named_fwnode("iova-vtd");
	if (fwnode)
		irq_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, fwnode,
							 &irq_domain_ops, NULL);
	if (irq_domain)
		ret = 0;
	for (i = 0; i < ivtd.nr && !ret; i++)
		ret = unit_irq(&ivtd.unit[i]);
	if (ret) {
		pr_err("no fault interrupt (%d)\n", ret);
		ivtd_irq_teardown();
	}
	return ret;
}

void ivtd_irq_teardown(void)
{
	unsigned int i;

	for (i = 0; i < ivtd.nr; i++) {
		struct ivtd_unit *u = &ivtd.unit[i];

		if (!u->virq)
			continue;
		free_irq(u->virq, u);
		del_timer_sync(&u->fault_timer);
		vtd_fault_mask(u->unit, true);
		irq_dispose_mapping(u->virq);
		u->virq = 0;
	}
	if (irq_domain)
		irq_domain_remove(irq_domain);
	if (fwnode)
		irq_domain_free_fwnode(fwnode);
	irq_domain = NULL;
	fwnode = NULL;
}
