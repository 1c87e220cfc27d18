/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_node.c - the machine's memory nodes, out of sysfs. */
#define _GNU_SOURCE
#include "plat_node.h"

#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_NODE 1023
#define MAX_CPU 8191 /* of those beyond, the node is not known */
#define LONG_BITS (8 * sizeof(unsigned long))

static uint16_t node_plus_1[MAX_CPU + 1]; /* 0: not known */
static unsigned node_end = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Calls @fn for each number of a list like "0-3,8,10-11". */
static void for_each_in(const char *list, void (*fn)(unsigned long nr, const void *ctx),
			const void *ctx)
{
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long nr = first; nr <= last && nr <= MAX_CPU; nr++)
			fn(nr, ctx);
		list = *end == ',' ? end + 1 : end;
	}
}

/* @list: at least an empty string afterwards. */
static void read_list(const char *path, char *list, size_t size)
{
	FILE *f = fopen(path, "re");

	list[0] = '\0';
	if (!f)
		return;
	if (!fgets(list, (int)size, f))
		list[0] = '\0';
	fclose(f);
}

static void note_cpu(unsigned long cpu, const void *ctx)
{
	node_plus_1[cpu] = (uint16_t)(*(const unsigned long *)ctx + 1);
}

static void note_node(unsigned long node, const void *ctx)
{
	char path[256], list[4096];

	if (node > MAX_NODE)
		return;
	if (node_end <= node)
		node_end = (unsigned)node + 1;
	snprintf(path, sizeof(path), "%s/node%lu/cpulist", (const char *)ctx, node);
	read_list(path, list, sizeof(list));
	for_each_in(list, note_cpu, &node);
}

static void read_nodes(const char *dir)
{
	char path[256], list[4096];

	snprintf(path, sizeof(path), "%s/online", dir);
	read_list(path, list, sizeof(list));
	for_each_in(list, note_node, dir);
}

static void read_machine(void)
{
	read_nodes("/sys/devices/system/node");
}

static void read_nothing(void)
{
}

void plat_node_read(const char *dir)
{
	pthread_once(&once, read_nothing);
	memset(node_plus_1, 0, sizeof(node_plus_1));
	node_end = 1;
	read_nodes(dir);
}

unsigned plat_node_end(void)
{
	pthread_once(&once, read_machine);
	return node_end;
}

int plat_node_of_cpu(unsigned cpu)
{
	pthread_once(&once, read_machine);
	return cpu <= MAX_CPU ? node_plus_1[cpu] - 1 : PLAT_NODE_NONE;
}

void plat_node_prefer(void *p, size_t bytes, int node)
{
	unsigned long mask[(MAX_NODE + 1) / LONG_BITS] = { 0 };

	if (node < 0 || node > MAX_NODE)
		return;
	mask[(unsigned)node / LONG_BITS] = 1ul << (unsigned)node % LONG_BITS;
	/* One more than there are bits: the kernel counts so. */
	syscall(__NR_mbind, p, bytes, MPOL_PREFERRED, mask, MAX_NODE + 2, 0);
}
