/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_ref.h - drives libiova with a stream of bytes beside a flat reference.
 *
 * The reference (iova_flat.h) keeps one owner per granule of a small space,
 * which may lie anywhere in 2^64 bytes.  Every answer of the library is checked:
 * addresses lie where the request allows, overlap nothing, errors are the right
 * ones, nothing changes on error, and -ENOSPC is only said when the placement
 * rule of iova.h leaves no place.  The stream also moves the thread from CPU to
 * CPU (what was allocated on one is then freed and reused on another) and makes
 * single allocations of metadata fail.  At the end all memory must be back.
 */
#ifndef IOVA_REF_H
#define IOVA_REF_H

#include <stddef.h>
#include <stdint.h>

/* 0, or a line number of iova_ref.c; *what says in words what was wrong. */
int iova_ref_run(const uint8_t *data, size_t size, const char **what);

#endif
