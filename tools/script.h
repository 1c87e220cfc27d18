/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* script.h - a text of mappings, carried out line by line. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdio.h>

#include "pgtbl_dump.h"

/*
 * One operation a line; numbers as in C, sizes also with K, M, G or T; # begins a comment:
 *
 *   map IOVA PHYS SIZE [PROT]      PROT: letters of rwcnmp, as pgtbl_dump() writes them;
 *   replace IOVA PHYS SIZE [PROT]  rw without
 *   unmap IOVA SIZE
 *   demote IOVA SIZE PAGE
 *   promote IOVA SIZE
 *   reserve IOVA SIZE PAGE
 *   reclaim                        all empty tables
 *
 * or a line of a Linux trace of the events iommu:map and iommu:unmap: whatever has
 * "map: IOMMU: iova=... paddr=... size=..." in it, as ftrace and perf script write it.
 *
 * Stops at the first line that cannot be carried out: -1, and @name, its number and
 * the reason go to standard error.  0: all done.
 */
int script_run(struct pgtbl *pt, FILE *in, const char *name);

#endif
