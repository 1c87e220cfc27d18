/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* sides.h - every compilation of a workload, and the tables of ours and the peers'. */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include "harness.h"

extern const struct bench_side iova_ours[];
extern const struct bench_side iova_peer[];
extern const struct bench_side pgtbl_ours[];
extern const struct bench_side pgtbl_formats[]; /* without a peer */
extern const struct bench_side pgtbl_peer[];
/* Reference points that stand in for the peer: malloc()+free(), a plain store loop. */
extern const struct bench_side malloc_peer[];
extern const struct bench_side store_peer[];

/* For bench_find(). */
extern const struct bench_side *const bench_ours[];
extern const struct bench_side *const bench_peers[];

#endif
