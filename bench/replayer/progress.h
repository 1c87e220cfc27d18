/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* progress.h - a progress bar on standard error, when that is a terminal. */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <stdint.h>

/* What is going on now, "" for nothing (the bar goes away). */
void progress_what(const char *trace, const char *doing);
/* How much of it is done; @total 0: not known. Matches trace_progress_fn; @ctx is not used. */
void progress_done(void *ctx, uint64_t done, uint64_t total);

#endif
