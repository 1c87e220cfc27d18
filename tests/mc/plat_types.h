/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_types.h - types and error numbers for the model checker's build of the core. */
#ifndef PLAT_TYPES_H
#define PLAT_TYPES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#endif
