/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* options.c - the command line of bench/replay. */
#include "options.h"

#include "measure.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MIN 5

static const char usage[] =
	"Usage: bench/replay [OPTION...] FILE...\n"
	"Replays recorded DMA map and unmap calls through ours and through Linux's own\n"
	"allocator and page tables, checks both, and prints what each took.\n"
	"FILE: a trace, plain or zstd (bench/traces/README.md); - is standard input.\n"
	"\n"
	"  --json[=OUT]      print JSON instead of tables; with OUT, write it there as well\n"
	"  --ratio           with --json: one line per trace, the rounds only (for bench/ratios)\n"
	"  --svg=DIR         also draw plots into DIR, SVG and PNG (needs gnuplot)\n"
	"  --mode=MODE       trace (as recorded, default), strict, lazy, or both\n"
	"  --rounds=N        rounds of ours and peer in turn, 5 to 99 (default 5)\n"
	"  --latency=NS      let each descriptor of the invalidation queue take NS (default 0)\n"
	"  --cpus=HOW        one thread acts as the recorded CPU of each event (recorded,\n"
	"                    default), or plays all CPUs as one (one)\n"
	"  --threads=N       1, or 2: also replay on two threads (default 2)\n"
	"  --check           only check, measure nothing\n"
	"  --no-check        only measure\n"
	"  --no-peer         ours alone; needs no kernel source\n"
	"  --help            this text\n"
	"\n"
	"Exit status: 0, or 1 when a trace cannot be read or a check failed.\n";

enum { OPT_JSON = 256, OPT_RATIO, OPT_SVG, OPT_MODE, OPT_ROUNDS, OPT_LATENCY, OPT_CPUS,
       OPT_THREADS, OPT_CHECK, OPT_NO_CHECK, OPT_NO_PEER, OPT_HELP };

static const struct option long_options[] = {
	{ "json", optional_argument, NULL, OPT_JSON },
	{ "ratio", no_argument, NULL, OPT_RATIO },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "latency", required_argument, NULL, OPT_LATENCY },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "no-check", no_argument, NULL, OPT_NO_CHECK },
	{ "no-peer", no_argument, NULL, OPT_NO_PEER },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool bad(const char *option, const char *value)
{
	fprintf(stderr, "replay: --%s=%s is not possible; try --help\n", option, value);
	return false;
}

/* Which of the zero-terminated list of words @value is, or -1. */
static int word(const char *value, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(value, words[i]))
			return i;
	return -1;
}

static bool parse_number(const char *name, const char *text, uint64_t min, uint64_t max,
			 uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *value < min || *value > max)
		return bad(name, text);
	return true;
}

static bool parse_value(struct options *o, int opt, const char *value)
{
	static const char *const modes[] = { "trace", "strict", "lazy", "both", NULL };
	static const char *const cpus[] = { "one", "recorded", NULL };
	uint64_t number;
	int n;

	switch (opt) {
	case OPT_MODE:
		n = word(value, modes);
		o->modes = (enum replay_modes)n;
		return n >= 0 || bad("mode", value);
	case OPT_CPUS:
		n = word(value, cpus);
		o->recorded_cpus = n == 1;
		return n >= 0 || bad("cpus", value);
	case OPT_ROUNDS:
		if (!parse_number("rounds", value, ROUNDS_MIN, MEASURE_ROUNDS_MAX, &number))
			return false;
		o->rounds = (unsigned)number;
		return true;
	case OPT_LATENCY:
		return parse_number("latency", value, 0, 1000000000, &o->latency_ns);
	default: /* OPT_THREADS */
		if (!parse_number("threads", value, 1, 2, &number))
			return false;
		o->two_threads = number == 2;
		return true;
	}
}

static bool parse_one(struct options *o, int opt)
{
	switch (opt) {
	case OPT_JSON:
		o->json = true;
		o->json_file = optarg;
		return true;
	case OPT_RATIO:
		o->ratio = true;
		return true;
	case OPT_SVG:
		o->plot_dir = optarg;
		return true;
	case OPT_CHECK:
		o->measure = false;
		return true;
	case OPT_NO_CHECK:
		o->check = false;
		return true;
	case OPT_NO_PEER:
		o->peer = false;
		return true;
	case '?':
		fprintf(stderr, "replay: try --help\n");
		return false;
	default:
		return parse_value(o, opt, optarg);
	}
}

static bool fits_together(const struct options *o)
{
	if (!o->measure && (!o->check || o->ratio || o->plot_dir))
		fprintf(stderr, "replay: --check measures nothing, so not with --no-check, --ratio "
				"or --svg\n");
	else if (o->ratio && (!o->json || o->json_file || !o->peer))
		fprintf(stderr, "replay: --ratio needs --json, on standard output, and the peer\n");
	else if (o->ratio && (o->plot_dir || o->modes == MODES_BOTH))
		fprintf(stderr, "replay: --ratio prints one mode and draws nothing\n");
	else if (o->plot_dir && (!o->peer || !o->check))
		fprintf(stderr, "replay: --svg needs the peer and the checking pass\n");
	else if (!o->nr_files)
		fprintf(stderr, "replay: no trace given; try --help\n");
	else
		return true;
	return false;
}

int options_parse(struct options *o, int argc, char **argv, int *status)
{
	int opt;

	*o = (struct options){
		.rounds = ROUNDS_MIN,
		.peer = true,
		.check = true,
		.measure = true,
		.two_threads = true,
		.recorded_cpus = true,
	};
	*status = 1;
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (opt == OPT_HELP) {
			fputs(usage, stdout);
			*status = 0;
			return -1;
		}
		if (!parse_one(o, opt))
			return -1;
	}
	o->file = argv + optind;
	o->nr_files = argc - optind;
	return fits_together(o) ? 0 : -1;
}
