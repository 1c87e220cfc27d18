// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * plat_kernel.c - the out-of-line part of plat.h for the kernel: the fence over
 * CPUs, and memory that is counted, so that unloading can tell what was left.
 */
#include "plat.h"
#include "plat_kernel.h"

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/topology.h>

/*
 * CPUs that execute nothing: the hotplug state machine says so from another
 * CPU, after the dying one has stopped and before a new one is woken.  Between
 * cpu_online_mask and this mask lies a time in which a CPU takes no interrupts
 * and may still run code.
 */
static struct cpumask dead_cpus;
static int hotplug_state;

static int cpu_prepare(unsigned int cpu)
{
	cpumask_clear_cpu(cpu, &dead_cpus);
	smp_mb__after_atomic(); /* PLATK-D1: before all that the CPU does; pairs with PLATK-F1 */
	return 0;
}

static int cpu_dead(unsigned int cpu)
{
	smp_mb__before_atomic(); /* PLATK-D2: after all that the CPU did; pairs with PLATK-F1 */
	cpumask_set_cpu(cpu, &dead_cpus);
	return 0;
}

/* The interrupt itself is the point: the CPU is between two of its steps. */
static void between_steps(void *unused)
{
}

static int fence_cpu(unsigned int cpu)
{
	if (!smp_call_function_single((int)cpu, between_steps, NULL, 1))
		return 0;
	smp_mb(); /* PLATK-F1: after what the caller stored; pairs with PLATK-D1 */
	if (!cpumask_test_cpu((int)cpu, &dead_cpus))
		return -EAGAIN;
	smp_mb(); /* PLATK-F1: before what the caller loads; pairs with PLATK-D2 */
	return 0;
}

/*
 * preemptible() is the strongest question the kernel answers: interrupts are on,
 * this is a task, and it holds no spinlock, without which two CPUs could wait
 * for each other (one for the lock with interrupts off, one for its interrupt).
 * A kernel built without CONFIG_PREEMPT_COUNT cannot answer and says no.
 *
 * An RCU reader may wait for an interrupt of another CPU: no CPU waits for readers with
 * interrupts off.  But unless CONFIG_PREEMPT_RCU, being one counts like a spinlock: then a
 * count of one is the section that the caller is in for sure, and there is nothing else.
 */
static bool may_wait(bool reading)
{
	if (reading && IS_ENABLED(CONFIG_PREEMPT_COUNT) && !IS_ENABLED(CONFIG_PREEMPT_RCU))
		return preempt_count() == PREEMPT_OFFSET && !irqs_disabled();
	return preemptible();
}

static int fence_cpus(unsigned int cpu, bool reading)
{
	int err = 0;

	if (!may_wait(reading))
		return -EAGAIN;
	smp_mb(); /* PLATK-F2: what the caller stored is seen by steps after the interrupt */
	if (cpu != PLAT_CPU_NONE)
		return cpu < nr_cpu_ids ? fence_cpu(cpu) : 0;
	for_each_possible_cpu(cpu)
		err = fence_cpu(cpu) ?: err;
	return err;
}

int plat_fence_cpus(unsigned int cpu)
{
	return fence_cpus(cpu, false);
}
EXPORT_SYMBOL_NS_GPL(plat_fence_cpus, LIBIOVA);

int plat_kernel_fence_reading(unsigned int cpu)
{
	return fence_cpus(cpu, true);
}
EXPORT_SYMBOL_NS_GPL(plat_kernel_fence_reading, LIBIOVA);

static atomic64_t live_bytes;

/* kmalloc() aligns powers of two to themselves. */
static size_t whole(size_t size, size_t align)
{
	return align > ARCH_KMALLOC_MINALIGN ? roundup_pow_of_two(max(size, align)) : size;
}

/* @cpu may be any number: one that is not possible is near no node. */
static void *kernel_alloc_near(void *ctx, size_t size, size_t align, unsigned int cpu)
{
	int node = cpu < nr_cpu_ids && cpu_possible(cpu) ? cpu_to_node((int)cpu) : NUMA_NO_NODE;
	void *p;

	/* Its memory allocator takes sleeping locks. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		return NULL;
	p = kmalloc_node(whole(size, align), GFP_ATOMIC | __GFP_ZERO | __GFP_NOWARN, node);
	if (p)
		atomic64_add((s64)size, &live_bytes); /* relaxed: a count */
	return p;
}

static void *kernel_alloc(void *ctx, size_t size, size_t align)
{
	return kernel_alloc_near(ctx, size, align, PLAT_CPU_NONE);
}

static void kernel_free(void *ctx, void *ptr, size_t size, size_t align)
{
	kfree(ptr);
	atomic64_sub((s64)size, &live_bytes); /* relaxed: a count */
}

const struct plat_mem_ops plat_mem_default = {
	.alloc = kernel_alloc,
	.free = kernel_free,
	.alloc_near = kernel_alloc_near,
};
EXPORT_SYMBOL_NS_GPL(plat_mem_default, LIBIOVA);

s64 plat_kernel_live_bytes(void)
{
	return atomic64_read(&live_bytes);
}

int plat_kernel_init(void)
{
	int err;

	/* Those that are on say so at once; the rest may never have been. */
	cpumask_copy(&dead_cpus, cpu_possible_mask);
	err = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "iova:core", cpu_prepare, cpu_dead);

	if (err < 0)
		return err;
	hotplug_state = err;
	return 0;
}

void plat_kernel_exit(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}
