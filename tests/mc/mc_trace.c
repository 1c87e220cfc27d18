/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* mc_trace.c - what happened in the run, for people. */
#include "mc_int.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void mc_event(const char *what, const char *site, const volatile void *addr, uint64_t a, uint64_t b,
	      unsigned stale)
{
	struct mc_event *e;

	if (mc->nr_events == MC_EVENTS || mc->phase != MC_EXEC)
		return;
	e = &mc->event[mc->nr_events++];
	e->tid = (uint8_t)mc->cur;
	e->cpu = mc_self()->cpu;
	strncpy(e->what, what, sizeof(e->what) - 1);
	e->site = site;
	e->addr = (uintptr_t)addr;
	e->a = a;
	e->b = b;
	e->stale = (uint8_t)stale;
}

void mc_note(const char *fmt, ...)
{
	char line[46];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	mc_event(line, NULL, NULL, 0, 0, 0);
}

/* "file:line" of an atomic's site or of a code address. */
const char *mc_where(const char *site, void *pc)
{
	static char buf[4][160];
	static unsigned next;
	char cmd[256], *out = buf[next++ % 4];
	FILE *f;

	if (site)
		return site;
	if (!pc)
		return "init()";
	snprintf(cmd, sizeof(cmd), "addr2line -e /proc/%d/exe %p 2>/dev/null", (int)getpid(),
		 (void *)((char *)pc - 1));
	f = popen(cmd, "r");
	if (!f || !fgets(out, sizeof(buf[0]), f) || out[0] == '?')
		snprintf(out, sizeof(buf[0]), "%p", pc);
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

void mc_print_trace(void)
{
	unsigned i, first = 0;

	printf("#   choices:");
	for (i = 0; i < mc->nr_choices && i < mc->depth; i++)
		printf("%s%u", i ? "," : " ", mc->choice[i].taken);
	printf("\n");
	if (mc->nr_events > 150)
		first = mc->nr_events - 150;
	if (first)
		printf("#   ... %u earlier events\n", first);
	for (i = first; i < mc->nr_events; i++)
		print_event(&mc->event[i]);
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
