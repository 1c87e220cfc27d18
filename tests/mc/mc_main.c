/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_main.c - the search: depth first over the choices, with pre-emptions
 * bounded at 0, 1, 2... in turn, so that the simplest failure comes first.
 */
#include "mc_int.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define MC_RANDOM_RUNS 3000

struct mc *mc;
extern char __data_start[], _end[];

struct mc_options {
	bool full, verbose, all_events, c11;
	int preempt, stale;
	unsigned plats;
	uint64_t random, seed, max_runs;
};

static void *mc_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void mc_setup(void)
{
	struct mc *m = mc_map(sizeof(*m));

	m->heap = mc_map(MC_HEAP_BYTES);
	m->stacks = m->heap;
	m->data = __data_start;
	m->data_bytes = (size_t)(_end - __data_start);
	m->data_copy = mc_map(m->data_bytes);
	m->data_kept = mc_map(m->data_bytes);
	m->heap_copy = mc_map(MC_HEAP_BYTES);
	m->nr_cells = MC_HEAP_BYTES / 8 + m->data_bytes / 8 + 2 + MC_PSEUDO_CELLS;
	m->cells = mc_map(m->nr_cells * sizeof(*m->cells));
	m->class = mc_map(m->nr_cells * sizeof(*m->class));
	mc = m;
	mc_catch_signals();
	memcpy(m->data_copy, m->data, m->data_bytes);
}

/*
 * init() does the same in every run: what it leaves behind is kept after the
 * first and put back before the others.
 */
static void mc_keep_init(void)
{
	mc->init_blocks = mc->nr_blocks;
	mc->init_heap = (size_t)(mc->heap_next - mc_heap_start());
	memcpy(mc->heap_copy, mc_heap_start(), mc->init_heap);
	memcpy(mc->block_copy, mc->block, mc->nr_blocks * sizeof(*mc->block));
	memcpy(mc->data_kept, mc->data, mc->data_bytes);
	mc->init_clk = mc->thr[0].clk;
	mc->kept = true;
}

static void mc_restore_init(void)
{
	memcpy(mc->data, mc->data_kept, mc->data_bytes);
	memcpy(mc_heap_start(), mc->heap_copy, mc->init_heap);
	memcpy(mc->block, mc->block_copy, mc->init_blocks * sizeof(*mc->block));
	mc->heap_next = mc_heap_start() + mc->init_heap;
	mc->nr_blocks = mc->init_blocks;
	mc->thr[0].clk = mc->init_clk;
	for (unsigned i = 0; i < mc->nr_blocks; i++)
		mc->block[i].touched = 0;
}

/* One execution of the model; false when it failed. */
static bool mc_run_once(void)
{
	mc->run++;
	mc->runs++;
	mc->depth = 0;
	mc->failed = false;
	mc->nr_msgs = mc->nr_locs = mc->nr_events = mc->nr_notes = mc->nr_ops = 0;
	mc->op_time = 0;
	mc->phase = MC_INIT;
	mc_heap_reset();
	mc_threads_reset();
	if (setjmp(mc->main_jmp))
		return false;
	if (mc->kept) {
		mc_restore_init();
	} else {
		memcpy(mc->data, mc->data_copy, mc->data_bytes);
		mc->model->init();
		mc_keep_init();
	}
	mc_set_cpu(0);
	mc_run_threads();
	if (mc->failed)
		return false;
	mc->model->fini();
	if (!(mc->model->flags & MC_NO_LEAK))
		mc_leaks();
	return true;
}

/* New hot locations were met: they are scheduling points from now on. */
static bool mc_reclassify(void)
{
	if (!mc->class_changed)
		return false;
	for (size_t i = 0; i < mc->nr_cells; i++)
		if (mc->class[i].hot == MC_WARM)
			mc->class[i].hot = MC_HOT;
	mc->class_changed = false;
	return true;
}

/* Moves on to the next sequence of choices; false after the last. */
static bool mc_backtrack(void)
{
	while (mc->nr_choices) {
		struct mc_choice *c = &mc->choice[mc->nr_choices - 1];

		if (++c->taken < c->n)
			return true;
		mc->nr_choices--;
	}
	return false;
}

enum mc_verdict { MC_CLEAN, MC_BROKEN, MC_INCOMPLETE };

static enum mc_verdict mc_search(const struct mc_options *o, const struct mc_bounds *b)
{
	unsigned preempt = o->preempt >= 0 ? (unsigned)o->preempt : b->preempt;

	mc->bound = *b;
	if (o->stale >= 0)
		mc->bound.stale = (unsigned)o->stale;
	mc->random = false;
	for (unsigned p = 0; p <= preempt; p++) {
		mc->bound.preempt = p;
		mc->nr_choices = 0;
		do {
			bool ok = mc_run_once();

			if (mc_reclassify()) {
				mc->nr_choices = 0;
				continue;
			}
			if (!ok)
				return MC_BROKEN;
			if (mc->runs >= o->max_runs)
				return MC_INCOMPLETE;
			if (!mc_backtrack())
				break;
		} while (true);
	}
	return MC_CLEAN;
}

/* Schedules beyond all bounds, as many as time allows. */
static enum mc_verdict mc_random(const struct mc_options *o, uint64_t runs)
{
	mc->bound = (struct mc_bounds){ 1000, 1000, mc->model->full.spurious ? 4 : 0,
					mc->model->full.migrate ? 4 : 0,
					mc->model->full.alloc_fail };
	mc->random = true;
	mc->rng = o->seed * 2654435761u + 88172645463325252ull;
	for (uint64_t i = 0; i < runs; i++) {
		bool ok;

		mc->nr_choices = 0;
		ok = mc_run_once();
		if (!mc_reclassify() && !ok)
			return MC_BROKEN;
	}
	return MC_CLEAN;
}

static const char *mc_plat_name(unsigned plat)
{
	return plat == MC_USER ? "user" : plat == MC_KERNEL ? "kernel" : "none";
}

/* Runs one model under one plat and prints its TAP line; true when all is as expected. */
static bool mc_test(const struct mc_model *m, unsigned plat, const struct mc_options *o,
		    unsigned number)
{
	struct mc_bounds searched;
	enum mc_verdict v;
	const char *what;
	bool ok;

	mc->model = m;
	mc->plat = plat;
	mc->all_events = o->all_events;
	mc->c11 = o->c11 || m->flags & MC_C11_FULL;
	mc->runs = 0;
	mc->kept = false;
	memset(mc->class, 0, mc->nr_cells * sizeof(*mc->class));
	v = o->random ? mc_random(o, o->random) : mc_search(o, &m->quick);
	if (v == MC_CLEAN && o->full && !o->random)
		v = mc_search(o, &m->full);
	searched = mc->bound;
	if (v == MC_CLEAN && o->full && !o->random)
		v = mc_random(o, MC_RANDOM_RUNS);
	ok = m->expect ? v == MC_BROKEN && strstr(mc->message, m->expect) : v == MC_CLEAN;
	what = v == MC_CLEAN ? "clean" : v == MC_BROKEN ? "fails" : "incomplete";
	printf("%sok %u - %s/%s %s: %lu runs, pre-emptions %u, stale loads %u\n", ok ? "" : "not ",
	       number, m->name, mc_plat_name(plat), what, (unsigned long)mc->runs,
	       searched.preempt, searched.stale);
	if (v == MC_BROKEN)
		printf("#   %s\n", mc->message);
	if (v == MC_BROKEN && (!ok || o->verbose))
		mc_print_trace();
	fflush(stdout);
	return ok;
}

static void mc_usage(const char *name)
{
	printf("usage: %s [-l] [-v] [-a] [-c] [-p preemptions] [-s stale] [-P user|kernel|none]\n"
	       "  [-r random runs [-S seed]] [-m max runs] [model...]\n",
	       name);
	exit(2);
}

static void mc_options(int argc, char **argv, struct mc_options *o)
{
	const char *e;
	int c;

	*o = (struct mc_options){ .preempt = -1, .stale = -1, .plats = MC_ALL, .seed = 1,
				  .max_runs = 20000000 };
	e = getenv("CHECK_LONG");
	o->full = e && *e && strcmp(e, "0");
	e = getenv("SEED");
	if (e)
		o->seed = strtoull(e, NULL, 0);
	while ((c = getopt(argc, argv, "lvacp:s:P:r:S:m:")) >= 0) {
		switch (c) {
		case 'l': o->full = true; break;
		case 'v': o->verbose = true; break;
		case 'c': o->c11 = true; break;
		case 'a': o->all_events = true; break;
		case 'p': o->preempt = atoi(optarg); break;
		case 's': o->stale = atoi(optarg); break;
		case 'r': o->random = strtoull(optarg, NULL, 0); break;
		case 'S': o->seed = strtoull(optarg, NULL, 0); break;
		case 'm': o->max_runs = strtoull(optarg, NULL, 0); break;
		case 'P':
			o->plats = *optarg == 'u' ? MC_USER : *optarg == 'k' ? MC_KERNEL : MC_NONE;
			break;
		default: mc_usage(argv[0]);
		}
	}
	if (o->random || o->full)
		printf("# seed %lu\n", (unsigned long)o->seed);
}

static bool mc_named(int argc, char **argv, const char *name)
{
	for (int i = optind; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return optind == argc;
}

int mc_main(int argc, char **argv, const struct mc_model *models, size_t count)
{
	struct mc_options o;
	unsigned tests = 0, bad = 0;

	mc_options(argc, argv, &o);
	mc_setup();
	for (size_t i = 0; i < count; i++) {
		unsigned plats = (models[i].plats ? models[i].plats : MC_USER) & o.plats;

		if (!mc_named(argc, argv, models[i].name))
			continue;
		for (unsigned plat = MC_USER; plat <= MC_NONE; plat <<= 1)
			if (plats & plat)
				bad += !mc_test(&models[i], plat, &o, ++tests);
	}
	printf("1..%u\n", tests);
	if (!tests) {
		printf("# no such model\n");
		return 1;
	}
	return bad != 0;
}
