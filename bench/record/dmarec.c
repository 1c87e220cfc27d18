// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * dmarec.c - records what the kernel maps and unmaps for DMA.  A Linux module.
 *
 * Function-entry hooks on Linux's own IOMMU path note, in one preallocated buffer:
 *
 *   ALLOC  iommu_dma_alloc_iova(domain, size, limit, dev)
 *   SPACE  alloc_iova_fast(iovad, ...)    which IOVA space belongs to the domain
 *   MAP    map_pages(domain, iova, phys, page size, pages, prot, ...)
 *   UNMAP  __iommu_dma_unmap(dev, iova, size)
 *   FREE   free_iova_fast(iovad, pfn, pages)
 *   FLUSH  flush_iotlb_all(domain)
 *
 * Which calls belong together is worked out afterwards by dmarec-trace: ALLOC,
 * SPACE and the MAPs of one mapping follow one another in one context.  An event's
 * place in the buffer, taken from one atomic counter, is its order; its time
 * is read a moment later.  A full buffer counts what it drops.
 *
 * Entry hooks are jumps patched into the functions: unlike breakpoints they miss
 * nothing in nested interrupts.  The kernel must have been built with
 * CONFIG_DYNAMIC_FTRACE_WITH_REGS (Debian's is), for x86-64.
 *
 * /sys/kernel/debug/dmarec/: events (binary, struct event), names (devices and
 * counts, text), active (0 or 1).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

static unsigned long events = 2000000;
module_param(events, ulong, 0444);
MODULE_PARM_DESC(events, "room for so many events, 48 bytes each");
static char *map_pages = "intel_iommu_map_pages";
module_param(map_pages, charp, 0444);
MODULE_PARM_DESC(map_pages, "the IOMMU driver's iommu_domain_ops.map_pages");
static char *flush_all = "intel_flush_iotlb_all";
module_param(flush_all, charp, 0444);
MODULE_PARM_DESC(flush_all, "its iommu_domain_ops.flush_iotlb_all; empty: not recorded");

/* What dmarec-trace reads; little endian, as the machine. */
struct event {
	u64 ns;
	u64 iova;  /* MAP, UNMAP, FREE */
	u64 value; /* ALLOC: limit; MAP: physical address */
	u64 bytes;
	u32 thread; /* task id: with cpu and context, who is doing it */
	u16 cpu;
	u16 device;
	u16 domain; /* SPACE, FREE: number of the IOVA space */
	u8 kind;    /* A S M U F X */
	u8 context; /* 0 task, 1 soft interrupt, 2 hard interrupt, 3 NMI */
	u8 prot;
	u8 ready; /* written completely */
	u8 unused[2];
};
static_assert(sizeof(struct event) == 48);

#define NUMBERS 1024
#define NAME_LEN 40

/* Pointers get small numbers in order of appearance; entries never go away. */
struct numbering {
	const void *pointer[NUMBERS];
	unsigned int count;
};

struct device_name {
	char name[NAME_LEN];
	char driver[NAME_LEN];
	u64 mask;
	u64 coherent_mask;
};

static struct event *buffer;
static atomic64_t taken = ATOMIC64_INIT(0);
static bool active = true;
static struct numbering devices, domains, spaces;
static struct device_name device_names[NUMBERS];
static DEFINE_RAW_SPINLOCK(numbering_lock);
static struct dentry *dir;

static void notrace name_device(const struct device *dev, unsigned int n)
{
	struct device_name *to = &device_names[n];

	strscpy(to->name, dev_name(dev), sizeof(to->name));
	strscpy(to->driver, dev_driver_string(dev), sizeof(to->driver));
	to->mask = dev->dma_mask ? *dev->dma_mask : 0;
	to->coherent_mask = dev->coherent_dma_mask;
}

/* NUMBERS - 1 stands for all that came too late for a number of their own. */
static u16 notrace number_of(struct numbering *numbers, const void *pointer)
{
	unsigned int i, count = smp_load_acquire(&numbers->count);
	unsigned long flags;

	for (i = 0; i < count; i++)
		if (numbers->pointer[i] == pointer)
			return i;
	raw_spin_lock_irqsave(&numbering_lock, flags);
	for (i = 0; i < numbers->count; i++)
		if (numbers->pointer[i] == pointer)
			break;
	if (i == numbers->count && i < NUMBERS - 1) {
		numbers->pointer[i] = pointer;
		if (numbers == &devices)
			name_device(pointer, i);
		/* Pairs with the acquire above: a counted entry is complete. */
		smp_store_release(&numbers->count, i + 1);
	}
	raw_spin_unlock_irqrestore(&numbering_lock, flags);
	return i;
}

/* The event to fill in, or NULL; ready() ends it. */
static struct event *notrace begin(u8 kind)
{
	struct event *ev;
	u64 n;

	if (!READ_ONCE(active))
		return NULL;
	n = atomic64_inc_return(&taken) - 1;
	if (n >= events)
		return NULL;
	ev = &buffer[n];
	ev->ns = ktime_get_mono_fast_ns();
	ev->thread = current->pid;
	ev->cpu = raw_smp_processor_id();
	ev->context = in_nmi() ? 3 : in_hardirq() ? 2 : in_serving_softirq() ? 1 : 0;
	ev->kind = kind;
	return ev;
}

static void notrace ready(struct event *ev)
{
	smp_store_release(&ev->ready, 1);
}

#define HOOK(name)                                                                  \
	static void notrace name(unsigned long ip, unsigned long parent_ip,         \
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
#define ARG(n) regs_get_kernel_argument(regs, n)

HOOK(on_alloc)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct event *ev = regs ? begin('A') : NULL;
	struct device *dev;

	if (!ev)
		return;
	dev = (struct device *)ARG(3);
	ev->domain = number_of(&domains, (void *)ARG(0));
	ev->bytes = ARG(1);
	ev->value = ARG(2);
	if (dev->bus_dma_limit && dev->bus_dma_limit < ev->value)
		ev->value = dev->bus_dma_limit;
	ev->device = number_of(&devices, dev);
	ready(ev);
}

HOOK(on_space)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct event *ev = regs ? begin('S') : NULL;

	if (!ev)
		return;
	ev->domain = number_of(&spaces, (void *)ARG(0));
	ready(ev);
}

HOOK(on_map)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct event *ev = regs ? begin('M') : NULL;

	if (!ev)
		return;
	ev->domain = number_of(&domains, (void *)ARG(0));
	ev->iova = ARG(1);
	ev->value = ARG(2);
	ev->bytes = (u64)ARG(3) * ARG(4);
	ev->prot = ARG(5);
	ready(ev);
}

HOOK(on_unmap)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct event *ev = regs ? begin('U') : NULL;

	if (!ev)
		return;
	ev->device = number_of(&devices, (void *)ARG(0));
	ev->iova = ARG(1);
	ev->bytes = ARG(2);
	ready(ev);
}

HOOK(on_free)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct event *ev = regs ? begin('F') : NULL;

	if (!ev)
		return;
	ev->domain = number_of(&spaces, (void *)ARG(0));
	ev->iova = (u64)ARG(1) << PAGE_SHIFT;
	ev->bytes = (u64)ARG(2) << PAGE_SHIFT;
	ready(ev);
}

HOOK(on_flush)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct event *ev = regs ? begin('X') : NULL;

	if (!ev)
		return;
	ev->domain = number_of(&domains, (void *)ARG(0));
	ready(ev);
}

static struct hook {
	const char *function; /* NULL: named by a parameter */
	char **parameter;
	struct ftrace_ops ops;
	bool registered;
} hooks[] = {
	{ .function = "iommu_dma_alloc_iova", .ops.func = on_alloc },
	{ .function = "alloc_iova_fast", .ops.func = on_space },
	{ .parameter = &map_pages, .ops.func = on_map },
	{ .function = "__iommu_dma_unmap", .ops.func = on_unmap },
	{ .function = "free_iova_fast", .ops.func = on_free },
	{ .parameter = &flush_all, .ops.func = on_flush },
};

static ssize_t events_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	u64 n = min_t(u64, atomic64_read(&taken), events);

	return simple_read_from_buffer(to, size, pos, buffer, n * sizeof(*buffer));
}

static const struct file_operations events_ops = {
	.owner = THIS_MODULE,
	.read = events_read,
	.llseek = default_llseek,
};

static int names_show(struct seq_file *m, void *unused)
{
	u64 n = atomic64_read(&taken);
	unsigned int i;

	seq_printf(m, "events %llu dropped %llu\n", min_t(u64, n, events),
		   n > events ? n - events : 0);
	for (i = 0; i < READ_ONCE(devices.count); i++)
		seq_printf(m, "dev %u %s %s dma_mask %llx coherent_mask %llx\n", i,
			   device_names[i].name, device_names[i].driver, device_names[i].mask,
			   device_names[i].coherent_mask);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(names);

static void remove_hooks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].registered)
			unregister_ftrace_function(&hooks[i].ops);
}

static int add_hook(struct hook *hook)
{
	const char *name = hook->function ? hook->function : *hook->parameter;
	int ret;

	/* An empty filter would hook the whole kernel. */
	if (!*name)
		return hook->parameter == &flush_all ? 0 : -EINVAL;
	/* Nothing that a hook calls is hooked, so no hook can meet itself. */
	hook->ops.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_RECURSION;
	ret = ftrace_set_filter(&hook->ops, (unsigned char *)name, strlen(name), 1);
	if (!ret)
		ret = register_ftrace_function(&hook->ops);
	hook->registered = !ret;
	if (ret)
		pr_err("cannot hook %s: %d (inlined, or another IOMMU driver?)\n", name, ret);
	return ret;
}

static int __init dmarec_init(void)
{
	unsigned int i;
	int ret;

	if (!events || events > ULONG_MAX / sizeof(*buffer))
		return -EINVAL;
	buffer = vzalloc(events * sizeof(*buffer));
	if (!buffer)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		ret = add_hook(&hooks[i]);
		if (ret) {
			remove_hooks();
			vfree(buffer);
			return ret;
		}
	}
	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("events", 0400, dir, NULL, &events_ops);
	debugfs_create_file("names", 0400, dir, NULL, &names_fops);
	debugfs_create_bool("active", 0600, dir, &active);
	return 0;
}

static void __exit dmarec_exit(void)
{
	debugfs_remove(dir);
	remove_hooks();
	vfree(buffer);
}

module_init(dmarec_init);
module_exit(dmarec_exit);
MODULE_DESCRIPTION("Records DMA map and unmap calls for bench/replay");
MODULE_LICENSE("Dual MIT/GPL");
