/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* progress.c - one line that is drawn over and over. */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define BAR 28

static char label[64];
static int shown = -1; /* cells drawn last */

static bool on_terminal(void)
{
	static int answer = -1;

	if (answer < 0)
		answer = isatty(STDERR_FILENO);
	return answer;
}

static void draw(int cells)
{
	int i;

	if (!on_terminal() || cells == shown)
		return;
	shown = cells;
	fprintf(stderr, "\r\033[K%-46s [", label);
	for (i = 0; i < BAR; i++)
		fputc(i < cells ? '#' : '.', stderr);
	fprintf(stderr, "]");
	fflush(stderr);
}

void progress_what(const char *trace, const char *doing)
{
	if (!on_terminal())
		return;
	shown = -1;
	if (!*trace) {
		fprintf(stderr, "\r\033[K");
		fflush(stderr);
		return;
	}
	snprintf(label, sizeof(label), "%.28s: %.16s", trace, doing);
	draw(0);
}

void progress_done(void *ctx, uint64_t done, uint64_t total)
{
	(void)ctx;
	draw(total ? (int)((double)done / (double)total * BAR) : 0);
}
