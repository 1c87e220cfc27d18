/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * linux_fq.h - Linux's lazy invalidation policy, written anew for the peer.
 *
 * Per domain and CPU a ring of 256 ranges that are unmapped but not yet
 * invalidated (one place stays empty, so 255 fit).  Putting a range takes the
 * CPU's lock, first frees what an invalidation has covered since, and when the
 * ring is full invalidates the whole domain.  The first range put starts a timer
 * of 10 ms, at whose end the domain is invalidated and every CPU's ring emptied.
 * Which invalidation covers an entry is told by two counters, of invalidations
 * begun and finished.
 *
 * Behaviour and costs (one full fence, one lock, one counter load a call) follow
 * the flush queue of drivers/iommu/dma-iommu.c as of Linux 6.1; the code is ours.
 * The timer runs on trace time, on the CPU that started it.
 */
#ifndef REPLAY_LINUX_FQ_H
#define REPLAY_LINUX_FQ_H

#include "side.h"

struct iova_domain;
struct linux_fq;

struct linux_fq_config {
	struct iova_domain *iovad;
	const struct dmap_inval_ops *inval;
	void *inval_ctx;
	uint16_t domain;
	unsigned nr_cpus;
	unsigned nr_threads; /* CPU n is played by thread n % nr_threads */
	struct plat_mem meta;
};

struct linux_fq *linux_fq_create(const struct linux_fq_config *config);
/* What is still queued is dropped: the caller destroys the allocator anyway. */
void linux_fq_destroy(struct linux_fq *fq);

/* @cpu: the calling thread acts as this CPU. 0 or the queue's error. */
int linux_fq_put(struct linux_fq *fq, unsigned cpu, unsigned long pfn, unsigned long pages);

/*
 * Runs the timer if it was started on one of this thread's CPUs and has expired.
 * Return: when such a timer next expires, SIDE_NEVER when none is running.
 */
uint64_t linux_fq_timer(struct linux_fq *fq);

/* Invalidates, and frees every CPU's ranges. 0 or the queue's error. */
int linux_fq_flush(struct linux_fq *fq);

#endif
