/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * trace.h - a recorded stream of DMA map and unmap calls, decoded for replay.
 *
 * The format is described in bench/traces/README.md.  Loading checks the
 * recording against itself: every unmap names a live mapping of that very size,
 * no two live ranges of a domain overlap, segments add up, limits hold.  What
 * does not fit is an error with its line number and no trace, so that replay
 * itself never has to ask.
 *
 * Domains, devices and CPUs are renumbered densely in order of appearance.
 */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include "pgtbl.h"
#include "trace_file.h"

#define TRACE_PAGE_LG2 12
/* Physical addresses are folded into what both sides' tables can hold. */
#define TRACE_PHYS_BITS 48
#define TRACE_PAGE_BYTES ((uint64_t)1 << TRACE_PAGE_LG2)

enum trace_op { TRACE_MAP, TRACE_UNMAP };

/* Fields that only one kind has are zero in the other. */
struct trace_event {
	uint64_t time_ns;    /* since the first event; never decreases */
	uint64_t limit;	     /* map: greatest last byte the device allows */
	uint64_t size_bytes; /* of the mapping, in both kinds */
	uint32_t map;	     /* ordinal of this map, or of the map that this unmap ends */
	uint32_t slot;	     /* small number that no two live mappings share */
	uint32_t seg;	     /* map: first of nr_seg elements in trace.seg */
	uint32_t nr_seg;
	uint16_t domain;
	uint16_t device;
	uint16_t cpu;
	uint8_t op;   /* enum trace_op */
	uint8_t prot; /* enum pgtbl_prot */
};

struct trace {
	char *name; /* file name without folder and suffix */
	struct trace_event *event;
	struct pgtbl_segment *seg;
	uint32_t nr_events;
	uint32_t nr_segs;
	uint32_t nr_maps;
	uint32_t nr_unmaps;
	uint32_t nr_slots; /* greatest number of mappings alive at once */
	uint32_t nr_flushes; /* domain flushes in the recording */
	uint32_t nr_frees;   /* delayed frees in the recording */
	uint16_t nr_domains;
	uint16_t nr_devices;
	uint16_t nr_cpus;
	bool lazy; /* recorded under lazy invalidation: it has delayed frees or flushes */
	uint16_t *cpu_number; /* as recorded */
	uint32_t *live;	      /* the nr_maps - nr_unmaps map events that nothing unmaps */
	uint64_t span_ns;
	uint64_t peak_live_bytes;
};

/* Told how far reading is; @total 0 when not known.  May be NULL. */
typedef void (*trace_progress_fn)(void *ctx, uint64_t done, uint64_t total);

/* 0 and *@trace, or -1 and *@err. */
int trace_load(struct trace **trace, const char *path, trace_progress_fn progress, void *ctx,
	       struct trace_error *err);
void trace_free(struct trace *trace);

#endif
