/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dmar.c - the ACPI DMAR table.
 *
 * The buffer is untrusted and may lie at any address, so bytes are read one by
 * one and every offset is checked against the length before use.  Lengths are
 * 16 or 8 bits and the table's is 32, in 64-bit arithmetic here: no sum wraps.
 */
#include "vtd_dmar.h"
#include "plat.h"

#define ACPI_CHECKSUM 9u
#define ACPI_LENGTH 4u
#define ACPI_REVISION 8u
#define DMAR_WIDTH 36u
#define DMAR_FLAGS 37u
#define DMAR_HEADER_BYTES 48u /* ACPI header, width, flags, 10 reserved */
#define DMAR_FLAG_INTR 1u
#define DMAR_FLAG_X2APIC_OPT_OUT 2u

#define STRUCT_HEADER_BYTES 4u /* type, length */
#define SCOPE_HEADER_BYTES 6u /* type, length, two reserved, id, bus */

static unsigned get8(const struct vtd_dmar *d, uint64_t off)
{
	return d->table[off];
}

static unsigned get16(const struct vtd_dmar *d, uint64_t off)
{
	return get8(d, off) | get8(d, off + 1) << 8;
}

static uint32_t get32(const struct vtd_dmar *d, uint64_t off)
{
	return get16(d, off) | (uint32_t)get16(d, off + 2) << 16;
}

static uint64_t get64(const struct vtd_dmar *d, uint64_t off)
{
	return get32(d, off) | (uint64_t)get32(d, off + 4) << 32;
}

/* Fixed part of each structure; its scopes, if it has any, follow. */
static const struct layout {
	enum vtd_dmar_kind kind;
	uint8_t bytes;
	bool scopes;
	uint8_t segment; /* offset; 0: none */
} layouts[] = {
	[0] = { VTD_DMAR_DRHD, 16, true, 6 },
	[1] = { VTD_DMAR_RMRR, 24, true, 6 },
	[2] = { VTD_DMAR_ATSR, 8, true, 6 },
	[3] = { VTD_DMAR_RHSA, 20, false, 0 },
	[4] = { VTD_DMAR_ANDD, 8, false, 0 },
	[5] = { VTD_DMAR_SATC, 8, true, 6 },
};
static const struct layout other = { VTD_DMAR_OTHER, STRUCT_HEADER_BYTES, false, 0 };

static const struct layout *layout_of(unsigned type)
{
	return type < sizeof(layouts) / sizeof(layouts[0]) ? &layouts[type] : &other;
}

static int fail(struct vtd_dmar_error *error, uint64_t offset, const char *text)
{
	if (error) {
		error->offset = (uint32_t)offset;
		error->text = text;
	}
	return -EINVAL;
}

static int check_scopes(const struct vtd_dmar *d, uint64_t pos, uint64_t end,
			struct vtd_dmar_error *error)
{
	unsigned length;

	for (; pos < end; pos += length) {
		if (end - pos < SCOPE_HEADER_BYTES)
			return fail(error, pos, "device scope is cut off");
		length = get8(d, pos + 1);
		if (length < SCOPE_HEADER_BYTES + 2)
			return fail(error, pos, "device scope without a path");
		if (length % 2)
			return fail(error, pos, "device scope of odd length");
		if (length > end - pos)
			return fail(error, pos, "device scope longer than its structure");
	}
	return 0;
}

static int check_structures(const struct vtd_dmar *d, struct vtd_dmar_error *error)
{
	const struct layout *l;
	uint64_t pos;
	unsigned length;
	int ret;

	for (pos = DMAR_HEADER_BYTES; pos < d->bytes; pos += length) {
		if (d->bytes - pos < STRUCT_HEADER_BYTES)
			return fail(error, pos, "remapping structure is cut off");
		l = layout_of(get16(d, pos));
		length = get16(d, pos + 2);
		if (length < l->bytes)
			return fail(error, pos, "remapping structure shorter than its type");
		if (length > d->bytes - pos)
			return fail(error, pos, "remapping structure longer than the table");
		ret = l->scopes ? check_scopes(d, pos + l->bytes, pos + length, error) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

int vtd_dmar_open(struct vtd_dmar *d, const void *table, size_t bytes,
		  struct vtd_dmar_error *error)
{
	unsigned sum = 0;
	uint32_t i;

	d->table = table;
	if (!table || bytes < DMAR_HEADER_BYTES)
		return fail(error, 0, "table is shorter than its header");
	if (get8(d, 0) != 'D' || get8(d, 1) != 'M' || get8(d, 2) != 'A' || get8(d, 3) != 'R')
		return fail(error, 0, "signature is not DMAR");
	d->bytes = get32(d, ACPI_LENGTH);
	if (d->bytes < DMAR_HEADER_BYTES || d->bytes > bytes)
		return fail(error, ACPI_LENGTH, "length of the table is wrong");
	for (i = 0; i < d->bytes; i++)
		sum += get8(d, i);
	if (sum & 0xff)
		return fail(error, ACPI_CHECKSUM, "checksum is wrong");
	/* A later revision only adds: ACPI's rule for all tables. */
	if (!get8(d, ACPI_REVISION))
		return fail(error, ACPI_REVISION, "revision is 0");
	d->host_address_bits = get8(d, DMAR_WIDTH) + 1;
	d->interrupt_remapping = get8(d, DMAR_FLAGS) & DMAR_FLAG_INTR;
	d->x2apic_opt_out = get8(d, DMAR_FLAGS) & DMAR_FLAG_X2APIC_OPT_OUT;
	return check_structures(d, error);
}

static const char *rmrr_problem(const struct vtd_dmar_entry *e)
{
	if (e->last < e->base)
		return "reserved memory ends before it begins";
	if (e->base & 0xfff || (e->last & 0xfff) != 0xfff)
		return "reserved memory is not whole pages";
	return NULL;
}

static void decode(const struct vtd_dmar *d, struct vtd_dmar_entry *e)
{
	uint64_t pos = e->offset;

	switch (e->kind) {
	case VTD_DMAR_DRHD:
		e->all = get8(d, pos + 4) & 1;
		e->base = get64(d, pos + 8);
		if (!e->base || e->base & 0xfff)
			e->problem = "register base is not a page";
		break;
	case VTD_DMAR_RMRR:
		e->base = get64(d, pos + 8);
		e->last = get64(d, pos + 16);
		e->problem = rmrr_problem(e);
		break;
	case VTD_DMAR_ATSR:
		e->all = get8(d, pos + 4) & 1;
		break;
	case VTD_DMAR_RHSA:
		e->base = get64(d, pos + 8);
		break;
	default:
		break;
	}
}

int vtd_dmar_next(const struct vtd_dmar *d, uint32_t *pos, struct vtd_dmar_entry *e)
{
	const struct layout *l;
	uint64_t at = *pos ? *pos : DMAR_HEADER_BYTES;
	unsigned length;

	if (at >= d->bytes)
		return 0;
	memset(e, 0, sizeof(*e));
	e->type = (uint16_t)get16(d, at);
	l = layout_of(e->type);
	length = get16(d, at + 2);
	e->kind = l->kind;
	e->offset = (uint32_t)at;
	if (l->segment)
		e->segment = (uint16_t)get16(d, at + l->segment);
	e->scope_end = (uint32_t)(at + length);
	e->scope_pos = l->scopes ? (uint32_t)at + l->bytes : e->scope_end;
	decode(d, e);
	*pos = e->scope_end;
	return 1;
}

static const char *path_problem(const struct vtd_dmar_scope *s)
{
	unsigned i;

	for (i = 0; i < s->hops; i++) {
		if (s->path[2 * i] > 31 || s->path[2 * i + 1] > 7)
			return "path beyond device 31, function 7";
	}
	return NULL;
}

int vtd_dmar_next_scope(const struct vtd_dmar *d, const struct vtd_dmar_entry *e, uint32_t *pos,
			struct vtd_dmar_scope *s)
{
	uint64_t at = *pos ? *pos : e->scope_pos;
	unsigned length;

	if (at >= e->scope_end)
		return 0;
	length = get8(d, at + 1);
	s->type = (uint8_t)get8(d, at);
	s->id = (uint8_t)get8(d, at + 4);
	s->bus = (uint8_t)get8(d, at + 5);
	s->hops = (length - SCOPE_HEADER_BYTES) / 2;
	s->path = d->table + at + SCOPE_HEADER_BYTES;
	s->offset = (uint32_t)at;
	s->problem = path_problem(s);
	*pos = (uint32_t)(at + length);
	return 1;
}

int vtd_dmar_scope_source(const struct vtd_dmar_scope *s,
			  int (*secondary)(void *ctx, uint16_t source_id), void *ctx)
{
	int bus = s->bus;
	uint16_t source;
	unsigned i;

	if (s->problem || !s->hops)
		return -EINVAL;
	for (i = 0;; i++) {
		source = (uint16_t)(bus << 8 | s->path[2 * i] << 3 | s->path[2 * i + 1]);
		if (i == s->hops - 1)
			return source;
		bus = secondary(ctx, source);
		if (bus < 0 || bus > 255)
			return -ENOENT;
	}
}
