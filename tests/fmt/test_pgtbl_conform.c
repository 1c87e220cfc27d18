/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every format and level count against the flat model, and all of them against
 * each other.  SEED=n repeats a run, OPS=n sets its length.
 */
#include "pgtbl_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned test, failed;

static void line(bool good, const char *name, uint64_t seed, const struct stream_result *r)
{
	printf("%s %u - %s, seed %" PRIu64 "\n", good ? "ok" : "not ok", ++test, name, seed);
	if (r)
		printf("# %u operations: %lu maps, %lu unmaps, %lu occupied (%lu undone), "
		       "%lu without memory, %lu tables reclaimed\n",
		       r->op, r->maps, r->unmaps, r->exists, r->undone, r->nomem, r->reclaimed);
	if (!good) {
		printf("# operation %u: %s\n", r ? r->op : 0, r && r->error ? r->error : "differs");
		failed++;
	}
}

static unsigned long number(const char *name, unsigned long fallback)
{
	const char *v = getenv(name);

	return v && *v ? strtoul(v, NULL, 0) : fallback;
}

int main(void)
{
	uint64_t seed = number("SEED", (unsigned long)time(NULL));
	unsigned ops = (unsigned)number("OPS", getenv("CHECK_LONG") ? 300000 : 6000);
	uint64_t digest = 0;
	struct stream_result r;

	printf("1..%u\n", 2 * stream_nr_configs + 1);
	for (unsigned i = 0; i < stream_nr_configs; i++) {
		struct stream_source src = { .seed = seed + i };

		stream_run(&stream_configs[i], &src, ops, &r);
		line(!r.error && r.maps && r.unmaps && r.exists, stream_configs[i].name, seed, &r);
	}
	/* The same stream on all; page sizes do not matter to translations. */
	for (unsigned i = 0; i < stream_nr_configs; i++) {
		struct stream_config c = stream_configs[i];
		struct stream_source src = { .seed = seed };
		char name[80];

		c.common = true;
		c.oa_bits = 40;
		c.flags &= ~(unsigned)PGTBL_UNLINK;
		c.page_sizes = 0;
		stream_run(&c, &src, ops, &r);
		if (!i)
			digest = r.digest;
		snprintf(name, sizeof(name), "%s translates as the others", c.name);
		line(!r.error && r.digest == digest && r.maps, name, seed, &r);
	}
	line(digest != 0, "translations were made", seed, NULL);
	return failed != 0;
}
