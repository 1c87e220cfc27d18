/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd_int.h - what the files of libvtd share.
 *
 * The names of atomics (VTD-...) are explained in doc/ordering-vtd.md.
 */
#ifndef VTD_INT_H
#define VTD_INT_H

#include "plat.h"
#include "vtd.h"
#include "vtd_reg.h"

/* One 128-bit descriptor, as the unit reads it. */
struct vtd_desc {
	uint64_t lo;
	uint64_t hi;
};

#define VTD_SLOTS 32
#define VTD_SLOTS_MASK ((1ull << VTD_SLOTS) - 1)
/* In queue.ready, above the slots: what no longer fitted one became a flush of everything. */
#define VTD_READY_CONTEXT VTD_BIT(62)
#define VTD_READY_IOTLB VTD_BIT(63)

/* Descriptors one submission posts itself; a longer one becomes a flush of everything. */
#define VTD_OWN_DESCS 16
/*
 * Batches between tail and completion.  Each has at most VTD_OWN_DESCS +
 * VTD_SLOTS + 2 descriptors, and error recovery adds at most
 * VTD_RECOVERIES + 1 of 4: the ring of 256 cannot fill, so nobody ever waits
 * for room.
 */
#define VTD_IN_FLIGHT 2
#define VTD_RECOVERIES 3
_Static_assert(VTD_IN_FLIGHT *(VTD_OWN_DESCS + VTD_SLOTS + 2) + (VTD_RECOVERIES + 1) * 4 <
		       VTD_QUEUE_ENTRIES,
	       "the invalidation ring can fill");

/* In the status page: one word per cache line. */
#define VTD_STATUS_DONE 0u     /* number of the last completed batch, low 32 bits */
#define VTD_STATUS_SCRATCH 64u /* where fences inside a batch write */

struct vtd_queue {
	/* written by every submitter */
	uint64_t open plat_aligned(PLAT_CACHELINE); /* number of the batch that collects now */
	uint64_t ready;				    /* filled slots, VTD_READY_* */
	uint64_t claimed;			    /* slots being filled or full */

	uint32_t token plat_aligned(PLAT_CACHELINE); /* 1: somebody posts */
	/* the rest of this line is written with the token only */
	unsigned tail;
	unsigned recoveries;
	uint64_t recovered_at; /* batch completed last when the last error came */
	struct vtd_desc *ring;
	uint8_t *status;

	/* read by every poll, written when errors happen */
	uint64_t fail_first plat_aligned(PLAT_CACHELINE);
	uint64_t fail_last; /* batches [fail_first, fail_last] failed; 0: none */
	uint32_t dead;

	struct vtd_desc slot[VTD_SLOTS];
	uint64_t more; /* token: descriptors beyond one a batch, modulo 2^64 */
	uint64_t errors; /* token */
	uint64_t collapsed;
};

struct vtd_unit {
	struct vtd_unit_config config;
	const struct vtd_hw_ops *hw;
	void *ctx;
	struct vtd_caps caps;
	uint64_t drain; /* bits of IOTLB descriptors: requests inside the unit are waited for */
	uint64_t *root;	   /* 256 entries of two quadwords */
	uint64_t *id_used; /* not available: allocated, or not yet invalidated */
	uint64_t *id_live; /* allocated */
	size_t id_bytes;
	uint64_t context_tables;
	uint32_t gcmd; /* sticky bits; written with the token only */
	uint32_t gcmd_token;
	uint32_t fault_token;
	struct vtd_queue queue;
};

static inline uint32_t vtd_read32(struct vtd_unit *u, uint32_t off)
{
	return u->hw->read32(u->ctx, off);
}

static inline uint64_t vtd_read64(struct vtd_unit *u, uint32_t off)
{
	return u->hw->read64(u->ctx, off);
}

static inline void vtd_write32(struct vtd_unit *u, uint32_t off, uint32_t value)
{
	u->hw->write32(u->ctx, off, value);
}

static inline void vtd_write64(struct vtd_unit *u, uint32_t off, uint64_t value)
{
	u->hw->write64(u->ctx, off, value);
}

static inline uint64_t vtd_now(struct vtd_unit *u)
{
	return u->hw->now_ns(u->ctx);
}

static inline void vtd_relax(struct vtd_unit *u)
{
	if (u->hw->relax)
		u->hw->relax(u->ctx);
	else
		plat_relax();
}

static plat_always_inline uintptr_t vtd_irq_save(struct vtd_unit *u)
{
	if (PLAT_HAS_IRQ)
		return plat_irq_save();
	return u->hw->irq_save ? u->hw->irq_save(u->ctx) : 0;
}

static plat_always_inline void vtd_irq_restore(struct vtd_unit *u, uintptr_t flags)
{
	if (PLAT_HAS_IRQ)
		plat_irq_restore(flags);
	else if (u->hw->irq_restore)
		u->hw->irq_restore(u->ctx, flags);
}

static inline void vtd_log(struct vtd_unit *u, const char *text, uint64_t value)
{
	if (u->hw->log)
		u->hw->log(u->ctx, text, value);
}

/* Table lines the unit would not snoop. */
static inline void vtd_flush_lines(struct vtd_unit *u, const void *first, size_t bytes)
{
	if (!u->caps.coherent)
		u->hw->flush(u->ctx, first, bytes);
}

static inline uint64_t vtd_phys(const struct vtd_unit *u, const void *page)
{
	return (uint64_t)(uintptr_t)page + u->config.phys_offset;
}

static inline void *vtd_virt(const struct vtd_unit *u, uint64_t phys)
{
	return (void *)(uintptr_t)(phys - u->config.phys_offset);
}

static inline void *vtd_page_alloc(struct vtd_unit *u)
{
	return plat_mem_alloc(&u->config.pages, VTD_PAGE_BYTES, VTD_PAGE_BYTES);
}

/* Pages go back zeroed: a pool may rely on it. */
static inline void vtd_page_free(struct vtd_unit *u, void *page)
{
	if (page)
		memset(page, 0, VTD_PAGE_BYTES);
	plat_mem_free(&u->config.pages, page, VTD_PAGE_BYTES, VTD_PAGE_BYTES);
}

/* gcmd.c */
int vtd_gcmd_set(struct vtd_unit *u, uint32_t bit, bool on);
int vtd_gcmd_once(struct vtd_unit *u, uint32_t bit);

/* queue.c, queue_wait.c, queue_life.c */
int vtd_queue_init(struct vtd_unit *u);
int vtd_queue_fini(struct vtd_unit *u);
void vtd_queue_check(struct vtd_unit *u);
int vtd_inval_sync(struct vtd_unit *u, const struct vtd_inval_cmd *cmd, unsigned nr);

/* encode.c */

/* Commands on their way into a batch. */
struct vtd_submission {
	uint64_t classes; /* of the descriptors: VTD_READY_* */
	uint64_t all; /* VTD_READY_* */
	unsigned nr; /* at most VTD_OWN_DESCS */
	struct vtd_desc desc[VTD_OWN_DESCS + 1];
};

/* Adds any command.  0 or -EINVAL; may change @own even so. */
int vtd_submission_add(const struct vtd_unit *u, struct vtd_submission *own,
		       const struct vtd_inval_cmd *cmd);

static inline void vtd_block_desc(const struct vtd_unit *u, const struct vtd_inval_cmd *cmd,
				  uint64_t first_pfn, unsigned lg2_pages, struct vtd_desc *desc)
{
	desc->lo = VTD_DESC_IOTLB | VTD_DESC_SELECTIVE | VTD_DESC_DID(cmd->domain) |
		   u->drain;
	desc->hi = first_pfn << VTD_PAGE_LG2 | lg2_pages | (cmd->leaf_only ? VTD_DESC_HI_IH : 0);
}

/* The smallest aligned block of 2^n pages that holds [first, last]: its n. */
static inline unsigned vtd_block_lg2(uint64_t first_pfn, uint64_t last_pfn)
{
	uint64_t diff = first_pfn ^ last_pfn;

	return diff ? 64 - (unsigned)__builtin_clzll(diff) : 0;
}

/*
 * Most commands are a sound range that is exactly one block, to which vtd_cover() has
 * no alternative: encoded without a call.  False: anything else; nothing is written.
 */
static plat_always_inline bool vtd_block_encode(const struct vtd_unit *u,
						const struct vtd_inval_cmd *cmd,
						struct vtd_desc *desc)
{
	uint64_t first = cmd->first >> VTD_PAGE_LG2, last = cmd->last >> VTD_PAGE_LG2;
	uint64_t diff = first ^ last;
	unsigned lg2 = vtd_block_lg2(first, last);

	/* In a block all bits below its size are 0 in the first page and 1 in the last. */
	if (plat_unlikely(cmd->kind != VTD_INVAL_RANGE || cmd->domain >= u->caps.domain_ids ||
			  cmd->first > cmd->last || cmd->last > u->caps.iova_last ||
			  (first & diff) || (diff & (diff + 1)) || !u->caps.range_inval ||
			  lg2 > u->caps.range_lg2_pages_max))
		return false;
	vtd_block_desc(u, cmd, first, lg2, desc);
	return true;
}

/* One aligned block of 2^lg2_pages pages. */
struct vtd_block {
	uint64_t first_pfn;
	unsigned lg2_pages;
};
unsigned vtd_cover(uint64_t first_pfn, uint64_t last_pfn, unsigned lg2_max,
		   struct vtd_block block[2]);

/* context.c */
void vtd_context_free_tables(struct vtd_unit *u);

/* domain.c */
int vtd_domain_init(struct vtd_unit *u);
void vtd_domain_fini(struct vtd_unit *u);

#endif
