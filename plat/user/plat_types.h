/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_types.h - the integer types and error numbers that public headers use.
 *
 * This is the user-space edition; the kernel shim and the model checker bring
 * a file of the same name, found first through -I.  It is the only header that
 * an installed public header includes, so that iova.h, pgtbl.h and dmap.h read
 * the same in every build.
 */
#ifndef PLAT_TYPES_H
#define PLAT_TYPES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#endif
