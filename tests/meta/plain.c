/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plain.c - the same as crit.c for programs that print TAP by themselves. */
#include "tap.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile int number = INT_MAX;
static void *volatile lost;

int main(void)
{
	const char *meta = getenv("META") ? getenv("META") : "";

	tap_ok(strcmp(meta, "not ok"), "first");
	if (!strcmp(meta, "exit before the plan"))
		return 0;
	if (!strcmp(meta, "crash"))
		raise(SIGSEGV);
	if (!strcmp(meta, "hang"))
		pause();
	if (!strcmp(meta, "undefined behaviour"))
		number = number + 1;
	if (!strcmp(meta, "report of a child process") && !fork()) {
		number = number + 1;
		_exit(0);
	}
	if (!strcmp(meta, "leak")) {
		lost = malloc(100);
		lost = NULL;
	}
	usleep(100000);
	tap_ok(true, "second");
	if (!strcmp(meta, "exit status"))
		return tap_done() + 3;
	return tap_done();
}
