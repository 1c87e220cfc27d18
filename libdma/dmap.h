/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* dmap.h - draft contract, being written */
#ifndef DMAP_H
#define DMAP_H
#include "iova.h"
#include "pgtbl.h"
#ifdef __cplusplus
extern "C" {
#endif

struct dmap_space;

enum dmap_inval_kind { DMAP_INVAL_RANGE, DMAP_INVAL_DOMAIN, DMAP_INVAL_GLOBAL };
struct dmap_inval_cmd {
	enum dmap_inval_kind kind;
	bool leaf_only; /* no table was unlinked: paging-structure caches may stay (IH = 1) */
	uint16_t domain;
	uint64_t first; /* RANGE: bytes */
	uint64_t last;	/* inclusive */
};
/* The way to the hardware; all callable from any thread. */
struct dmap_inval_ops {
	/* Queue the commands and one wait for all; *fence names the wait. 0, -EAGAIN (full), -EIO */
	int (*submit)(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr, uint64_t *fence);
	/* 1 done, 0 not yet, -EIO */
	int (*poll)(void *ctx, uint64_t fence);
	/* 0 done, -ETIMEDOUT, -EIO */
	int (*wait)(void *ctx, uint64_t fence);
};

enum dmap_mode { DMAP_STRICT, DMAP_LAZY };
struct dmap_config {
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	const struct dmap_inval_ops *inval;
	void *inval_ctx;
	uint16_t domain;
	enum dmap_mode mode;
	unsigned lazy_entries; /* per CPU queue; 0: 256 */
	uint64_t lazy_age_ns;  /* 0: 10 ms */
	uint64_t (*now_ns)(void *ctx); /* clock of the lazy age; NULL: no age limit but dmap_flush() */
	void *now_ctx;
	unsigned cpu_slots;
	struct plat_mem mem;
	unsigned flags;
};
#define DMAP_NO_32BIT_FIRST 1u /* default: below 4 GiB first, above only when that is full */

int dmap_space_create(struct dmap_space **space, const struct dmap_config *config);
/* Drains; returns mappings still live. Does not destroy iova/pgtbl. */
uint64_t dmap_space_destroy(struct dmap_space *space);

/* IOVA of the first byte, or -errno in the top 4095 values (iova_is_err()). limit: greatest last byte. */
uint64_t dmap_map(struct dmap_space *space, uint64_t phys, uint64_t size, unsigned prot, uint64_t limit);
uint64_t dmap_map_sg(struct dmap_space *space, const struct pgtbl_segment *seg, size_t nr_seg,
		     unsigned prot, uint64_t limit);
/* 0, -EINVAL, -ENOENT, -ETIMEDOUT/-EIO (then the addresses stay quarantined) */
int dmap_unmap(struct dmap_space *space, uint64_t iova, uint64_t size);
/* Lazy: flush what is older than the age (expired_only) or everything; 0 or error of the queue. */
int dmap_flush(struct dmap_space *space, bool expired_only);

struct dmap_stats {
	uint64_t strict_flushes, lazy_flushes, range_cmds, domain_cmds, waits, quarantined_bytes;
	uint64_t queued;
};
void dmap_stats(struct dmap_space *space, struct dmap_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
