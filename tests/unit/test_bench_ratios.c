// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* test_bench_ratios.c - names, and what bench/ratios reads from the programs it runs. */
#define _GNU_SOURCE
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "ratios_parse.h"
#include "unit/unit.h"

static FILE *text(const char *s)
{
	FILE *f = fmemopen((void *)s, strlen(s), "r");

	cr_assert(f);
	return f;
}

static int lines(struct rounds *r, const char *s)
{
	FILE *f = text(s);
	int ret;

	r->n = 0;
	ret = rounds_parse_lines(r, f);
	fclose(f);
	return ret;
}

Test(parse, lines)
{
	static struct rounds r;

	cr_assert_eq(lines(&r, "1.5 3\n2e-1 4\n"), 0);
	cr_assert_eq(r.n, 2);
	cr_assert_eq(r.ours[0], 1.5);
	cr_assert_eq(r.peer[1], 4);
	cr_assert_eq(lines(&r, "1.5\n"), -EINVAL);
	cr_assert_eq(lines(&r, "1.5 2 3\n"), -EINVAL);
	cr_assert_eq(lines(&r, "fast slow\n"), -EINVAL);
	cr_assert_eq(lines(&r, "\n"), -EINVAL);
}

Test(parse, too_many_lines)
{
	static struct rounds r;
	static char many[4 * (ROUNDS_MAX + 1) + 1];
	int i;

	for (i = 0; i < ROUNDS_MAX; i++)
		strcat(many + 4 * i, "1 2\n");
	cr_assert_eq(lines(&r, many), 0);
	cr_assert_eq(r.n, ROUNDS_MAX);
	strcat(many, "1 2\n");
	cr_assert_eq(lines(&r, many), -EINVAL);
}

static int json(struct rounds *r, const char *s)
{
	FILE *f = text(s);
	int ret;

	r->n = 0;
	ret = rounds_parse_json(r, f);
	fclose(f);
	return ret;
}

Test(parse, json)
{
	static struct rounds r;

#ifndef HAVE_JSONC
	cr_assert_eq(json(&r, "{\"ours_ns\":[1],\"peer_ns\":[2]}"), -ENOTSUP);
	return;
#endif
	cr_assert_eq(json(&r, "{\"trace\":\"x\",\"ours_ns\":[1,2.5],\n\"peer_ns\":[3,4]}\n"), 0);
	cr_assert_eq(r.n, 2);
	cr_assert_eq(r.ours[1], 2.5);
	cr_assert_eq(r.peer[0], 3);
	cr_assert_eq(json(&r, "{\"ours_ns\":[1,2],\"peer_ns\":[3]}"), -EINVAL);
	cr_assert_eq(json(&r, "{\"ours_ns\":[1,2]}"), -EINVAL);
	cr_assert_eq(json(&r, "{\"ours_ns\":1,\"peer_ns\":[3]}"), -EINVAL);
	cr_assert_eq(json(&r, "[1]"), -EINVAL);
	cr_assert_eq(json(&r, "{\"ours_ns\":[1,"), -EINVAL);
}

Test(parse, count)
{
	unsigned n = 0;

	cr_assert_eq(rounds_parse_count(&n, "5", 5), 0);
	cr_assert_eq(n, 5);
	cr_assert_eq(rounds_parse_count(&n, "999", 5), 0);
	cr_assert_eq(n, 999);
	cr_assert_eq(rounds_parse_count(&n, "4", 5), -EINVAL);
	cr_assert_eq(rounds_parse_count(&n, "1000", 5), -EINVAL);
	cr_assert_eq(rounds_parse_count(&n, "99999999999999999999", 5), -EINVAL);
	cr_assert_eq(rounds_parse_count(&n, "-7", 5), -EINVAL);
	cr_assert_eq(rounds_parse_count(&n, "7x", 5), -EINVAL);
	cr_assert_eq(rounds_parse_count(&n, "", 5), -EINVAL);
	cr_assert_eq(n, 999);
}

/* Fixed for good: see names.c. */
Test(names, fixed)
{
	static const char *const fixed[] = {
		"iova/pair_4k", "iova/pair_4k_vs_malloc", "iova/ring256_4k", "iova/mixed_4k_64k",
		"iova/mixed_4k_64k_1m", "iova/large_256k_2m", "iova/large_256k_2m_100k",
		"iova/full32_p99", "iova/full32_worst", "iova/holes64_worst", "iova/private_2t",
		"iova/private_256k_2t", "iova/remote_free_2t", "pgtbl/map_unmap_4k",
		"pgtbl/pair_8x4k", "pgtbl/map_512x4k", "pgtbl/unmap_512x4k", "pgtbl/map_1g_4k",
		"pgtbl/map_1g_4k_vs_store", "pgtbl/map_unmap_2m", "pgtbl/translate",
		"pgtbl/map_sg_32x4k", "pgtbl/disjoint_2t",
	};
	struct bench_name *names;
	size_t i;

	cr_assert_eq(bench_names_load(&names, "/nonexistent"), 23);
	for (i = 0; i < 23; i++) {
		cr_assert_str_eq(names[i].name, fixed[i]);
		cr_assert(names[i].peer && !names[i].trace);
		cr_assert_eq(bench_names_find(names, fixed[i]), &names[i]);
	}
	cr_assert_null(names[23].name);
	cr_assert_null(bench_names_find(names, "iova/pair_4"));
	bench_names_free(names);
}

static void make_file(const char *dir, const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert(f);
	fclose(f);
}

Test(names, every_trace_is_one)
{
	char dir[] = "/tmp/test_bench_XXXXXX", path[128];
	struct bench_name *names;

	cr_assert(mkdtemp(dir));
	make_file(dir, "b-strict.trace.zst");
	make_file(dir, "a-lazy.trace.zst");
	make_file(dir, "README.md");
	make_file(dir, ".trace.zst");
	cr_assert_eq(bench_names_load(&names, dir), 25);
	cr_assert_str_eq(names[23].name, "replay/a-lazy");
	snprintf(path, sizeof(path), "%s/b-strict.trace.zst", dir);
	cr_assert_str_eq(bench_names_find(names, "replay/b-strict")->trace, path);
	bench_names_free(names);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	cr_assert_eq(system(path), 0);
}
