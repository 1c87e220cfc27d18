/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * fuzz_pgtbl.c - operation streams from bytes: the first byte chooses the
 * configuration, the rest are operations (tests/fmt/pgtbl_stream.c).
 */
#include "pgtbl_stream.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct stream_source source = { .data = data + 1, .len = len - 1 };
	struct stream_result result;
	const struct stream_config *config;

	if (!len)
		return 0;
	config = &stream_configs[data[0] % stream_nr_configs];
	stream_run(config, &source, 100, &result);
	if (result.error) {
		fprintf(stderr, "%s, operation %u: %s\n", config->name, result.op, result.error);
		abort();
	}
	return 0;
}
