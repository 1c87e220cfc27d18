/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_litmus.c - the checker checks itself: small programs with a known answer.
 * Each comes with the order that it needs, which must pass, and without, which
 * must be found.
 */
#include "mc.h"

static uint32_t x, y, z, data;
static uint32_t r[4];

static void nothing(void)
{
}

/* Message passing. */
static void mp_write_release(void)
{
	data = 1;
	plat_store_release(&x, 1);
}
static void mp_write_relaxed(void)
{
	data = 1;
	plat_store_relaxed(&x, 1);
}
static void mp_write_fence(void)
{
	data = 1;
	plat_mb();
	plat_store_relaxed(&x, 1);
}
static void mp_write_rmw(void)
{
	data = 1;
	plat_fetch_or_full(&x, 1);
}
static void mp_read_acquire(void)
{
	if (plat_load_acquire(&x))
		mc_assert(data == 1);
}
static void mp_read_relaxed(void)
{
	if (plat_load_relaxed(&x))
		mc_assert(data == 1);
}
static void mp_read_fence(void)
{
	if (plat_load_relaxed(&x)) {
		plat_mb();
		mc_assert(data == 1);
	}
}
/* A failed compare-and-swap orders nothing... */
static void mp_read_failed_cas(void)
{
	if (!plat_cas_full(&x, 0, 2))
		mc_assert(data == 1);
}
/* ...and with another one after it the payload is atomic: no race, but a stale value. */
static void mpa_write_release(void)
{
	plat_store_relaxed(&y, 1);
	plat_store_release(&x, 1);
}
static void mpa_write_relaxed(void)
{
	plat_store_relaxed(&y, 1);
	plat_store_relaxed(&x, 1);
}
static void mpa_read_acquire(void)
{
	if (plat_load_acquire(&x))
		mc_assert(plat_load_relaxed(&y) == 1);
}
static void mpa_read_relaxed(void)
{
	if (plat_load_relaxed(&x))
		mc_assert(plat_load_relaxed(&y) == 1);
}
/* A release sequence goes through a relaxed read-modify-write of a third thread. */
static void rs_add(void)
{
	plat_fetch_add_relaxed(&x, 1);
}
static void rs_read(void)
{
	if (plat_load_acquire(&x) == 2)
		mc_assert(data == 1);
}
static void rs_store(void)
{
	if (plat_load_relaxed(&x) == 1)
		plat_store_relaxed(&x, 2);
}

/* Store buffering. */
#define SB(name, first, second)                      \
	static void name##0(void)                    \
	{                                            \
		first(&x);                           \
		second(0, &y);                       \
	}                                            \
	static void name##1(void)                    \
	{                                            \
		first(&y);                           \
		second(1, &x);                       \
	}
#define SB_STORE(p) plat_store_release(p, 1)
#define SB_STORE_MB(p) (plat_store_relaxed(p, 1), plat_mb())
#define SB_XCHG(p) plat_xchg_full(p, 1)
#define SB_LOAD(i, p) (r[i] = plat_load_acquire(p))
SB(sb_weak, SB_STORE, SB_LOAD)
SB(sb_mb, SB_STORE_MB, SB_LOAD)
SB(sb_xchg, SB_XCHG, SB_LOAD)
static void sb_check(void)
{
	mc_assert(r[0] || r[1]);
}

/* Independent reads of independent writes. */
static void iriw_x(void)
{
	plat_store_release(&x, 1);
}
static void iriw_y(void)
{
	plat_store_release(&y, 1);
}
static void iriw_r0(void)
{
	r[0] = plat_load_acquire(&x);
	r[1] = plat_load_acquire(&y);
}
static void iriw_r1(void)
{
	r[2] = plat_load_acquire(&y);
	r[3] = plat_load_acquire(&x);
}
static void iriw_r0_mb(void)
{
	r[0] = plat_load_acquire(&x);
	plat_mb();
	r[1] = plat_load_acquire(&y);
}
static void iriw_r1_mb(void)
{
	r[2] = plat_load_acquire(&y);
	plat_mb();
	r[3] = plat_load_acquire(&x);
}
static void iriw_check(void)
{
	mc_assert(!(r[0] && !r[1] && r[2] && !r[3]));
}

/* Coherence: two reads of one word never go backwards. */
static void corr_write(void)
{
	plat_store_relaxed(&x, 1);
	plat_store_relaxed(&x, 2);
}
static void corr_read(void)
{
	uint32_t a = plat_load_relaxed(&x), b = plat_load_relaxed(&x);

	mc_assert(a <= b);
}
static void corr_stale(void)
{
	uint32_t a = plat_load_relaxed(&x);

	mc_assert(a != 1 || plat_load_relaxed(&x) != 1);
}

/* Write-to-read causality through a second thread. */
static void wrc_mid(void)
{
	if (plat_load_acquire(&x))
		plat_store_release(&y, 1);
}
static void wrc_end(void)
{
	if (plat_load_acquire(&y))
		mc_assert(plat_load_relaxed(&x));
}
static void wrc_mid_relaxed(void)
{
	if (plat_load_relaxed(&x))
		plat_store_relaxed(&y, 1);
}

/* A plain store over another CPU's compare-and-swap. */
static void lost_store(void)
{
	uint32_t v = plat_load_relaxed(&x);

	plat_store_relaxed(&x, v + 1);
}
static void lost_cas(void)
{
	uint32_t v;

	do
		v = plat_load_relaxed(&x);
	while (!plat_cas_full(&x, v, v + 16));
}
static void lost_check(void)
{
	mc_assert(x == 17);
}
static void add_1(void)
{
	plat_fetch_add_relaxed(&x, 1);
}

/* Races of plain accesses. */
static void race_write(void)
{
	data++;
}
static uint8_t bytes[8];
static void byte_0(void)
{
	bytes[0] = 1;
}
static void byte_1(void)
{
	bytes[1] = 1;
}

/* Waiting. */
static void spin_wait(void)
{
	while (!plat_load_acquire(&x))
		plat_relax();
	mc_assert(data == 1);
}

/* A third thread's sign of life must not cost anything: nothing here is shared. */
static void alone(void)
{
	for (int i = 0; i < 20; i++)
		plat_fetch_add_full(&z, 1);
}
static void alone_check(void)
{
	mc_assert(z == 20);
}

#define T(fn, cpu) { fn, cpu, 0 }
#define TWO(a, b) { T(a, 0), T(b, 1) }
#define DEEP { 4, 4, 0, 0, 0 }
#define LITMUS(name_, threads, check, bad) \
	{ .name = name_, .init = nothing, .thread = threads, .fini = check, \
	  .quick = DEEP, .full = DEEP, .expect = bad }
#define ARGS(...) __VA_ARGS__

static const struct mc_model models[] = {
	LITMUS("mp", ARGS(TWO(mp_write_release, mp_read_acquire)), nothing, NULL),
	LITMUS("mp-no-release", ARGS(TWO(mp_write_relaxed, mp_read_acquire)), nothing, "data race"),
	LITMUS("mp-no-acquire", ARGS(TWO(mp_write_release, mp_read_relaxed)), nothing, "data race"),
	LITMUS("mp-fences", ARGS(TWO(mp_write_fence, mp_read_fence)), nothing, NULL),
	LITMUS("mp-rmw", ARGS(TWO(mp_write_rmw, mp_read_acquire)), nothing, NULL),
	LITMUS("mp-failed-cas", ARGS(TWO(mp_write_release, mp_read_failed_cas)), nothing,
	       "data race"),
	LITMUS("mp-atomic", ARGS(TWO(mpa_write_release, mpa_read_acquire)), nothing, NULL),
	LITMUS("mp-atomic-no-release", ARGS(TWO(mpa_write_relaxed, mpa_read_acquire)), nothing,
	       "does not hold"),
	LITMUS("mp-atomic-no-acquire", ARGS(TWO(mpa_write_release, mpa_read_relaxed)), nothing,
	       "does not hold"),
	LITMUS("release-sequence",
	       ARGS({ T(mp_write_release, 0), T(rs_add, 1), T(rs_read, 2) }), nothing, NULL),
	LITMUS("release-sequence-broken",
	       ARGS({ T(mp_write_release, 0), T(rs_store, 1), T(rs_read, 2) }), nothing,
	       "data race"),
	LITMUS("sb", ARGS(TWO(sb_weak0, sb_weak1)), sb_check, "does not hold"),
	LITMUS("sb-one-mb", ARGS(TWO(sb_weak0, sb_mb1)), sb_check, "does not hold"),
	LITMUS("sb-mb", ARGS(TWO(sb_mb0, sb_mb1)), sb_check, NULL),
	LITMUS("sb-xchg", ARGS(TWO(sb_xchg0, sb_xchg1)), sb_check, NULL),
	LITMUS("sb-xchg-mb", ARGS(TWO(sb_xchg0, sb_mb1)), sb_check, NULL),
	{ .name = "sb-xchg-c11", .init = nothing, .thread = TWO(sb_xchg0, sb_xchg1),
	  .fini = sb_check, .quick = DEEP, .full = DEEP, .flags = MC_C11_FULL,
	  .expect = "does not hold" },
	LITMUS("iriw", ARGS({ T(iriw_x, 0), T(iriw_y, 1), T(iriw_r0, 2), T(iriw_r1, 3) }),
	       iriw_check, "does not hold"),
	LITMUS("iriw-mb", ARGS({ T(iriw_x, 0), T(iriw_y, 1), T(iriw_r0_mb, 2), T(iriw_r1_mb, 3) }),
	       iriw_check, NULL),
	LITMUS("corr", ARGS(TWO(corr_write, corr_read)), nothing, NULL),
	LITMUS("corr-repeat", ARGS(TWO(corr_write, corr_stale)), nothing, "does not hold"),
	LITMUS("wrc", ARGS({ T(iriw_x, 0), T(wrc_mid, 1), T(wrc_end, 2) }), nothing, NULL),
	LITMUS("wrc-relaxed", ARGS({ T(iriw_x, 0), T(wrc_mid_relaxed, 1), T(wrc_end, 2) }), nothing,
	       "does not hold"),
	LITMUS("lost-update", ARGS(TWO(lost_store, lost_cas)), lost_check, "does not hold"),
	LITMUS("no-lost-update", ARGS(TWO(add_1, lost_cas)), lost_check, NULL),
	LITMUS("race", ARGS(TWO(race_write, race_write)), nothing, "data race"),
	LITMUS("race-bytes", ARGS(TWO(byte_0, byte_1)), nothing, NULL),
	LITMUS("spin", ARGS(TWO(mp_write_release, spin_wait)), nothing, NULL),
	LITMUS("spin-alone", ARGS({ T(spin_wait, 0) }), nothing, "livelock"),
	LITMUS("alone", ARGS(TWO(alone, byte_0)), alone_check, NULL),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}
