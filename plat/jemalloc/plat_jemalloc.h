/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_jemalloc.h - struct plat_mem over private jemalloc arenas. draft contract */
#ifndef PLAT_JEMALLOC_H
#define PLAT_JEMALLOC_H
#include "plat_mem.h"
#ifdef __cplusplus
extern "C" {
#endif
struct plat_je;
/* 0, -ENOMEM, -ENOTSUP. One object: an arena for metadata, one for page-table pages. */
int plat_je_create(struct plat_je **je);
/* Both arenas must be empty; returns the live bytes otherwise (and destroys all the same). */
uint64_t plat_je_destroy(struct plat_je *je);
struct plat_mem plat_je_meta(struct plat_je *je);
struct plat_mem plat_je_pages(struct plat_je *je);
struct plat_je_stats { uint64_t meta_bytes, meta_blocks, meta_peak_bytes, page_bytes, page_blocks, page_peak_bytes; };
void plat_je_stats(struct plat_je *je, struct plat_je_stats *stats);
#ifdef __cplusplus
}
#endif
#endif
