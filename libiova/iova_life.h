/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_life.h - while a space lives: CPUs that go away, ranges held back.
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
