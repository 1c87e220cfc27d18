/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * gcmd.c - the global command register.
 *
 * One bit changes per write and the next write waits until GSTS shows it: the
 * register has no queue.  GCMD cannot be read back, so the sticky bits are
 * kept here and every write repeats them.  A token serialises the writers; it
 * is held with interrupts away, so its holder is always running.
 */
#include "vtd_int.h"

static int gcmd_lock(struct vtd_unit *u, uintptr_t *flags)
{
	uint64_t end = vtd_now(u) + u->config.timeout_ns;

	for (;;) {
		*flags = vtd_irq_save(u);
		/* VTD-G1 (full): takes the register; pairs with VTD-G2 */
		if (plat_cas_full(&u->gcmd_token, 0, 1))
			return 0;
		vtd_irq_restore(u, *flags);
		if (vtd_now(u) > end)
			return -ETIMEDOUT;
		vtd_relax(u);
	}
}

static void gcmd_unlock(struct vtd_unit *u, uintptr_t flags)
{
	/* VTD-G2 (release): u->gcmd and the register, for the next VTD-G1 */
	plat_store_release(&u->gcmd_token, 0);
	vtd_irq_restore(u, flags);
}

static int gsts_wait(struct vtd_unit *u, uint32_t bit, bool on)
{
	uint64_t end = vtd_now(u) + u->config.timeout_ns;

	while (!!(vtd_read32(u, VTD_GSTS) & bit) != on) {
		if (vtd_now(u) > end)
			return -ETIMEDOUT;
		vtd_relax(u);
	}
	return 0;
}

/* Sets or clears a sticky bit; on a time-out the unit is told to go back. */
int vtd_gcmd_set(struct vtd_unit *u, uint32_t bit, bool on)
{
	uint32_t old, new_bits;
	uintptr_t flags;
	int ret = gcmd_lock(u, &flags);

	if (ret)
		return ret;
	old = u->gcmd;
	new_bits = on ? old | bit : old & ~bit;
	if (new_bits != old) {
		vtd_write32(u, VTD_GCMD, new_bits);
		ret = gsts_wait(u, bit, on);
		if (!ret) {
			u->gcmd = new_bits;
		} else {
			vtd_log(u, "the unit does not follow a global command, bit", bit);
			vtd_write32(u, VTD_GCMD, old);
			if (gsts_wait(u, bit, !on))
				vtd_log(u, "nor does it go back, bit", bit);
		}
	}
	gcmd_unlock(u, flags);
	return ret;
}

/* SRTP reports completion by a set status bit, WBF by a clear one. */
int vtd_gcmd_once(struct vtd_unit *u, uint32_t bit)
{
	uintptr_t flags;
	int ret = gcmd_lock(u, &flags);

	if (ret)
		return ret;
	vtd_write32(u, VTD_GCMD, u->gcmd | bit);
	ret = gsts_wait(u, bit, bit == VTD_GCMD_SRTP);
	gcmd_unlock(u, flags);
	if (ret)
		vtd_log(u, "the unit does not follow a global command, bit", bit);
	return ret;
}
