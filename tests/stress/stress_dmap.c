/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_dmap.c - many threads map and unmap in one small space, under a device
 * that remembers translations until an invalidation takes effect.
 *
 *  - no address has two owners: owner[];
 *  - no address is handed out while the device remembers it from an earlier life;
 *  - after a strict unmap the device does not remember it;
 *  - at the end nothing is left: no address, no entry, no byte.
 *
 * Mappings are passed between threads, threads between CPUs; a timer flushes;
 * some rounds have a slow queue, some a failing one.  Where there is rseq, all runs again
 * without it.  In the last round signal handlers map and unmap inside the interrupted call.
 */
#define _GNU_SOURCE
#include "dmap_simq.h"
#include "plat.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ull
#define PAGES 4096u
#define WORKERS 3u
#define HELD 48u
#define MAILBOXES 64u

struct mapping {
	uint64_t iova, size, phys;
};

static struct iova_space *iova;
static struct pgtbl *pgtbl;
static struct dmap_simq *simq;
static struct dmap_space *space;

static uint64_t owner[PAGES]; /* physical page + 1 of the live mapping */
static uint64_t cached[PAGES]; /* what the device remembers: physical address | 1 */
static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping *mailbox[MAILBOXES];
static uint64_t next_phys;
static bool strict, faults, stop;
static uint64_t live_blocks;

static uint64_t maps, unmaps, signal_maps, hits, executed, overlaps, stale, reached, bad_returns,
	no_room, failed_unmaps;

/* Memory without locks that a signal could find taken: a pool, zeroed once, never reused. */
static uint8_t *pool;
static uint64_t pool_used;
#define POOL_SIZE (512ull << 20)

static void *pool_alloc(void *ctx, size_t size, size_t align)
{
	uint64_t at;

	(void)ctx;
	at = plat_fetch_add_relaxed(&pool_used, (size + align + 63) & ~63ull);
	if (at + size + align + 63 > POOL_SIZE)
		return NULL;
	plat_fetch_add_relaxed(&live_blocks, 1);
	return (void *)(((uintptr_t)pool + at + align - 1) & ~(uintptr_t)(align - 1));
}

static void pool_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)ptr, (void)size, (void)align;
	plat_fetch_add_relaxed(&live_blocks, (uint64_t)-1);
}

static const struct plat_mem_ops pool_ops = { .alloc = pool_alloc, .free = pool_free };

static void *heap_alloc(void *ctx, size_t size, size_t align)
{
	void *p = aligned_alloc(align, (size + align - 1) & ~(align - 1));

	(void)ctx;
	if (!p)
		return NULL;
	plat_fetch_add_relaxed(&live_blocks, 1);
	return memset(p, 0, size);
}

static void heap_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	plat_fetch_add_relaxed(&live_blocks, (uint64_t)-1);
	free(ptr);
}

static const struct plat_mem_ops heap_ops = { .alloc = heap_alloc, .free = heap_free };

static uint64_t clock_now(void *ctx)
{
	(void)ctx;
	return tap_now_ns();
}

static void exec(void *ctx, const struct dmap_inval_cmd *cmd)
{
	uint64_t first = 0, last = PAGES - 1;

	(void)ctx;
	if (cmd->kind == DMAP_INVAL_RANGE) {
		first = cmd->first / PAGE;
		last = cmd->last / PAGE;
	}
	pthread_mutex_lock(&device_lock);
	for (uint64_t p = first; p <= last; p++)
		plat_store_relaxed(&cached[p], 0);
	executed++;
	pthread_mutex_unlock(&device_lock);
}

/* Touches random pages: a walk and its entry in the cache are one step for invalidations. */
static void *device(void *arg)
{
	uint64_t seed = *(uint64_t *)arg, phys;

	while (!plat_load_relaxed(&stop)) {
		pthread_mutex_lock(&device_lock);
		for (int i = 0; i < 64; i++) {
			uint64_t p = tap_random(&seed) % PAGES;

			if (plat_load_relaxed(&cached[p]))
				hits++;
			else if (!pgtbl_translate(pgtbl, p * PAGE, &phys))
				plat_store_release(&cached[p], phys | 1);
		}
		pthread_mutex_unlock(&device_lock);
		usleep(20);
	}
	return NULL;
}

static void *timer(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;

	while (!plat_load_relaxed(&stop)) {
		int r = dmap_flush(space, tap_random(&seed) % 8 != 0);

		if (r < 0 && !faults && r != -EAGAIN)
			plat_fetch_add_relaxed(&bad_returns, 1);
		if (faults)
			dmap_simq_inject(simq, DMAP_SIMQ_FULL + tap_random(&seed) % 4,
					 tap_random(&seed) % 3, tap_random(&seed) % 3);
		usleep(500);
	}
	return NULL;
}

static bool map_one(struct mapping *m, uint64_t *seed)
{
	static const unsigned pages[] = { 1, 1, 1, 1, 2, 3, 8, 17 };
	uint64_t n = pages[tap_random(seed) % 8], off = tap_random(seed) % PAGE;

	m->phys = plat_fetch_add_relaxed(&next_phys, 32 * PAGE) + off;
	m->size = n * PAGE - off;
	m->iova = dmap_map(space, m->phys, m->size, PGTBL_READ | PGTBL_WRITE, UINT64_MAX);
	if (iova_is_err(m->iova)) {
		int err = iova_err(m->iova);

		plat_fetch_add_relaxed(err == -ENOSPC || err == -EAGAIN ? &no_room : &bad_returns, 1);
		return false;
	}
	for (uint64_t i = 0; i < n; i++) {
		uint64_t p = m->iova / PAGE + i, phys = (m->phys & ~(PAGE - 1)) + i * PAGE;
		/* The device may be quicker than we are: then it remembers the new one. */
		uint64_t c = plat_load_acquire(&cached[p]);

		if (c && c != (phys | 1))
			plat_fetch_add_relaxed(&stale, 1);
		if (plat_xchg_full(&owner[p], phys + 1))
			plat_fetch_add_relaxed(&overlaps, 1);
	}
	return true;
}

static void unmap_one(const struct mapping *m)
{
	uint64_t first = m->iova / PAGE, last = (m->iova + m->size - 1) / PAGE;
	uint64_t phys = m->phys & ~(PAGE - 1);
	int r;

	for (uint64_t p = first; p <= last; p++)
		if (plat_xchg_full(&owner[p], 0) != phys + (p - first) * PAGE + 1)
			plat_fetch_add_relaxed(&overlaps, 1);
	r = dmap_unmap(space, m->iova, m->size);
	if (r)
		plat_fetch_add_relaxed(faults && (r == -ETIMEDOUT || r == -EIO) ? &failed_unmaps :
										 &bad_returns, 1);
	for (uint64_t p = first; strict && !r && p <= last; p++)
		if (plat_load_acquire(&cached[p]) == ((phys + (p - first) * PAGE) | 1))
			plat_fetch_add_relaxed(&reached, 1);
}

static void move_thread(uint64_t *seed)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(tap_random(seed) % plat_cpu_count(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void exchange(struct mapping *held, unsigned *nr, uint64_t *seed)
{
	struct mapping *out = malloc(sizeof(*out)), *in;

	if (!out)
		return;
	*out = held[--*nr];
	in = plat_xchg_full(&mailbox[tap_random(seed) % MAILBOXES], out);
	if (!in)
		return;
	unmap_one(in);
	plat_fetch_add_relaxed(&unmaps, 1);
	free(in);
}

static void *work(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	struct mapping held[HELD];
	unsigned nr = 0;

	for (uint64_t i = 0; !plat_load_relaxed(&stop); i++) {
		if (i % 2048 == 0)
			move_thread(&seed);
		if (nr < HELD && tap_random(&seed) % 2) {
			nr += map_one(&held[nr], &seed);
			plat_fetch_add_relaxed(&maps, 1);
		} else if (nr && tap_random(&seed) % 4 == 0) {
			exchange(held, &nr, &seed);
		} else if (nr) {
			unsigned k = (unsigned)(tap_random(&seed) % nr);
			struct mapping m = held[k];

			held[k] = held[--nr];
			unmap_one(&m);
			plat_fetch_add_relaxed(&unmaps, 1);
		}
	}
	while (nr)
		unmap_one(&held[--nr]);
	return NULL;
}

/* A driver's interrupt: unmaps one buffer and maps the next, inside whatever runs. */
static void on_signal(int sig)
{
	static uint64_t seed = 1;
	uint64_t s = plat_fetch_add_relaxed(&seed, 1);
	struct mapping m;

	(void)sig;
	if (!map_one(&m, &s))
		return;
	plat_fetch_add_relaxed(&signal_maps, 1);
	unmap_one(&m);
}

static void *interrupt(void *arg)
{
	pthread_t *worker = arg;

	for (unsigned i = 0; !plat_load_relaxed(&stop); i++) {
		pthread_kill(worker[i % WORKERS], SIGUSR1);
		usleep(30);
	}
	return NULL;
}

struct round {
	const char *name;
	enum dmap_mode mode;
	uint64_t latency_ns;
	unsigned entries, slots;
	bool faults, signals;
};

static void open_round(const struct round *r)
{
	struct plat_mem mem = { r->signals ? &pool_ops : &heap_ops, NULL };
	struct iova_space_config ic = { .first = PAGE, .last = PAGES * PAGE - 1,
					.granule_lg2 = 12, .mem = mem };
	struct pgtbl_config pc = { .ops = &pgtbl_vtdss_ops, .levels = 4, .oa_bits = 52,
				   .pages = mem, .meta = mem };
	struct dmap_simq_config sc = { .latency_ns = r->latency_ns, .entries = 64,
				       .timeout_ns = faults ? 100000 : 5000000000ull,
				       .now_ns = clock_now, .mem = mem };
	struct dmap_config dc = { .mode = r->mode, .lazy_entries = r->entries,
				  .lazy_age_ns = 1000000, .now_ns = clock_now,
				  .cpu_slots = r->slots, .inval = &dmap_simq_ops, .mem = mem };

	if (!r->signals)
		sc.exec = exec;
	if (iova_space_create(&iova, &ic) || pgtbl_create(&pgtbl, &pc) ||
	    dmap_simq_create(&simq, &sc))
		abort();
	dc.iova = iova;
	dc.pgtbl = pgtbl;
	dc.inval_ctx = simq;
	if (dmap_space_create(&space, &dc))
		abort();
}

static void close_round(const struct round *r)
{
	uint64_t live, left, mapped;
	struct dmap_stats s;

	dmap_simq_inject(simq, DMAP_SIMQ_NONE, 0, 0);
	for (unsigned i = 0; i < MAILBOXES; i++) {
		if (mailbox[i])
			unmap_one(mailbox[i]);
		free(mailbox[i]);
		mailbox[i] = NULL;
	}
	dmap_stats(space, &s);
	printf("# %s: %llu maps, %llu unmaps, %llu in signals, %llu flushes, %llu waits, "
	       "%llu hits, %llu without room, %llu failed\n", r->name, (unsigned long long)maps,
	       (unsigned long long)unmaps, (unsigned long long)signal_maps,
	       (unsigned long long)s.lazy_flushes, (unsigned long long)s.waits,
	       (unsigned long long)hits, (unsigned long long)no_room,
	       (unsigned long long)failed_unmaps);
	live = dmap_space_destroy(space);
	left = iova_space_destroy(iova);
	mapped = pgtbl_destroy(pgtbl);
	dmap_simq_destroy(simq);
	tap_ok(maps > 100 && (r->signals || hits) && (!r->signals || signal_maps) && s.waits,
	       "%s: everything happened", r->name);
	tap_ok(!overlaps, "%s: no address had two owners", r->name);
	tap_ok(!stale, "%s: no remembered address was handed out", r->name);
	tap_ok(!reached, "%s: nothing is reached after a strict unmap", r->name);
	tap_ok(!bad_returns && !s.bad_frees, "%s: no unexpected error", r->name);
	tap_ok(!live && !left && !mapped && !live_blocks, "%s: nothing is left", r->name);
}

static void run_round(const struct round *r, uint64_t seed)
{
	pthread_t worker[WORKERS], helper[3];
	uint64_t seeds[WORKERS + 2];
	unsigned helpers = 0;

	maps = unmaps = signal_maps = hits = executed = overlaps = stale = reached = 0;
	bad_returns = no_room = failed_unmaps = 0;
	memset(owner, 0, sizeof(owner));
	memset(cached, 0, sizeof(cached));
	next_phys = 1ull << 32;
	strict = r->mode == DMAP_STRICT;
	faults = r->faults;
	stop = false;
	open_round(r);
	for (unsigned i = 0; i < WORKERS + 2; i++)
		seeds[i] = seed + i * 1000;
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_create(&worker[i], NULL, work, &seeds[i]);
	pthread_create(&helper[helpers++], NULL, timer, &seeds[WORKERS]);
	if (r->signals)
		pthread_create(&helper[helpers++], NULL, interrupt, worker);
	else
		pthread_create(&helper[helpers++], NULL, device, &seeds[WORKERS + 1]);
	usleep(tap_long() ? 10000000 : 400000);
	plat_store_relaxed(&stop, true);
	while (helpers)
		pthread_join(helper[--helpers], NULL);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(worker[i], NULL);
	close_round(r);
}

static const struct round rounds[] = {
	{ "strict", DMAP_STRICT, 0, 0, 0, false, false },
	{ "strict, slow queue", DMAP_STRICT, 300, 0, 0, false, false },
	{ "strict, failing queue", DMAP_STRICT, 0, 0, 0, true, false },
	{ "lazy", DMAP_LAZY, 0, 0, 0, false, false },
	{ "lazy, short queues", DMAP_LAZY, 0, 4, 0, false, false },
	{ "lazy, slow queue", DMAP_LAZY, 20000, 32, 0, false, false },
	{ "lazy, failing queue", DMAP_LAZY, 0, 16, 0, true, false },
	{ "lazy, shared flush queue", DMAP_LAZY, 500, 64, 1, false, false },
	/* ThreadSanitizer delays signals and its own allocator is not safe in them. */
#if !PLAT_TSAN
	{ "strict, signals", DMAP_STRICT, 0, 0, 0, false, true },
	{ "lazy, signals", DMAP_LAZY, 0, 32, 0, false, true },
#endif
};

/* All of it again in a process without rseq; its lines go to stderr. */
static bool again_without_rseq(const char *self)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl("/proc/self/exe", self, "norseq", (char *)NULL);
		_exit(99);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	uint64_t seed = tap_seed();

	pool = calloc(1, POOL_SIZE);
	if (!pool)
		return 99;
	sigaction(SIGUSR1, &sa, NULL);
	for (unsigned i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++)
		run_round(&rounds[i], seed + i);
	free(pool);
	if (plat_percpu_ok() && argc == 1)
		tap_ok(again_without_rseq(argv[0]), "all of it again without rseq");
	return tap_done();
}
