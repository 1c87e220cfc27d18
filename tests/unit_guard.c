/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * unit_guard.c - closes the ways in which a Criterion program passes silently.
 *
 * Criterion 2.4 reports "passing" for a test that calls exit(0) or _exit(0), and
 * for a failed assertion in .fini.  This object is linked into every Criterion
 * program and leaves a trace in the directory $UNIT_GUARD_DIR:
 *
 *   expected  (runner process) every test that has to run to its end;
 *   failed    (runner process) a line for each failed assertion, .fini included;
 *   done      (test process) a test whose body returned and whose process then
 *             went through exit().
 *
 * tests/run-test compares them.  tests/meta/ proves that each way turns red.
 */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TESTS 4096

int unit_guard; /* the linker's handle: -Wl,--undefined=unit_guard */

/* The linker's bounds of the section in which Test() puts its pointers. */
extern struct criterion_test *__start_cr_tst[];
extern struct criterion_test *__stop_cr_tst[];

static struct {
	const struct criterion_test *test;
	void (*body)(void);
} guarded[MAX_TESTS];
static unsigned nr_guarded;
static const struct criterion_test *returned; /* the test whose body returned */

/* Appends the line "a::b", or nothing when @a is NULL, to a file that is then there. */
static void leave(const char *file, const char *a, const char *b)
{
	const char *dir = getenv("UNIT_GUARD_DIR");
	char path[512], line[512];
	int fd, len;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	len = a ? snprintf(line, sizeof(line), "%s::%s\n", a, b) : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || len < 0 || write(fd, line, (size_t)len) != len)
		_exit(99);
	close(fd);
}

static void at_exit(void)
{
	if (returned)
		leave("done", returned->category, returned->name);
}

static void run_body(void)
{
	const struct criterion_test *test = criterion_current_test;

	for (unsigned i = 0; i < nr_guarded; i++) {
		/* Criterion gives the test's process a copy of the description. */
		if (strcmp(guarded[i].test->name, test->name) ||
		    strcmp(guarded[i].test->category, test->category))
			continue;
		guarded[i].body();
		returned = guarded[i].test;
		return;
	}
	cr_assert_fail("unit_guard: unknown test");
}

__attribute__((constructor)) static void install(void)
{
	for (struct criterion_test **p = __start_cr_tst; p < __stop_cr_tst; p++) {
		if (!*p || nr_guarded == MAX_TESTS)
			continue;
		guarded[nr_guarded].test = *p;
		guarded[nr_guarded++].body = (*p)->test;
		(*p)->test = run_body;
	}
	atexit(at_exit);
}

/* A test that is meant to die has Criterion's own check of how it died. */
ReportHook(PRE_ALL)(struct criterion_test_set *all)
{
	(void)all;
	leave("expected", NULL, NULL);
	for (unsigned i = 0; i < nr_guarded; i++) {
		const struct criterion_test *t = guarded[i].test;

		if (t->data->kind_ != CR_TEST_NORMAL) {
			fprintf(stderr, "%s::%s: only Test() is supported\n", t->category, t->name);
			exit(1);
		}
		if (!t->data->disabled && !t->data->signal && !t->data->exit_code)
			leave("expected", t->category, t->name);
	}
}

ReportHook(ASSERT)(struct criterion_assert_stats *stats)
{
	if (!stats->passed)
		leave("failed", stats->file, stats->message ? stats->message : "");
}
