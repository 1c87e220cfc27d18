/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_locks.c - how many LOCK-prefixed instructions each path executes, counted
 * by a build of the libraries that counts them (plat_impl.h beside this file).
 *
 * The claims that the headers make are asserted; the rest is printed, for
 * doc/performance.md.  A path that the scheduler interrupts takes a detour now
 * and then: what is asserted is the cost of all but one operation in a hundred.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <string.h>

#include "count_mem.h"
#include "dmap.h"
#include "dmap_simq.h"
#include "iova.h"
#include "pgtbl.h"
#include "plat.h"
#include "tap.h"

#define OPS 20000
#define RING 256
#define PAGE 4096ull
#define RW (PGTBL_READ | PGTBL_WRITE)

struct env {
	struct iova_space *iova;
	struct pgtbl *pt;
	struct dmap_simq *simq;
	struct dmap_space *dmap;
	uint64_t size;
	uint64_t held[RING];
	unsigned at;
	struct pgtbl_gather gather;
};

static struct count_mem mem;
static int cpus[2]; /* that this thread may run on; equal when there is one only */

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		abort();
}

static void find_cpus(void)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		abort();
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	if (n < 2)
		cpus[1] = cpus[0];
	run_on(cpus[0]);
}

/* Locks per operation: of the 99th percentile, and of all together in hundredths. */
struct cost {
	unsigned long most;
	unsigned long mean_percent;
};

static struct cost cost_of(void (*op)(struct env *env), struct env *env, unsigned ops)
{
	unsigned long seen[64] = { 0 }, total = 0, left = ops / 100;
	struct cost cost = { .most = 63 };

	for (unsigned i = 0; i < ops; i++) {
		unsigned long before = locks_taken, n;

		op(env);
		n = locks_taken - before;
		total += n;
		seen[n < 63 ? n : 63]++;
	}
	while (cost.most && seen[cost.most] <= left)
		left -= seen[cost.most--];
	cost.mean_percent = total * 100 / ops;
	return cost;
}

#define ANY 64 /* no claim: only print */

static struct cost claim(const char *path, void (*op)(struct env *env), struct env *env,
			 unsigned limit)
{
	struct cost cost;

	cost_of(op, env, 2000); /* warm up: room, hints, tables */
	cost = cost_of(op, env, OPS);
	printf("# LOCKS %-28s per_op=%lu mean=%lu.%02lu\n", path, cost.most,
	       cost.mean_percent / 100, cost.mean_percent % 100);
	if (limit != ANY)
		tap_ok(cost.most <= limit, "%s: at most %u LOCK-prefixed instructions", path,
		       limit);
	return cost;
}

static void open_iova(struct env *env, uint64_t first, unsigned flags, uint64_t size)
{
	struct iova_space_config c = { .first = first,
				       .last = (1ull << 48) - 1,
				       .granule_lg2 = 12,
				       .mem = count_mem(&mem),
				       .flags = flags };

	memset(env, 0, sizeof(*env));
	env->size = size;
	if (iova_space_create(&env->iova, &c))
		abort();
}

static uint64_t must_alloc(struct env *env)
{
	uint64_t iova = iova_space_alloc(env->iova, env->size, ~0ull);

	if (iova_is_err(iova))
		abort();
	return iova;
}

static void must_free(struct env *env, uint64_t iova)
{
	if (iova_space_free(env->iova, iova, env->size))
		abort();
}

static void pair(struct env *env)
{
	must_free(env, must_alloc(env));
}

static void ring(struct env *env)
{
	uint64_t *slot = &env->held[env->at++ % RING];

	if (*slot)
		must_free(env, *slot);
	*slot = must_alloc(env);
}

static void iova_paths(void)
{
	bool percpu = plat_percpu_ok();
	struct env env;

	open_iova(&env, PAGE, 0, PAGE);
	claim("iova/pair_4k", pair, &env, percpu ? 0 : ANY);
	env.size = 16 * PAGE;
	claim("iova/pair_64k", pair, &env, percpu ? 0 : ANY);
	env.size = 64 * PAGE;
	claim("iova/pair_256k", pair, &env, percpu ? 0 : ANY);
	env.size = 1024 * PAGE;
	claim("iova/pair_4m", pair, &env, ANY);
	env.size = PAGE;
	claim("iova/ring256_4k", ring, &env, percpu ? 0 : ANY);
	for (unsigned i = 0; i < RING; i++)
		must_free(&env, env.held[i]);
	tap_ok(!iova_space_destroy(env.iova), "nothing is left");

	open_iova(&env, 1ull << 40, 0, PAGE);
	claim("iova/pair_4k_high", pair, &env, percpu ? 0 : ANY);
	iova_space_destroy(env.iova);

	open_iova(&env, PAGE, IOVA_SPACE_NO_PERCPU, PAGE);
	claim("iova/pair_4k_shared", pair, &env, 2);
	iova_space_destroy(env.iova);
}

/* Allocated on one CPU, freed on the other: the free's own cost, and the owner's to collect. */
static void remote_paths(void)
{
	unsigned long most = 0, alloc = 0, before;
	struct env env;

	if (cpus[0] == cpus[1] || !plat_percpu_ok()) {
		tap_ok(true, "free from elsewhere # SKIP one CPU, or no CPU-local steps");
		return;
	}
	open_iova(&env, PAGE, 0, PAGE);
	for (unsigned round = 0; round < 200; round++) {
		run_on(cpus[0]);
		before = locks_taken;
		for (unsigned i = 0; i < RING; i++)
			env.held[i] = must_alloc(&env);
		alloc += round < 100 ? 0 : locks_taken - before;
		run_on(cpus[1]);
		for (unsigned i = 0; i < RING; i++) {
			before = locks_taken;
			must_free(&env, env.held[i]);
			if (round >= 100 && locks_taken - before > most)
				most = locks_taken - before;
		}
	}
	run_on(cpus[0]);
	printf("# LOCKS %-28s per_op=%lu\n", "iova/remote_free", most);
	printf("# LOCKS %-28s mean=%lu.%02lu\n", "iova/alloc_after_remote", alloc / (100 * RING),
	       alloc / RING % 100);
	tap_ok(most <= 1, "a free from elsewhere: at most one LOCK-prefixed instruction");
	tap_ok(alloc <= 100 * RING / 2, "collecting them: less than one for two of them");
	iova_space_destroy(env.iova);
}

static void open_pgtbl(struct env *env)
{
	struct pgtbl_config c = { .ops = &pgtbl_vtdss_ops,
				  .levels = 4,
				  .oa_bits = 48,
				  .pages = count_mem(&mem),
				  .meta = count_mem(&mem) };

	if (pgtbl_create(&env->pt, &c))
		abort();
}

static void map_unmap(struct env *env)
{
	pgtbl_gather_init(&env->gather);
	if (pgtbl_map(env->pt, 1ull << 30, 1ull << 32, env->size, RW) ||
	    pgtbl_unmap(env->pt, 1ull << 30, env->size, &env->gather) != env->size)
		abort();
}

static void pgtbl_paths(void)
{
	struct env env = { .size = PAGE };

	open_pgtbl(&env);
	map_unmap(&env);
	claim("pgtbl/map_unmap_4k", map_unmap, &env, 0);
	env.size = 8 * PAGE;
	claim("pgtbl/pair_8x4k", map_unmap, &env, 0);
	pgtbl_destroy(env.pt);
}

static void dma_pair(struct env *env)
{
	uint64_t iova = dmap_map(env->dmap, 0x12345000, env->size, RW, ~0u);

	if (iova_is_err(iova) || dmap_unmap(env->dmap, iova, env->size))
		abort();
}

static void dma_paths(enum dmap_mode mode, const char *name)
{
	struct dmap_simq_config q = { .entries = 256 };
	struct dmap_config c = { .inval = &dmap_simq_ops, .mode = mode };
	bool percpu = plat_percpu_ok();
	struct cost cost;
	struct env env;

	open_iova(&env, PAGE, 0, PAGE);
	open_pgtbl(&env);
	if (dmap_simq_create(&env.simq, &q))
		abort();
	c.iova = env.iova;
	c.pgtbl = env.pt;
	c.inval_ctx = env.simq;
	if (dmap_space_create(&env.dmap, &c))
		abort();
	cost = claim(name, dma_pair, &env, mode == DMAP_STRICT && percpu ? 0 : ANY);
	if (mode == DMAP_LAZY && percpu) /* one unmap in 16 gives earlier ones back */
		tap_ok(cost.mean_percent < 100, "%s: less than one, on average", name);
	tap_ok(!dmap_space_destroy(env.dmap), "%s: nothing is left", name);
	dmap_simq_destroy(env.simq);
	pgtbl_destroy(env.pt);
	iova_space_destroy(env.iova);
}

int main(void)
{
	find_cpus();
	iova_paths();
	remote_paths();
	pgtbl_paths();
	dma_paths(DMAP_STRICT, "dma/pair_4k_strict");
	dma_paths(DMAP_LAZY, "dma/pair_4k_lazy");
	printf("# LOCKS fences of other CPUs: %lu\n", locks_fences);
	tap_ok(count_mem_clean(&mem), "all memory came back");
	return tap_done();
}
