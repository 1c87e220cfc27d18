/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_node.h - which memory node (NUMA) a CPU belongs to, as sysfs says, and where
 * pages should come from, as mbind(2) is told.  No library beside libc is needed.
 *
 * Synchronisation: any call from any thread; plat_node_read() before all others.
 */
#ifndef PLAT_USER_NODE_H
#define PLAT_USER_NODE_H

#include <stddef.h>

#define PLAT_NODE_NONE (-1)

#pragma GCC visibility push(hidden)

/*
 * The greatest node number + 1.  1: there is nothing to choose, or sysfs says nothing.
 * The machine is looked at once, by the first call of this function or the next.
 */
unsigned plat_node_end(void);

/* The node of a CPU; PLAT_NODE_NONE: not known (offline at the look, or no such CPU). */
int plat_node_of_cpu(unsigned cpu);

/*
 * Pages of [@p, @p + @bytes), whole ones, that are touched from now on come from @node while
 * that has any.  A wish: a kernel that knows no such node, or no mbind(2), ignores it.
 */
void plat_node_prefer(void *p, size_t bytes, int node);

/* Look at @dir instead of /sys/devices/system/node: for tests. */
void plat_node_read(const char *dir);

#pragma GCC visibility pop

#endif
