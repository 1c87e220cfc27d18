// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "sides.h"

const struct bench_side *const bench_ours[] = { iova_ours, NULL };
const struct bench_side *const bench_peers[] = { reference_peer, iova_peer, NULL };
