/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every format and level count against the flat model, and all of them against
 * each other.  SEED=n repeats a run, OPS=n sets its length.
 */
#include "pgtbl_stream.h"
#include "tap.h"

static void report(const struct stream_result *r)
{
	printf("# %u operations: %lu maps, %lu unmaps, %lu occupied (%lu undone), "
	       "%lu without memory, %lu tables reclaimed\n",
	       r->op, r->maps, r->unmaps, r->exists, r->undone, r->nomem, r->reclaimed);
	if (r->error)
		printf("# operation %u: %s\n", r->op, r->error);
}

/* Each on its own, with everything it has. */
static void alone(uint64_t seed, unsigned ops)
{
	struct stream_result r;

	for (unsigned i = 0; i < stream_nr_configs; i++) {
		struct stream_source src = { .seed = seed + i };

		stream_run(&stream_configs[i], &src, ops, &r);
		tap_ok(!r.error && r.maps && r.unmaps && r.exists && r.undone && r.reclaimed, "%s",
		       stream_configs[i].name);
		report(&r);
	}
}

/* The same stream on all. */
static void together(uint64_t seed, unsigned ops)
{
	struct stream_result r;
	uint64_t digest = 0;

	for (unsigned i = 0; i < stream_nr_configs; i++) {
		struct stream_config c = stream_configs[i];
		struct stream_source src = { .seed = seed };

		c.common = true;
		c.oa_bits = 40;
		c.flags &= ~(unsigned)PGTBL_UNLINK;
		c.page_sizes = 0;
		stream_run(&c, &src, ops, &r);
		if (!i)
			digest = r.digest;
		tap_ok(!r.error && r.maps && r.digest && r.digest == digest,
		       "%s translates as the others", c.name);
		report(&r);
	}
}

int main(void)
{
	uint64_t seed = tap_seed();
	const char *s = getenv("OPS");
	unsigned ops = s ? (unsigned)strtoul(s, NULL, 0) : tap_long() ? 300000 : 6000;

	alone(seed, ops);
	together(seed, ops);
	return tap_done();
}
