/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * replay.c - replays DMA traces through ours and through Linux's own code.
 *
 * Built twice from the same sources: bench/replay has no peer and needs nothing
 * but the libraries; bench/replay-6.1 is linked with the peer, which is compiled
 * from the kernel's source on first use.  The first makes and runs the second
 * whenever a comparison is asked for (launch.c).
 */
#define _GNU_SOURCE
#include "launch.h"
#include "options.h"
#include "progress.h"
#include "report.h"

#include "config.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_JEMALLOC
#include "plat_jemalloc.h"
#endif

#ifdef REPLAY_PEER
static const struct side_ops *const peer_ops = &side_peer;
#else
static const struct side_ops *const peer_ops;
#endif

struct run {
	const struct options *options;
	struct report_list list;
	struct plat_mem meta, pages;
	bool failed;
};

static void complain(struct run *run, const char *path, const char *what, int err)
{
	progress_what("", "");
	fprintf(stderr, "%s: %s: %s\n", path, what, strerror(-err));
	run->failed = true;
}

/* On one CPU while one thread plays: a migration in mid-pass costs both sides unevenly. */
static void stay_here(cpu_set_t *before)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	sched_getaffinity(0, sizeof(*before), before);
	if (cpu < 0)
		return;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	sched_setaffinity(0, sizeof(here), &here);
}

static void count_progress(void *ctx, unsigned done, unsigned total)
{
	progress_done(ctx, done, total);
}

static int check(struct run *run, struct report *r, const struct trace *t)
{
	int ret;

	progress_what(t->name, "checking");
	ret = check_run(&r->check_ours, t, &side_ours, r->mode, run->meta, run->pages);
	if (!ret && run->options->peer)
		ret = check_run(&r->check_peer, t, peer_ops, r->mode, run->meta, run->pages);
	r->checked = !ret;
	if (r->check_ours.errors || r->check_peer.errors)
		run->failed = true;
	return ret;
}

static int measure(struct run *run, struct report *r, const struct trace *t)
{
	const struct options *o = run->options;
	const struct measure_plan plan = {
		.pass = {
			.trace = t,
			.mode = r->mode,
			.latency_ns = o->latency_ns,
			.nr_threads = 1,
			.recorded_cpus = o->recorded_cpus,
			.meta = run->meta,
			.pages = run->pages,
		},
		.peer = o->peer ? peer_ops : NULL,
		.rounds = o->rounds,
	};
	cpu_set_t before;
	int ret;

	stay_here(&before);
	progress_what(t->name, "measuring");
	ret = measure_pairs(&r->measure, &plan, count_progress, NULL);
	if (!ret && !o->ratio) {
		progress_what(t->name, "latencies");
		ret = measure_quantiles(&r->measure, &plan);
	}
	sched_setaffinity(0, sizeof(before), &before);
	if (!ret && !o->ratio && o->two_threads) {
		progress_what(t->name, "two threads");
		ret = measure_two_threads(&r->measure, &plan);
		if (ret == -ENODEV)
			ret = 0; /* one CPU: a replay on two threads would show nothing */
	}
	r->measured = !ret;
	return ret;
}

static struct report *new_report(struct run *run, const struct trace *t, enum dmap_mode mode)
{
	struct report_list *list = &run->list;
	struct report *r = realloc(list->report, (list->nr + 1) * sizeof(*r));

	if (!r)
		return NULL;
	list->report = r;
	r = &list->report[list->nr];
	*r = (struct report){
		.trace = strdup(t->name),
		.mode = mode,
		.recorded_lazy = t->lazy,
		.nr_maps = t->nr_maps,
		.nr_unmaps = t->nr_unmaps,
		.nr_domains = t->nr_domains,
		.nr_devices = t->nr_devices,
		.nr_cpus = t->nr_cpus,
		.latency_ns = run->options->latency_ns,
	};
	if (!r->trace)
		return NULL;
	list->nr++;
	return r;
}

static void replay_mode(struct run *run, const char *path, const struct trace *t,
			enum dmap_mode mode)
{
	const struct options *o = run->options;
	struct report *r = new_report(run, t, mode);
	int ret = r ? 0 : -ENOMEM;

	if (!ret && o->check && !o->ratio) {
		ret = check(run, r, t);
		/* The figures of a side that fails its checks mean nothing. */
		if (!ret && (r->check_ours.errors || r->check_peer.errors)) {
			progress_what("", "");
			fprintf(stderr, "%s: %s: check failed: %s\n", path, report_mode(mode),
				r->check_ours.errors ? r->check_ours.first_error :
						       r->check_peer.first_error);
			return;
		}
	}
	if (!ret && o->measure)
		ret = measure(run, r, t);
	if (ret)
		complain(run, path, report_mode(mode), ret);
	else if (o->ratio)
		report_json_ratio(stdout, r);
}

static void replay_file(struct run *run, const char *path)
{
	enum replay_modes modes = run->options->modes;
	struct trace_error err;
	struct trace *t;

	progress_what(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, "reading");
	if (trace_load(&t, path, progress_done, NULL, &err)) {
		progress_what("", "");
		if (err.line)
			fprintf(stderr, "%s:%" PRIu64 ": %s\n", path, err.line, err.text);
		else
			fprintf(stderr, "%s: %s\n", path, err.text);
		run->failed = true;
		return;
	}
	if (modes == MODES_STRICT || modes == MODES_BOTH || (modes == MODES_TRACE && !t->lazy))
		replay_mode(run, path, t, DMAP_STRICT);
	if (modes == MODES_LAZY || modes == MODES_BOTH || (modes == MODES_TRACE && t->lazy))
		replay_mode(run, path, t, DMAP_LAZY);
	trace_free(t);
}

static void write_json(struct run *run, const char *path)
{
	FILE *out = fopen(path, "w");
	bool failed = !out;

	if (out) {
		report_json(out, &run->list);
		failed = ferror(out);
		failed |= fclose(out) != 0;
	}
	if (failed)
		complain(run, path, "cannot write", -errno);
}

static void print(struct run *run)
{
	const struct options *o = run->options;
	unsigned i;

	if (!o->ratio && run->list.nr) {
		if (o->json_file)
			write_json(run, o->json_file);
		if (o->json && !o->json_file)
			report_json(stdout, &run->list);
		else
			report_table(stdout, &run->list);
		if (fflush(stdout))
			complain(run, "standard output", "cannot write", -errno);
		if (o->plot_dir && report_plots(o->plot_dir, &run->list))
			run->failed = true;
	}
	for (i = 0; i < run->list.nr; i++)
		free(run->list.report[i].trace);
	free(run->list.report);
}

static int replay_all(const struct options *o)
{
	struct run run = {
		.options = o,
		.list = {
			.has_peer = o->peer,
			.peer_title = peer_ops ? peer_ops->title : NULL,
			.recorded_cpus = o->recorded_cpus,
		},
	};
	int i;
#ifdef HAVE_JEMALLOC
	struct plat_je *je;

	if (plat_je_create(&je)) {
		fprintf(stderr, "replay: out of memory\n");
		return 1;
	}
	run.meta = plat_je_meta(je);
	run.pages = plat_je_pages(je);
#endif
	for (i = 0; i < o->nr_files; i++)
		replay_file(&run, o->file[i]);
	progress_what("", "");
	print(&run);
#ifdef HAVE_JEMALLOC
	if (plat_je_destroy(je)) {
		fprintf(stderr, "replay: memory was left at the end\n");
		run.failed = true;
	}
#endif
	return run.failed;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	if (options_parse(&options, argc, argv, &status))
		return status;
#ifndef HAVE_JSONC
	if (options.json) {
		fprintf(stderr, "replay: built without json-c, so no --json\n");
		return 1;
	}
#endif
	if (options.peer && !peer_ops)
		return launch_with_peer(argv);
	return replay_all(&options);
}
