/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fuzz_iova.c - streams of operations on one space, beside the reference of iova_ref.h. */
#include "iova_ref.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *what = "";
	int line = iova_ref_run(data, size, &what);

	if (line) {
		fprintf(stderr, "iova_ref.c:%d: %s\n", line, what);
		abort();
	}
	return 0;
}
