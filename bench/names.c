// SPDX-License-Identifier: GPL-2.0-only OR MIT
#define _GNU_SOURCE
#include "names.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_SUFFIX ".trace.zst"
#define IOVA "linux-iova"
#define PGTBL "linux-6.1-io-pgtable-arm"

/* Fixed for good: results of different versions must stay comparable. */
static const char *const fixed[][2] = {
	{ "iova/pair_4k", IOVA },
	{ "iova/pair_4k_vs_malloc", "jemalloc-malloc-free" },
	{ "iova/ring256_4k", IOVA },
	{ "iova/mixed_4k_64k", IOVA },
	{ "iova/mixed_4k_64k_1m", IOVA },
	{ "iova/large_256k_2m", IOVA },
	{ "iova/large_256k_2m_100k", IOVA },
	{ "iova/full32_p99", IOVA },
	{ "iova/full32_worst", IOVA },
	{ "iova/holes64_worst", IOVA },
	{ "iova/private_2t", IOVA },
	{ "iova/private_256k_2t", IOVA },
	{ "iova/remote_free_2t", IOVA },
	{ "pgtbl/map_unmap_4k", PGTBL },
	{ "pgtbl/pair_8x4k", PGTBL },
	{ "pgtbl/map_512x4k", PGTBL },
	{ "pgtbl/unmap_512x4k", PGTBL },
	{ "pgtbl/map_1g_4k", PGTBL },
	{ "pgtbl/map_1g_4k_vs_store", "plain-store-loop" },
	{ "pgtbl/map_unmap_2m", PGTBL },
	{ "pgtbl/translate", PGTBL },
	{ "pgtbl/map_sg_32x4k", PGTBL },
	{ "pgtbl/disjoint_2t", PGTBL },
};
#define NR_FIXED (sizeof(fixed) / sizeof(fixed[0]))

static int is_trace(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix = strlen(TRACE_SUFFIX);

	return len > suffix && !strcmp(entry->d_name + len - suffix, TRACE_SUFFIX);
}

static int add_trace(struct bench_name *name, const char *dir, const char *file)
{
	int stem = (int)(strlen(file) - strlen(TRACE_SUFFIX));

	if (asprintf(&name->name, "replay/%.*s", stem, file) < 0)
		name->name = NULL;
	if (asprintf(&name->trace, "%s/%s", dir, file) < 0)
		name->trace = NULL;
	name->peer = strdup("linux-6.1-iova+io-pgtable-arm");
	return name->name && name->trace && name->peer ? 0 : -ENOMEM;
}

int bench_names_load(struct bench_name **names, const char *trace_dir)
{
	struct dirent **entry = NULL;
	int i, n, err = 0, nr_traces = scandir(trace_dir, &entry, is_trace, alphasort);

	if (nr_traces < 0)
		nr_traces = 0;
	n = (int)NR_FIXED + nr_traces;
	*names = calloc((size_t)n + 1, sizeof(**names));
	if (!*names)
		err = -ENOMEM;
	for (i = 0; i < (int)NR_FIXED && !err; i++) {
		(*names)[i].name = strdup(fixed[i][0]);
		(*names)[i].peer = strdup(fixed[i][1]);
		if (!(*names)[i].name || !(*names)[i].peer)
			err = -ENOMEM;
	}
	for (i = 0; i < nr_traces; i++) {
		struct bench_name *name = *names + NR_FIXED + i;

		if (!err)
			err = add_trace(name, trace_dir, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	if (err)
		bench_names_free(*names);
	return err ? err : n;
}

void bench_names_free(struct bench_name *names)
{
	struct bench_name *n;

	for (n = names; n && (n->name || n->peer || n->trace); n++) {
		free(n->name);
		free(n->peer);
		free(n->trace);
	}
	free(names);
}

const struct bench_name *bench_names_find(const struct bench_name *names, const char *name)
{
	for (; names->name; names++)
		if (!strcmp(names->name, name))
			return names;
	return NULL;
}
