/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* report.h - what was found about each trace, and the ways to say it. */
#ifndef REPLAY_REPORT_H
#define REPLAY_REPORT_H

#include "check.h"
#include "measure.h"
#include "walk_cache.h"

#include <stdio.h>

/* One trace in one mode. */
struct report {
	char *trace;
	enum dmap_mode mode;
	bool recorded_lazy;
	uint32_t nr_maps, nr_unmaps, nr_domains, nr_devices, nr_cpus;
	uint64_t latency_ns;
	bool checked, measured;
	struct check_result check_ours, check_peer;
	struct measure measure;
};

struct report_list {
	struct report *report;
	unsigned nr;
	bool has_peer;
	const char *peer_title;
	bool recorded_cpus;
};

void report_table(FILE *out, const struct report_list *list);
/* 0, or -ENOTSUP where this was built without json-c. */
int report_json(FILE *out, const struct report_list *list);
/* One object on a line: trace, ours_ns[], peer_ns[].  Result as report_json(). */
int report_json_ratio(FILE *out, const struct report *report);
/*
 * Plots, SVG and PNG, into @dir, which is made if it is not there; through
 * gnuplot.  0 or -errno, after a message.
 */
int report_plots(const char *dir, const struct report_list *list);

static inline const char *report_mode(enum dmap_mode mode)
{
	return mode == DMAP_STRICT ? "strict" : "lazy";
}

static inline uint64_t report_descriptors(const struct check_result *check)
{
	return check->queue.range + check->queue.domain + check->queue.global;
}

#endif
