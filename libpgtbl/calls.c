/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * calls.c - the inline wrappers of pgtbl.h as functions.
 *
 * Defined by the header itself, so the two cannot differ; that is also why
 * there is no declaration before the definition.
 */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define PGTBL_INLINE
#include "pgtbl.h"
