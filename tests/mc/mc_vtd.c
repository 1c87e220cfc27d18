/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_vtd.c - models of libvtd's invalidation queue: group commit by several
 * CPUs, and by an interrupt over a poster, under a weak memory model.
 *
 * The hardware is as forgetful as it may be: a page-selective flush makes it
 * fetch that entry again at once, and what it fetches is any value the memory
 * model still allows it to see.  So a clear that is not ordered before the
 * tail write shows as a stale translation.
 */
#include "mc.h"
#include "vtd_int.h"

#define PAGES 4

static struct vtd_unit unit;
static struct vtd_desc ring[VTD_QUEUE_ENTRIES];
static uint8_t status_page[VTD_PAGE_BYTES] plat_aligned(8);
static uint64_t entry[PAGES];  /* page-table entries: 1 mapped, 0 cleared */
static uint64_t cached[PAGES]; /* what the unit holds of them */
static uint32_t tail, head;    /* of the unit: tail is the register */
static bool at_once;	       /* the unit executes inside the tail write */
static uint32_t unit_busy;
static uint64_t irq_fence;

static void refetch(unsigned i)
{
	plat_store_relaxed(&cached[i], plat_load_relaxed(&entry[i]));
}

static void execute(const struct vtd_desc *desc)
{
	/* relaxed: the tail was acquired */
	uint64_t lo = plat_load_relaxed(&desc->lo), hi = plat_load_relaxed(&desc->hi);
	unsigned i;

	if (VTD_DESC_TYPE(lo) == VTD_DESC_WAIT) {
		plat_store_release((uint32_t *)(uintptr_t)hi, (uint32_t)(lo >> 32));
	} else if ((lo & VTD_DESC_SELECTIVE) == VTD_DESC_SELECTIVE) {
		refetch((unsigned)(hi >> VTD_PAGE_LG2) % PAGES);
	} else {
		mc_assert(VTD_DESC_TYPE(lo) == VTD_DESC_IOTLB);
		for (i = 0; i < PAGES; i++)
			refetch(i);
	}
}

static void run_unit(void)
{
	uint32_t to = plat_load_acquire(&tail);

	while (head != to) {
		execute(&ring[head]);
		head = (head + 1) % VTD_QUEUE_ENTRIES;
	}
}

/* FSTS, which a poller reads: a slow unit works just then.  There are no errors. */
static uint32_t reg_read32(void *ctx, uint32_t off)
{
	(void)ctx, (void)off;
	if (!at_once && plat_cas_full(&unit_busy, 0, 1)) {
		run_unit();
		plat_store_release(&unit_busy, 0);
	}
	return 0;
}

static uint64_t reg_read64(void *ctx, uint32_t off)
{
	(void)ctx, (void)off;
	return 0;
}

static void reg_write32(void *ctx, uint32_t off, uint32_t value)
{
	(void)ctx;
	mc_assert(off == VTD_IQT);
	/* Only after everything this CPU stored before; nothing else is promised. */
	plat_store_release(&tail, value >> VTD_QUEUE_INDEX_SHIFT);
	if (at_once)
		run_unit();
}

static void reg_write64(void *ctx, uint32_t off, uint64_t value)
{
	(void)ctx, (void)off, (void)value;
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct vtd_hw_ops hw = {
	.read32 = reg_read32,
	.read64 = reg_read64,
	.write32 = reg_write32,
	.write64 = reg_write64,
	.now_ns = now,
};

static void init_slow(void)
{
	unsigned i;

	unit.hw = &hw;
	unit.caps.coherent = true;
	unit.caps.range_inval = true;
	unit.caps.iova_last = (1ull << 39) - 1;
	unit.caps.domain_ids = 16;
	unit.queue.ring = ring;
	unit.queue.status = status_page;
	unit.queue.open = 1;
	for (i = 0; i < PAGES; i++)
		entry[i] = cached[i] = 1;
	mc_quiet(&unit.queue.more, sizeof(unit.queue.more));
	mc_quiet(&unit.queue.collapsed, sizeof(unit.queue.collapsed));
}

static void init_fast(void)
{
	init_slow();
	at_once = true;
}

static uint64_t clear_and_submit(unsigned i)
{
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_RANGE,
				     .domain = 1,
				     .leaf_only = true,
				     .first = i * VTD_PAGE_BYTES,
				     .last = i * VTD_PAGE_BYTES + VTD_PAGE_BYTES - 1 };
	uint64_t fence = 0;

	plat_store_relaxed(&entry[i], 0);
	mc_assert(vtd_inval_submit(&unit, &cmd, 1, &fence) == 0);
	return fence;
}

static void wait_and_check(unsigned i, uint64_t fence)
{
	int ret;

	while (!(ret = vtd_inval_poll(&unit, fence)))
		plat_relax();
	mc_assert(ret == 1);
	/* What unmap promises: the page may be given to somebody else now. */
	mc_assert(plat_load_relaxed(&cached[i]) == 0);
}

static void unmap0(void)
{
	wait_and_check(0, clear_and_submit(0));
}

static void unmap1(void)
{
	wait_and_check(1, clear_and_submit(1));
}

static void unmap2(void)
{
	wait_and_check(2, clear_and_submit(2));
}

/* Three pages without waiting in between: the third goes through a slot if the unit is slow. */
static void unmap_three(void)
{
	uint64_t fence[3];
	unsigned i;

	for (i = 0; i < 3; i++)
		fence[i] = clear_and_submit(i);
	for (i = 0; i < 3; i++)
		wait_and_check(i, fence[i]);
}

static void unmap3(void)
{
	wait_and_check(3, clear_and_submit(3));
}

/* An interrupt handler that does not wait. */
static void interrupt(void)
{
	irq_fence = clear_and_submit(3);
	mc_assert(vtd_inval_poll(&unit, irq_fence) >= 0);
}

static void fini(void)
{
	at_once = true;
	run_unit();
	if (irq_fence)
		wait_and_check(3, irq_fence);
	mc_assert(unit.queue.token == 0);
	mc_assert(!(unit.queue.claimed & unit.queue.ready));
}

static const struct mc_model models[] = {
	{ .name = "two",
	  .init = init_fast,
	  .fini = fini,
	  .thread = { { unmap0, 0, 0 }, { unmap1, 1, 0 } },
	  .quick = { .preempt = 2, .stale = 1 },
	  .full = { .preempt = 3, .stale = 2 } },
	{ .name = "three",
	  .init = init_fast,
	  .fini = fini,
	  .thread = { { unmap0, 0, 0 }, { unmap1, 1, 0 }, { unmap2, 2, 0 } },
	  .quick = { .preempt = 1, .stale = 1 },
	  .full = { .preempt = 2, .stale = 1 } },
	{ .name = "interrupt",
	  .init = init_fast,
	  .fini = fini,
	  .thread = { { unmap0, 0, 0 }, { interrupt, 0, MC_IRQ }, { unmap1, 1, 0 } },
	  .quick = { .preempt = 2, .stale = 0 },
	  .full = { .preempt = 2, .stale = 1 } },
	{ .name = "slow-unit",
	  .init = init_slow,
	  .fini = fini,
	  .thread = { { unmap_three, 0, 0 }, { unmap3, 1, 0 } },
	  .quick = { .preempt = 1, .stale = 1 },
	  .full = { .preempt = 2, .stale = 1 } },
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}
