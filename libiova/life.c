/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* life.c - CPUs that go away. */
#include "iova_life.h"
#include "iova_refill.h"

/* All words of one level that are @cpu's.  0 or -EAGAIN. */
static int drain_level(struct iova_space *s, unsigned level, unsigned cpu)
{
	struct iova_node *near = s->root;
	struct iova_ref line;
	uint64_t from = 0;
	int r = 0;

	while (iova_next_line(s, level, from, s->last_pfn, 0, 0, &line, &near)) {
		for (unsigned i = 0; i < 4; i++) {
			struct iova_ref ref = iova_word_in(&line, i);
			uint64_t own = iova_own(iova_ctl_look(&ref));

			/* Whoever made it BUSY may give it back to its owner. */
			if (own == PLAT_OWN_BUSY || (own == cpu && iova_share(s, &ref)))
				r = -EAGAIN;
		}
		from = line.base_pfn + (1ull << iova_span_lg2(level));
	}
	return r;
}

int iova_space_drain(struct iova_space *s, unsigned cpu)
{
	int r = 0;

	if (cpu >= s->nr_slots)
		return 0;
	plat_read_lock(); /* N1: nodes that are found stay */
	for (unsigned level = IOVA_OWNED_LEVELS; level-- > 0;)
		if (drain_level(s, level, cpu))
			r = -EAGAIN;
	plat_read_unlock();
	return r;
}
