/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vain.c - lines that a search has looked at in vain.
 *
 * Their cells come down to what they have, so that no search looks there again before
 * somebody has freed something in them.  Of words of other CPUs that takes a fence over
 * these, and makes their next free slower: IOVA_VAIN such lines are gathered, and lowered
 * by one fence.  Fewer stay as they are; so many any search may go past.
 */
#include "iova_refill.h"

static bool is_foreign(const struct iova_ctx *c, const struct iova_ref *line)
{
	for (unsigned i = 0; i < PLAT_LINE_WORDS; i++) {
		struct iova_ref ref = iova_word_in(line, i);
		uint64_t own = iova_own(iova_ctl_look(&ref));

		if (own <= PLAT_OWN_MAX_CPU && own != c->own)
			return true;
	}
	return false;
}

/*
 * The caller looked for its want in @line in vain.  That says nothing of a line
 * that reaches out of the window; beyond the ends of the space nothing is free.
 */
void iova_found_nothing(struct iova_ctx *c, const struct iova_ref *line)
{
	uint64_t last = line->base_pfn + ((1ull << iova_span_lg2(line->level)) - 1);
	struct iova_vain *vain = c->vain;

	if ((line->base_pfn < c->want->lo && c->want->lo != c->s->first_pfn) ||
	    (last > c->want->hi && c->want->hi != c->s->last_pfn))
		return;
	if (!vain || !is_foreign(c, line)) {
		iova_lower_line(c->slot, c->cpu, line);
		return;
	}
	vain->line[vain->nr++] = *line;
	if (vain->nr < IOVA_VAIN)
		return;
	vain->nr = 0;
	if (!iova_lower_lines(c->slot, c->cpu, true, vain->line, IOVA_VAIN))
		c->vain = NULL; /* the caller may not wait for other CPUs: not again */
}
