/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_stream.h - operation streams: the library, the flat model and an
 * independent hardware walker side by side.  The conformance test feeds it
 * random numbers, the fuzz target feeds it bytes.
 */
#ifndef PGTBL_STREAM_H
#define PGTBL_STREAM_H

#include "pgtbl_hw.h"

struct stream_source {
	const uint8_t *data; /* NULL: random numbers from @seed */
	size_t len;
	uint64_t seed;
};

struct stream_config {
	const char *name;
	const struct pgtbl_ops *ops;
	enum hw_format format;
	unsigned levels;
	unsigned start;	    /* levels that it begins with; 0: it does not grow */
	unsigned page_lg2;  /* of the smallest page */
	unsigned table_lg2; /* 0: 12 */
	unsigned oa_bits;
	unsigned iova_bits; /* 0: all */
	unsigned root_lg2;  /* entries of the root; 0: as other tables */
	uint64_t sizes;	    /* all that the format has */
	uint64_t page_sizes;
	unsigned flags;
	bool noncoherent;
	bool checked; /* calls are told about others that overlap; nobody does */
	bool common; /* only what every format can do, for comparing them */
};

static inline unsigned stream_index_lg2(const struct stream_config *c)
{
	return (c->table_lg2 ? c->table_lg2 : 12) - 3;
}

struct stream_result {
	const char *error; /* NULL: all agreed */
	unsigned op;	   /* number of the last operation */
	uint64_t digest;   /* of every translation made */
	unsigned long maps, unmaps, exists, nomem, reclaimed, undone;
	unsigned long replaced, demoted, promoted, reserved, grown, refused;
	unsigned long limited;			/* refused by a limit of pages */
	unsigned long wrote, faults, reported;	/* by devices; refused until told; pages */
};

/* At most @ops operations. */
void stream_run(const struct stream_config *config, struct stream_source *source, unsigned ops,
		struct stream_result *result);

extern const struct stream_config stream_configs[];
extern const unsigned stream_nr_configs;

#endif
