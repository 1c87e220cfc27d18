/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * trace_parse.h - one line of a trace, field by field.  Private to trace.c.
 *
 * Numbers are digits only: no sign (but for the time), no 0x, no leading blank,
 * nothing that does not fit the field.
 */
#ifndef REPLAY_TRACE_PARSE_H
#define REPLAY_TRACE_PARSE_H

#include "trace_file.h"

#include <stdbool.h>

#define TRACE_FRAME_BITS 40 /* page frame numbers: no x86 machine has more */

struct trace_line {
	int64_t dt_ns;
	char op; /* m u f x */
	uint16_t cpu;
	uint16_t domain;
	uint16_t device;
	uint8_t prot;
	uint8_t context;
	uint64_t iova;
	uint64_t size_bytes;
	uint64_t limit;
	const char *segments; /* m: text still to be taken apart */
};

/* False: @err->text says which field is wrong and how. */
bool trace_parse_line(struct trace_line *line, const char *text, size_t len,
		      struct trace_error *err);

/*
 * Takes the next segment off *@text: *@pfn and *@pages.  1: got one; 0: at the
 * end; -1: @err->text.
 */
int trace_parse_segment(const char **text, uint64_t *pfn, uint64_t *pages,
			struct trace_error *err);

#endif
