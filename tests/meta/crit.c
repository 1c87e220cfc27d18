/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * crit.c - a Criterion program that goes wrong in the way that $META names, and in
 * no way without it.  meta.sh expects tests/run-test to notice each.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool meta(const char *what)
{
	const char *v = getenv("META");

	return v && !strcmp(v, what);
}

__attribute__((constructor(2000))) static void before_main(void)
{
	if (meta("exit before main"))
		exit(0);
}

static void init(void)
{
	cr_assert(!meta("assertion in init"));
	if (meta("exit(0) in init"))
		exit(0);
}

static void fini(void)
{
	cr_assert(!meta("assertion in fini"));
	cr_expect(!meta("expectation in fini"));
	if (meta("exit(0) in fini"))
		exit(0);
	if (meta("_exit(0) in fini"))
		_exit(0);
	if (meta("crash in fini"))
		raise(SIGSEGV);
}

static void *volatile lost;
static volatile int number = INT_MAX;

Test(meta, body, .init = init, .fini = fini)
{
	cr_assert(!meta("assertion"));
	cr_expect(!meta("expectation"));
	if (meta("exit(0)"))
		exit(0);
	if (meta("_exit(0)"))
		_exit(0);
	if (meta("crash"))
		raise(SIGSEGV);
	if (meta("hang"))
		pause();
	if (meta("leak")) {
		lost = malloc(100);
		lost = NULL;
	}
	if (meta("undefined behaviour"))
		number = number + 1;
	if (meta("use after free")) {
		lost = malloc(100);
		free(lost);
		memset(lost, 1, 1);
	}
	if (meta("report of a child process") && !fork()) {
		number = number + 1;
		_exit(0);
	}
}

Test(meta, other)
{
}
