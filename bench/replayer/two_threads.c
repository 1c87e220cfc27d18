/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * two_threads.c - plays a trace on two threads, CPU n of the recording on thread n % 2.
 *
 * Each thread plays its own events in their order.  Between the threads:
 *  - an unmap waits until its map, if that is the other thread's, has been made.
 *    The address is handed over in a word that the mapping thread writes, next to
 *    words of the same thread only; nothing else is shared for it;
 *  - no thread gets further than WINDOW events of the recording ahead, so that
 *    about as much is live at once as was.  Progress is published every PUBLISH
 *    events, in a cache line of its own.
 * There is no lock.  Waiting is timed, where it happens, and taken off.
 *
 * No deadlock: whoever waits for the window is ahead, so the other is not; whoever
 * waits for a map waits for an earlier event of a thread that is not waiting for
 * a later one.
 */
#define _GNU_SOURCE
#include "measure.h"

#include "plat.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define LANES 2u
#define WINDOW 512u
#define PUBLISH 64u
#define SPINS 400u
#define GAP_SLOTS 16u /* two cache lines: the hardware fetches pairs */

struct lane {
	/* Events of this lane below this ordinal are done. TWO-R1, TWO-R2 */
	uint32_t reached plat_aligned(PLAT_CACHELINE);
	unsigned index plat_aligned(PLAT_CACHELINE);
	int cpu; /* of this machine */
	struct run *run;
	struct trace_event *event; /* this lane's; slot: where the address is handed over */
	uint32_t *ordinal;	   /* of each in the trace */
	uint32_t nr;
	uint64_t cpu_ns, wait_ns, failed;
	int error;
	pthread_t thread;
};

struct run {
	struct pass *pass;
	struct lane lane[LANES];
	uint64_t *iova;	 /* by slot: all of lane 0, a gap, all of lane 1; 0: not mapped yet */
	uint32_t *place; /* slot of each map of the trace */
	uint32_t nr_slots;
	pthread_barrier_t start;
};

static void wait_a_little(unsigned *spins)
{
	if (++*spins % SPINS)
		plat_relax();
	else
		sched_yield();
}

static plat_noinline void wait_window(struct lane *lane, uint32_t ordinal)
{
	struct lane *other = &lane->run->lane[1 - lane->index];
	uint64_t start = bench_cpu_ns();
	unsigned spins = 0;

	/* TWO-A1: nothing is read but the number itself; the addresses have TWO-A2 */
	while (plat_load_acquire(&other->reached) < ordinal - WINDOW)
		wait_a_little(&spins);
	lane->wait_ns += bench_cpu_ns() - start;
}

static plat_noinline uint64_t wait_map(struct lane *lane, const uint64_t *iova, uint32_t ordinal)
{
	uint64_t start = bench_cpu_ns(), value;
	unsigned spins = 0;

	/* The other may be waiting for the window: it must see how far this lane is. */
	plat_store_release(&lane->reached, ordinal); /* TWO-R1 */
	/* TWO-A2: pairs with TWO-R2, so that what the map wrote is seen by its unmap */
	while (!(value = plat_load_acquire(iova)))
		wait_a_little(&spins);
	lane->wait_ns += bench_cpu_ns() - start;
	return value;
}

static void publish(struct lane *lane, uint32_t ordinal)
{
	struct lane *other = &lane->run->lane[1 - lane->index];

	plat_store_release(&lane->reached, ordinal); /* TWO-R1: pairs with TWO-A1 */
	/* relaxed: a stale value only sends us to wait_window(), which looks again */
	if (ordinal > WINDOW && plat_load_relaxed(&other->reached) < ordinal - WINDOW)
		wait_window(lane, ordinal);
}

static void play_event(struct lane *lane, const struct trace_event *ev, uint32_t ordinal)
{
	struct pass *pass = lane->run->pass;
	uint64_t iova, *slot = &lane->run->iova[ev->slot];
	int ret;

	side_thread.now_ns = ev->time_ns;
	if (plat_unlikely(ev->time_ns >= side_thread.tick_ns))
		pass->ops->tick(pass->side);
	if (ev->op == TRACE_MAP) {
		iova = pass->ops->map(pass->side, ev, &pass->config->trace->seg[ev->seg]);
		lane->failed += iova_is_err(iova);
		plat_store_release(slot, iova); /* TWO-R2: hands the mapping to its unmap */
		return;
	}
	iova = plat_load_acquire(slot); /* TWO-A2 */
	if (plat_unlikely(!iova))
		iova = wait_map(lane, slot, ordinal);
	if (plat_unlikely(iova_is_err(iova)))
		return;
	ret = pass->ops->unmap(pass->side, ev, iova);
	if (plat_unlikely(ret))
		lane->error = ret;
}

static void *play_lane(void *arg)
{
	struct lane *lane = arg;
	struct pass *pass = lane->run->pass;
	cpu_set_t cpus;
	uint64_t start;
	uint32_t i;

	CPU_ZERO(&cpus);
	CPU_SET(lane->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	side_thread = (struct side_thread){ .index = lane->index };
	pass->ops->enter(pass->side);
	pthread_barrier_wait(&lane->run->start);
	start = bench_cpu_ns();
	for (i = 0; i < lane->nr; i++) {
		uint32_t ordinal = lane->ordinal[i];

		if (i % PUBLISH == 0)
			publish(lane, ordinal);
		play_event(lane, &lane->event[i], ordinal);
	}
	plat_store_release(&lane->reached, UINT32_MAX); /* TWO-R1 */
	lane->cpu_ns = bench_cpu_ns() - start - lane->wait_ns;
	pass->ops->leave(pass->side);
	return NULL;
}

static int start_lanes(struct run *run, uint64_t *wall_ns)
{
	unsigned i;

	if (pthread_barrier_init(&run->start, NULL, LANES + 1))
		return -ENOMEM;
	for (i = 0; i < LANES; i++) {
		/* With one thread of two there is nobody to wait for: give up at once. */
		if (pthread_create(&run->lane[i].thread, NULL, play_lane, &run->lane[i])) {
			if (i) {
				pthread_cancel(run->lane[0].thread);
				pthread_join(run->lane[0].thread, NULL);
			}
			pthread_barrier_destroy(&run->start);
			return -EAGAIN;
		}
	}
	pthread_barrier_wait(&run->start);
	*wall_ns = bench_wall_ns();
	for (i = 0; i < LANES; i++)
		pthread_join(run->lane[i].thread, NULL);
	*wall_ns = bench_wall_ns() - *wall_ns;
	pthread_barrier_destroy(&run->start);
	return 0;
}

static int play_two(struct run *run, const struct side_ops *ops, const struct pass_config *config,
		    uint64_t *cpu_ns, uint64_t *wall_ns)
{
	const struct trace *t = config->trace;
	struct pass pass;
	unsigned i;
	uint32_t map;
	int ret = pass_open(&pass, ops, config), closed;

	if (ret)
		return ret;
	run->pass = &pass;
	memset(run->iova, 0, run->nr_slots * sizeof(*run->iova));
	for (i = 0; i < LANES; i++) {
		run->lane[i].reached = 0;
		run->lane[i].wait_ns = 0;
		run->lane[i].error = 0;
	}
	ret = start_lanes(run, wall_ns);
	*cpu_ns = 0;
	for (i = 0; i < LANES && !ret; i++) {
		*cpu_ns += run->lane[i].cpu_ns;
		ret = run->lane[i].error;
	}
	for (map = 0; map < t->nr_maps; map++)
		pass.iova[map] = run->iova[run->place[map]] ? run->iova[run->place[map]] :
							      (uint64_t)-EIO; /* never mapped */
	closed = pass_close(&pass);
	return ret ? ret : closed;
}

static unsigned lane_of(const struct trace *t, const struct trace_event *ev)
{
	return t->cpu_number[ev->cpu] % LANES;
}

/* A slot for each map, so that no cache line has slots of both lanes. */
static int deal_slots(struct run *run, const struct trace *t)
{
	uint32_t e, n = 0;
	unsigned lane;

	run->place = malloc(t->nr_maps * sizeof(*run->place));
	if (!run->place)
		return -ENOMEM;
	for (lane = 0; lane < LANES; lane++) {
		for (e = 0; e < t->nr_events; e++)
			if (t->event[e].op == TRACE_MAP && lane_of(t, &t->event[e]) == lane)
				run->place[t->event[e].map] = n++;
		n += GAP_SLOTS;
	}
	run->nr_slots = n;
	run->iova = malloc(n * sizeof(*run->iova));
	return run->iova ? 0 : -ENOMEM;
}

/* Which events are whose. */
static int deal_events(struct run *run, const struct trace *t)
{
	unsigned i;
	uint32_t e;

	for (i = 0; i < LANES; i++) {
		struct lane *lane = &run->lane[i];

		lane->index = i;
		lane->run = run;
		lane->ordinal = malloc(t->nr_events * sizeof(*lane->ordinal));
		lane->event = malloc(t->nr_events * sizeof(*lane->event));
		if (!lane->ordinal || !lane->event)
			return -ENOMEM;
	}
	for (e = 0; e < t->nr_events; e++) {
		struct lane *lane = &run->lane[lane_of(t, &t->event[e])];

		lane->event[lane->nr] = t->event[e];
		lane->event[lane->nr].slot = run->place[t->event[e].map];
		lane->ordinal[lane->nr++] = e;
	}
	return 0;
}

/* On which of this machine's CPUs each lane runs. */
static int deal_cpus(struct run *run)
{
	cpu_set_t allowed;
	unsigned n = 0;
	int cpu;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	for (cpu = 0; cpu < CPU_SETSIZE && n < LANES; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			run->lane[n++].cpu = cpu;
	return n < LANES ? -ENODEV : 0;
}

static int round_two(struct run *run, const struct side_ops *ops, const struct pass_config *config,
		     const struct measure *m, struct measure_side *side, unsigned round)
{
	double pairs = config->trace->nr_events / 2.0;
	uint64_t cpu_ns = 0, wall_ns = 0;
	int ret = play_two(run, ops, config, &cpu_ns, &wall_ns);

	if (ret || !round)
		return ret;
	side->cpu_2t_ns[round - 1] = (double)cpu_ns / pairs - m->harness_ns;
	side->wall_2t_ns[round - 1] = (double)wall_ns / pairs;
	return 0;
}

int measure_two_threads(struct measure *m, const struct measure_plan *plan)
{
	struct pass_config config = plan->pass;
	struct run run = { 0 };
	unsigned i;
	int ret;

	config.nr_threads = LANES;
	config.recorded_cpus = false;
	ret = deal_cpus(&run);
	if (!ret)
		ret = deal_slots(&run, config.trace);
	if (!ret)
		ret = deal_events(&run, config.trace);
	/* The first round warms up. */
	for (i = 0; !ret && i <= plan->rounds; i++) {
		ret = round_two(&run, &side_ours, &config, m, &m->ours, i);
		if (!ret && plan->peer)
			ret = round_two(&run, plan->peer, &config, m, &m->peer, i);
	}
	for (i = 0; i < LANES; i++) {
		free(run.lane[i].ordinal);
		free(run.lane[i].event);
	}
	free(run.place);
	free(run.iova);
	if (ret)
		return ret;
	m->has_2t = true;
	m->ours.cpu_2t_median = measure_median(m->ours.cpu_2t_ns, plan->rounds);
	m->ours.wall_2t_median = measure_median(m->ours.wall_2t_ns, plan->rounds);
	if (!plan->peer)
		return 0;
	m->peer.cpu_2t_median = measure_median(m->peer.cpu_2t_ns, plan->rounds);
	m->peer.wall_2t_median = measure_median(m->peer.wall_2t_ns, plan->rounds);
	m->ratio_2t = m->ours.cpu_2t_median / m->peer.cpu_2t_median;
	return 0;
}
