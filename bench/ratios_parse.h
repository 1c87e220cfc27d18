/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* ratios_parse.h - what the measuring programs print, read back. */
#ifndef BENCH_RATIOS_PARSE_H
#define BENCH_RATIOS_PARSE_H

#include <stddef.h>
#include <stdio.h>

#define ROUNDS_MAX 999

struct rounds {
	double ours[ROUNDS_MAX];
	double peer[ROUNDS_MAX];
	size_t n;
};

/* A decimal number from @least to ROUNDS_MAX: 0 or -EINVAL. */
int rounds_parse_count(unsigned *count, const char *text, unsigned least);
/* Lines of "ours peer": 0, or -EINVAL on anything else or too many. */
int rounds_parse_lines(struct rounds *rounds, FILE *in);
/* An object with the arrays "ours_ns" and "peer_ns" of equal length: 0, -EINVAL, or
 * -ENOTSUP where this was built without json-c. */
int rounds_parse_json(struct rounds *rounds, FILE *in);

#endif
