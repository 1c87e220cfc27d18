/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The DMAR table: what QEMU and firmware write, and everything broken. */
#include "unit.h"
#include "vtd_dmar.h"

#include <stdlib.h>
#include <string.h>

struct table {
	uint8_t b[1024];
	size_t bytes;
};

static void put(struct table *t, uint64_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8)
		t->b[t->bytes++] = (uint8_t)value;
}

static void seal(struct table *t)
{
	unsigned sum = 0;
	size_t i;

	t->b[4] = (uint8_t)t->bytes;
	t->b[5] = (uint8_t)(t->bytes >> 8);
	t->b[9] = 0;
	for (i = 0; i < t->bytes; i++)
		sum += t->b[i];
	t->b[9] = (uint8_t)-sum;
}

static void header(struct table *t)
{
	memset(t, 0, sizeof(*t));
	memcpy(t->b, "DMAR", 4);
	t->b[8] = 1;
	t->b[36] = 38; /* 39-bit addresses */
	t->b[37] = 3;
	t->bytes = 48;
}

static void drhd(struct table *t, unsigned flags, uint64_t base, unsigned scope_bytes)
{
	put(t, 0, 2);
	put(t, 16 + scope_bytes, 2);
	put(t, flags, 2);
	put(t, 1, 2); /* segment */
	put(t, base, 8);
}

static void rmrr(struct table *t, uint64_t base, uint64_t last, unsigned scope_bytes)
{
	put(t, 1, 2);
	put(t, 24 + scope_bytes, 2);
	put(t, 0, 4);
	put(t, base, 8);
	put(t, last, 8);
}

static void scope(struct table *t, unsigned type, unsigned id, unsigned bus, unsigned hops,
		  const uint8_t *path)
{
	put(t, type, 1);
	put(t, 6 + 2 * hops, 1);
	put(t, 0, 2);
	put(t, id, 1);
	put(t, bus, 1);
	for (; hops; hops--, path += 2) {
		put(t, path[0], 1);
		put(t, path[1], 1);
	}
}

/* Unit 1 with an IOAPIC, unit 2 with the rest, two RMRRs, and all the kinds that are skipped. */
static void build(struct table *t)
{
	static const uint8_t ioapic[] = { 0x1e, 7 }, usb[] = { 0x1d, 0 };
	static const uint8_t deep[] = { 0x1c, 4, 0, 0, 3, 1 };

	header(t);
	drhd(t, 0, 0xfed90000, 8 + 12);
	scope(t, VTD_SCOPE_IOAPIC, 2, 0xf0, 1, ioapic);
	scope(t, VTD_SCOPE_BRIDGE, 0, 0, 3, deep);
	drhd(t, 1, 0xfed91000, 0);
	rmrr(t, 0x7d000000, 0x7d00ffff, 8);
	scope(t, VTD_SCOPE_ENDPOINT, 0, 0, 1, usb);
	rmrr(t, 0x7e000000, 0x7dffffff, 8);
	scope(t, VTD_SCOPE_ENDPOINT, 0, 0, 1, usb);
	put(t, 2, 2), put(t, 8, 2), put(t, 1, 4); /* ATSR, all ports */
	put(t, 3, 2), put(t, 20, 2), put(t, 0, 4), put(t, 0xfed90000, 8), put(t, 1, 4); /* RHSA */
	put(t, 4, 2), put(t, 16, 2), put(t, 0x1000000, 4), put(t, 0x5f53425c, 8);	/* ANDD */
	put(t, 5, 2), put(t, 16, 2), put(t, 0, 4);					/* SATC */
	scope(t, VTD_SCOPE_ENDPOINT, 0, 0, 1, usb);
	put(t, 99, 2), put(t, 5, 2), put(t, 7, 1); /* unknown, odd length */
	seal(t);
}

/* Opens an exact copy on the heap, so that a sanitizer sees every byte beyond the end. */
static int open_copy(const struct table *t, size_t bytes, struct vtd_dmar_error *error)
{
	struct vtd_dmar_entry e;
	struct vtd_dmar_scope s;
	uint32_t pos = 0, at;
	struct vtd_dmar d;
	uint8_t *copy = malloc(bytes ? bytes : 1);
	unsigned sum = 0, entries = 0, i;
	int ret;

	memcpy(copy, t->b, bytes);
	ret = vtd_dmar_open(&d, copy, bytes, error);
	if (!ret) {
		while (vtd_dmar_next(&d, &pos, &e)) {
			cr_assert_leq(e.scope_end, d.bytes);
			cr_assert_lt(++entries, 1000);
			for (at = 0; vtd_dmar_next_scope(&d, &e, &at, &s);) {
				for (i = 0; i < 2 * s.hops; i++)
					sum += s.path[i];
				cr_assert_leq(s.path + 2 * s.hops, copy + d.bytes);
			}
		}
		cr_assert_eq(pos ? pos : d.bytes, d.bytes);
	}
	free(copy);
	return sum == ~0u ? -1 : ret;
}

Test(vtd_dmar, reads_all_of_it)
{
	struct vtd_dmar_entry e;
	struct vtd_dmar_scope s;
	uint32_t pos = 0, at = 0;
	struct vtd_dmar d;
	struct table t;

	build(&t);
	cr_assert_eq(vtd_dmar_open(&d, t.b, sizeof(t.b), NULL), 0);
	cr_expect_eq(d.bytes, t.bytes);
	cr_expect_eq(d.host_address_bits, 39);
	cr_expect(d.interrupt_remapping && d.x2apic_opt_out);

	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect(e.kind == VTD_DMAR_DRHD && e.base == 0xfed90000 && !e.all && e.segment == 1);
	cr_expect_null(e.problem);
	cr_expect_eq(e.offset, 48);
	cr_assert_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 1);
	cr_expect(s.type == VTD_SCOPE_IOAPIC && s.id == 2 && s.bus == 0xf0 && s.hops == 1);
	cr_assert_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 1);
	cr_expect(s.type == VTD_SCOPE_BRIDGE && s.hops == 3 && s.path[4] == 3 && s.path[5] == 1);
	cr_expect_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 0);
	cr_expect_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 0);

	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect(e.kind == VTD_DMAR_DRHD && e.all && e.base == 0xfed91000);
	at = 0;
	cr_expect_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 0);

	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect(e.kind == VTD_DMAR_RMRR && e.base == 0x7d000000 && e.last == 0x7d00ffff);
	cr_expect_null(e.problem);
	at = 0;
	cr_assert_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 1);
	cr_expect(s.type == VTD_SCOPE_ENDPOINT && s.path[0] == 0x1d);

	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect_str_eq(e.problem, "reserved memory ends before it begins");
	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect(e.kind == VTD_DMAR_ATSR && e.all);
	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect(e.kind == VTD_DMAR_RHSA && e.base == 0xfed90000);
	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect_eq(e.kind, VTD_DMAR_ANDD);
	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect_eq(e.kind, VTD_DMAR_SATC);
	at = 0;
	cr_expect_eq(vtd_dmar_next_scope(&d, &e, &at, &s), 1);
	cr_assert_eq(vtd_dmar_next(&d, &pos, &e), 1);
	cr_expect(e.kind == VTD_DMAR_OTHER && e.type == 99);
	cr_expect_eq(vtd_dmar_next(&d, &pos, &e), 0);
	cr_expect_eq(vtd_dmar_next(&d, &pos, &e), 0);
}

Test(vtd_dmar, empty_table)
{
	struct vtd_dmar_entry e;
	struct vtd_dmar d;
	uint32_t pos = 0;
	struct table t;

	header(&t);
	seal(&t);
	cr_assert_eq(vtd_dmar_open(&d, t.b, t.bytes, NULL), 0);
	cr_expect_eq(vtd_dmar_next(&d, &pos, &e), 0);
}

/* Nonsense that is well formed: reported, and the rest of the table still counts. */
Test(vtd_dmar, problems_of_single_entries)
{
	static const uint8_t beyond[] = { 32, 0 }, function[] = { 1, 8 };
	struct vtd_dmar_entry e;
	struct vtd_dmar_scope s;
	struct vtd_dmar d;
	uint32_t pos = 0, at;
	struct table t;

	header(&t);
	drhd(&t, 0, 0, 0);
	drhd(&t, 0, 0xfed90800, 16);
	scope(&t, 1, 0, 0, 1, beyond);
	scope(&t, 1, 0, 0, 1, function);
	rmrr(&t, 0x1000, 0x1ffe, 0);
	rmrr(&t, 0x1800, 0x1fff, 0);
	rmrr(&t, 0x1000, 0x1fff, 0);
	seal(&t);
	cr_assert_eq(vtd_dmar_open(&d, t.b, t.bytes, NULL), 0);
	vtd_dmar_next(&d, &pos, &e);
	cr_expect_not_null(e.problem);
	vtd_dmar_next(&d, &pos, &e);
	cr_expect_not_null(e.problem);
	for (at = 0; vtd_dmar_next_scope(&d, &e, &at, &s);) {
		cr_expect_not_null(s.problem);
		cr_expect_eq(vtd_dmar_scope_source(&s, NULL, NULL), -EINVAL);
	}
	vtd_dmar_next(&d, &pos, &e);
	cr_expect_str_eq(e.problem, "reserved memory is not whole pages");
	vtd_dmar_next(&d, &pos, &e);
	cr_expect_str_eq(e.problem, "reserved memory is not whole pages");
	vtd_dmar_next(&d, &pos, &e);
	cr_expect_null(e.problem);
}

/* 00:1c.4 leads to bus 5, 05:00.0 to bus 6; nothing else is a bridge. */
static int secondary(void *ctx, uint16_t source_id)
{
	++*(unsigned *)ctx;
	return source_id == (0x1c << 3 | 4) ? 5 : source_id == 0x500 ? 6 : -1;
}

Test(vtd_dmar, paths)
{
	static const uint8_t deep[] = { 0x1c, 4, 0, 0, 3, 1 }, gone[] = { 0x1b, 0, 0, 0 };
	struct vtd_dmar_scope s = { .type = 1, .hops = 3, .path = deep };
	unsigned calls = 0;

	cr_expect_eq(vtd_dmar_scope_source(&s, secondary, &calls), 6 << 8 | 3 << 3 | 1);
	cr_expect_eq(calls, 2);
	s.hops = 1;
	s.bus = 0xff;
	cr_expect_eq(vtd_dmar_scope_source(&s, secondary, &calls), 0xff00 | 0x1c << 3 | 4);
	cr_expect_eq(calls, 2);
	s.bus = 0;
	s.hops = 2;
	s.path = gone;
	cr_expect_eq(vtd_dmar_scope_source(&s, secondary, &calls), -ENOENT);
	s.hops = 0;
	cr_expect_eq(vtd_dmar_scope_source(&s, secondary, &calls), -EINVAL);
}

/* Each rule, and where the complaint points. */
Test(vtd_dmar, errors_say_where)
{
	static const struct {
		const char *text;
		uint32_t offset;
		unsigned at, value; /* one changed byte */
	} cases[] = {
		{ "signature is not DMAR", 0, 0, 'X' },
		{ "revision is 0", 8, 8, 0 },
		{ "remapping structure shorter than its type", 48, 50, 15 },
		{ "device scope without a path", 64, 65, 7 },
		{ "device scope of odd length", 64, 65, 9 },
		{ "device scope longer than its structure", 72, 73, 14 },
		{ "device scope is cut off", 72, 50, 26 },
		{ "remapping structure longer than the table", 84, 87, 4 },
	};
	struct vtd_dmar_error error;
	struct vtd_dmar d;
	struct table t;
	unsigned i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build(&t);
		t.b[cases[i].at] = (uint8_t)cases[i].value;
		seal(&t);
		cr_expect_eq(open_copy(&t, t.bytes, &error), -EINVAL);
		cr_expect_str_eq(error.text, cases[i].text);
		cr_expect_eq(error.offset, cases[i].offset, "%s at %u", error.text, error.offset);
	}
	build(&t);
	t.b[100]++;
	cr_expect_eq(open_copy(&t, t.bytes, &error), -EINVAL);
	cr_expect_str_eq(error.text, "checksum is wrong");
	build(&t);
	t.bytes += 3;
	seal(&t);
	cr_expect_eq(open_copy(&t, t.bytes, &error), -EINVAL);
	cr_expect_str_eq(error.text, "remapping structure is cut off");
	cr_expect_eq(vtd_dmar_open(&d, NULL, 100, &error), -EINVAL);
	cr_expect_eq(vtd_dmar_open(&d, t.b, 47, &error), -EINVAL);
	cr_expect_eq(vtd_dmar_open(&d, t.b, t.bytes - 1, &error), -EINVAL);
	cr_expect_str_eq(error.text, "length of the table is wrong");
}

/* Every prefix, sealed as a table of its own; and every byte with every value. */
Test(vtd_dmar, no_damage_reads_outside)
{
	struct vtd_dmar_error error;
	unsigned good = 0, bad = 0, value;
	struct table whole, t;
	size_t i;

	build(&whole);
	for (i = 0; i <= whole.bytes; i++) {
		t = whole;
		if (i >= 10) {
			t.bytes = i;
			seal(&t);
		}
		if (open_copy(&t, i, &error))
			bad++;
		else
			good++;
	}
	cr_expect_eq(good, 10, "%u", good); /* the ends of nine structures, and none */
	for (i = 36; i < whole.bytes; i++) {
		for (value = 0; value < 256; value++) {
			t = whole;
			t.b[i] = (uint8_t)value;
			seal(&t);
			if (open_copy(&t, t.bytes, &error))
				bad++;
			else
				good++;
		}
	}
	cr_expect_gt(bad, 1000);
	cr_expect_gt(good, 1000);
}
