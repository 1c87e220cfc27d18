/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_resv.h - which addresses of a space may be used: reservations, lists of
 * allowed ranges, growth.
 *
 * What is reserved is never handed out, refuses to be freed, and does not count
 * as in use.  Reservations that touch are one: that is what a conflict names.
 *
 * Synchronisation: any of these calls may run beside any other on the space, but
 * only one of these at a time changes something; others answer -EAGAIN if it
 * takes long.  Progress: blocking, for a grace period at the end (plat.h); other
 * calls do not wait for these.
 * Context: thread, outside any read-side section.  May ask for memory.
 *
 * A refused call changes nothing.
 */
#ifndef IOVA_RESV_H
#define IOVA_RESV_H

#include "iova.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * iova_space_reserve() - take addresses out of use
 * @space:    the space
 * @first:    first byte, a multiple of the granule
 * @last:     last byte, inclusive, the last of a granule
 * @conflict: NULL, or filled in on -EEXIST, as in iova_space_alloc_fixed()
 *
 * Exclusive: -EEXIST if any of it is allocated or reserved already.
 * IOVA_RANGE_NONE's ends reserve nothing, successfully.
 *
 * Return: 0; -EINVAL: misaligned, empty, or not inside the space; -EEXIST;
 * -ENOMEM; -EAGAIN: another of these calls, or an owner of a word, was in the way.
 */
int iova_space_reserve(struct iova_space *space, uint64_t first, uint64_t last,
		       struct iova_range *conflict);

/**
 * iova_space_reserve_merge() - the same, where some of it may be reserved already
 * @space, @first, @last, @conflict: as in iova_space_reserve()
 *
 * Return: as iova_space_reserve(); -EEXIST only for what is allocated.
 */
int iova_space_reserve_merge(struct iova_space *space, uint64_t first, uint64_t last,
			     struct iova_range *conflict);

/**
 * iova_space_unreserve() - give addresses back, part of a reservation or several
 * @space: the space
 * @first: first byte, a multiple of the granule
 * @last:  last byte, inclusive, the last of a granule
 *
 * Return: 0; -EINVAL as iova_space_reserve(); -ENOENT: not all of it was reserved
 * with the two calls above; -ENOMEM; -EAGAIN.
 */
int iova_space_unreserve(struct iova_space *space, uint64_t first, uint64_t last);

/**
 * iova_space_allow() - only these ranges are usable from here on
 * @space:    the space
 * @allowed:  in any order, in bytes; may overlap and be IOVA_RANGE_NONE; a granule
 *	      that is not allowed whole is not allowed
 * @nr:	      how many; 0: nothing is usable.  The work grows with its square.
 * @conflict: NULL, or filled in on -EEXIST
 *
 * Narrows: what an earlier call left out stays out.  Reservations stay what they
 * are.  What is left out does not count as reserved_bytes.
 *
 * Return: 0; -EINVAL: @allowed is NULL although @nr is not 0; -EEXIST: something
 * is allocated outside, see @conflict; -ENOMEM; -EAGAIN.
 */
int iova_space_allow(struct iova_space *space, const struct iova_range *allowed, unsigned nr,
		     struct iova_range *conflict);

/**
 * iova_space_grow() - move the end of the space up, in use or not
 * @space: the space
 * @last:  the new greatest usable byte, the last of a granule; between the present
 *	   one and iova_space_config.grow_last
 *
 * Ranges and reservations stay as they are; lists of allowed ranges do not reach
 * beyond the end that the space had then.
 *
 * Return: 0; -EINVAL; -ENOMEM; -EAGAIN.
 */
int iova_space_grow(struct iova_space *space, uint64_t last);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
