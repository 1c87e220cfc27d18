/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vtd_model_int.h - what the files of the model share. */
#ifndef VTD_MODEL_INT_H
#define VTD_MODEL_INT_H

#include "vtd_model.h"
#include "vtd_reg.h"

#include <pthread.h>

#define MODEL_PAGES 2048u
#define MODEL_PHYS_BASE 0x100000000ull
#define MODEL_FRO 0x200u
#define MODEL_RECORDS_MAX 16u
#define MODEL_MMIO 0x1000u
#define MODEL_METAS 64u

struct tlb_entry {
	uint16_t did;
	uint64_t iova;
	unsigned lg2;
	uint64_t phys;
	bool read, write;
	int absent; /* reason, cached with caching mode */
};

struct table_entry { /* paging-structure cache: the table that level @level - 1 lives in */
	uint16_t did;
	unsigned level;
	uint64_t iova;
	uint64_t table;
};

struct context_cache {
	uint16_t sid;
	uint16_t did; /* tag */
	uint64_t lo, hi;
	int absent;
};

struct cache {
	void *entries;
	size_t bytes; /* of one */
	unsigned nr, room;
};

struct vtd_model {
	struct vtd_model_config config;
	pthread_mutex_t lock;
	uint64_t cap, ecap;
	uint64_t now_ns;
	const char *violation;
	char log[160];

	uint8_t *memory, *shadow; /* shadow: what the unit sees of tables, if it differs */
	uint8_t page_used[MODEL_PAGES];
	void *metas[MODEL_METAS];
	unsigned live, fail_nth, fails;

	uint32_t gsts, fsts, fectl;
	uint64_t rtaddr, root;
	uint64_t iqa, iqh, iqt;
	uint32_t pending; /* GCMD value in progress */
	unsigned pending_rounds;
	bool pending_set;
	uint64_t fault[MODEL_RECORDS_MAX][2];
	unsigned fault_next, fri;

	struct cache tlb, tables, contexts;

	bool hold, gone;
	unsigned queue_rounds, inject_nth;
	uint32_t inject_fsts;
	void (*between)(void *ctx);
	void *between_ctx;
	unsigned executed[16], writes, interrupts, wbf;
};

static inline void model_violation(struct vtd_model *m, const char *text)
{
	if (!m->violation)
		m->violation = text;
}

/* vtd_model_mem.c */
void *model_page(struct vtd_model *m, uint64_t phys); /* NULL: not memory */
uint64_t model_read_table(struct vtd_model *m, uint64_t phys, bool *ok);
void model_drain_write_buffer(struct vtd_model *m);
void *cache_add(struct cache *c);
void cache_remove(struct cache *c, unsigned i);

/* vtd_model_walk.c */
void model_inval_context(struct vtd_model *m, unsigned how, uint16_t did, uint16_t sid);
void model_inval_tlb(struct vtd_model *m, unsigned how, uint16_t did, uint64_t addr, unsigned am,
		     bool ih);
void model_stale_start(struct vtd_model *m);

/* vtd_model_queue.c */
void model_queue_run(struct vtd_model *m);

#endif
