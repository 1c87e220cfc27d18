// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* tail_peer.c - the workloads of bench/tail on Linux's allocator. */
#include "iova_side_peer.h"

#define TAIL_RUN tail_run_peer
#include "wl_tail.h"
