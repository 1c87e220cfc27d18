/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * side.h - one contender of a comparison: something that maps and unmaps.
 *
 * Three exist: ours (libdma over libiova and libpgtbl), the peer (Linux's
 * allocator and page tables under Linux's policy), and one that does nothing,
 * whose time is the harness's own and is subtracted from the other two.
 *
 * All three are reached through the same pointers and get the same arguments.
 */
#ifndef REPLAY_SIDE_H
#define REPLAY_SIDE_H

#include "dmap.h"
#include "trace.h"

struct side; /* each contender's own */

/* The interrupt window of x86: Linux reserves it in every DMA domain, so both sides do. */
#define SIDE_MSI_FIRST UINT64_C(0xfee00000)
#define SIDE_MSI_LAST UINT64_C(0xfeefffff)
/* Both sides: 48 bits of IOVA, four levels of table, 48 bits of physical address. */
#define SIDE_IOVA_LAST ((UINT64_C(1) << 48) - 1)
#define SIDE_PHYS_BITS 48 /* = TRACE_PHYS_BITS */
#define SIDE_LEVELS 4
/* Linux's figures: the lazy queue of each CPU, and how old an entry may grow. */
#define SIDE_LAZY_ENTRIES 256
#define SIDE_LAZY_AGE_NS UINT64_C(10000000)
#define SIDE_NEVER UINT64_MAX

struct side_config {
	unsigned nr_domains;
	unsigned nr_cpus;
	unsigned nr_threads; /* CPU n is played by thread n % nr_threads */
	bool recorded_cpus; /* one thread plays all CPUs: act as the event's CPU */
	enum dmap_mode mode;
	const struct dmap_inval_ops *inval;
	void *inval_ctx;
	struct plat_mem meta;
	struct plat_mem pages;
};

/*
 * What a replaying thread tells its side beside the event: trace time, which is
 * the clock of everything lazy, and in return when the side next wants tick().
 */
struct side_thread {
	unsigned index; /* of the thread */
	unsigned cpu;	/* private to the side */
	uint64_t now_ns;
	uint64_t tick_ns;
};
extern __thread struct side_thread side_thread;

/* CPU slots to ask for where 0 means one per CPU of this machine: that, or @nr_cpus if more. */
unsigned side_cpu_slots(unsigned nr_cpus);

struct side_ops {
	const char *name;  /* "ours", "peer": in tables and JSON */
	const char *title; /* what it is */
	/* 0 or -errno */
	int (*open)(struct side **side, const struct side_config *config);
	/* Frees everything; mappings that were left, 0 is clean. */
	uint64_t (*close)(struct side *side);
	/* The IOVA, or -errno (iova_is_err()). @seg: the event's segments. */
	uint64_t (*map)(struct side *side, const struct trace_event *event,
			const struct pgtbl_segment *seg);
	/* @iova is what map() returned.  0 or -errno. */
	int (*unmap)(struct side *side, const struct trace_event *event, uint64_t iova);
	/* side_thread.tick_ns has come; sets the next. */
	void (*tick)(struct side *side);
	/* Completes everything delayed, in every domain. */
	int (*drain)(struct side *side);
	/* 0 and *@phys, or -ENOENT. */
	int (*translate)(struct side *side, unsigned domain, uint64_t iova, uint64_t *phys);
	/* Around the replay of one thread, on that thread. */
	void (*enter)(struct side *side);
	void (*leave)(struct side *side);
	/* Bytes of metadata taken outside of config.meta, live now. */
	uint64_t (*own_meta_bytes)(struct side *side);
};

extern const struct side_ops side_ours;
extern const struct side_ops side_peer; /* only where the peer is linked in */
extern const struct side_ops side_empty;

#endif
