/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* trace.c - loads a trace and checks it against itself. */
#include "trace.h"

#include "ranges.h"
#include "trace_parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_LINES 16384u

/* Recorded number -> dense number + 1. */
struct numbering {
	uint16_t *dense;
	uint16_t count;
};

struct domain_check {
	struct range_set live;	  /* value: event and line of the map */
	struct range_set pending; /* unmapped, not yet freed; same value */
	bool has_frees;		  /* delayed frees were seen: pending ranges are not up for reuse */
};

struct loader {
	struct trace *trace;
	struct trace_error *err;
	uint64_t line;
	int64_t now_ns; /* may run backwards by a little: see bench/traces/README.md */
	struct numbering domains, devices, cpus;
	struct domain_check *check; /* by dense domain */
	uint32_t *free_slot;
	uint32_t nr_free_slots;
	uint32_t event_cap, seg_cap;
	uint64_t live_bytes;
};

static int fail(struct loader *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct loader *l, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(l->err->text, sizeof(l->err->text), format, ap);
	va_end(ap);
	l->err->line = l->line;
	return -1;
}

static int no_memory(struct loader *l)
{
	return fail(l, "out of memory");
}

/* Makes room for one more of @size bytes each; false: no memory, or too many to number. */
static bool grow(void *array, uint32_t *cap, uint32_t used, size_t size)
{
	void *p;
	uint32_t n;

	if (used < *cap)
		return true;
	if (used >= UINT32_MAX / 2)
		return false;
	n = used < 512 ? 1024 : used * 2;
	memcpy(&p, array, sizeof(p));
	p = realloc(p, n * size);
	if (!p)
		return false;
	memcpy(array, &p, sizeof(p));
	*cap = n;
	return true;
}

static uint16_t dense(struct numbering *n, uint16_t number)
{
	if (!n->dense[number])
		n->dense[number] = ++n->count;
	return (uint16_t)(n->dense[number] - 1);
}

static uint64_t pack_origin(const struct loader *l, uint32_t event)
{
	return (l->line & UINT32_MAX) << 32 | event;
}

static int add_segments(struct loader *l, const struct trace_line *line, struct trace_event *ev)
{
	struct trace *t = l->trace;
	const char *text = line->segments;
	uint64_t pfn, pages, sum = 0;
	int ret;

	ev->seg = t->nr_segs;
	while ((ret = trace_parse_segment(&text, &pfn, &pages, l->err)) == 1) {
		if (!grow(&t->seg, &l->seg_cap, t->nr_segs, sizeof(*t->seg)))
			return no_memory(l);
		t->seg[t->nr_segs++] = (struct pgtbl_segment){
			.phys = (pfn << TRACE_PAGE_LG2) & ((UINT64_C(1) << TRACE_PHYS_BITS) - 1),
			.size = pages << TRACE_PAGE_LG2,
		};
		ev->nr_seg++;
		sum += pages << TRACE_PAGE_LG2;
		if (sum > line->size_bytes)
			break;
	}
	if (ret < 0) {
		l->err->line = l->line;
		return -1;
	}
	if (sum != line->size_bytes)
		return fail(l, "segments do not add up to the size %" PRIx64, line->size_bytes);
	return 0;
}

/* The range of a new map against everything live, and in lazy domains everything waiting. */
static int check_new_range(struct loader *l, struct domain_check *d, const struct range *range)
{
	struct range other;
	int ret;

	while (ranges_overlap(&d->pending, range->first_pfn, range->last_pfn, &other)) {
		if (d->has_frees)
			return fail(l, "map overlaps the range of line %" PRIu64
				       ", unmapped but not freed",
				    other.value >> 32);
		ranges_take(&d->pending, other.first_pfn, NULL);
	}
	ret = ranges_add(&d->live, range, &other);
	if (ret == -EEXIST)
		return fail(l, "map overlaps the live range of line %" PRIu64, other.value >> 32);
	return ret ? no_memory(l) : 0;
}

static int add_map(struct loader *l, const struct trace_line *line, struct trace_event *ev)
{
	struct trace *t = l->trace;
	struct range range = {
		.first_pfn = line->iova >> TRACE_PAGE_LG2,
		.last_pfn = (line->iova + line->size_bytes - 1) >> TRACE_PAGE_LG2,
		.value = pack_origin(l, t->nr_events),
	};

	if (add_segments(l, line, ev) || check_new_range(l, &l->check[ev->domain], &range))
		return -1;
	ev->op = TRACE_MAP;
	ev->limit = line->limit;
	ev->prot = line->prot & (PGTBL_READ | PGTBL_WRITE | PGTBL_COHERENT);
	ev->map = t->nr_maps++;
	ev->slot = l->nr_free_slots ? l->free_slot[--l->nr_free_slots] : t->nr_slots++;
	l->live_bytes += line->size_bytes;
	if (l->live_bytes > t->peak_live_bytes)
		t->peak_live_bytes = l->live_bytes;
	return 0;
}

/* Takes the range of an unmap or free out of @set. */
static int take_range(struct loader *l, struct range_set *set, const struct trace_line *line,
		      const char *what, struct range *range)
{
	uint64_t pages = line->size_bytes >> TRACE_PAGE_LG2, had;

	if (!ranges_take(set, line->iova >> TRACE_PAGE_LG2, range))
		return fail(l, "%s of a range that is not %s: domain %u, iova %" PRIx64, what,
			    line->op == 'u' ? "mapped" : "waiting to be freed", line->domain,
			    line->iova);
	had = range->last_pfn - range->first_pfn + 1;
	if (had != pages)
		return fail(l, "%s of %" PRIx64 " bytes, but line %" PRIu64 " mapped %" PRIx64,
			    what, line->size_bytes, range->value >> 32, had << TRACE_PAGE_LG2);
	return 0;
}

static int add_unmap(struct loader *l, const struct trace_line *line, struct trace_event *ev)
{
	struct trace *t = l->trace;
	struct domain_check *d = &l->check[ev->domain];
	const struct trace_event *map;
	struct range range;
	int ret;

	if (take_range(l, &d->live, line, "unmap", &range))
		return -1;
	/* A strict domain records no frees: what is unmapped twice was free in between. */
	ret = ranges_add(&d->pending, &range, NULL);
	if (ret == -ENOMEM)
		return no_memory(l);
	map = &t->event[range.value & UINT32_MAX];
	ev->op = TRACE_UNMAP;
	ev->map = map->map;
	ev->slot = map->slot;
	l->free_slot[l->nr_free_slots++] = map->slot;
	l->live_bytes -= line->size_bytes;
	t->nr_unmaps++;
	return 0;
}

static int add_event(struct loader *l, const struct trace_line *line)
{
	struct trace *t = l->trace;
	struct trace_event *ev;
	uint32_t cap = l->event_cap;

	if (!grow(&t->event, &l->event_cap, t->nr_events, sizeof(*t->event)))
		return no_memory(l);
	if (cap != l->event_cap) {
		/* No more slots can be free than there are events. */
		uint32_t *p = realloc(l->free_slot, l->event_cap * sizeof(*p));

		if (!p)
			return no_memory(l);
		l->free_slot = p;
	}
	ev = &t->event[t->nr_events];
	*ev = (struct trace_event){
		.time_ns = l->now_ns > (int64_t)t->span_ns ? (uint64_t)l->now_ns : t->span_ns,
		.size_bytes = line->size_bytes,
		.domain = dense(&l->domains, line->domain),
		.device = dense(&l->devices, line->device),
		.cpu = dense(&l->cpus, line->cpu),
	};
	if (line->op == 'm' ? add_map(l, line, ev) : add_unmap(l, line, ev))
		return -1;
	t->cpu_number[ev->cpu] = line->cpu;
	t->span_ns = ev->time_ns;
	t->nr_events++;
	return 0;
}

static int add_free(struct loader *l, const struct trace_line *line)
{
	struct domain_check *d = &l->check[dense(&l->domains, line->domain)];
	struct range range;

	d->has_frees = true;
	l->trace->nr_frees++;
	return take_range(l, &d->pending, line, "free", &range);
}

/* Only the version matters; other comments are for people. */
static int add_comment(struct loader *l, const char *text)
{
	static const char magic[] = "# dma-trace v";
	char *end;

	if (strncmp(text, magic, sizeof(magic) - 1))
		return 0;
	if (strtoul(text + sizeof(magic) - 1, &end, 10) != 2 || (*end != ' ' && *end != '\0'))
		return fail(l, "this is not version 2 of the format: \"%.40s\"", text);
	return 0;
}

static int add_line(struct loader *l, const char *text, size_t len)
{
	struct trace_line line;
	int64_t now;

	if (text[0] == '#')
		return add_comment(l, text);
	if (!trace_parse_line(&line, text, len, l->err)) {
		l->err->line = l->line;
		return -1;
	}
	if (__builtin_add_overflow(l->now_ns, line.dt_ns, &now))
		return fail(l, "time overflows");
	/* The clock starts with the first event. */
	l->now_ns = l->trace->nr_events ? now : 0;
	switch (line.op) {
	case 'f':
		return add_free(l, &line);
	case 'x':
		l->trace->nr_flushes++;
		return 0;
	default:
		return add_event(l, &line);
	}
}

/* What is still mapped when the recording ends. */
static int list_live(struct loader *l)
{
	struct trace *t = l->trace;
	uint32_t i, n = 0, *map_of = calloc(t->nr_slots, sizeof(*map_of));

	t->live = calloc(t->nr_maps - t->nr_unmaps + 1, sizeof(*t->live));
	if (!map_of || !t->live) {
		free(map_of);
		return no_memory(l);
	}
	/* Event number + 1 of the slot's mapping; 0: none. */
	for (i = 0; i < t->nr_events; i++)
		map_of[t->event[i].slot] = t->event[i].op == TRACE_MAP ? i + 1 : 0;
	for (i = 0; i < t->nr_slots; i++)
		if (map_of[i])
			t->live[n++] = map_of[i] - 1;
	free(map_of);
	return 0;
}

static int load_lines(struct loader *l, struct trace_file *file, trace_progress_fn progress,
		      void *ctx)
{
	uint64_t done, total;
	size_t len;
	char *text;
	int ret;

	while ((ret = trace_file_line(file, &text, &len, l->err)) == 1) {
		l->line++;
		if (add_line(l, text, len))
			return -1;
		if (progress && l->line % PROGRESS_LINES == 0) {
			trace_file_position(file, &done, &total);
			progress(ctx, done, total);
		}
	}
	if (!ret && !l->trace->nr_maps)
		return fail(l, "no map event in the whole file");
	return ret ? ret : list_live(l);
}

/* Folder and suffixes off: "a/nvme.trace.zst" -> "nvme". */
static char *trace_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	static const char *const suffix[] = { ".zst", ".txt", ".trace" };
	char *name = strdup(base);
	size_t n, m, i;

	if (!name)
		return NULL;
	for (i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		n = strlen(name);
		m = strlen(suffix[i]);
		if (n > m && !strcmp(name + n - m, suffix[i]))
			name[n - m] = '\0';
	}
	return name;
}

static bool loader_init(struct loader *l, const char *path)
{
	struct trace *t = l->trace;

	t->name = trace_name(path);
	t->cpu_number = calloc(UINT16_MAX + 1, sizeof(*t->cpu_number));
	l->domains.dense = calloc(UINT16_MAX + 1, sizeof(uint16_t));
	l->devices.dense = calloc(UINT16_MAX + 1, sizeof(uint16_t));
	l->cpus.dense = calloc(UINT16_MAX + 1, sizeof(uint16_t));
	l->check = calloc(UINT16_MAX + 1, sizeof(*l->check));
	return t->name && t->cpu_number && l->domains.dense && l->devices.dense && l->cpus.dense &&
	       l->check;
}

static void loader_fini(struct loader *l)
{
	uint32_t i;

	for (i = 0; l->check && i <= UINT16_MAX; i++) {
		ranges_clear(&l->check[i].live);
		ranges_clear(&l->check[i].pending);
	}
	free(l->check);
	free(l->domains.dense);
	free(l->devices.dense);
	free(l->cpus.dense);
	free(l->free_slot);
}

int trace_load(struct trace **trace, const char *path, trace_progress_fn progress, void *ctx,
	       struct trace_error *err)
{
	struct trace_file *file = trace_file_open(path, err);
	struct loader l = { .err = err };
	int ret;

	*trace = NULL;
	if (!file)
		return -1;
	l.trace = calloc(1, sizeof(*l.trace));
	if (!l.trace || !loader_init(&l, path))
		ret = no_memory(&l);
	else
		ret = load_lines(&l, file, progress, ctx);
	trace_file_close(file);
	if (l.trace) {
		l.trace->nr_domains = l.domains.count;
		l.trace->nr_devices = l.devices.count;
		l.trace->nr_cpus = l.cpus.count;
		l.trace->lazy = l.trace->nr_frees || l.trace->nr_flushes;
	}
	loader_fini(&l);
	if (ret)
		trace_free(l.trace);
	else
		*trace = l.trace;
	return ret;
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	free(trace->name);
	free(trace->event);
	free(trace->seg);
	free(trace->cpu_number);
	free(trace->live);
	free(trace);
}
