// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* iova_ours.c - the IOVA workloads on libiova. */
#include "iova_side_ours.h"

#define SIDE_TABLE iova_ours
#include "wl_iova.h"
