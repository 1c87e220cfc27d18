/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * report_plots.c - the figures as a table for gnuplot, and gnuplot on it.
 *
 * bench/plot/replay.gp draws; the columns it names are the ones written here.
 */
#define _GNU_SOURCE
#include "report.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char columns[] =
	"label\tratio\tratio_min\tratio_max\tratio_2t"
	"\tours_pair\tours_map\tours_unmap\tpeer_pair\tpeer_map\tpeer_unmap"
	"\tours_2t\tpeer_2t"
	"\tours_map_p50\tours_map_p99\tours_map_p999\tours_map_max"
	"\tpeer_map_p50\tpeer_map_p99\tpeer_map_p999\tpeer_map_max"
	"\tours_unmap_p50\tours_unmap_p99\tours_unmap_p999\tours_unmap_max"
	"\tpeer_unmap_p50\tpeer_unmap_p99\tpeer_unmap_p999\tpeer_unmap_max"
	"\tours_descriptors\tours_waits\tours_meta_kib\tours_tables\tours_leaves\tours_misses"
	"\tpeer_descriptors\tpeer_waits\tpeer_meta_kib\tpeer_tables\tpeer_leaves\tpeer_misses"
	"\n";

static void time_columns(FILE *out, const struct measure_side *s)
{
	fprintf(out, "\t%.2f\t%.2f\t%.2f", s->pair_median, s->map_ns, s->unmap_ns);
}

static double at_least(double value, double step)
{
	return value > step ? value : step;
}

/* The clock cannot tell less than a step from a step. */
static void latency_columns(FILE *out, const struct measure_quantiles *q, double step)
{
	fprintf(out, "\t%.1f\t%.1f\t%.1f\t%.1f", at_least(q->p50, step), at_least(q->p99, step),
		at_least(q->p999, step), at_least(q->max, step));
}

/* Per thousand unmaps, and per thousand accesses, so that traces of any length compare. */
static void cost_columns(FILE *out, const struct check_result *c, double unmaps)
{
	fprintf(out, "\t%.4f\t%.4f\t%.2f\t%" PRIu64 "\t%" PRIu64 "\t%.4f",
		report_descriptors(c) * 1000.0 / unmaps, c->queue.waits * 1000.0 / unmaps,
		c->peak_meta_bytes / 1024.0, c->peak_table_pages, c->leaf_tables,
		c->walk_accesses ? c->walk_misses * 1000.0 / c->walk_accesses : 0.0);
}

static void row(FILE *out, const struct report *r)
{
	const struct measure *m = &r->measure;
	bool recorded = r->recorded_lazy == (r->mode == DMAP_LAZY);
	/* What is still mapped at the end is unmapped in the checking pass too. */
	double unmaps = r->nr_maps;

	fprintf(out, "\"%s%s%s\"\t%.4f\t%.4f\t%.4f\t%.4f", r->trace, recorded ? "" : " as ",
		recorded ? "" : report_mode(r->mode), m->ratio, m->ratio_min, m->ratio_max,
		m->ratio_2t);
	time_columns(out, &m->ours);
	time_columns(out, &m->peer);
	fprintf(out, "\t%.2f\t%.2f", m->ours.cpu_2t_median, m->peer.cpu_2t_median);
	latency_columns(out, &m->ours.map, m->step_ns);
	latency_columns(out, &m->peer.map, m->step_ns);
	latency_columns(out, &m->ours.unmap, m->step_ns);
	latency_columns(out, &m->peer.unmap, m->step_ns);
	cost_columns(out, &r->check_ours, unmaps);
	cost_columns(out, &r->check_peer, unmaps);
	fprintf(out, "\n");
}

static int write_table(const char *path, const struct report_list *list)
{
	FILE *out = fopen(path, "w");
	unsigned i;
	int failed;

	if (!out)
		return -errno;
	fputs(columns, out);
	for (i = 0; i < list->nr; i++)
		if (list->report[i].measured)
			row(out, &list->report[i]);
	failed = ferror(out);
	if (fclose(out))
		return -errno;
	return failed ? -EIO : 0;
}

static int run_gnuplot(const char *table, const char *dir, const struct report_list *list)
{
	const char *script = PLOT_SCRIPT;
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		execlp("gnuplot", "gnuplot", "-c", script, table, dir, list->peer_title,
		       (char *)NULL);
		fprintf(stderr, "replay: cannot run gnuplot: %s\n", strerror(errno));
		_exit(1);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

int report_plots(const char *dir, const struct report_list *list)
{
	char table[PATH_MAX];
	int ret = 0;

	if (mkdir(dir, 0777) && errno != EEXIST)
		ret = -errno;
	if (!ret && snprintf(table, sizeof(table), "%s/replay.tsv", dir) >= (int)sizeof(table))
		ret = -ENAMETOOLONG;
	if (!ret)
		ret = write_table(table, list);
	if (ret) {
		fprintf(stderr, "replay: %s: %s\n", dir, strerror(-ret));
		return ret;
	}
	ret = run_gnuplot(table, dir, list);
	if (ret)
		fprintf(stderr, "replay: gnuplot drew no plots from %s\n", table);
	return ret;
}
