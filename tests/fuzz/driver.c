/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * driver.c FILE...: main() of a fuzz target without libFuzzer.  Each file is one
 * input.  The input is copied to memory of exactly its size, so that reading past
 * its end shows under AddressSanitizer and valgrind.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (f && !fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size >= 0) {
		rewind(f);
		data = malloc((size_t)size + !size);
		if (data && fread(data, 1, (size_t)size, f) != (size_t)size) {
			free(data);
			data = NULL;
		}
	}
	if (f)
		fclose(f);
	if (!data) {
		perror(path);
		return 1;
	}
	fprintf(stderr, "%s: %ld bytes\n", path, size);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int err = argc < 2;

	for (int i = 1; i < argc; i++)
		err |= run_file(argv[i]);
	return err;
}
