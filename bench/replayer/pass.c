/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pass.c - plays a trace through a side. */
#include "pass.h"

#include "plat.h"

#include <stdlib.h>
#include <unistd.h>

__thread struct side_thread side_thread;

unsigned side_cpu_slots(unsigned nr_cpus)
{
	long have = sysconf(_SC_NPROCESSORS_CONF);

	return have > 0 && nr_cpus > (unsigned long)have ? nr_cpus : 0;
}

static uint64_t queue_clock(void *ctx)
{
	(void)ctx;
	return bench_wall_ns();
}

int pass_open(struct pass *pass, const struct side_ops *ops, const struct pass_config *config)
{
	const struct trace *t = config->trace;
	const struct dmap_simq_config simq = {
		.latency_ns = config->latency_ns,
		.now_ns = queue_clock,
		.cpu_slots = side_cpu_slots(config->recorded_cpus ? t->nr_cpus : 0),
	};
	struct side_config side = {
		.nr_domains = t->nr_domains,
		.nr_cpus = config->nr_threads > 1 ? config->nr_threads : t->nr_cpus,
		.nr_threads = config->nr_threads,
		.recorded_cpus = config->recorded_cpus,
		.mode = config->mode,
		.inval = &dmap_simq_ops,
		.meta = config->meta,
		.pages = config->pages,
	};
	int ret;

	*pass = (struct pass){ .config = config, .ops = ops };
	pass->iova = calloc(config->nr_threads > 1 ? t->nr_maps : t->nr_slots, sizeof(uint64_t));
	if (!pass->iova)
		return -ENOMEM;
	ret = dmap_simq_create(&pass->simq, &simq);
	if (ret)
		goto err_iova;
	side.inval_ctx = pass->simq;
	ret = ops->open(&pass->side, &side);
	if (ret)
		goto err_simq;
	return 0;
err_simq:
	dmap_simq_destroy(pass->simq);
err_iova:
	free(pass->iova);
	return ret;
}

int pass_close(struct pass *pass)
{
	const struct trace *t = pass->config->trace;
	uint32_t i, nr_live = t->nr_maps - t->nr_unmaps;
	uint64_t left;

	side_thread = (struct side_thread){ .tick_ns = SIDE_NEVER };
	pass->ops->enter(pass->side);
	for (i = 0; i < nr_live; i++) {
		const struct trace_event *ev = &t->event[t->live[i]];
		uint64_t iova = pass->iova[pass->config->nr_threads > 1 ? ev->map : ev->slot];

		if (!iova_is_err(iova) && pass->ops->unmap(pass->side, ev, iova))
			pass->error = -EIO;
	}
	pass->ops->leave(pass->side);
	left = pass->ops->close(pass->side);
	dmap_simq_destroy(pass->simq);
	free(pass->iova);
	return left ? -EIO : pass->error;
}

void pass_play(struct pass *pass)
{
	const struct trace *t = pass->config->trace;
	const struct trace_event *ev = t->event, *end = ev + t->nr_events;
	const struct side_ops *ops = pass->ops;
	struct side *side = pass->side;
	uint64_t iova, failed = 0;
	int ret, error = 0;

	side_thread = (struct side_thread){ .tick_ns = 0 };
	ops->enter(side);
	for (; ev < end; ev++) {
		side_thread.now_ns = ev->time_ns;
		if (plat_unlikely(ev->time_ns >= side_thread.tick_ns))
			ops->tick(side);
		if (ev->op == TRACE_MAP) {
			iova = ops->map(side, ev, &t->seg[ev->seg]);
			pass->iova[ev->slot] = iova;
			failed += iova_is_err(iova);
			continue;
		}
		iova = pass->iova[ev->slot];
		if (plat_unlikely(iova_is_err(iova)))
			continue;
		ret = ops->unmap(side, ev, iova);
		if (plat_unlikely(ret))
			error = ret;
	}
	ret = ops->drain(side);
	ops->leave(side);
	pass->failed_maps = failed;
	pass->error = error ? error : ret;
}

static plat_always_inline void keep_min(uint32_t *ticks, uint64_t took)
{
	if (took < *ticks)
		*ticks = (uint32_t)took;
}

void pass_play_timed(struct pass *pass, uint32_t *ticks, uint64_t *timer_ticks)
{
	const struct trace *t = pass->config->trace;
	const struct side_ops *ops = pass->ops;
	struct side *side = pass->side;
	uint64_t start, took, iova, timer = 0;
	uint32_t i;

	side_thread = (struct side_thread){ .tick_ns = 0 };
	ops->enter(side);
	for (i = 0; i < t->nr_events; i++) {
		const struct trace_event *ev = &t->event[i];

		side_thread.now_ns = ev->time_ns;
		if (plat_unlikely(ev->time_ns >= side_thread.tick_ns)) {
			start = pass_ticks();
			ops->tick(side);
			timer += pass_ticks() - start;
		}
		if (ev->op == TRACE_MAP) {
			start = pass_ticks();
			iova = ops->map(side, ev, &t->seg[ev->seg]);
			took = pass_ticks() - start;
			pass->iova[ev->slot] = iova;
		} else {
			iova = pass->iova[ev->slot];
			if (plat_unlikely(iova_is_err(iova)))
				continue;
			start = pass_ticks();
			ops->unmap(side, ev, iova);
			took = pass_ticks() - start;
		}
		keep_min(&ticks[i], took);
	}
	pass->error = ops->drain(side);
	ops->leave(side);
	if (timer < *timer_ticks)
		*timer_ticks = timer;
}
