/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * smoke.c - libiova on another machine: random streams beside the flat reference of
 * tests/fuzz, and threads that give each other what they allocated.
 */
#include "fuzz/iova_ref.h"
#include "iova.h"
#include "iova_resv.h"
#include "tap.h"

#include <pthread.h>

#define STREAM_BYTES 2048
#define STREAMS 60
#define THREADS 3
#define OPS 20000
#define QUEUE 64

static struct iova_space *space;
static uint64_t queue[QUEUE]; /* an address and its length in granules */
static uint64_t wrong;

static bool stream(uint64_t seed)
{
	static uint8_t bytes[STREAM_BYTES];
	uint64_t state = seed;
	const char *what = "";
	int line;

	for (size_t i = 0; i < STREAM_BYTES; i++)
		bytes[i] = (uint8_t)tap_random(&state);
	line = iova_ref_run(bytes, STREAM_BYTES, &what);
	if (line)
		printf("# SEED=%llu: iova_ref.c:%d: %s\n", (unsigned long long)seed, line, what);
	return !line;
}

/* Puts what it allocated into a place of the queue and frees what was there. */
static void *work(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;

	for (unsigned i = 0; i < OPS; i++) {
		uint64_t v = tap_random(&seed), n = 1 + v % 40, old;
		uint64_t iova = iova_space_alloc(space, n << 12, UINT64_MAX);

		if (iova_is_err(iova)) {
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
			continue;
		}
		old = __atomic_exchange_n(&queue[v >> 32 & (QUEUE - 1)], iova | n,
					  __ATOMIC_ACQ_REL);
		if (old && iova_space_free(space, old & ~4095ull, (old & 4095) << 12))
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool threads(uint64_t seed)
{
	struct iova_space_config c = { .first = 1 << 20, .last = (1u << 31) - 1, .granule_lg2 = 12 };
	uint64_t seeds[THREADS], left = 0;
	struct iova_space_stats st;
	pthread_t t[THREADS];

	if (iova_space_create(&space, &c))
		return false;
	for (unsigned i = 0; i < THREADS; i++) {
		seeds[i] = seed + i;
		pthread_create(&t[i], NULL, work, &seeds[i]);
	}
	for (unsigned i = 0; i < 20; i++) /* beside them */
		if (iova_space_reserve(space, (1ull << 30) + (i << 13), (1ull << 30) + (i << 13) + 4095,
				       NULL) ||
		    (i & 1 && iova_space_unreserve(space, (1ull << 30) + (i << 13),
						   (1ull << 30) + (i << 13) + 4095)))
			wrong++;
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (unsigned i = 0; i < QUEUE; i++)
		left += queue[i] != 0;
	iova_space_stats(space, &st);
	if (st.live_ranges != left || st.reserved_bytes != 10 * 4096 || st.bad_frees)
		wrong++;
	return !wrong && iova_space_destroy(space) == left;
}

int main(void)
{
	uint64_t seed = tap_seed();
	unsigned good = 0;

	for (unsigned i = 0; i < STREAMS; i++)
		good += stream(seed + i);
	tap_ok(good == STREAMS, "%u of %u streams agree with the reference", good, STREAMS);
	tap_ok(threads(seed), "threads: nothing lost, nothing owned twice (%llu wrong)",
	       (unsigned long long)wrong);
	return tap_done();
}
