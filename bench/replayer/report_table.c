/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* report_table.c - the tables that people read. */
#include "report.h"

#include <inttypes.h>
#include <string.h>

static int name_width(const struct report_list *list)
{
	int width = 5;
	unsigned i;

	for (i = 0; i < list->nr; i++)
		if ((int)strlen(list->report[i].trace) > width)
			width = (int)strlen(list->report[i].trace);
	return width;
}

static void row_head(FILE *out, const struct report *r, int width)
{
	fprintf(out, "%-*s %-6s", width, r->trace, report_mode(r->mode));
}

static void table_time(FILE *out, const struct report_list *list, int width)
{
	unsigned i;

	fprintf(out, "CPU time, ns; ratio = ours / peer, with its extremes over the rounds\n");
	fprintf(out, "%-*s %-6s %8s | %7s %7s %7s | %7s %7s %7s | %5s %11s | %s\n", width, "trace",
		"mode", "pairs", "ours", "map", "unmap", "peer", "map", "unmap", "ratio",
		"min..max", "two threads: ours / peer");
	for (i = 0; i < list->nr; i++) {
		const struct report *r = &list->report[i];
		const struct measure *m = &r->measure;

		if (!r->measured)
			continue;
		row_head(out, r, width);
		fprintf(out, " %8" PRIu32 " | %7.1f %7.1f %7.1f |", (r->nr_maps + r->nr_unmaps) / 2,
			m->ours.pair_median, m->ours.map_ns, m->ours.unmap_ns);
		if (m->has_peer)
			fprintf(out, " %7.1f %7.1f %7.1f | %5.2f %4.2f..%-5.2f |",
				m->peer.pair_median, m->peer.map_ns, m->peer.unmap_ns, m->ratio,
				m->ratio_min, m->ratio_max);
		else
			fprintf(out, " %7s %7s %7s | %5s %11s |", "-", "-", "-", "-", "-");
		if (m->has_2t && m->has_peer)
			fprintf(out, " %.1f / %.1f = %.2f", m->ours.cpu_2t_median,
				m->peer.cpu_2t_median, m->ratio_2t);
		else if (m->has_2t)
			fprintf(out, " %.1f", m->ours.cpu_2t_median);
		fprintf(out, "\n");
	}
}

static void latency(FILE *out, const struct measure_quantiles *q)
{
	fprintf(out, " %6.0f %6.0f %7.0f %8.0f", q->p50, q->p99, q->p999, q->max);
}

static void table_latency(FILE *out, const struct report_list *list, int width)
{
	double step = 0;
	unsigned i;

	for (i = 0; i < list->nr; i++)
		if (list->report[i].measure.step_ns > step)
			step = list->report[i].measure.step_ns;
	fprintf(out, "\nLatency of a call, ns: p50, p99, p99.9, greatest (least of %d passes; the "
		     "clock moves in steps of %.1f)\n",
		MEASURE_TIMED_PASSES, step);
	fprintf(out, "%-*s %-6s %-5s | %-30s | %-30s\n", width, "trace", "mode", "side",
		"   map", "   unmap");
	for (i = 0; i < list->nr; i++) {
		const struct report *r = &list->report[i];

		if (!r->measure.has_quantiles)
			continue;
		row_head(out, r, width);
		fprintf(out, " %-5s |", "ours");
		latency(out, &r->measure.ours.map);
		fprintf(out, " |");
		latency(out, &r->measure.ours.unmap);
		fprintf(out, "\n");
		if (!r->measure.has_peer)
			continue;
		fprintf(out, "%*s %-5s |", width + 7, "", "peer");
		latency(out, &r->measure.peer.map);
		fprintf(out, " |");
		latency(out, &r->measure.peer.unmap);
		fprintf(out, "\n");
	}
}

static void cost(FILE *out, const char *side, const struct check_result *c)
{
	fprintf(out,
		" %-5s | %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " | %9" PRIu64 " %7" PRIu64
		" | %6" PRIu64 " %9" PRIu64 "/%-9" PRIu64 "",
		side, c->queue.range, c->queue.domain + c->queue.global, c->queue.waits,
		(c->peak_meta_bytes + 512) / 1024, c->peak_table_pages, c->leaf_tables,
		c->walk_misses, c->walk_accesses);
	if (c->failed_maps)
		fprintf(out, "  %" PRIu64 " maps failed", c->failed_maps);
	if (c->errors)
		fprintf(out, "  %" PRIu64 " ERRORS: %s", c->errors, c->first_error);
	fprintf(out, "\n");
}

static void table_cost(FILE *out, const struct report_list *list, int width)
{
	unsigned i;

	fprintf(out, "\nInvalidation descriptors, greatest memory use, placement (walk cache: %d leaf "
		     "tables a device)\n",
		WALK_CACHE_ENTRIES);
	fprintf(out, "%-*s %-6s %-5s | %8s %8s %8s | %9s %7s | %6s %19s\n", width, "trace", "mode",
		"side", "range", "domain", "wait", "meta KiB", "tables", "leaves", "walk misses/of");
	for (i = 0; i < list->nr; i++) {
		const struct report *r = &list->report[i];

		if (!r->checked)
			continue;
		row_head(out, r, width);
		cost(out, "ours", &r->check_ours);
		if (!list->has_peer)
			continue;
		fprintf(out, "%*s", width + 7, "");
		cost(out, "peer", &r->check_peer);
	}
}

void report_table(FILE *out, const struct report_list *list)
{
	int width = name_width(list);
	bool measured = false, checked = false;
	unsigned i;

	for (i = 0; i < list->nr; i++) {
		measured |= list->report[i].measured;
		checked |= list->report[i].checked;
	}
	if (list->has_peer)
		fprintf(out, "ours: %s\npeer: %s\n", side_ours.title, list->peer_title);
	if (!list->recorded_cpus)
		fprintf(out, "All recorded CPUs are played as one.\n");
	fprintf(out, "\n");
	if (measured)
		table_time(out, list, width);
	if (measured)
		table_latency(out, list, width);
	if (checked)
		table_cost(out, list, width);
}
