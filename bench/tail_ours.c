// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* tail_ours.c - the workloads of bench/tail on libiova. */
#include "iova_side_ours.h"

#define TAIL_RUN tail_run_ours
#include "wl_tail.h"
