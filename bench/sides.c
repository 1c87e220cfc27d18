// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "sides.h"

const struct bench_side *const bench_ours[] = { iova_ours, pgtbl_ours, pgtbl_formats, NULL };
/* The reference points come first: they are the peers where both have the name. */
const struct bench_side *const bench_peers[] = { malloc_peer, store_peer, iova_peer, pgtbl_peer,
						 NULL };
