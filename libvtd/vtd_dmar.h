/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd_dmar.h - read the ACPI DMAR table: which units exist, which devices they
 * serve, which memory must stay mapped for firmware.
 *
 * Works on a byte buffer and allocates nothing.  Firmware tables are input
 * from outside: vtd_dmar_open() checks signature, length, checksum, revision
 * and the bounds of every structure and scope before anything is believed, and
 * says where it stopped.  A structure that is well formed but makes no sense
 * is reported with a text in @problem, so that one bad RMRR does not cost the
 * machine its other ones.
 *
 * Layouts as ACPICA (actbl1.h) and QEMU (build_dmar_q35) have them.
 *
 * Synchronisation: calls only read the buffer, which must not change.
 */
#ifndef VTD_DMAR_H
#define VTD_DMAR_H

#include "plat_types.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* @offset: bytes from the start of the table; @text: constant, without line end */
struct vtd_dmar_error {
	uint32_t offset;
	const char *text;
};

/**
 * struct vtd_dmar - a checked table
 * @bytes: length of the table, not of the buffer
 * @host_address_bits: width of physical addresses
 */
struct vtd_dmar {
	const uint8_t *table;
	uint32_t bytes;
	unsigned host_address_bits;
	bool interrupt_remapping;
	bool x2apic_opt_out;
};

/**
 * vtd_dmar_open() - check a table
 * @table, @bytes: buffer, any alignment; may be longer than the table
 * @error: where and why, on -EINVAL; may be NULL
 * Return: 0; -EINVAL.
 */
int vtd_dmar_open(struct vtd_dmar *dmar, const void *table, size_t bytes,
		  struct vtd_dmar_error *error);

enum vtd_dmar_kind {
	VTD_DMAR_DRHD, /* a unit: @base its registers; @all: serves what no other unit lists */
	VTD_DMAR_RMRR, /* [@base, @last] must stay identity mapped for the devices in scope */
	VTD_DMAR_ATSR, /* root ports that may use ATS; @all: every one of the segment */
	VTD_DMAR_RHSA, /* @base: the unit whose NUMA node this names */
	VTD_DMAR_ANDD, /* name of an ACPI device */
	VTD_DMAR_SATC, /* devices with a translation cache on the SoC */
	VTD_DMAR_OTHER,
};

/**
 * struct vtd_dmar_entry - one remapping structure
 * @type: as in the table; @offset: of the structure, for messages
 * @last: inclusive
 * @problem: NULL, or why the entry must not be used
 * @scope_pos, @scope_end: private
 */
struct vtd_dmar_entry {
	enum vtd_dmar_kind kind;
	uint16_t type;
	uint16_t segment;
	uint32_t offset;
	bool all;
	uint64_t base;
	uint64_t last;
	const char *problem;
	uint32_t scope_pos, scope_end;
};

/**
 * vtd_dmar_next() - iterate over the structures
 * @pos: 0 at first; private afterwards
 * Return: 1 and *@entry; 0 at the end.
 */
int vtd_dmar_next(const struct vtd_dmar *dmar, uint32_t *pos, struct vtd_dmar_entry *entry);

enum vtd_dmar_scope_kind {
	VTD_SCOPE_ENDPOINT = 1,
	VTD_SCOPE_BRIDGE = 2, /* and everything below it */
	VTD_SCOPE_IOAPIC = 3,
	VTD_SCOPE_HPET = 4,
	VTD_SCOPE_NAMESPACE = 5,
};

/**
 * struct vtd_dmar_scope - a device named by its path
 * @type: enum vtd_dmar_scope_kind, or a value this library does not know
 * @id: of an IOAPIC, HPET or ACPI device
 * @bus: where the path starts
 * @hops, @path: @hops pairs of device and function; all but the last are bridges
 * @problem: NULL, or why the path cannot exist
 */
struct vtd_dmar_scope {
	uint8_t type;
	uint8_t id;
	uint8_t bus;
	unsigned hops;
	const uint8_t *path;
	uint32_t offset;
	const char *problem;
};

/**
 * vtd_dmar_next_scope() - iterate over the devices of an entry
 * @pos: 0 at first; private afterwards
 * Return: 1 and *@scope; 0 at the end, or where the entry has no scopes.
 */
int vtd_dmar_next_scope(const struct vtd_dmar *dmar, const struct vtd_dmar_entry *entry,
			uint32_t *pos, struct vtd_dmar_scope *scope);

/**
 * vtd_dmar_scope_source() - follow a path to a source id
 * @secondary: the secondary bus of bridge @source_id, or negative if there is
 *             no such bridge
 * Return: the source id; -ENOENT: a bridge of the path does not exist
 * (firmware lists devices that are not there: ignore the scope); -EINVAL:
 * @scope has a problem.
 */
int vtd_dmar_scope_source(const struct vtd_dmar_scope *scope,
			  int (*secondary)(void *ctx, uint16_t source_id), void *ctx);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
