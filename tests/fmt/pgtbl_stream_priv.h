/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_stream_priv.h - a running stream, and what it picks. */
#ifndef PGTBL_STREAM_PRIV_H
#define PGTBL_STREAM_PRIV_H

#include "pgtbl_grow.h"
#include "pgtbl_stream.h"

#define MAX_SEG 48u
#define MAX_LEAVES 30000u
#define MAX_WINDOWS 20u
#define MAX_WRITTEN 64u

struct stream {
	const struct stream_config *config;
	struct stream_source *source;
	struct stream_result *result;
	struct pgtbl_pool pool;
	struct model model;
	struct hw_walker hw;
	struct pgtbl_growth growth;
	uint64_t hw_root; /* what hardware was told */
	unsigned refused_at; /* levels */
	struct pgtbl *pt;
	unsigned scale; /* addresses are chosen as if pages had 4 KiB, and then shifted */
	uint64_t page, mid, big; /* 4K, 2M, 1G, scaled */
	struct pgtbl_gather gather; /* not yet released */
	uint64_t released;	    /* queued pages */
	uint64_t window[MAX_WINDOWS];
	unsigned windows;
	unsigned windows_all; /* more of them come with time */
	size_t cursor; /* of a comparison */
	struct pgtbl_quota quota;
	uint64_t written[MAX_WRITTEN]; /* pages that must be reported, whatever became of them */
	unsigned writtens;
	bool ended;
};

#define CHECK(s, cond, what)                                 \
	do {                                                 \
		if (!(cond)) {                               \
			if (!(s)->result->error)             \
				(s)->result->error = (what); \
			return;                              \
		}                                            \
	} while (0)

/* 0 .. @n - 1, @n up to 65536 */
unsigned stream_pick(struct stream *s, unsigned n);
uint64_t stream_pick_iova(struct stream *s);
uint64_t stream_pick_size(struct stream *s);
/* May make *@size smaller, so that the model stays quick. */
uint64_t stream_pick_phys(struct stream *s, uint64_t iova, uint64_t *size);
/* A permission, and how its leaf shows it; ~0u: must be refused. */
unsigned stream_pick_prot(struct stream *s, unsigned *shown);
void stream_add_window(struct stream *s, uint64_t base);
void stream_add_windows(struct stream *s);
/* pgtbl_stream_check.c: all that can be seen, and where one address leads. */
void stream_compare(struct stream *s);
void stream_check_translate(struct stream *s, uint64_t iova);
/* @g, of the last call, has what was cleared and @unlinked tables. */
void stream_check_gather(struct stream *s, const struct pgtbl_gather *g, uint64_t unlinked);
/* pgtbl_stream_grow.c */
const struct pgtbl_growth *stream_growth(struct stream *s);
void stream_start_growth(struct stream *s);
void stream_check_top(struct stream *s);
void stream_pick_refuse(struct stream *s);
void stream_op_grow(struct stream *s);
void stream_grow_windows(struct stream *s);
void stream_next_window(struct stream *s);
/* The next call may take only a few pages, until stream_unlimit(). */
void stream_pick_limit(struct stream *s);
void stream_unlimit(struct stream *s, int result);
/* pgtbl_stream_dirty.c: what devices do, and one operation of pgtbl_dirty.h. */
void stream_dirty(struct stream *s);
/* Pages that are no longer mapped were not reported, nor need be; the leaf @old was. */
void stream_forget_unmapped(struct stream *s);
void stream_forget(struct stream *s, const struct pgtbl_leaf *old);
/* What is left of @s->written must be in leaves that are dirty. */
void stream_check_written(struct stream *s);
/* pgtbl_stream_change.c: one operation of pgtbl_change.h. */
void stream_change(struct stream *s);

#endif
