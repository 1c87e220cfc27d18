/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every format and level count against the flat model, and all of them against
 * each other.  SEED=n repeats a run, OPS=n sets its length; an argument names the one
 * configuration to run.
 */
#include "plat.h"

#include "pgtbl_stream.h"
#include "tap.h"

#include <string.h>

static void report(const struct stream_result *r)
{
	printf("# %u operations: %lu maps, %lu unmaps, %lu occupied (%lu undone), "
	       "%lu without memory, %lu tables reclaimed\n",
	       r->op, r->maps, r->unmaps, r->exists, r->undone, r->nomem, r->reclaimed);
	if (r->replaced)
		printf("# %lu replaced, %lu demoted, %lu promoted, %lu reserved\n", r->replaced,
		       r->demoted, r->promoted, r->reserved);
	if (r->wrote || r->limited)
		printf("# %lu pages written, %lu after a fault, %lu reported; %lu calls limited\n",
		       r->wrote, r->faults, r->reported, r->limited);
	if (r->grown)
		printf("# %lu times grown, %lu refused\n", r->grown, r->refused);
	if (r->error)
		printf("# operation %u: %s\n", r->op, r->error);
}

/* All that a configuration can do has been done. */
static bool all_done(const struct stream_config *c, const struct stream_result *r)
{
	bool stays = c->levels <= 2 || (c->flags & PGTBL_KEEP_TABLES);
	bool tracks = c->format != HW_ARM_S1 && c->format != HW_ARM_S2 && c->format != HW_TCE;

	return r->maps && r->unmaps && r->exists && r->undone && r->replaced && r->reserved &&
	       (r->reclaimed || stays) && r->grown <= c->levels &&
	       (!c->start || (r->grown && r->refused)) &&
	       (!tracks || (r->wrote && r->reported && (r->faults || (c->flags & PGTBL_AD))));
}

/* Each on its own, with everything it has; or the one called @only. */
static void alone(uint64_t seed, unsigned ops, const char *only)
{
	struct stream_result r;
	unsigned long limited = 0;
	unsigned ran = 0;

	for (unsigned i = 0; i < stream_nr_configs; i++) {
		struct stream_source src = { .seed = seed + i };

		if (only && strcmp(only, stream_configs[i].name))
			continue;
		stream_run(&stream_configs[i], &src, ops, &r);
		tap_ok(!r.error && all_done(&stream_configs[i], &r), "%s", stream_configs[i].name);
		report(&r);
		limited += r.limited;
		ran++;
	}
	tap_ok(ran && (only || limited), "limits of pages were met, %lu times", limited);
}

/* The same stream on all that have @sizes, or on all, with pages of the smallest size. */
static void together(uint64_t seed, unsigned ops, uint64_t sizes)
{
	struct stream_result r;
	bool vectors = plat_user_vectors;
	unsigned compared = 0;
	uint64_t digest = 0;

	for (unsigned i = 0; i < stream_nr_configs; i++) {
		struct stream_config c = stream_configs[i];
		struct stream_source src = { .seed = seed };
		unsigned bits = c.levels * stream_index_lg2(&c); /* of page numbers */

		c.common = true;
		c.oa_bits = 28 + c.page_lg2;
		c.flags &= ~(unsigned)(PGTBL_UNLINK | PGTBL_SPLIT | PGTBL_WIDEN |
				       PGTBL_KEEP_TABLES);
		c.page_sizes = sizes ? sizes : 1ull << c.page_lg2;
		if (bits < 27 || c.page_lg2 > 24 || (sizes & ~c.sizes) ||
		    (c.iova_bits && c.iova_bits < 39))
			continue;
		/* Its first tables are in the place of large leaves at address 0. */
		if (sizes && c.start && c.start < 3)
			continue;
		/* Every second one word by word: vectors must write the same. */
		plat_user_vectors = vectors && (compared++ & 1);
		stream_run(&c, &src, ops, &r);
		plat_user_vectors = vectors;
		if (!digest)
			digest = r.digest;
		tap_ok(!r.error && r.maps && r.digest && r.digest == digest,
		       "%s translates as the others%s", c.name, sizes ? ", large pages" : "");
		report(&r);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = tap_seed();
	const char *s = getenv("OPS");
	unsigned ops = s ? (unsigned)strtoul(s, NULL, 0) : tap_long() ? 300000 : 6000;

	alone(seed, ops, argc > 1 ? argv[1] : NULL);
	if (argc > 1)
		return tap_done();
	together(seed, ops / 2, 0);
	together(seed, ops, 1ull << 12 | 1ull << 21 | 1ull << 30);
	return tap_done();
}
