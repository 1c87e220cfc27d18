/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_plat_node.c - memory near a CPU, on a machine that we say has two nodes.
 *
 * This program has its own copy of the jemalloc part, so that both see that machine.
 * Node 0 exists for sure, so for its memory the kernel is asked what it was told.
 */
#define _GNU_SOURCE
#include "iova_int.h"
#include "plat_jemalloc.h"
#include "plat_node.h"
#include "unit/unit.h"

#include <jemalloc/jemalloc.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char dir[] = "/tmp/plat_node_XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static void drop(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	remove(path);
}

/* CPUs 0, 2 and 3 at node 0; 1 and 8 at node 1; and a node 5 of memory alone. */
static void two_nodes(void)
{
	char path[128];

	cr_assert_not_null(mkdtemp(dir));
	put("online", "0-1,5\n");
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/node%c", dir, "015"[i]);
		cr_assert_eq(mkdir(path, 0700), 0);
	}
	put("node0/cpulist", "0,2-3\n");
	put("node1/cpulist", "1,8\n");
	put("node5/cpulist", "\n");
	plat_node_read(dir);
}

static void no_nodes(void)
{
	static const char *const names[] = { "online",	      "node0/cpulist", "node1/cpulist",
					     "node5/cpulist", "node0",	       "node1",
					     "node5",	      "" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		drop(names[i]);
}

/* The node that the kernel prefers for the page at @p; -1: none in particular. */
static int preferred(void *p)
{
	unsigned long mask[16] = { 0 };
	int mode = -1;

	if (syscall(__NR_get_mempolicy, &mode, mask, 1024, p, MPOL_F_ADDR))
		return -2;
	return mode == MPOL_PREFERRED && mask[0] ? __builtin_ctzl(mask[0]) : -1;
}

static bool kernel_has_policies(void)
{
	char c;

	return preferred(&c) != -2;
}

Test(node, cpus, .init = two_nodes, .fini = no_nodes)
{
	cr_assert_eq(plat_node_end(), 6);
	cr_assert_eq(plat_node_of_cpu(0), 0);
	cr_assert_eq(plat_node_of_cpu(1), 1);
	cr_assert_eq(plat_node_of_cpu(2), 0);
	cr_assert_eq(plat_node_of_cpu(3), 0);
	cr_assert_eq(plat_node_of_cpu(4), PLAT_NODE_NONE);
	cr_assert_eq(plat_node_of_cpu(8), 1);
	cr_assert_eq(plat_node_of_cpu(~0u), PLAT_NODE_NONE);
}

Test(node, nothing_said)
{
	plat_node_read("/nowhere");
	cr_assert_eq(plat_node_end(), 1);
	cr_assert_eq(plat_node_of_cpu(0), PLAT_NODE_NONE);
}

/* The machine as it is: some node, the CPU's that we run on among them. */
Test(node, this_machine)
{
	unsigned cpu, node;

	cr_assert_geq(plat_node_end(), 1);
	if (access("/sys/devices/system/node/online", R_OK) ||
	    syscall(__NR_getcpu, &cpu, &node, NULL))
		return;
	cr_assert_lt(node, plat_node_end());
	cr_assert_eq(plat_node_of_cpu(cpu), (int)node);
}

Test(node, default_memory, .init = two_nodes, .fini = no_nodes)
{
	struct plat_mem none = { .ops = NULL };
	bool policies = kernel_has_policies();

	cr_assert(plat_mem_has_near(&none));
	for (size_t size = 64; size <= 65536; size *= 2) {
		for (unsigned cpu = 0; cpu < 5; cpu++) {
			unsigned char *p = plat_mem_alloc_near(&none, size, 64, cpu);

			cr_assert_not_null(p);
			cr_assert_eq((uintptr_t)p % 64, 0);
			for (size_t i = 0; i < size; i++)
				cr_assert_eq(p[i], 0);
			memset(p, 0xff, size);
			if (policies && size >= 8192 && (cpu == 0 || cpu == 4))
				cr_assert_eq(preferred(p), cpu ? -1 : 0);
			plat_mem_free(&none, p, size, 64);
		}
		plat_mem_free(&none, plat_mem_alloc(&none, size, 64), size, 64);
	}
}

static unsigned arena_of(void *p)
{
	unsigned arena = ~0u;
	size_t len = sizeof(arena);

	cr_assert_eq(mallctl("arenas.lookup", &arena, &len, &p, sizeof(p)), 0);
	return arena;
}

/* An arena for each node; what is freed goes back there, whoever frees it; all is counted. */
Test(node, jemalloc, .init = two_nodes, .fini = no_nodes)
{
	static const unsigned cpu[] = { 0, 2, 1, 8, 7, PLAT_CPU_NONE };
	enum { NR = sizeof(cpu) / sizeof(cpu[0]) };
	struct plat_je_stats st;
	struct plat_mem meta, pages;
	void *p[NR], *again;
	struct plat_je *je;

	cr_assert_eq(plat_je_create(&je), 0);
	meta = plat_je_meta(je);
	pages = plat_je_pages(je);
	cr_assert(plat_mem_has_near(&meta));
	for (unsigned i = 0; i < NR; i++)
		p[i] = plat_mem_alloc_near(&meta, 16384, 64, cpu[i]);
	cr_assert_eq(arena_of(p[0]), arena_of(p[1]));
	cr_assert_eq(arena_of(p[2]), arena_of(p[3]));
	cr_assert_eq(arena_of(p[4]), arena_of(p[5]));
	cr_assert_neq(arena_of(p[0]), arena_of(p[2]));
	cr_assert_neq(arena_of(p[0]), arena_of(p[4]));
	cr_assert_neq(arena_of(p[2]), arena_of(p[4]));
	if (kernel_has_policies()) {
		cr_assert_eq(preferred(p[0]), 0);
		cr_assert_eq(preferred(p[4]), -1);
	}
	plat_je_stats(je, &st);
	cr_assert_eq(st.meta_blocks, NR);
	cr_assert_eq(st.meta_bytes, NR * 16384);
	for (unsigned i = 0; i < NR; i++) {
		plat_mem_free(&meta, p[i], 16384, 64);
		again = plat_mem_alloc_near(&meta, 16384, 64, PLAT_CPU_NONE);
		cr_assert_eq(arena_of(again), arena_of(p[4]));
		plat_mem_free(&meta, again, 16384, 64);
	}
	again = plat_mem_alloc_near(&pages, 4096, 4096, 0);
	cr_assert_neq(arena_of(again), arena_of(p[0]));
	plat_mem_free(&pages, again, 4096, 4096);
	cr_assert_eq(plat_je_destroy(je), 0);
}

/*
 * What a space asks for on behalf of which CPU: its slot, and the areas that its CPU opens;
 * nothing else is somebody's.  CPUs 0..7, two of a node.
 */
static unsigned asked[4], nobodys, nodes_asked;

static void *near_alloc(void *ctx, size_t size, size_t align, unsigned cpu)
{
	asked[cpu / 2 % 4]++;
	nodes_asked += size < sizeof(struct iova_slot);
	return plat_mem_default.alloc(ctx, size, align);
}

static void *any_alloc(void *ctx, size_t size, size_t align)
{
	nobodys++;
	return plat_mem_default.alloc(ctx, size, align);
}

static void any_free(void *ctx, void *ptr, size_t size, size_t align)
{
	plat_mem_default.free(ctx, ptr, size, align);
}

Test(node, space)
{
	static const struct plat_mem_ops ops = { .alloc = any_alloc,
						 .free = any_free,
						 .alloc_near = near_alloc };
	struct iova_space_config c = { .last = (1ull << 32) - 1, .granule_lg2 = 12,
				       .cpu_slots = 8, .mem = { .ops = &ops } };
	unsigned here, before, radix = 1;
	struct iova_space *s;

	cr_assert_eq(iova_space_create(&s, &c), 0);
	cr_assert_eq(nodes_asked, 1, "the root: near who makes it");
	here = plat_cpu();
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(asked[i], 2 + (here != PLAT_CPU_NONE && here / 2 % 4 == i));
	before = nobodys;
	cr_assert(!iova_is_err(iova_space_alloc(s, 4096, ~0ull)));
	cr_assert_gt(nodes_asked, 1);
	cr_assert_eq(nobodys, before + radix);
	cr_assert_eq(asked[0] + asked[1] + asked[2] + asked[3], 8 + nodes_asked);
	cr_assert_eq(iova_space_destroy(s), 1);
}
