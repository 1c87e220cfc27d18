/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_ref.h - drives libiova with a stream of bytes beside a flat reference.
 *
 * The reference keeps one owner per granule of a small space.  Every answer of
 * the library is checked: addresses lie where the request allows, overlap
 * nothing, errors are the right ones, nothing changes on error, and -ENOSPC is
 * only said when the placement rule of iova.h leaves no place.
 */
#ifndef IOVA_REF_H
#define IOVA_REF_H

#include <stddef.h>
#include <stdint.h>

/* 0, or a line number of iova_ref.c; *what says in words what was wrong. */
int iova_ref_run(const uint8_t *data, size_t size, const char **what);

#endif
