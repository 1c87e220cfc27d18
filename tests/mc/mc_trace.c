/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* mc_trace.c - what happened in the run, for people. */
#include "mc_int.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MC_TRACE_LINES 200

void mc_event(const char *what, const char *site, const volatile void *addr, uint64_t a, uint64_t b,
	      unsigned stale)
{
	struct mc_event *e;

	if (mc->nr_events == MC_EVENTS || mc->phase != MC_EXEC)
		return;
	e = &mc->event[mc->nr_events++];
	e->tid = (uint8_t)mc->cur;
	e->cpu = mc_self()->cpu;
	e->what = what;
	e->site = site;
	e->addr = (uintptr_t)addr;
	e->a = a;
	e->b = b;
	e->stale = (uint8_t)stale;
}

void mc_note(const char *fmt, ...)
{
	char *line = mc->notes + mc->nr_notes;
	size_t room = MC_NOTES - mc->nr_notes;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		return;
	mc->nr_notes += (unsigned)n + 1;
	mc_event(line, NULL, NULL, 0, 0, 0);
}

/* "file:line" of an access. */
const char *mc_where(enum mc_kind kind, const void *where)
{
	static char buf[4][160];
	static unsigned next;
	char cmd[256], *out = buf[next++ % 4];
	FILE *f;

	if (kind >= MC_ATOMIC_READ)
		return where;
	if (!where)
		return "init()";
	snprintf(cmd, sizeof(cmd), "addr2line -e /proc/%d/exe %p 2>/dev/null", (int)getpid(),
		 (const void *)((const char *)where - 1));
	f = popen(cmd, "r");
	if (!f || !fgets(out, sizeof(buf[0]), f) || out[0] == '?')
		snprintf(out, sizeof(buf[0]), "%p", where);
	if (f)
		pclose(f);
	out[strcspn(out, "\n")] = 0;
	return out;
}

void mc_fail(const char *fmt, ...)
{
	va_list ap;

	/* The first failure is the one; fini() of a failed run is not called. */
	if (!mc->failed) {
		va_start(ap, fmt);
		vsnprintf(mc->message, sizeof(mc->message), fmt, ap);
		va_end(ap);
	}
	mc->failed = true;
	if (mc->phase == MC_EXEC)
		setcontext(&mc->main_ctx);
	longjmp(mc->main_jmp, 1);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static void print_event(const struct mc_event *e)
{
	int i = mc_block_find((void *)(uintptr_t)e->addr);
	char where[48] = "";

	if (e->addr && i >= 0)
		snprintf(where, sizeof(where), "block%d+%#zx", i,
			 (size_t)((char *)(uintptr_t)e->addr - mc->block[i].start));
	else if (e->addr)
		snprintf(where, sizeof(where), "%#lx", (unsigned long)e->addr);
	printf("#   %*sT%u/cpu%u %-18s %-16s %#lx %#lx%s %s\n", 2 * e->tid, "", e->tid, e->cpu,
	       e->what, where, (unsigned long)e->a, (unsigned long)e->b,
	       e->stale ? " (stale)" : "", base_name(e->site));
}

/* Accesses to what no other thread cares about tell nothing. */
static bool interesting(const struct mc_event *e)
{
	size_t cell = mc_cell_of((void *)(uintptr_t)e->addr);

	return mc->all_events || cell == MC_CELL_NONE || mc->class[cell].hot == MC_HOT ||
	       !e->site;
}

void mc_print_trace(void)
{
	unsigned n = 0, skip;

	for (unsigned i = 0; i < mc->nr_events; i++)
		n += interesting(&mc->event[i]);
	skip = n > MC_TRACE_LINES ? n - MC_TRACE_LINES : 0;
	if (skip)
		printf("#   ... %u earlier events\n", skip);
	for (unsigned i = 0; i < mc->nr_events; i++) {
		if (!interesting(&mc->event[i]))
			continue;
		if (skip)
			skip--;
		else
			print_event(&mc->event[i]);
	}
}

static void on_signal(int sig)
{
	printf("not ok - %s: signal %d in thread %u\n", mc->model ? mc->model->name : "?", sig,
	       mc->cur);
	mc_print_trace();
	fflush(stdout);
	_exit(1);
}

void mc_catch_signals(void)
{
	size_t size = 65536;
	const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t ss = { .ss_sp = malloc(size), .ss_size = size };

	sigaltstack(&ss, NULL);
	for (unsigned i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}
