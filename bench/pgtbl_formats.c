// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * pgtbl_formats.c - the page-table workloads on every format of libpgtbl: names are
 * pgtbl/FORMAT/WORKLOAD, and there is no peer.  4 KiB pages, 48 bits as far as the
 * format has them.
 */
#include <stdlib.h>
#include <string.h>

#include "pgtbl.h"
#include "sides.h"

static struct pgtbl_config format;

static struct pgtbl *side_create(void)
{
	struct pgtbl *pt;

	format.oa_bits = 48;
	format.pages = bench_pages();
	return pgtbl_create(&pt, &format) ? NULL : pt;
}

#include "pgtbl_side.h"
#include "wl_pgtbl.h"

/* Functions that make a table of one format, for SIDE_ROWS(). */
#define FORMAT(name, ...)                                                           \
	static void *name##_warm(void)                                              \
	{                                                                           \
		format = (struct pgtbl_config){ .ops = &pgtbl_##name##_ops, __VA_ARGS__ }; \
		return setup_warm();                                                \
	}                                                                           \
	static void *name##_empty(void)                                             \
	{                                                                           \
		format = (struct pgtbl_config){ .ops = &pgtbl_##name##_ops, __VA_ARGS__ }; \
		return setup_empty();                                               \
	}                                                                           \
	static void *name##_mapped(void)                                            \
	{                                                                           \
		format = (struct pgtbl_config){ .ops = &pgtbl_##name##_ops, __VA_ARGS__ }; \
		return setup_mapped();                                              \
	}
#define ROWS(name) SIDE_ROWS("pgtbl/" #name "/", name##_warm, name##_empty, name##_mapped)

FORMAT(vtdss, .levels = 4)
FORMAT(x86_64, .levels = 4)
FORMAT(amdv1, .levels = 4)
FORMAT(arm_s1, .levels = 4)
FORMAT(arm_s2, .levels = 3, .iova_bits = 43)
FORMAT(riscv, .levels = 4)
FORMAT(tce, .levels = 4)

const struct bench_side pgtbl_formats[] = {
	ROWS(vtdss), ROWS(x86_64), ROWS(amdv1), ROWS(arm_s1), ROWS(arm_s2), ROWS(riscv), ROWS(tce),
	{ NULL, NULL, NULL, NULL },
};
