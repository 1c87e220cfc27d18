/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_life.h - while a space lives: CPUs that go away, ranges held back, metadata
 * that is not needed any more.
 *
 * A thread holds nothing: it may exit, or be killed, between any two calls.  What
 * a CPU owns are state words; others take them over when they need their room.
 * iova_space_drain() does that at once, for all of them.
 *
 * Synchronisation: any call may run beside any other, as in iova.h.
 */
#ifndef IOVA_LIFE_H
#define IOVA_LIFE_H

#include "iova.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * iova_space_drain() - a CPU gives up all that it owns
 * @space: the space
 * @cpu:   its number, as the platform counts; one without a slot owns nothing
 *
 * For a CPU that goes offline, or threads that will not come back to it.  What
 * others freed of its ranges is collected; its words become everybody's, which
 * take a LOCK-prefixed instruction each way from then on, until the areas that
 * they are in have been empty and reused.  No range is lost or changed.  If the
 * CPU is in use still, or again, it acquires new words meanwhile.
 *
 * Context: thread.  Progress: bounded by the number of words; asks for no memory.
 * Return: 0; -EAGAIN: some of its words change hands just now, or may not be
 * taken away here: call again.
 */
int iova_space_drain(struct iova_space *space, unsigned cpu);

/**
 * iova_space_trim() - give back the metadata of empty areas
 * @space:	  the space
 * @budget_bytes: no more than that is to be held; 0: all that can go goes
 *
 * Metadata of an area (2^11 granules, 8 MiB at 4 KiB, and what stands above areas
 * of which none is left) goes back to the memory functions once nothing in it is
 * allocated, reserved or held back: the highest areas first, until @space holds at most
 * @budget_bytes of metadata.  Kept until the space is destroyed: what
 * iova_space_create() made; and the tables that lead to where granules were ever in use,
 * 4 KiB for each 2^20 granules (4 GiB).  Kept for as long as a large range
 * (of more than 512 granules) or reservation lies in the same area: that area's.
 *
 * A space made without IOVA_SPACE_TRIM keeps all that it has: nothing happens.  In
 * one made with it checks, frees of more than 32 granules and frees from another CPU are in
 * a read-side section each (some 25 instructions); the other paths that are without a LOCK
 * prefix are the same.  Nobody is stopped.  Words that CPUs own in empty areas
 * are taken from them, with one plat_fence_cpus() for each area: a system call, or
 * interrupts on other CPUs.
 *
 * A free does not look whether it was the last in its area.  libdma's tick, dmap_flush() of
 * its timer, calls iova_space_trim_idle(), and so does iova_vtd.ko; other users' timers may.
 *
 * Context: thread that may sleep, outside any read-side section; a callback of
 * iova_space_for_each() will do.  Progress: waits for a grace period when something goes;
 * bounded by the number of areas.  One thread at a time: others return at once.
 * Return: the bytes of metadata that @space holds now.  More than @budget_bytes: the rest is
 * in use, another thread is at it, or (kernel) other CPUs cannot be fenced here, or not now.
 */
uint64_t iova_space_trim(struct iova_space *space, uint64_t budget_bytes);

/**
 * iova_space_trim_idle() - iova_space_trim() of a space that has come to rest
 * @space: the space
 *
 * For a timer: does nothing unless no allocation has searched for room since the last
 * call; else goes on giving back where that stopped.  So a space that is in use keeps its
 * areas, whatever is in them at the moment of the call, and one that comes to rest is empty
 * after some calls.  One call looks at up to 64 areas, at a few words of each that is in use.
 *
 * Context: as iova_space_trim().  Progress: bounded, but for one grace period when something
 * goes.
 * Return: 0: the whole space has been looked at while it was at rest (or was made without
 * IOVA_SPACE_TRIM), and until something is freed there is nothing to be had; 1: call again
 * later; -EAGAIN: another thread is at it, or (kernel) other CPUs cannot be fenced here, or not now.
 */
int iova_space_trim_idle(struct iova_space *space);

/**
 * iova_space_can_trim() - whether the space was made with IOVA_SPACE_TRIM
 * @space: the space
 */
bool iova_space_can_trim(const struct iova_space *space);

/**
 * iova_space_destroy_report() - iova_space_destroy(), and which ranges were still allocated
 * @space:   may be NULL
 * @live:    filled in with the lowest of them, in address order; NULL: @nr_live is 0
 * @nr_live: how many fit
 *
 * Context: as iova_space_destroy().
 * Return: how many there were; more than @nr_live: the rest is only counted.
 */
uint64_t iova_space_destroy_report(struct iova_space *space, struct iova_range *live,
				   unsigned nr_live);

/**
 * iova_space_release_held() - end the quarantine of all ranges that are held back
 * @space: the space
 *
 * An allocation that finds no place, or its place held back, does that itself.
 *
 * Context: thread, or interrupt.  Progress: lock-free; bounded by
 * iova_space_config.quarantine.
 * Return: how many there were.
 */
unsigned iova_space_release_held(struct iova_space *space);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
