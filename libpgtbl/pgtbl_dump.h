/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_dump.h - what is mapped, written down; tables as they are in memory; what
 * differs between two.
 *
 * Synchronisation: may run beside everything but destroy; but only of a table that
 * nobody changes meanwhile is the image one that there was at some moment.
 * Progress: lock-free.  Context: any in which the table's meta memory may be used.
 */
#ifndef PGTBL_DUMP_H
#define PGTBL_DUMP_H

#include "pgtbl.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum pgtbl_dump_format {
	PGTBL_DUMP_TEXT, /* a header line, then a line per run of leaves that continue each other */
	PGTBL_DUMP_JSON, /* one object, the same runs; addresses are strings, "0x..." */
	PGTBL_DUMP_SVG,	 /* a picture of the tables: a row of boxes for each level */
};

/**
 * pgtbl_dump - write down what is mapped
 * @print: receives the text piece by piece, not NUL-terminated; another value
 *         than 0 ends the dump
 *
 * Return: 0, the value of @print, or -EINVAL (as pgtbl_visit(), or @format).
 */
int pgtbl_dump(struct pgtbl *pt, uint64_t first, uint64_t last, enum pgtbl_dump_format format,
	       int (*print)(void *ctx, const char *text, size_t len), void *ctx);

/**
 * pgtbl_image - every table, as hardware finds it
 * @pt:    the table
 * @write: receives the bytes piece by piece; another value than 0 ends the image
 * @ctx:   for @write
 *
 * Format: numbers are little-endian.  A head of 64 bytes:
 *    0  8 bytes "PGTBLIMG"
 *    8  u32  1, the version of this format
 *   12  u32  number of levels
 *   16  16 bytes, name of the table format, padded with zeroes
 *   32  u64  physical address of the root table
 *   40  u32  lg2 of the bytes of the smallest page
 *   44  u32  lg2 of the entries of a table
 *   48  u32  lg2 of the entries of the root
 *   52  u32  width of input addresses
 *   56  u32  width of output addresses
 *   60  u32  0
 * Then for each table, level by level from the root down, in the order of addresses:
 *    0  u64  its physical address
 *    8  u64  the first input address that it serves
 *   16  u32  its level; 0: the end, no more bytes follow this record's head of 24
 *   20  u32  its bytes, which follow: the words as they are in memory
 *
 * Return: 0; the value of @write; -EINVAL: NULL; -ENOMEM: no buffer for a table.
 */
int pgtbl_image(struct pgtbl *pt, int (*write)(void *ctx, const void *bytes, size_t len),
		void *ctx);

/**
 * struct pgtbl_difference - a range in which two tables differ
 * @first, @last: addresses
 * @phys:         where @first leads in each
 * @prot:         permissions in each; 0: nothing is mapped there
 */
struct pgtbl_difference {
	uint64_t first;
	uint64_t last;
	uint64_t phys[2];
	unsigned prot[2];
};

/**
 * pgtbl_compare - where two tables translate differently
 * @a, @b: they may have different formats and shapes
 * @first: first address
 * @last:  last address, within the width of both
 * @fn:    called for each difference, in order, neighbours joined where both continue;
 *         another value than 0 ends the comparison
 * @ctx:   for @fn
 *
 * Addresses and permissions count, the sizes of leaves do not.
 * Return: 0; the value of @fn; -EINVAL: NULL, @first > @last, @last beyond a width;
 * -ENOMEM: no memory (@a's meta) for a few leaves of each.
 */
int pgtbl_compare(struct pgtbl *a, struct pgtbl *b, uint64_t first, uint64_t last,
		  int (*fn)(void *ctx, const struct pgtbl_difference *difference), void *ctx);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
