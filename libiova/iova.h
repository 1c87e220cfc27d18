/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova.h - lock-free allocation of I/O virtual address (IOVA) ranges.
 *
 * A space hands out ranges of granules (4 KiB and up) between two addresses.
 * All addresses and sizes are in bytes; sizes are rounded up to granules.
 *
 * Placement.  A range of n granules is aligned to the smallest power of two
 * that is at least n.  Up to 32 granules are taken exactly.  Above, the range
 * is rounded up to whole units of 16^k granules, the k for which it is at most
 * 32 units; the granules rounded up are nobody's while the range lives, and a
 * free must still name the size that was asked for.  Where there is no room for the
 * rounding, the range goes without (of places for that, 64 of each of two kinds are looked at):
 * a space that is empty gives out all of itself, whatever its size, if it begins where such a
 * range may.  Fixed ranges and reservations are exact.
 *
 * Guards.  With iova_space_config.guard_granules each range is followed by so many
 * granules that belong to it but are nobody's to use: whoever maps only ranges has a
 * hole behind each, and a device that runs over the end of one faults.  A range of n
 * granules with g behind it is placed as one of n + g: that decides its alignment and
 * its rounding (512 granules with one guard are aligned to 1024), and n + g of them have
 * to be free.  Limits, windows to stay out of and boundaries are about the n alone; the
 * g may lie beyond them, but inside the space, and not on reservations.  Sizes in calls,
 * ranges in answers, live_bytes and conflicts are without guards; no hole is where one
 * lies; a free of one, and a search for what lies there, finds nothing (-ENOENT).
 * Pieces of one allocation have a guard each; a range in quarantine keeps its own;
 * reservations have none.  A space with guards uses CPU-local updates like any other, but
 * by a longer way, and iova_space_alloc_ready() has nothing ready.
 *
 * Synchronisation.  Any call may run beside any other on the same space, from
 * any thread, except:
 *
 *            | create | destroy | all others
 *   create   |   -    |    X    |     X        X: the caller makes sure that
 *   destroy  |   X    |    X    |     X           they do not overlap
 *
 * Of two frees of one range that run at the same time both may return 0; the
 * range is freed once all the same, no address ever has two owners, and the
 * second is counted when it is collected (raced_free_bytes).  A free
 * that comes after the range has been handed out again is the new owner's.
 *
 * Progress.
 *   iova_space_alloc, _free, _check*, _free_checked, _find: lock-free; _alloc_ready: wait-free.
 *     Allocation and free of ranges of up to 512 granules on the CPU that they came from execute no
 *     LOCK-prefixed instruction and write no cache line that other CPUs use;
 *     a free from elsewhere executes one.
 *   _alloc_request: lock-free; obstruction-free where the natural alignment gives way.  Any
 *     allocation is obstruction-free where its rounding gives way.
 *   _alloc_fixed: obstruction-free: two that split the same unit, or a thread that
 *     stopped in the middle of it, make the other return -EAGAIN.
 *   What one of them holds before it is known whether it can have all is nobody's range:
 *     who would be refused with -ENOSPC or -EEXIST while it runs, or because of what it
 *     has just given back, looks again, a bounded number of times, and then says -EAGAIN.
 *   _for_each, _in_use, _stats: wait-free in the number of units looked at.
 * Work.  Allocation, free, check and find look at a few words of each level at most, however
 *   many ranges live and however long they are; a step of an iteration, at the words that it
 *   goes past.  An allocation that finds no room where there was some looks once at each line
 *   of 128 units in which something was freed since the last such search, and not again; but for
 *   seven lines of other CPUs, and in hard interrupts (kernel) for all of theirs.  If it is
 *   to go without its rounding, 64 places of each kind come on top, every time.
 * Memory: metadata grows in the calls that say "may ask for memory", and in no other: then
 * they may reach malloc(), jemalloc if the caller brings it, or kmalloc(GFP_ATOMIC), whose
 * progress is not claimed here; running out is -ENOMEM, never a wait.  It goes back in
 * iova_space_trim() of iova_life.h, and in destroy.
 *
 * Context: thread, or interrupt on any CPU (kernel), unless a call says
 * otherwise.  No call of this file sleeps; in the kernel, taking words away from another CPU
 * (under pressure, and in _alloc_fixed) answers -EAGAIN where the
 * caller may not wait for that CPU.
 *
 * fork(): the child has its own copy of every space and may go on with it if no
 * other thread was inside a call on it at that moment; else what that thread was
 * moving may be lost to the child.  A thread that exits holds nothing.  CPUs
 * numbered beyond the slots of a space use full CAS throughout.
 */
#ifndef IOVA_H
#define IOVA_H

#include "plat_mem.h"
#include "plat_types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct iova_space;

/* Never use CPU-local updates, even where the platform has them. */
#define IOVA_SPACE_NO_PERCPU 1u
/* Metadata may be given back before the end: iova_space_trim() of iova_life.h, and its price. */
#define IOVA_SPACE_TRIM 2u

#define IOVA_QUARANTINE_MAX (1u << 20)
#define IOVA_GUARD_MAX (1u << 16)

/**
 * enum iova_placement - where in a space ranges go; chosen at its creation
 * @IOVA_PLACE_LOCAL:	 where it is quickest: each CPU fills areas of 512 granules of its own,
 *			 which it takes from below, and takes first what it freed last
 * @IOVA_PLACE_BOTTOM_UP: the lowest place there is
 * @IOVA_PLACE_TOP_DOWN: the highest
 * @IOVA_PLACE_RANDOM:	 as IOVA_PLACE_LOCAL, but areas are drawn at random
 *
 * In order (the second and third).  A place is an address with the alignment of the
 * request that lies inside its limits and has free what the placement rule asks for,
 * the granules that are rounded up included; the range takes no more than its own, though.
 * Only if there is none, a place without those will do.
 * Exact while one call runs at a time; a call beside others gets a place that was free,
 * and beyond which all was taken when it looked there: a free beside it, or an allocation
 * that is then freed, may leave a better one.  A request with an offset that gives up the
 * natural alignment gets the best of the blocks it can be cut out of.  A quarantine holds
 * places back.  No CPU-local updates; an allocation searches each level of the tree
 * once, and allocation and free split and join units on up to all levels: some 4000 to
 * 20000 instructions a pair.  Progress of all allocations: obstruction-free.
 *
 * At random.  An area of 512 granules, drawn uniformly from those in the limits of the request,
 * becomes the CPU's whenever it needs a fresh one; ranges then fill it from below and are
 * reused as by IOVA_PLACE_LOCAL.  So of the address of a range up to 512 granules long the
 * first of its CPU's and size's area has log2(areas in the limits) bits of entropy: 11
 * below 4 GiB, 27 of 48 bits of address, with 4 KiB granules; what follows in the same
 * area has none.  A longer range, or one with a greater alignment, is drawn each time,
 * from as many places as its alignment leaves.  Eight areas in use in a row, and the
 * lowest free one is taken instead.  Without CPU-local updates, room beside reservations and
 * fixed ranges goes before areas are drawn.  Draws are SipHash-2-4 of a counter with
 * iova_space_config.seed as its key: to be unpredictable the seed has to be; with the same
 * seed, the same calls from one CPU get the same addresses.  Metadata: up to 13 KiB
 * an area where areas lie far apart, as in 48 bits; 0.4 KiB by IOVA_PLACE_LOCAL.
 */
enum iova_placement {
	IOVA_PLACE_LOCAL,
	IOVA_PLACE_BOTTOM_UP,
	IOVA_PLACE_TOP_DOWN,
	IOVA_PLACE_RANDOM,
};

/**
 * struct iova_space_config - what a space is to be
 * @first:	 lowest usable byte, a multiple of the granule.  Use one granule
 *		 or more where address 0 must not be handed out.
 * @last:	 greatest usable byte, the last of a granule; up to 2^64 - 1
 * @grow_last:	 greatest byte that iova_space_grow() may ever make usable; 0: as @last
 * @granule_lg2: log2 of the granule in bytes, 12 (4 KiB) to 34 (16 GiB)
 * @quarantine:	 how many frees a freed range waits before it can be handed out again,
 *		 up to IOVA_QUARANTINE_MAX; 0: none.  Until then a second free of it
 *		 is refused for sure.  Such a space has no CPU-local updates
 * @guard_granules: granules behind each range that nobody gets while it lives, up to
 *		 IOVA_GUARD_MAX; 0: none.  See Guards above
 * @placement:	 where ranges go
 * @seed:	 of IOVA_PLACE_RANDOM: 128 bits
 * @cpu_slots:	 CPUs that get words of their own; 0: all that may ever be there
 * @mem:	 where metadata comes from; zeroes mean the platform's own
 * @flags:	 IOVA_SPACE_*
 */
struct iova_space_config {
	uint64_t first;
	uint64_t last;
	uint64_t grow_last;
	uint8_t granule_lg2;
	unsigned quarantine;
	unsigned guard_granules;
	enum iova_placement placement;
	uint64_t seed[2];
	unsigned cpu_slots;
	struct plat_mem mem;
	unsigned flags;
};

/**
 * struct iova_range - a range of addresses
 * @first: its first byte
 * @last:  its last byte, inclusive
 */
struct iova_range {
	uint64_t first;
	uint64_t last;
};

/* A range that contains nothing, for arguments that may be none: { 0, 0 } contains byte 0. */
#ifdef __cplusplus
#define IOVA_RANGE_NONE (iova_range{ ~(uint64_t)0, 0 })
#else
#define IOVA_RANGE_NONE ((struct iova_range){ ~(uint64_t)0, 0 })
#endif

/**
 * struct iova_request - one allocation's wishes; zeroes are none
 * @size:	bytes; 0: see @granules
 * @granules:	the same in granules, up to the whole 2^64 bytes; looked at if @size is 0
 * @align:	bytes, a power of two; 0 or anything below the natural alignment asks for that
 * @offset:	the address is to be equal to @offset modulo @align, so that huge
 *		pages fit a buffer at that physical address; a multiple of the granule
 * @boundary:	bytes, a power of two: no multiple of it lies inside the range
 * @min:	lowest first byte
 * @max:	greatest last byte; 0: the end of the space
 * @exclude:	ranges of bytes to stay out of, in any order; may be IOVA_RANGE_NONE
 * @nr_exclude: how many.  The work grows with its square.
 *
 * An @offset that leaves the natural alignment in place (a multiple of it) costs
 * nothing.  Any other is cut out of a naturally aligned block: the smallest in
 * which the range lies where @offset wants it, which has to be free for a moment.
 */
struct iova_request {
	uint64_t size;
	uint64_t granules;
	uint64_t align;
	uint64_t offset;
	uint64_t boundary;
	uint64_t min;
	uint64_t max;
	const struct iova_range *exclude;
	unsigned nr_exclude;
};

/*
 * Allocation returns an address or a negative errno in one word: addresses are
 * multiples of 4096 at least, so the values -4095..-1 are none.
 */
static inline bool iova_is_err(uint64_t iova)
{
	return iova > (uint64_t)-4096;
}

static inline int iova_err(uint64_t iova)
{
	return (int)(int64_t)iova;
}

#pragma GCC visibility push(default)

/**
 * iova_space_create() - make a space
 * @space:  filled in on success
 * @config: see there
 *
 * Context: thread.  May ask for memory.
 * Return: 0; -EINVAL: a field is out of its limits; -ENOMEM.
 */
int iova_space_create(struct iova_space **space, const struct iova_space_config *config);

/**
 * iova_space_destroy() - give back all that a space holds
 * @space: may be NULL
 *
 * Context: thread; no other call on the space runs or comes after.
 * Return: how many ranges were still allocated (0: none was forgotten); which ones says
 * iova_space_destroy_report() of iova_life.h.
 */
uint64_t iova_space_destroy(struct iova_space *space);

/**
 * iova_space_alloc() - allocate a range
 * @space: the space
 * @size:  bytes
 * @max:   greatest address its last byte may have (a device's DMA mask);
 *	   UINT64_MAX: no limit
 *
 * May ask for memory.
 *
 * Ordering: what the former owner did before its free returned is visible to
 * the new owner if both ran on one CPU; from another CPU, through the full CAS
 * of that free and of its collection.
 * Return: the first byte; or, as a negative errno (iova_is_err()):
 * -EINVAL: @size is 0; -ENOSPC: no place is left that the placement rule and
 * @max allow; -ENOMEM: there is room, but no memory for the metadata;
 * -EAGAIN: the only room is in words that change hands just now.
 */
uint64_t iova_space_alloc(struct iova_space *space, uint64_t size, uint64_t max);

/**
 * iova_space_alloc_ready() - iova_space_alloc(), if that needs no search
 * @space: the space
 * @size:  bytes
 * @max:   greatest address its last byte may have
 *
 * Wait-free: one try with what was last freed, or found, on this CPU.  For callers that
 * can get addresses back, and would do that before a search.  Never asks for memory.
 *
 * Ordering and return: as iova_space_alloc(); any error, -EAGAIN as a rule, says
 * nothing but that nothing lies ready.
 */
uint64_t iova_space_alloc_ready(struct iova_space *space, uint64_t size, uint64_t max);

/**
 * iova_space_alloc_request() - allocate a range with more wishes
 * @space: the space
 * @req:   see struct iova_request
 *
 * May ask for memory.
 *
 * Ordering and return: as iova_space_alloc(); -EINVAL also when @req is NULL,
 * neither size nor granules are given, an alignment or boundary is no power of
 * two, the offset cuts a granule, @req->max lies below @req->min, @req->exclude
 * is NULL although @req->nr_exclude is not 0, or no address at all can satisfy
 * the boundary.  -EAGAIN also when others took the block each time.
 *
 * Progress: lock-free; obstruction-free where a range is cut out of a block.
 */
uint64_t iova_space_alloc_request(struct iova_space *space, const struct iova_request *req);

/**
 * iova_space_alloc_fixed() - allocate the range at a given address
 * @space:    the space
 * @iova:     first byte, a multiple of the granule
 * @size:     bytes, not zero
 * @conflict: NULL, or filled in on -EEXIST: the range (or the one whose guard it is) or
 *	      reservation in the way (the granule alone, where it is rounding or has
 *	      been freed since)
 *
 * May ask for memory.
 * Return: 0; -EINVAL: misaligned, empty, or not inside the space together with its
 * guard; -EEXIST; -ENOMEM; -EAGAIN: see Progress.  On error nothing has changed.
 */
int iova_space_alloc_fixed(struct iova_space *space, uint64_t iova, uint64_t size,
			   struct iova_range *conflict);

/**
 * iova_space_free() - free a range
 * @space: the space
 * @iova:  its first byte
 * @size:  its size as allocated (or any that rounds to the same granules)
 *
 * The check is complete before the range can be handed out again: a double
 * free, another size, part of a range, and a reservation are refused.
 *
 * Never asks for memory.
 *
 * Ordering: everything the caller did before is visible to the next owner.
 * Return: 0; -ENOENT: @iova is not allocated; -EINVAL: it is, but not as a
 * range of @size that begins there; or it is misaligned, outside, or reserved.
 */
int iova_space_free(struct iova_space *space, uint64_t iova, uint64_t size);

/**
 * iova_space_check() - what iova_space_free() would answer now
 * @space: the space
 * @iova:  first byte
 * @size:  bytes
 *
 * Nothing changes and nothing is counted.  True for as long as the caller owns
 * the range.  Return: as iova_space_free().
 */
int iova_space_check(struct iova_space *space, uint64_t iova, uint64_t size);

/* No CPU in particular. */
#define IOVA_CPU_ANY (~0u)

/**
 * iova_space_check_home() - iova_space_check(), and where the free costs least
 * @space: the space
 * @iova:  first byte
 * @size:  bytes
 * @cpu:   set to the CPU on which the range's word is, and where its free therefore needs
 *	   no LOCK-prefixed instruction; or to IOVA_CPU_ANY
 *
 * For callers that free later and can choose where.  A range of more than 32
 * granules, or above 4 GiB / 4 KiB granules, gets IOVA_CPU_ANY.
 *
 * Return: as iova_space_free().
 */
int iova_space_check_home(struct iova_space *space, uint64_t iova, uint64_t size, unsigned *cpu);

/**
 * struct iova_checked - where iova_space_check_free() found a range
 *
 * For iova_space_free_checked() alone; nothing in it is for the caller.
 */
struct iova_checked {
	const void *cell;
	size_t off;
	uint64_t chk;
	uint64_t pat;
	uint64_t pfn;
	const void *p;
};

/**
 * iova_space_check_free() - iova_space_check() with a free to follow
 * @space:   the space
 * @iova:    first byte
 * @size:    bytes
 * @checked: filled in, whatever the answer
 *
 * For callers that have something to undo between the check and the free: the
 * two together cost less than a check and a free.
 *
 * Return: as iova_space_free().
 */
int iova_space_check_free(struct iova_space *space, uint64_t iova, uint64_t size,
			  struct iova_checked *checked);

/**
 * iova_space_free_checked() - iova_space_free() of a range that was checked
 * @space:   the space
 * @iova:    as in iova_space_check_free()
 * @size:    as in iova_space_check_free()
 * @checked: what that filled in, on this space
 *
 * Exactly iova_space_free(), which checks again in the step that frees: what
 * became of the range since does no harm.  Ordering and return: as there.
 */
int iova_space_free_checked(struct iova_space *space, uint64_t iova, uint64_t size,
			    const struct iova_checked *checked);

/**
 * iova_space_in_use() - is any range allocated?
 * @space: the space
 *
 * Reservations do not count.
 */
bool iova_space_in_use(struct iova_space *space);

/**
 * iova_space_find() - the allocated range that contains an address
 * @space: the space
 * @iova:  any byte of it
 * @range: filled in on success
 *
 * Exact if the range stays allocated during the call.
 *
 * Return: 0; -ENOENT: no range there; -EINVAL: @range is NULL.
 */
int iova_space_find(struct iova_space *space, uint64_t iova, struct iova_range *range);

/**
 * iova_space_for_each() - call a function for each allocated range, in address order
 * @space: the space
 * @first: ranges that begin at or after this byte
 * @last:  ... and at or before this one
 * @fn:    called for each; a value other than 0 ends the iteration
 * @ctx:   passed to @fn
 *
 * Ranges that live during the whole call are seen exactly once; of others, any
 * may be seen.  @fn may call everything but iova_space_destroy().
 *
 * Return: the last value of @fn, or 0.
 */
int iova_space_for_each(struct iova_space *space, uint64_t first, uint64_t last,
			int (*fn)(void *ctx, const struct iova_range *range), void *ctx);

/**
 * struct iova_space_stats - what a space holds and has seen
 * @live_ranges:	 allocated ranges, counted at the call
 * @live_bytes:		 their bytes, without rounding to units
 * @guard_bytes:	 bytes of the guards behind them
 * @reserved_bytes:	 bytes of reservations
 * @metadata_bytes:	 memory held now
 * @metadata_peak_bytes: the most that was ever held
 * @bad_frees:		 frees refused
 * @raced_free_bytes:	 given back by two frees at once, both of which returned 0; known
 *			 when the second is collected, and rounded up to units.  Exact
 *			 when no call is under way
 * @refills:		 allocations that found no hint and searched
 * @remote_frees:	 frees left for another CPU to collect
 */
struct iova_space_stats {
	uint64_t live_ranges;
	uint64_t live_bytes;
	uint64_t guard_bytes;
	uint64_t reserved_bytes;
	uint64_t metadata_bytes;
	uint64_t metadata_peak_bytes;
	uint64_t bad_frees;
	uint64_t raced_free_bytes;
	uint64_t refills;
	uint64_t remote_frees;
};

/**
 * iova_space_stats() - counters and counts
 * @space: the space
 * @stats: filled in
 *
 * Walks the whole space: not for a fast path.
 */
void iova_space_stats(struct iova_space *space, struct iova_space_stats *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
