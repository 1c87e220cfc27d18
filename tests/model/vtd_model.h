/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd_model.h - a hostile software VT-d unit.
 *
 * It keeps whatever it may keep: every translation, table pointer and context
 * entry it has ever fetched stays until an invalidation names it, and it
 * starts with stale entries of a former owner.  Descriptors between two fences
 * may execute in reverse.  A unit that does not snoop (or has a write buffer)
 * sees memory only as it was when its line was last flushed (or the buffer).
 *
 * Orders the hardware rules forbid are recorded in vtd_model_violation().
 * Calls may come from several threads.
 */
#ifndef VTD_MODEL_H
#define VTD_MODEL_H

#include "vtd.h"

struct vtd_model;

struct vtd_model_config {
	unsigned levels_mask;	 /* bit n: n levels; 0: 3 and 4 */
	unsigned mgaw_bits;	 /* 0: 48 */
	unsigned nd;		 /* CAP.ND */
	unsigned mamv;
	unsigned fault_records;	 /* 0: 1 */
	bool not_coherent, caching_mode, write_buffer;
	bool no_range_inval, no_queue, no_pass_through, drain;
	bool reorder;		 /* descriptors between fences run backwards */
	unsigned queue_delay;	 /* relax rounds per run of descriptors; 0: at once */
	unsigned command_delay;	 /* relax rounds per global command */
	uint32_t stuck;		 /* GCMD bits the unit never follows */
	uint32_t gsts;		 /* what is on already */
};

struct vtd_model *vtd_model_new(const struct vtd_model_config *config);
void vtd_model_free(struct vtd_model *m);

extern const struct vtd_hw_ops vtd_model_ops; /* context: the model */
void vtd_model_unit_config(struct vtd_model *m, struct vtd_unit_config *config);

/* Memory: pages inside the model's physical memory, and metadata.  Both are counted. */
struct plat_mem vtd_model_pages(struct vtd_model *m);
struct plat_mem vtd_model_meta(struct vtd_model *m);
uint64_t vtd_model_phys_offset(struct vtd_model *m);
unsigned vtd_model_live(struct vtd_model *m);
/* Allocation number @nth from now fails; 0: none.  Counts failures. */
void vtd_model_fail_alloc(struct vtd_model *m, unsigned nth);
unsigned vtd_model_failed_allocs(struct vtd_model *m);
/* What libpgtbl calls to flush a line. */
void vtd_model_flush(void *m, const void *first, size_t bytes);

/*
 * One access by a device, within a page.  Returns 0 or the fault reason, which
 * has then been recorded.  @buf may be NULL: only translate.
 */
int vtd_model_dma(struct vtd_model *m, uint16_t sid, uint64_t iova, void *buf, size_t bytes,
		  bool write);

void vtd_model_hold(struct vtd_model *m, bool hold); /* the queue stands still */
void vtd_model_stick(struct vtd_model *m, uint32_t gcmd_bits);
/* The n-th descriptor from now (1: the next) is answered by this FSTS error. */
void vtd_model_inject(struct vtd_model *m, unsigned nth, uint32_t fsts);
void vtd_model_gone(struct vtd_model *m); /* all registers read as ones */
/* Called after each executed descriptor, inside the unit. */
void vtd_model_between(struct vtd_model *m, void (*fn)(void *ctx), void *ctx);

const char *vtd_model_violation(struct vtd_model *m); /* NULL: none */
uint32_t vtd_model_gsts(struct vtd_model *m);
/* Descriptors executed, by type (1 context, 2 IOTLB, 5 wait). */
unsigned vtd_model_executed(struct vtd_model *m, unsigned type);
/* Translations cached for @did. */
unsigned vtd_model_cached(struct vtd_model *m, uint16_t did);
unsigned vtd_model_writes(struct vtd_model *m);	    /* register writes */
unsigned vtd_model_interrupts(struct vtd_model *m); /* fault interrupts */
unsigned vtd_model_wbf(struct vtd_model *m);	    /* write buffer flushes */
const char *vtd_model_log(struct vtd_model *m);	    /* last line logged, or "" */

#endif
