/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* dmap_simq.h - a simulated invalidation queue: first backend of dmap_inval_ops. draft contract */
#ifndef DMAP_SIMQ_H
#define DMAP_SIMQ_H
#include "dmap.h"
#ifdef __cplusplus
extern "C" {
#endif
struct dmap_simq;
struct dmap_simq_config {
	uint64_t latency_ns;	  /* per descriptor, waits included; 0: completes at once */
	unsigned entries;	  /* ring size, power of two; 0: 256 */
	uint64_t (*now_ns)(void *ctx); /* needed when latency_ns != 0 */
	void *now_ctx;
	struct plat_mem mem;
};
struct dmap_simq_stats {
	uint64_t range, domain, global, waits;
};
extern const struct dmap_inval_ops dmap_simq_ops; /* ctx: struct dmap_simq * */
int dmap_simq_create(struct dmap_simq **q, const struct dmap_simq_config *config);
void dmap_simq_destroy(struct dmap_simq *q);
void dmap_simq_stats(struct dmap_simq *q, struct dmap_simq_stats *stats);
#ifdef __cplusplus
}
#endif
#endif
