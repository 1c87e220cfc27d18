/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_random.c - random streams of operations beside the reference of tests/fuzz. */
#include "fuzz/iova_ref.h"
#include "tap.h"
#include "unit/unit.h"

UNIT_RUN_TWICE();

#define STREAM_BYTES 4096

/* Stream @seed; what it does is decided by iova_ref.c. */
static void stream(uint64_t seed)
{
	static uint8_t bytes[STREAM_BYTES];
	const char *what = "";
	uint64_t state = seed;
	size_t len = tap_random(&state);
	int line;

	len %= tap_random(&state) & 1 ? STREAM_BYTES : STREAM_BYTES / 8;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)tap_random(&state);
	line = iova_ref_run(bytes, len, &what);
	cr_assert_eq(line, 0, "SEED=%llu: iova_ref.c:%d: %s", (unsigned long long)seed, line, what);
}

Test(random, streams)
{
	uint64_t seed = tap_seed();
	unsigned streams = tap_long() ? 20000 : 400;

	for (unsigned i = 0; i < streams; i++)
		stream(seed + i);
}
