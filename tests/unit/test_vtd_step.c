/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_vtd_step.c - at every step of every call, something else happens.
 *
 * libvtd is compiled here with a plat_impl.h that stops after each atomic
 * operation (tests/model/step).  There a test plays an interrupt handler, a
 * second CPU, or the device.  Each scenario runs once for every step it has,
 * with the disturbance at that step, until it ends before its turn.
 */
#include "vtd_int.h"
#include "vtd_rig.h"

#define FIRST 0x200000ull

static struct rig rig;
static unsigned steps_left; /* the disturbance comes when this falls to 0 */
static bool interrupts_off, inside;
static void (*disturb)(void);

static struct {
	uint64_t fence;
	int ret;
	bool came;
} nested;

static void step(void)
{
	if (inside || interrupts_off || !steps_left || --steps_left)
		return;
	inside = true;
	nested.came = true;
	disturb();
	inside = false;
}

static uintptr_t irq_save(void *ctx)
{
	uintptr_t old = interrupts_off;

	(void)ctx;
	interrupts_off = true;
	return old;
}

static void irq_restore(void *ctx, uintptr_t flags)
{
	(void)ctx;
	interrupts_off = flags;
}

static void rig_start(const struct vtd_model_config *config, bool with_irq)
{
	static struct vtd_hw_ops ops;
	struct vtd_unit_config unit;

	vtd_step = step;
	steps_left = 0;
	interrupts_off = inside = false;
	memset(&nested, 0, sizeof(nested));
	ops = vtd_model_ops;
	if (with_irq) {
		ops.irq_save = irq_save;
		ops.irq_restore = irq_restore;
	}
	rig_model(&rig, config);
	vtd_model_unit_config(rig.m, &unit);
	unit.hw = &ops;
	cr_assert_eq(vtd_unit_create(&rig.u, &unit), 0);
	cr_assert_eq(vtd_unit_enable(rig.u), 0);
	rig.levels = 4;
	rig.pt = rig_table(&rig, 4);
	rig.id = vtd_domain_id_alloc(rig.u);
}

static struct vtd_inval_cmd page_cmd(unsigned page)
{
	return (struct vtd_inval_cmd){ .kind = VTD_INVAL_RANGE,
				       .domain = (uint16_t)rig.id,
				       .leaf_only = true,
				       .first = FIRST + page * PAGE,
				       .last = FIRST + page * PAGE + PAGE - 1 };
}

static void clear_page(unsigned page)
{
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	cr_assert_eq(pgtbl_unmap(rig.pt, FIRST + page * PAGE, PAGE, &gather), PAGE);
	pgtbl_gather_release(rig.pt, &gather);
}

/* Pages 0 to 7 mapped and cached; 0 and 1 are then cleared but not flushed. */
static void prepare_pages(void)
{
	unsigned i;

	cr_assert_eq(rig_attach(&rig, SID), 0);
	rig_map(&rig, FIRST, 0x80001000, 8 * PAGE, PGTBL_READ);
	for (i = 0; i < 8; i++)
		cr_assert_eq(rig_dma(&rig, SID, FIRST + i * PAGE, READ), 0);
	clear_page(0);
	clear_page(1);
}

/* What an interrupt handler does that unmaps without waiting. */
static void interrupt_submits(void)
{
	struct vtd_inval_cmd cmd = page_cmd(1);

	nested.ret = vtd_inval_submit(rig.u, &cmd, 1, &nested.fence);
	if (!nested.ret && vtd_inval_poll(rig.u, nested.fence) < 0)
		nested.ret = -EIO;
}

static void interrupt_unmaps(void)
{
	struct vtd_inval_cmd cmd = page_cmd(1);

	nested.ret = vtd_inval_submit(rig.u, &cmd, 1, &nested.fence);
	if (!nested.ret)
		nested.ret = vtd_inval_wait(rig.u, nested.fence);
	/* Completed means blocked, now. */
	if (!nested.ret)
		cr_assert_eq(rig_dma(&rig, SID, FIRST + PAGE, READ), 0x6);
}

/* Runs submit + wait with the disturbance at step @k.  False: the scenario has fewer steps. */
static bool unmap_disturbed(const struct vtd_model_config *config, bool with_irq, unsigned busy,
			    unsigned k)
{
	struct vtd_inval_cmd cmd, other;
	bool came, held = busy;
	uint64_t fence;

	rig_start(config, with_irq);
	prepare_pages();
	cmd = page_cmd(0);
	other = page_cmd(7);
	/* @busy: batches in flight already, so that the submission goes through a slot. */
	vtd_model_hold(rig.m, held);
	while (busy--)
		cr_assert_eq(vtd_inval_submit(rig.u, &other, 1, &fence), 0);
	/* A handler that waits needs a unit that runs: then only the wait is disturbed. */
	steps_left = held && with_irq ? 0 : k;
	cr_assert_eq(vtd_inval_submit(rig.u, &cmd, 1, &fence), 0);
	vtd_model_hold(rig.m, false);
	if (held && with_irq)
		steps_left = k;
	cr_assert_eq(vtd_inval_wait(rig.u, fence), 0);
	steps_left = 0;
	came = nested.came;
	cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0x6, "stale after step %u", k);
	if (came && nested.ret != -ETIMEDOUT) {
		cr_assert_eq(nested.ret, 0, "step %u: %d", k, nested.ret);
		cr_assert_eq(vtd_inval_wait(rig.u, nested.fence), 0);
		cr_assert_eq(rig_dma(&rig, SID, FIRST + PAGE, READ), 0x6, "stale, step %u", k);
	}
	rig_down(&rig);
	return came;
}

static const struct vtd_model_config plain = { .mamv = 18 };
static const struct vtd_model_config slow = { .mamv = 18, .queue_delay = 3, .reorder = true };

Test(vtd_step, interrupt_submits_at_every_step)
{
	unsigned k, busy, total = 0;

	disturb = interrupt_submits;
	for (busy = 0; busy <= 3; busy++) {
		for (k = 1; unmap_disturbed(&plain, false, busy, k); k++)
			total++;
		for (k = 1; unmap_disturbed(&slow, false, busy, k); k++)
			total++;
	}
	cr_expect_gt(total, 100, "%u", total);
}

/* Interrupts kept away from posters: a handler may wait, and always succeeds. */
Test(vtd_step, interrupt_unmaps_at_every_step)
{
	unsigned k, busy, total = 0;

	disturb = interrupt_unmaps;
	for (busy = 0; busy <= 3; busy++) {
		for (k = 1; unmap_disturbed(&slow, true, busy, k); k++, total++)
			cr_assert_eq(nested.ret, 0, "step %u: %d", k, nested.ret);
	}
	cr_expect_gt(total, 20, "%u", total);
}

/* Not kept away: the handler may find the token taken for ever, but never hangs. */
Test(vtd_step, interrupt_without_protection_times_out)
{
	unsigned k, timeouts = 0;

	disturb = interrupt_unmaps;
	for (k = 1; unmap_disturbed(&slow, false, 0, k); k++) {
		cr_assert(!nested.ret || nested.ret == -ETIMEDOUT, "step %u: %d", k, nested.ret);
		timeouts += nested.ret == -ETIMEDOUT;
	}
	cr_expect_gt(timeouts, 0);
}

/*
 * Another CPU posts and completes batches while this one publishes through a
 * slot.  A fence read before the commands were visible would be done already.
 */
static void other_cpu_posts(void)
{
	struct vtd_inval_cmd cmd = page_cmd(6);
	unsigned i;

	vtd_model_hold(rig.m, false);
	for (i = 0; i < 3; i++) {
		cr_assert_eq(vtd_inval_submit(rig.u, &cmd, 1, &nested.fence), 0);
		vtd_inval_poll(rig.u, nested.fence);
	}
	vtd_model_hold(rig.m, true);
}

Test(vtd_step, other_cpu_posts_at_every_step)
{
	unsigned k, total = 0;

	disturb = other_cpu_posts;
	for (k = 1;; k++, total++) {
		struct vtd_inval_cmd cmd, other;
		uint64_t fence;
		unsigned i;
		bool came;

		rig_start(&plain, false);
		prepare_pages();
		cmd = page_cmd(0);
		other = page_cmd(7);
		/* A first round leaves a valid command in the slot that is used next. */
		vtd_model_hold(rig.m, true);
		for (i = 0; i < 3; i++)
			cr_assert_eq(vtd_inval_submit(rig.u, &other, 1, &fence), 0);
		vtd_model_hold(rig.m, false);
		cr_assert_eq(vtd_inval_wait(rig.u, fence), 0);
		vtd_model_hold(rig.m, true);
		for (i = 0; i < 2; i++)
			cr_assert_eq(vtd_inval_submit(rig.u, &other, 1, &fence), 0);
		steps_left = k;
		cr_assert_eq(vtd_inval_submit(rig.u, &cmd, 1, &fence), 0);
		steps_left = 0;
		came = nested.came;
		/* The unit stands still again: what is complete now, was so before. */
		if (vtd_inval_poll(rig.u, fence))
			cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0x6, "stale, step %u", k);
		vtd_model_hold(rig.m, false);
		cr_assert_eq(vtd_inval_wait(rig.u, fence), 0);
		cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0x6, "stale after step %u", k);
		rig_down(&rig);
		if (!came)
			break;
	}
	cr_expect_gt(total, 5, "%u", total);
}

/* Another CPU fills the queue of a unit that stands still. */
static void other_cpu_fills(void)
{
	struct vtd_inval_cmd cmd = page_cmd(6);
	unsigned i;

	for (i = 0; i < VTD_IN_FLIGHT; i++)
		cr_assert_eq(vtd_inval_submit(rig.u, &cmd, 1, &nested.fence), 0);
}

/* Never are more batches in flight than the ring is sure to have room for. */
Test(vtd_step, other_cpu_fills_the_queue_at_every_step)
{
	bool came = true;
	unsigned k;

	disturb = other_cpu_fills;
	for (k = 1; came; k++) {
		struct vtd_inval_cmd cmd;
		uint64_t fence, before;

		rig_start(&plain, false);
		prepare_pages();
		cmd = page_cmd(0);
		vtd_model_hold(rig.m, true);
		before = rig.u->queue.open;
		steps_left = k;
		cr_assert_eq(vtd_inval_submit(rig.u, &cmd, 1, &fence), 0);
		steps_left = 0;
		came = nested.came;
		cr_assert_leq(rig.u->queue.open - before, VTD_IN_FLIGHT, "step %u", k);
		vtd_model_hold(rig.m, false);
		cr_assert_eq(vtd_inval_wait(rig.u, fence), 0);
		cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0x6, "stale after step %u", k);
		rig_down(&rig);
	}
	cr_expect_gt(k, 5);
}

/* The device tries at every step of an attach: blocked or served, nothing else. */
static void device_reads(void)
{
	nested.ret = rig_dma(&rig, SID, FIRST, READ);
	cr_assert(nested.ret == 0 || nested.ret == 0x1 || nested.ret == 0x2, "%#x", nested.ret);
}

Test(vtd_step, device_reads_at_every_step)
{
	static const struct vtd_model_config kinds[] = {
		{ .mamv = 18 },
		{ .mamv = 18, .not_coherent = true },
		{ .mamv = 18, .caching_mode = true, .reorder = true },
		{ .mamv = 18, .not_coherent = true, .caching_mode = true },
	};
	unsigned i, k, total = 0;
	bool came;

	disturb = device_reads;
	for (i = 0; i < 4; i++) {
		for (k = 1, came = true; came; k++, total++) {
			rig_start(&kinds[i], false);
			rig_map(&rig, FIRST, 0x80001000, PAGE, PGTBL_READ);
			steps_left = k;
			cr_assert_eq(rig_attach(&rig, SID), 0);
			cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0, "kind %u step %u", i, k);
			cr_assert_eq(vtd_detach(rig.u, SID), 0);
			came = nested.came;
			cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0x2, "kind %u step %u", i, k);
			cr_assert_eq(vtd_model_cached(rig.m, (uint16_t)rig.id), 0);
			rig_down(&rig);
		}
	}
	cr_expect_gt(total, 40, "%u", total);
}

/* A second CPU attaches the same source id: one of the two gets it. */
static void other_cpu_attaches(void)
{
	nested.ret = rig_attach(&rig, SID);
}

Test(vtd_step, one_of_two_attaches_wins)
{
	unsigned k;
	bool came;

	disturb = other_cpu_attaches;
	for (k = 1, came = true; came; k++) {
		int ret;

		rig_start(&plain, false);
		steps_left = k;
		ret = rig_attach(&rig, SID);
		steps_left = 0;
		came = nested.came;
		cr_assert((ret == 0 && (!came || nested.ret == -EBUSY)) ||
				  (ret == -EBUSY && came && nested.ret == 0),
			  "step %u: %d %d", k, ret, nested.ret);
		cr_assert_eq(vtd_detach(rig.u, SID), 0);
		cr_assert_eq(vtd_detach(rig.u, SID), -ENOENT);
		rig_down(&rig); /* and no context table was lost */
	}
	cr_expect_gt(k, 5);
}

static void other_cpu_detaches(void)
{
	nested.ret = vtd_detach(rig.u, SID);
	if (!nested.ret)
		nested.fence = rig_attach(&rig, SID) ? 0 : 1;
}

Test(vtd_step, one_of_two_detaches_wins)
{
	unsigned k;
	bool came;

	disturb = other_cpu_detaches;
	for (k = 1, came = true; came; k++) {
		int ret;

		rig_start(&plain, true);
		cr_assert_eq(rig_attach(&rig, SID), 0);
		steps_left = k;
		ret = vtd_detach(rig.u, SID);
		steps_left = 0;
		came = nested.came;
		/* The other may detach and attach before this one looks: then both succeed. */
		cr_assert(!ret || (ret == -ENOENT && came && !nested.ret), "step %u: %d", k, ret);
		if (came && !nested.ret && ret)
			cr_assert_eq(vtd_detach(rig.u, SID), 0);
		vtd_detach(rig.u, SID);
		cr_assert_eq(rig_dma(&rig, SID, 0, READ), 0x2);
		cr_assert_eq(rig_attach(&rig, SID), 0);
		rig_down(&rig);
	}
	cr_expect_gt(k, 5);
}

/* An attach during a detach: refused until the old context is forgotten, whole afterwards. */
Test(vtd_step, attach_at_every_step_of_a_detach)
{
	unsigned k, attached = 0;
	bool came;

	disturb = other_cpu_attaches;
	for (k = 1, came = true; came; k++) {
		rig_start(&slow, true);
		rig_map(&rig, FIRST, 0x80001000, PAGE, PGTBL_READ);
		cr_assert_eq(rig_attach(&rig, SID), 0);
		cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0);
		steps_left = k;
		cr_assert_eq(vtd_detach(rig.u, SID), 0);
		steps_left = 0;
		came = nested.came;
		if (came && !nested.ret) {
			attached++;
			cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0, "step %u", k);
			cr_assert_eq(vtd_detach(rig.u, SID), 0);
		}
		cr_assert_eq(rig_dma(&rig, SID, FIRST, READ), 0x2, "step %u", k);
		rig_down(&rig);
	}
	cr_expect_gt(attached, 0);
	cr_expect_gt(k, 10);
}

/* An id allocated at any step of its free was forgotten by the unit before. */
static void other_cpu_allocates(void)
{
	nested.ret = vtd_domain_id_alloc(rig.u);
	cr_assert_gt(nested.ret, 0);
	if (nested.ret == rig.id)
		cr_assert_eq(vtd_model_cached(rig.m, (uint16_t)rig.id), 0);
}

Test(vtd_step, id_reuse_at_every_step)
{
	unsigned k, reused = 0;
	bool came;

	disturb = other_cpu_allocates;
	for (k = 1, came = true; came; k++) {
		rig_start(&slow, false);
		prepare_pages();
		steps_left = k;
		cr_assert_eq(vtd_domain_id_free(rig.u, (unsigned)rig.id), 0);
		steps_left = 0;
		came = nested.came;
		reused += came && nested.ret == rig.id;
		cr_assert(!came || nested.ret != rig.id || vtd_domain_id_alloc(rig.u) != rig.id);
		rig_down(&rig);
	}
	cr_expect_gt(reused, 0);
	cr_expect_gt(k, 10);
}
