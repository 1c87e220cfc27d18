/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_plat_words.c - CPU-local steps and atomics, one thread. */
#define _GNU_SOURCE
#include "plat.h"
#include "unit/unit.h"

#include <sched.h>

UNIT_RUN_TWICE();

#define OFF offsetof(struct plat_words, word[2])

static struct plat_words words;
static void *cell = &words;

/* Stay on one CPU, so that ownership can be decided; make the word its own. */
static unsigned own(uint64_t flags)
{
	unsigned cpu = plat_cpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
	cr_assert_eq(plat_cpu(), cpu);
	words.word[2].ctl = (uint64_t)cpu << PLAT_CTL_OWN_SHIFT | flags;
	return cpu;
}

/*
 * The outcome that the interface promises here.  A preempted step is "not done":
 * repeat it a few times, but not for ever, so that a step which never works fails.
 */
#define STEP(call, expected)                                                    \
	do {                                                                    \
		int res_ = PLAT_WORD_FOREIGN;                                   \
		for (int i_ = 0; i_ < 100 && res_ == PLAT_WORD_FOREIGN; i_++)    \
			res_ = (call);                                          \
		cr_assert_eq(res_, plat_percpu_ok() ? (expected) : PLAT_WORD_FOREIGN); \
	} while (0)

static void check_word(uint64_t value)
{
	cr_assert_eq(words.word[2].state, plat_percpu_ok() ? value : 0);
	cr_assert_eq(words.word[0].state | words.word[1].state | words.word[3].state, 0);
}

Test(words, take_sets_free_bits)
{
	own(0);
	STEP(plat_word_take(&cell, OFF, 0xf0, 0x30), PLAT_WORD_OK);
	check_word(0x30);
	STEP(plat_word_take(&cell, OFF, 0xf0, 0x40), PLAT_WORD_MISMATCH);
	check_word(0x30);
	STEP(plat_word_take(&cell, OFF, 1ull << 63, 1ull << 63), PLAT_WORD_OK);
	check_word(1ull << 63 | 0x30);
}

Test(words, take_respects_remote_bits)
{
	uint64_t ctl;

	own(0);
	words.word[2].ctl |= 0x8;
	ctl = words.word[2].ctl;
	STEP(plat_word_take(&cell, OFF, 0xc, 0x4), PLAT_WORD_MISMATCH);
	STEP(plat_word_take(&cell, OFF, 0x8ull << 32, 0x8ull << 32), PLAT_WORD_OK);
	check_word(0x8ull << 32);
	cr_assert_eq(words.word[2].ctl, ctl);
}

Test(words, put_clears_what_matches)
{
	own(PLAT_CTL_OPEN);
	STEP(plat_word_take(&cell, OFF, 0xff, 0x31), PLAT_WORD_OK);
	STEP(plat_word_put(&cell, OFF, 0xf0, 0x10), PLAT_WORD_MISMATCH);
	check_word(0x31);
	STEP(plat_word_put(&cell, OFF, 0xf0, 0x30), PLAT_WORD_OK);
	check_word(0x01);
	STEP(plat_word_put(&cell, OFF, 0xf0, 0x30), PLAT_WORD_MISMATCH);
	words.word[2].ctl |= 1;
	STEP(plat_word_put(&cell, OFF, 0xf, 1), PLAT_WORD_MISMATCH);
	check_word(0x01);
}

Test(words, put_needs_an_open_word)
{
	own(0);
	STEP(plat_word_take(&cell, OFF, 1, 1), PLAT_WORD_OK);
	STEP(plat_word_put(&cell, OFF, 1, 1), PLAT_WORD_CLOSED);
	check_word(1);
}

Test(words, collect_takes_over_remote_frees)
{
	own(0);
	STEP(plat_word_take(&cell, OFF, ~0ull, 0x700000007), PLAT_WORD_OK);
	STEP(plat_word_collect(&cell, OFF, 3), PLAT_WORD_MISMATCH);
	words.word[2].ctl |= 1;
	STEP(plat_word_collect(&cell, OFF, 3), PLAT_WORD_MISMATCH);
	words.word[2].ctl |= 2;
	STEP(plat_word_collect(&cell, OFF, 3), PLAT_WORD_OK);
	check_word(0x400000004);
}

Test(words, other_owners_are_foreign)
{
	static const unsigned nobody[] = { PLAT_OWN_SHARED, PLAT_OWN_BUSY, PLAT_OWN_NONE,
					   PLAT_OWN_MAX_CPU };
	unsigned cpu = own(PLAT_CTL_OPEN);

	for (unsigned i = 0; i <= sizeof(nobody) / sizeof(nobody[0]); i++) {
		uint64_t owner = i ? nobody[i - 1] : cpu + 1;

		words.word[2].ctl = owner << PLAT_CTL_OWN_SHIFT | PLAT_CTL_OPEN | 1;
		cr_assert_eq(plat_word_take(&cell, OFF, 2, 2), PLAT_WORD_FOREIGN);
		cr_assert_eq(plat_word_put(&cell, OFF, 0, 0), PLAT_WORD_FOREIGN);
		cr_assert_eq(plat_word_collect(&cell, OFF, 1), PLAT_WORD_FOREIGN);
		check_word(0);
	}
}

Test(words, percpu_cas)
{
	unsigned cpu = own(0);
	uint64_t v = 5;
	bool done = false;

	cr_assert(!plat_percpu_cas(&v, 4, 6, cpu));
	cr_assert(!plat_percpu_cas(&v, 5, 6, cpu + 1));
	cr_assert(!plat_percpu_cas(&v, 5, 6, PLAT_CPU_NONE));
	cr_assert_eq(v, 5);
	for (int i = 0; i < 100 && !done; i++)
		done = plat_percpu_cas(&v, 5, ~0ull, cpu);
	cr_assert_eq(done, plat_percpu_ok());
	cr_assert_eq(v, done ? ~0ull : 5);
}

/* Each primitive on each width: result, effect, and the neighbours untouched. */
#define ATOMICS(type)                                                           \
	do {                                                                    \
		type a_[3] = { (type)~0, 5, (type)~0 }, *p = &a_[1];             \
		cr_assert_eq(plat_load_relaxed(p), 5);                          \
		cr_assert_eq(plat_load_acquire(p), 5);                          \
		plat_store_relaxed(p, 6);                                       \
		plat_store_release(p, 7);                                       \
		cr_assert(!plat_cas_relaxed(p, 6, 1));                          \
		cr_assert(!plat_cas_release(p, 6, 1));                          \
		cr_assert(!plat_cas_full(p, 6, 1));                             \
		cr_assert_eq(*p, 7);                                            \
		cr_assert(plat_cas_relaxed(p, 7, 8));                           \
		cr_assert(plat_cas_release(p, 8, 9));                           \
		cr_assert(plat_cas_full(p, 9, 10));                             \
		cr_assert_eq(plat_xchg_full(p, 12), 10);                        \
		cr_assert_eq(plat_fetch_or_full(p, 3), 12);                     \
		cr_assert_eq(plat_fetch_and_full(p, 6), 15);                    \
		cr_assert_eq(plat_fetch_add_relaxed(p, 2), 6);                  \
		cr_assert_eq(plat_fetch_add_full(p, (type)-8), 8);              \
		cr_assert_eq(*p, 0);                                            \
		cr_assert_eq(a_[0], (type)~0);                                  \
		cr_assert_eq(a_[2], (type)~0);                                  \
	} while (0)

Test(atomics, every_width)
{
	ATOMICS(uint8_t);
	ATOMICS(uint16_t);
	ATOMICS(uint32_t);
	ATOMICS(uint64_t);
}

Test(atomics, pointers)
{
	int x, y, *p = &x;

	cr_assert(!plat_cas_release(&p, &y, NULL));
	cr_assert(plat_cas_release(&p, &x, &y));
	cr_assert_eq(plat_load_acquire(&p), &y);
	cr_assert_eq(plat_xchg_full(&p, NULL), &y);
}
