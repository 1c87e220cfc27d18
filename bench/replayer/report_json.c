/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* report_json.c - the same for machines. */
#include "report.h"

#include "config.h"

#ifdef HAVE_JSONC
#include <json-c/json.h>
#include <math.h>

static void add(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add(to, key, value);
}

/* Three decimals: more would claim what no clock can see. */
static struct json_object *real(double value)
{
	char text[32];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *count(uint64_t value)
{
	return json_object_new_int64((int64_t)value);
}

static struct json_object *reals(const double *value, unsigned nr)
{
	struct json_object *array = json_object_new_array();
	unsigned i;

	for (i = 0; i < nr; i++)
		json_object_array_add(array, real(value[i]));
	return array;
}

static struct json_object *quantiles(const struct measure_quantiles *q)
{
	struct json_object *o = json_object_new_object();

	add(o, "p50", real(q->p50));
	add(o, "p99", real(q->p99));
	add(o, "p999", real(q->p999));
	add(o, "max", real(q->max));
	return o;
}

static void add_time(struct json_object *o, const struct measure *m, const struct measure_side *s)
{
	struct json_object *two;

	add(o, "pair_ns", real(s->pair_median));
	add(o, "rounds_ns", reals(s->pair_ns, m->rounds));
	if (m->has_quantiles) {
		add(o, "map_ns", real(s->map_ns));
		add(o, "unmap_ns", real(s->unmap_ns));
		add(o, "map_latency_ns", quantiles(&s->map));
		add(o, "unmap_latency_ns", quantiles(&s->unmap));
	}
	if (!m->has_2t)
		return;
	two = json_object_new_object();
	add(two, "cpu_pair_ns", real(s->cpu_2t_median));
	add(two, "wall_pair_ns", real(s->wall_2t_median));
	add(two, "cpu_rounds_ns", reals(s->cpu_2t_ns, m->rounds));
	add(o, "two_threads", two);
}

static void add_check(struct json_object *o, const struct check_result *c)
{
	struct json_object *queue = json_object_new_object(), *walk = json_object_new_object();

	add(queue, "range", count(c->queue.range));
	add(queue, "domain", count(c->queue.domain));
	add(queue, "global", count(c->queue.global));
	add(queue, "waits", count(c->queue.waits));
	add(o, "invalidations", queue);
	add(o, "peak_metadata_bytes", count(c->peak_meta_bytes));
	add(o, "peak_table_pages", count(c->peak_table_pages));
	add(o, "leaf_tables", count(c->leaf_tables));
	add(walk, "entries_per_device", count(WALK_CACHE_ENTRIES));
	add(walk, "accesses", count(c->walk_accesses));
	add(walk, "misses", count(c->walk_misses));
	add(o, "walk_cache", walk);
	add(o, "failed_maps", count(c->failed_maps));
	add(o, "check_errors", count(c->errors));
	if (c->errors)
		add(o, "first_error", json_object_new_string(c->first_error));
}

static struct json_object *side(const struct report *r, const struct measure_side *time,
				const struct check_result *check)
{
	struct json_object *o = json_object_new_object();

	if (r->measured)
		add_time(o, &r->measure, time);
	if (r->checked)
		add_check(o, check);
	return o;
}

static struct json_object *one(const struct report_list *list, const struct report *r)
{
	struct json_object *o = json_object_new_object();
	const struct measure *m = &r->measure;

	add(o, "trace", json_object_new_string(r->trace));
	add(o, "mode", json_object_new_string(report_mode(r->mode)));
	add(o, "recorded_mode", json_object_new_string(r->recorded_lazy ? "lazy" : "strict"));
	add(o, "maps", count(r->nr_maps));
	add(o, "unmaps", count(r->nr_unmaps));
	add(o, "domains", count(r->nr_domains));
	add(o, "devices", count(r->nr_devices));
	add(o, "cpus", count(r->nr_cpus));
	add(o, "queue_latency_ns", count(r->latency_ns));
	if (r->measured) {
		add(o, "rounds", count(m->rounds));
		add(o, "passes_per_round", count(m->repeats));
		add(o, "harness_ns", real(m->harness_ns));
		if (m->has_quantiles)
			add(o, "latency_clock_step_ns", real(m->step_ns));
	}
	if (r->measured && m->has_peer) {
		add(o, "ratio", real(m->ratio));
		add(o, "ratio_min", real(m->ratio_min));
		add(o, "ratio_max", real(m->ratio_max));
		if (m->has_2t)
			add(o, "ratio_two_threads", real(m->ratio_2t));
	}
	add(o, "ours", side(r, &m->ours, &r->check_ours));
	if (list->has_peer)
		add(o, "peer", side(r, &m->peer, &r->check_peer));
	return o;
}

int report_json(FILE *out, const struct report_list *list)
{
	struct json_object *top = json_object_new_object(), *traces = json_object_new_array();
	unsigned i;

	add(top, "ours", json_object_new_string(side_ours.title));
	if (list->has_peer)
		add(top, "peer", json_object_new_string(list->peer_title));
	add(top, "cpus_played", json_object_new_string(list->recorded_cpus ? "recorded" : "one"));
	for (i = 0; i < list->nr; i++)
		json_object_array_add(traces, one(list, &list->report[i]));
	add(top, "traces", traces);
	fprintf(out, "%s\n", json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY |
								 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
	return 0;
}

int report_json_ratio(FILE *out, const struct report *r)
{
	struct json_object *o = json_object_new_object();

	add(o, "trace", json_object_new_string(r->trace));
	add(o, "mode", json_object_new_string(report_mode(r->mode)));
	add(o, "ours_ns", reals(r->measure.ours.pair_ns, r->measure.rounds));
	add(o, "peer_ns", reals(r->measure.peer.pair_ns, r->measure.rounds));
	fprintf(out, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	return 0;
}
#else
int report_json(FILE *out, const struct report_list *list)
{
	(void)out, (void)list;
	return -ENOTSUP;
}

int report_json_ratio(FILE *out, const struct report *r)
{
	(void)out, (void)r;
	return -ENOTSUP;
}
#endif
