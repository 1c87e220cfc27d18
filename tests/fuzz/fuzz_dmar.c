/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * fuzz_dmar.c - libFuzzer target: arbitrary bytes as a DMAR table.
 *
 * Each input is read twice: as it is, and with signature, length, revision and
 * checksum put right, or nothing would get past them.  A sanitizer watches the
 * bounds of an exact copy on the heap; what is checked here is that iteration
 * ends, stays inside the table, and agrees with itself.
 */
#include "vtd_dmar.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_dmar: %s\n", what);
	abort();
}

static int no_bridge(void *ctx, uint16_t source_id)
{
	*(unsigned *)ctx += source_id;
	return source_id & 1 ? -1 : source_id & 0xff;
}

static void read_scopes(const struct vtd_dmar *d, const struct vtd_dmar_entry *e)
{
	struct vtd_dmar_scope s;
	uint32_t pos = 0, before = 0;
	unsigned sum = 0;
	int source;

	while (vtd_dmar_next_scope(d, e, &pos, &s)) {
		check(pos > before && pos <= e->scope_end, "a scope does not move on");
		check(s.offset >= e->offset && s.hops && s.path + 2 * s.hops == d->table + pos,
		      "a path does not end its scope");
		before = pos;
		source = vtd_dmar_scope_source(&s, no_bridge, &sum);
		check(source <= 0xffff && (source >= 0 || source == -ENOENT || source == -EINVAL),
		      "a source id out of range");
		check(!s.problem == (source != -EINVAL), "a problem that is none");
	}
}

static void read_table(const uint8_t *data, size_t size)
{
	struct vtd_dmar_error error = { ~0u, NULL };
	struct vtd_dmar_entry e;
	uint32_t pos = 0, before = 0;
	uint8_t *copy = malloc(size ? size : 1);
	struct vtd_dmar d;

	check(copy, "no memory");
	if (size)
		memcpy(copy, data, size);
	if (vtd_dmar_open(&d, copy, size, &error)) {
		check(error.text && (error.offset < size || !error.offset),
		      "an error that points nowhere");
	} else {
		check(!error.text && d.bytes <= size, "an error and a result");
		while (vtd_dmar_next(&d, &pos, &e)) {
			check(pos > before && pos <= d.bytes, "a structure does not move on");
			before = pos;
			read_scopes(&d, &e);
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned sum = 0;
	uint8_t *fixed;
	size_t i;

	read_table(data, size);
	if (size < 10 || size > 1u << 20)
		return 0;
	fixed = malloc(size);
	check(fixed, "no memory");
	memcpy(fixed, data, size);
	memcpy(fixed, "DMAR", 4);
	for (i = 0; i < 4; i++)
		fixed[4 + i] = (uint8_t)(size >> 8 * i);
	fixed[8] |= 1;
	fixed[9] = 0;
	for (i = 0; i < size; i++)
		sum += fixed[i];
	fixed[9] = (uint8_t)-sum;
	read_table(fixed, size);
	free(fixed);
	return 0;
}
