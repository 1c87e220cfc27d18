/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_change.h - changes of a table under mappings that stay.
 *
 * reserve: tables ahead of time; replace: other memory behind the same addresses;
 * promote and demote: larger and smaller leaves for the same translations.  At no
 * time, for no reader and no device, is an address unmapped by them.
 *
 * Units, ownership, gathers and reports are those of pgtbl.h.
 *
 * Synchronisation: o may run concurrently, 1 if the ranges are disjoint,
 * b: the later call does nothing and returns -EBUSY.
 *
 *              map/unmap reserve replace demote promote reclaim/drain others
 *   reserve        1        1       1      1       o          o          o
 *   replace        1        1       1      1       o          o          o
 *   demote         1        1       1      1       o          o          o
 *   promote        o        o       o      o       b          b          o
 * (others: translate, visit, release, unreserve, dirty tracking; none beside destroy.)
 * unreserve belongs to whoever reserved.
 *
 * Progress: reserve, replace, demote and unreserve are lock-free, as map is.  promote
 * waits for grace periods.
 *
 * ARM: where a leaf changes its size or its output address, the architecture wants
 * break-before-make: no translation until the old one has been invalidated.  Nothing
 * here does that, nor does an unmap that splits.  So use promote, demote and PGTBL_SPLIT
 * with an SMMU whose SMMU_IDR3.BBML is 2, which copes with two sizes at once (Linux's
 * iommu list, J. Martins and K. Jiang, April 2022, on SMMUv3.2, 3.21.1.3; ? the manual
 * itself was not read), elsewhere while no device is at work in the range; and replace
 * only then.
 */
#ifndef PGTBL_CHANGE_H
#define PGTBL_CHANGE_H

#include "pgtbl.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/**
 * pgtbl_reserve - make the tables that maps of a range will need
 * @pt:         the table
 * @iova:       a multiple of the page size
 * @size:       bytes, a multiple of the page size
 * @page_bytes: the smallest leaf that will be used: one of the table's page sizes.  Where
 *              tables for 4 KiB leaves stand, larger leaves are not used.
 * @report:     NULL, or receives the address at fault
 *
 * Until pgtbl_unreserve() neither reclaim nor unmap nor promotion takes these tables
 * away, so a map of leaves of @page_bytes or more inside the range needs no memory
 * and cannot fail with -ENOMEM or -EDQUOT.  On error nothing has changed.
 * Reservations may overlap; each is given up for itself.
 *
 * Context: any in which the table's memory functions may be used.
 * Return: 0; -EINVAL: NULL, not a range of @pt, not a page size of it; -EEXIST: a leaf
 * larger than @page_bytes is mapped at report->iova; -ENOMEM: no page for a table needed
 * at report->iova, or no memory for the reservation; -EDQUOT: a limit of pages; what
 * pgtbl_growth.grown returned: report->iova is out of reach.
 */
int pgtbl_reserve(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes,
		  struct pgtbl_report *report);

/**
 * pgtbl_unreserve - give up a reservation
 *
 * Its tables stay until they are empty and reclaimed, as all others.
 * Context: any.
 * Return: 0; -ENOENT: no reservation with exactly these values; -EINVAL: as above.
 */
int pgtbl_unreserve(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes);

/**
 * struct pgtbl_replacement - new memory for a mapped range
 * @iova: a multiple of the page size
 * @phys: new output address of @iova, a multiple of the page size; contiguous
 * @size: bytes, a multiple of the page size
 * @prot: of the new leaves
 * @old:  NULL, or called for each leaf that was replaced, in order: address, size,
 *        permissions, accessed and dirty, read in the same step in which the new
 *        one was written, so no write of the device is missed.  Runs inside a read
 *        section: it must not wait, nor call pgtbl_drain(), _reclaim() or _promote().
 * @ctx:  for @old
 */
struct pgtbl_replacement {
	uint64_t iova;
	uint64_t phys;
	uint64_t size;
	unsigned prot;
	void (*old)(void *ctx, const struct pgtbl_leaf *leaf);
	void *ctx;
};

/**
 * pgtbl_replace - let a mapped range lead to other memory
 * @pt:     the table
 * @with:   what to do
 * @gather: receives the range.  The old memory is in use until it has been invalidated.
 * @report: NULL, or receives the address at fault
 *
 * A device gets the old address or the new one, each leaf in one step.  Large leaves
 * are kept if they lie in the range and the new address suits them, and split
 * otherwise; one that sticks out of the range only with PGTBL_SPLIT.  All or nothing:
 * after an error every address leads where it led; leaves may have been split.
 *
 * Context: any in which the table's memory functions may be used.
 * Return: 0; -EINVAL: as pgtbl_map_at(); -ENOENT: nothing is mapped at report->iova;
 * -EBUSY: a leaf at report->iova is larger than its part of the range, and must not
 * or cannot be split; -ENOMEM, -EDQUOT: no page for a split.
 */
int pgtbl_replace(struct pgtbl *pt, const struct pgtbl_replacement *with,
		  struct pgtbl_gather *gather, struct pgtbl_report *report);

/**
 * pgtbl_demote - split leaves
 * @pt:         the table
 * @iova:       a multiple of the page size
 * @size:       bytes, a multiple of the page size
 * @page_bytes: every larger leaf that overlaps the range is split, whatever the policy
 * @gather:     receives the leaves that were split: IOTLBs may hold them until it has
 *              been invalidated, with the same translations
 * @report:     NULL, or receives the address at fault
 *
 * Context: any in which the table's memory functions may be used.
 * Return: 0; -EINVAL: NULL, not a range of @pt, not a page size of it; -ENOMEM, -EDQUOT: no
 * page for a split at report->iova; -EBUSY: the table has no leaves of the size between.
 * After an error what has been split stays split.
 */
int pgtbl_demote(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes,
		 struct pgtbl_gather *gather, struct pgtbl_report *report);

/**
 * pgtbl_promote - one leaf for a table of leaves that continue each other
 * @pt:     the table
 * @first:  first address
 * @last:   last address; every table whose span lies in the range is examined
 * @gather: receives the spans and the old tables.  Invalidate (gather->tables is set),
 *          then release.
 *
 * Neighbours must agree in everything but accessed and dirty, and the new leaf must be
 * aligned and of one of the table's page sizes.  The caller need not own the range; but
 * an owner who afterwards unmaps a part of the leaf is subject to the policy of the
 * table, so without PGTBL_SPLIT a caller had better own it.  Where accessed and dirty
 * bits are kept by hardware (PGTBL_AD) the new leaf has both.  What is reserved for
 * smaller leaves stays, and so do level-2 tables below 4 GiB.
 * Also does the work of pgtbl_drain().
 *
 * Context: thread, outside any read section; waits for grace periods.
 * Return: number of leaves made; -EBUSY when another promote, drain or reclaim is at it;
 * -EOPNOTSUPP: PGTBL_KEEP_TABLES; -EINVAL for NULL, @first > @last or @last beyond the address
 * width; -ENOMEM, -EDQUOT: no page for the list of old tables, and nothing was done.
 */
int64_t pgtbl_promote(struct pgtbl *pt, uint64_t first, uint64_t last,
		      struct pgtbl_gather *gather);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
