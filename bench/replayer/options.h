/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* options.h - the command line of bench/replay. */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum replay_modes { MODES_TRACE, MODES_STRICT, MODES_LAZY, MODES_BOTH };

struct options {
	enum replay_modes modes;
	unsigned rounds;
	uint64_t latency_ns;
	bool json, ratio;
	bool peer;    /* compare with the peer */
	bool check;   /* make the checking pass */
	bool measure; /* make the passes that take time */
	bool two_threads;
	bool recorded_cpus;
	const char *plot_dir;
	const char *json_file; /* NULL: instead of the tables */
	char **file;
	int nr_files;
};

/* 0: go on; otherwise the program is to end with *@status (help, or a wrong option). */
int options_parse(struct options *options, int argc, char **argv, int *status);

#endif
