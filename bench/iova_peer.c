// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* iova_peer.c - the IOVA workloads on Linux's allocator. */
#include "iova_side_peer.h"

#define SIDE_TABLE iova_peer
#include "wl_iova.h"
