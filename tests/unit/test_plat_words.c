/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_plat_words.c - CPU-local steps on one thread. */
#define _GNU_SOURCE
#include "plat.h"
#include "unit/unit.h"

#include <sched.h>

UNIT_RUN_TWICE();

static struct plat_words words;
static void *cell = &words;

/* Stay on one CPU and return it, so that ownership can be decided. */
static unsigned pin(void)
{
	unsigned cpu = plat_cpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
	return plat_cpu();
}

static uint64_t owned_by(unsigned cpu)
{
	return (uint64_t)cpu << PLAT_CTL_OWN_SHIFT;
}

Test(words, take_sets_and_put_clears)
{
	words.ctl[2] = owned_by(pin());
	if (!plat_percpu_ok()) {
		cr_assert_eq(plat_word_take(&cell, 16, 1, 1), PLAT_WORD_FOREIGN);
		cr_assert_eq(plat_word_put(&cell, 16, 1, 1), PLAT_WORD_FOREIGN);
		return;
	}
	cr_assert_eq(plat_word_take(&cell, 16, 0xf0, 0x30), PLAT_WORD_OK);
	cr_assert_eq(words.w[2], 0x30);
	cr_assert_eq(plat_word_take(&cell, 16, 0xf0, 0x40), PLAT_WORD_MISMATCH);
	cr_assert_eq(plat_word_put(&cell, 16, 0xf0, 0x10), PLAT_WORD_MISMATCH);
	cr_assert_eq(plat_word_put(&cell, 16, 0xf0, 0x30), PLAT_WORD_OK);
	cr_assert_eq(words.w[2], 0);
	cr_assert_eq(words.w[0] | words.w[1] | words.w[3], 0);
}
