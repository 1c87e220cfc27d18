/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * simq.c - a simulated invalidation queue.
 *
 * With latency 0 a submission is a count and a return.  Otherwise descriptors go
 * through a ring: a producer reserves positions by moving tail, writes the slots and
 * publishes each by its sequence number; the engine, played by one thread at a time,
 * executes them in order, each not before (end of the previous | its posting) + latency.
 */
#include "dmap_simq.h"
#include "plat.h"

#define DEFAULT_ENTRIES 256
#define MAX_ENTRIES 65536
#define MAX_SLOTS 65536
#define DEFAULT_TIMEOUT_NS 1000000000ull
/* Polls in a row during which the clock did not move: it never will. */
#define DEAD_CLOCK (1u << 20)

/* Fences that are not a position; 0 is "completed". */
#define FENCE_LOST (~0ull)
#define FENCE_ERROR (~0ull - 1)

#define KINDS 3
#define KIND_WAIT KINDS /* slot that executes nothing */

/* dmap_simq.inject: fault, submissions to skip, submissions to fail */
#define INJECT_BITS 28
#define INJECT_MAX ((1u << INJECT_BITS) - 1)
#define INJECT_FAULT (7ull << 2 * INJECT_BITS)
#define INJECT_SLOW (1ull << 63) /* there is a ring, or somebody watches */

struct simq_slot {
	uint64_t seq; /* position + 1 once it is written */
	uint64_t posted_ns;
	struct dmap_inval_cmd cmd;
	unsigned kind;
};

struct simq_count {
	uint64_t single[KINDS]; /* submissions of one command */
} plat_aligned(PLAT_CACHELINE);

struct dmap_simq {
	uint64_t inject; /* faults to come, and INJECT_SLOW: not 0 in all but the plainest queue */
	struct simq_count *count;
	unsigned own_slots; /* CPUs below count with CPU-local steps */
	unsigned slots;
	unsigned max_cmds; /* in one submission */
	struct simq_slot *slot;
	struct dmap_simq_config config;

	uint64_t tail plat_aligned(PLAT_CACHELINE);
	uint64_t head plat_aligned(PLAT_CACHELINE);
	uint64_t engine; /* 1: a thread plays the engine */
	uint64_t idle_ns; /* when the engine finished its last descriptor; engine only */

	/* Everything that simq_count has no place for. */
	uint64_t kind[KINDS] plat_aligned(PLAT_CACHELINE);
	uint64_t waits;
};

static size_t slots_size(const struct dmap_simq_config *config)
{
	return config->latency_ns ? config->entries * sizeof(struct simq_slot) : 0;
}

static size_t counts_size(unsigned slots)
{
	return (slots + 1) * sizeof(struct simq_count);
}

int dmap_simq_create(struct dmap_simq **out, const struct dmap_simq_config *config)
{
	unsigned entries, slots;
	struct dmap_simq *q;

	if (!out || !config || (config->latency_ns && !config->now_ns))
		return -EINVAL;
	entries = config->entries ? config->entries : DEFAULT_ENTRIES;
	slots = config->cpu_slots ? config->cpu_slots : plat_cpu_count();
	if ((entries & (entries - 1)) || entries < 4 || entries > MAX_ENTRIES || slots > MAX_SLOTS)
		return -EINVAL;
	q = plat_mem_alloc(&config->mem, sizeof(*q), PLAT_CACHELINE);
	if (!q)
		return -ENOMEM;
	q->config = *config;
	q->config.entries = entries;
	if (!q->config.timeout_ns)
		q->config.timeout_ns = DEFAULT_TIMEOUT_NS;
	q->slots = slots;
	q->own_slots = plat_percpu_ok() ? slots : 0;
	q->max_cmds = entries - 2;
	q->inject = config->latency_ns || config->exec ? INJECT_SLOW : 0;
	q->count = plat_mem_alloc(&config->mem, counts_size(slots), PLAT_CACHELINE);
	if (config->latency_ns)
		q->slot = plat_mem_alloc(&config->mem, slots_size(&q->config), PLAT_CACHELINE);
	if (!q->count || (config->latency_ns && !q->slot)) {
		dmap_simq_destroy(q);
		return -ENOMEM;
	}
	*out = q;
	return 0;
}

void dmap_simq_destroy(struct dmap_simq *q)
{
	struct plat_mem mem;

	if (!q)
		return;
	mem = q->config.mem;
	plat_mem_free(&mem, q->slot, slots_size(&q->config), PLAT_CACHELINE);
	plat_mem_free(&mem, q->count, counts_size(q->slots), PLAT_CACHELINE);
	plat_mem_free(&mem, q, sizeof(*q), PLAT_CACHELINE);
}

static plat_noinline void count_many(struct dmap_simq *q, const struct dmap_inval_cmd *cmd,
				     unsigned nr)
{
	/* relaxed: counters order nothing */
	for (unsigned i = 0; i < nr; i++)
		plat_fetch_add_relaxed(&q->kind[cmd[i].kind], 1);
	plat_fetch_add_relaxed(&q->waits, 1); /* relaxed: a counter */
}

static plat_always_inline void count(struct dmap_simq *q, const struct dmap_inval_cmd *cmd,
				     unsigned nr)
{
	unsigned cpu = plat_cpu_raw();

	if (plat_likely(nr == 1 && cpu < q->own_slots)) {
		uint64_t *p = &q->count[cpu].single[cmd->kind];
		/* relaxed: the step fails if anybody else counted */
		uint64_t old = plat_load_relaxed(p);

		/* A counter of this CPU: its order is of no use to anybody. SIMQ-C1 */
		if (plat_likely(plat_percpu_cas(p, old, old + 1, cpu)))
			return;
	}
	count_many(q, cmd, nr);
}

/* The fault that this submission is to suffer. */
static enum dmap_simq_fault next_fault(struct dmap_simq *q)
{
	uint64_t old, new;
	uint64_t fault, skip, left;

	do {
		/* relaxed: the CAS fails if it is stale */
		old = plat_load_relaxed(&q->inject);
		left = old & INJECT_MAX;
		skip = old >> INJECT_BITS & INJECT_MAX;
		fault = (old & INJECT_FAULT) >> 2 * INJECT_BITS;
		if (!left)
			return DMAP_SIMQ_NONE;
		new = skip ? old - (1ull << INJECT_BITS) :
		      left == 1 ? old & INJECT_SLOW : old - 1;
		/* relaxed: a countdown, orders nothing */
	} while (!plat_cas_relaxed(&q->inject, old, new));
	return skip ? DMAP_SIMQ_NONE : (enum dmap_simq_fault)fault;
}

void dmap_simq_inject(struct dmap_simq *q, enum dmap_simq_fault fault, unsigned skip,
		      unsigned nr)
{
	/* relaxed: this bit never changes */
	uint64_t word = plat_load_relaxed(&q->inject) & INJECT_SLOW;

	if (fault != DMAP_SIMQ_NONE && nr)
		word |= (uint64_t)fault << 2 * INJECT_BITS |
		       (uint64_t)(skip & INJECT_MAX) << INJECT_BITS | (nr & INJECT_MAX);
	/* relaxed: only its own value matters */
	plat_store_relaxed(&q->inject, word);
}

static struct simq_slot *slot_at(struct dmap_simq *q, uint64_t pos)
{
	return &q->slot[pos & (q->config.entries - 1)];
}

/* Play the engine up to now, unless another thread does. */
static void run_engine(struct dmap_simq *q)
{
	uint64_t now, head;

	/* relaxed: saves the CAS while somebody else is at it */
	if (plat_load_relaxed(&q->engine) || !plat_cas_full(&q->engine, 0, 1)) /* SIMQ-A4 */
		return;
	now = q->config.now_ns(q->config.now_ctx);
	head = plat_load_relaxed(&q->head); /* relaxed: written under SIMQ-A4 */
	for (unsigned i = 0; i < q->config.entries; i++) {
		struct simq_slot *s = slot_at(q, head);
		uint64_t due;

		/* SIMQ-A2: the descriptor is written; pairs with SIMQ-R2 */
		if (plat_load_acquire(&s->seq) != head + 1)
			break;
		due = (s->posted_ns > q->idle_ns ? s->posted_ns : q->idle_ns) +
		      q->config.latency_ns;
		if (now < due)
			break;
		if (s->kind != KIND_WAIT && q->config.exec)
			q->config.exec(q->config.exec_ctx, &s->cmd);
		q->idle_ns = due;
		/* SIMQ-R3: executed, slot free; pairs with SIMQ-A3 */
		plat_store_release(&q->head, ++head);
	}
	/* SIMQ-R4: idle_ns and head are up to date; pairs with SIMQ-A4 */
	plat_store_release(&q->engine, 0);
}

static bool has_room(struct dmap_simq *q, uint64_t tail, unsigned need)
{
	/* SIMQ-A3: the slots were read; pairs with SIMQ-R3 */
	return tail + need - plat_load_acquire(&q->head) <= q->config.entries - 1;
}

static int post(struct dmap_simq *q, const struct dmap_inval_cmd *cmd, unsigned nr, bool dead,
		uint64_t *fence)
{
	unsigned need = nr + 1;
	uint64_t now, pos;

	do {
		/* relaxed: the CAS fails if it is stale */
		pos = plat_load_relaxed(&q->tail);
		if (!has_room(q, pos, need)) {
			run_engine(q);
			if (!has_room(q, pos, need))
				return -EAGAIN;
		}
		/* SIMQ-R1: the caller's clears come before execution */
	} while (!plat_cas_full(&q->tail, pos, pos + need));
	now = q->config.now_ns(q->config.now_ctx);
	for (unsigned i = 0; i < need; i++) {
		struct simq_slot *s = slot_at(q, pos + i);

		s->posted_ns = now;
		s->kind = i == nr || dead ? KIND_WAIT : cmd[i].kind;
		if (i < nr)
			s->cmd = cmd[i];
		/* SIMQ-R2: the descriptor is complete; pairs with SIMQ-A2 */
		plat_store_release(&s->seq, pos + i + 1);
	}
	*fence = pos + need;
	return 0;
}

static plat_noinline int submit_slow(struct dmap_simq *q, const struct dmap_inval_cmd *cmd,
				     unsigned nr, uint64_t *fence)
{
	enum dmap_simq_fault fault = next_fault(q);
	int r = 0;

	if (fault == DMAP_SIMQ_FULL)
		return -EAGAIN;
	if (fault == DMAP_SIMQ_BROKEN)
		return -EIO;
	*fence = 0;
	if (q->slot) {
		r = post(q, cmd, nr, fault != DMAP_SIMQ_NONE, fence);
		if (r)
			return r;
	} else if (!fault && q->config.exec) {
		/* SIMQ-R1: what the caller cleared comes before the command takes effect */
		plat_mb();
		for (unsigned i = 0; i < nr; i++)
			q->config.exec(q->config.exec_ctx, &cmd[i]);
	}
	if (fault == DMAP_SIMQ_LOST)
		*fence = FENCE_LOST;
	if (fault == DMAP_SIMQ_ERROR)
		*fence = FENCE_ERROR;
	count(q, cmd, nr);
	return 0;
}

static int simq_submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr, uint64_t *fence)
{
	struct dmap_simq *q = ctx;

	if (plat_unlikely(nr > q->max_cmds))
		return -EINVAL;
	/* relaxed: an injected fault is meant for submissions that follow in time anyhow */
	if (plat_unlikely(plat_load_relaxed(&q->inject)))
		return submit_slow(q, cmd, nr, fence);
	/* No table walker watches, so there is nothing to order. */
	*fence = 0;
	count(q, cmd, nr);
	return 0;
}

static bool reached(struct dmap_simq *q, uint64_t fence)
{
	/* SIMQ-A3: what was executed has been executed; pairs with SIMQ-R3 */
	return (int64_t)(plat_load_acquire(&q->head) - fence) >= 0;
}

static int simq_poll(void *ctx, uint64_t fence)
{
	struct dmap_simq *q = ctx;

	if (!fence)
		return 1;
	if (fence == FENCE_LOST)
		return 0;
	if (fence == FENCE_ERROR)
		return -EIO;
	if (!reached(q, fence))
		run_engine(q);
	return reached(q, fence);
}

static int simq_wait(void *ctx, uint64_t fence)
{
	struct dmap_simq *q = ctx;
	uint64_t begin, now, before;
	unsigned still = 0;
	int r = simq_poll(q, fence);

	if (r)
		return r < 0 ? r : 0;
	if (!q->config.now_ns)
		return -ETIMEDOUT;
	begin = before = q->config.now_ns(q->config.now_ctx);
	do {
		plat_relax();
		r = simq_poll(q, fence);
		if (r)
			return r < 0 ? r : 0;
		now = q->config.now_ns(q->config.now_ctx);
		still = now == before ? still + 1 : 0;
		before = now;
	} while (now - begin < q->config.timeout_ns && still < DEAD_CLOCK);
	return -ETIMEDOUT;
}

const struct dmap_inval_ops dmap_simq_ops = {
	.submit = simq_submit,
	.poll = simq_poll,
	.wait = simq_wait,
};

void dmap_simq_stats(struct dmap_simq *q, struct dmap_simq_stats *stats)
{
	uint64_t kind[KINDS];
	/* relaxed: counters order nothing */
	uint64_t waits = plat_load_relaxed(&q->waits);

	for (unsigned k = 0; k < KINDS; k++) {
		/* relaxed: a counter */
		kind[k] = plat_load_relaxed(&q->kind[k]);
		for (unsigned i = 0; i < q->slots; i++) {
			/* relaxed: a counter */
			uint64_t n = plat_load_relaxed(&q->count[i].single[k]);

			kind[k] += n;
			waits += n;
		}
	}
	stats->range = kind[DMAP_INVAL_RANGE];
	stats->domain = kind[DMAP_INVAL_DOMAIN];
	stats->global = kind[DMAP_INVAL_GLOBAL];
	stats->waits = waits;
}
