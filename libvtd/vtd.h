/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd.h - the hardware core of Intel VT-d: take a remapping unit over, attach
 * devices to page tables, invalidate what the unit caches, read its faults.
 *
 * One struct vtd_unit drives one remapping unit in legacy mode (root and
 * context tables, second-stage page tables) through queued invalidation.  The
 * library reaches the hardware only through struct vtd_hw_ops, so the same
 * objects drive silicon, QEMU and the software model of the tests.
 *
 * Addresses are bytes.  A source id is bus << 8 | device << 3 | function.
 * Errors are negative errno values; a call that fails has changed nothing
 * unless its own text says otherwise.
 *
 * Synchronisation (X: the caller must keep the two apart; .: may run at once)
 *
 *                    create/  enable/  attach/  id      inval  fault
 *                    destroy  disable  detach   alloc/  *      read
 *                                               free
 *   create/destroy   X        X        X        X       X      X
 *   enable/disable   X        X        .        .       .      .
 *   attach/detach    X        .        .        .       .      .
 *   id alloc/free    X        .        .        .       .      .
 *   inval, map_flush X        .        .        .       .      .
 *   fault read       X        .        .        .       .      .
 *
 * attach and detach of the same source id may race: one of them wins, the
 * others get -EBUSY or -ENOENT.  The vtd_dmar_* calls only read the table.
 *
 * Progress
 *   vtd_inval_submit()       lock-free; a bounded number of steps per command.  It never waits for
 *                            the hardware or for another CPU.
 *   vtd_inval_poll()         wait-free.
 *   Who posts to the queue is decided by a token.  Nobody waits for it: who
 *   finds it taken leaves its commands in a slot, and its own poll or wait
 *   posts them if nobody else has.  A poster that stops with the token in
 *   hand (pre-empted virtual CPU) delays the others' completion: the group is
 *   blocking in that sense, and every wait has a time limit.
 *   vtd_inval_wait(), attach, detach, id free, map_flush with caching mode:
 *   wait for the hardware, at most timeout_ns.
 *   map_flush with RWBF, enable, disable: also wait for each other, with the
 *   same limit.
 *   id alloc: lock-free.  fault read: a second reader gets -EBUSY.
 */
#ifndef VTD_H
#define VTD_H

#include "plat_mem.h"
#include "plat_types.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct vtd_unit;

#define VTD_SOURCE_ID(bus, dev, fn) ((uint16_t)((bus) << 8 | (dev) << 3 | (fn)))

/* Addresses of interrupt messages: never mapped, never handed out as IOVA (QEMU, Linux). */
#define VTD_INTERRUPT_FIRST 0xfee00000ull
#define VTD_INTERRUPT_LAST 0xfeefffffull

/**
 * struct vtd_hw_ops - the way to the hardware
 * @read32, @read64, @write32, @write64: registers at byte offset @off.  A write
 *         reaches the unit after everything the calling CPU stored before it.
 * @flush: write the cache lines of [@first, @first + @bytes) back to memory and
 *         wait for that.  Needed only by units that do not snoop (caps.coherent).
 * @now_ns: monotonic clock.
 * @relax: called in every round of a wait; NULL: plat_relax().
 * @irq_save, @irq_restore: keep interrupts away from the calling CPU while it
 *         posts.  Both or neither; NULL where no interrupt handler calls the unit.
 *         Not called where plat.h has a way of its own (PLAT_HAS_IRQ: Linux).
 * @log: one line about something unusual, with a number to print in hex; may be NULL.
 *
 * All must be callable in whatever context the caller uses the unit from.
 */
struct vtd_hw_ops {
	uint32_t (*read32)(void *ctx, uint32_t off);
	uint64_t (*read64)(void *ctx, uint32_t off);
	void (*write32)(void *ctx, uint32_t off, uint32_t value);
	void (*write64)(void *ctx, uint32_t off, uint64_t value);
	void (*flush)(void *ctx, const void *first, size_t bytes);
	uint64_t (*now_ns)(void *ctx);
	void (*relax)(void *ctx);
	uintptr_t (*irq_save)(void *ctx);
	void (*irq_restore)(void *ctx, uintptr_t flags);
	void (*log)(void *ctx, const char *text, uint64_t value);
};

/**
 * struct vtd_caps - what a unit can do, decoded from VER, CAP and ECAP
 * @levels_mask: bit n: page tables of n levels (3: 39 bits, 4: 48, 5: 57)
 * @page_sizes:  bit n: second-stage pages of 2^n bytes
 * @iova_last:   greatest address a device may use (MGAW)
 * @domain_ids:  number of ids; 0 is never handed out
 * @range_lg2_pages_max: largest block of one range invalidation, log2 pages
 * @fault_off, @fault_records: where the fault records are, in bytes
 * @coherent:    the unit snoops CPU caches in table walks; else lines are flushed
 * @caching_mode: not-present entries are cached too: mapping must invalidate
 * @write_buffer: table writes must be pushed to the unit (RWBF)
 */
struct vtd_caps {
	uint64_t cap, ecap;
	unsigned version_major, version_minor;
	unsigned levels_mask;
	uint64_t page_sizes;
	uint64_t iova_last;
	unsigned domain_ids;
	unsigned range_lg2_pages_max;
	uint32_t fault_off;
	unsigned fault_records;
	bool coherent, caching_mode, write_buffer;
	bool range_inval, drain_reads, drain_writes;
	bool queued_inval, device_tlb, interrupt_remap, pass_through, snoop_control;
	bool zero_length_read, scalable, root_flushes;
};

/**
 * vtd_caps_decode() - decode the capability registers
 * @caps: result
 * @version, @cap, @ecap: the registers
 * @mmio_bytes: size of the register window; fault records must lie in it
 *
 * Context: any; no hardware access.
 * Return: 0; -EINVAL: the fields contradict each other or the window;
 * -EOPNOTSUPP: no second-stage format of 3, 4 or 5 levels (@caps is filled in).
 */
int vtd_caps_decode(struct vtd_caps *caps, uint32_t version, uint64_t cap, uint64_t ecap,
		    uint64_t mmio_bytes);

/**
 * struct vtd_unit_config - what a unit needs
 * @hw, @hw_ctx: hardware access
 * @mmio_bytes: bytes of the register window
 * @pages: source of 4 KiB pages, aligned and zeroed, that the unit reads and writes
 * @phys_offset: physical address of such a page = its address + @phys_offset
 * @meta:  source of everything else
 * @timeout_ns: longest wait for the hardware; 0: one second
 */
struct vtd_unit_config {
	const struct vtd_hw_ops *hw;
	void *hw_ctx;
	uint64_t mmio_bytes;
	struct plat_mem pages;
	uint64_t phys_offset;
	struct plat_mem meta;
	uint64_t timeout_ns;
};

/**
 * vtd_unit_create() - take a quiet unit over
 * @unit: result
 * @config: copied
 *
 * Turns the invalidation queue on, installs an empty root table and empties
 * the unit's caches.  Translation stays off until vtd_unit_enable(), so that
 * every device can be attached, and its reserved memory mapped, before.
 *
 * Context: thread; waits for the hardware.
 * Return: 0;
 * -EBUSY: translation is on, -EPERM: interrupt remapping is on, -EALREADY: the
 * queue is on - somebody else owns the unit, and nothing was written to it;
 * -EOPNOTSUPP: no queued invalidation or no usable table format;
 * -EINVAL: bad configuration or capabilities; -ENODEV: registers read as all
 * ones; -ENOMEM; -ETIMEDOUT, -EIO: the unit does not answer.  On error
 * everything is undone; if a timed-out unit cannot even be told to stop, the
 * pages it may still write to are not given back (and that is logged).
 */
int vtd_unit_create(struct vtd_unit **unit, const struct vtd_unit_config *config);

/**
 * vtd_unit_enable(), vtd_unit_disable() - translation on or off
 *
 * Context: thread; waits for the hardware.  Turning off lets every device reach
 * all of memory: stop them first.
 * Return: 0 (also when it is so already); -ETIMEDOUT: the unit did not follow
 * and was told to stay as it was.
 */
int vtd_unit_enable(struct vtd_unit *unit);
int vtd_unit_disable(struct vtd_unit *unit);

/**
 * vtd_unit_destroy() - give the unit back, quiet
 *
 * Translation off, queue drained and off, every page freed.  Sources still
 * attached are forgotten: their page tables are no longer used.
 * Context: thread; waits for the hardware; no other call on @unit may run.
 * Return: 0 (also for NULL); -ETIMEDOUT: the unit did not stop; nothing was
 * freed because it may still use it, and the call may be repeated.
 */
int vtd_unit_destroy(struct vtd_unit *unit);

/* Constant from create to destroy. */
const struct vtd_caps *vtd_unit_caps(const struct vtd_unit *unit);

/**
 * struct vtd_stats - counters since creation
 * @batches: waits posted; @descriptors: everything else posted
 * @collapsed: submissions that became a global flush because slots were full
 * @queue_errors: IQE, ICE, ITE seen; @context_tables: pages of context tables
 */
struct vtd_stats {
	uint64_t batches, descriptors, collapsed, queue_errors, context_tables;
};
void vtd_unit_stats(struct vtd_unit *unit, struct vtd_stats *stats);

/**
 * vtd_domain_id_alloc() - an id to tag one domain's cached translations
 * Context: any.
 * Return: the id, 1 or more; -ENOSPC: all in use.
 */
int vtd_domain_id_alloc(struct vtd_unit *unit);

/**
 * vtd_domain_id_free() - give an id back
 * @id: from vtd_domain_id_alloc(), no source attached with it any more
 *
 * Invalidates everything tagged with @id and only then makes it available.
 * Context: any; waits for the hardware.
 * Return: 0; -ENOENT: not allocated, or being freed; -ETIMEDOUT, -EIO: not
 * invalidated; the id stays allocated and the call may be repeated.
 */
int vtd_domain_id_free(struct vtd_unit *unit, unsigned id);

/**
 * struct vtd_context - what a source id is attached to
 * @domain: id of the domain; an id of pass-through sources must be no other domain's
 * @pass_through: device addresses are physical ones; @levels, @root_phys unused
 * @levels: of the second-stage table (caps.levels_mask)
 * @root_phys: its root page
 */
struct vtd_context {
	uint16_t domain;
	bool pass_through;
	unsigned levels;
	uint64_t root_phys;
};

/**
 * vtd_attach() - let a source id translate
 * An alias of a device is one more source id: attach each.
 * Context: any; with caching mode waits for the hardware.
 * Ordering: everything the caller stored to the page table before is visible
 * to the unit when it sees the entry (lines already flushed by the caller on
 * units that do not snoop).
 * Return: 0; -EBUSY: @source_id is attached, or its detach has not completed;
 * -EINVAL: bad argument; -EOPNOTSUPP: the unit has no such levels or no pass
 * through; -ENOMEM; -ETIMEDOUT, -EIO: not invalidated under caching mode (the
 * entry was cleared again; detach @source_id before using it).
 */
int vtd_attach(struct vtd_unit *unit, uint16_t source_id, const struct vtd_context *context);

/**
 * vtd_detach() - block a source id
 *
 * When it returns 0 the unit holds nothing of the old context: the page table
 * may be freed once no other source uses it.
 * Context: any; waits for the hardware.
 * Return: 0; -ENOENT: not attached, or being detached by another caller;
 * -ETIMEDOUT, -EIO: the entry is cleared but what the unit cached of it may
 * live: keep the page table; @source_id stays occupied; the call may be
 * repeated.
 */
int vtd_detach(struct vtd_unit *unit, uint16_t source_id);

enum vtd_inval_kind {
	VTD_INVAL_RANGE,	  /* translations of [first, last] of @domain */
	VTD_INVAL_DOMAIN,	  /* all translations of @domain */
	VTD_INVAL_GLOBAL,	  /* all translations */
	VTD_INVAL_CONTEXT_DEVICE, /* the context of @source_id, last attached with @domain */
	VTD_INVAL_CONTEXT_DOMAIN, /* all contexts of @domain */
	VTD_INVAL_CONTEXT_GLOBAL, /* all contexts */
};

/**
 * struct vtd_inval_cmd - one thing to invalidate
 * @leaf_only: no page table was unlinked, so paging-structure caches may stay
 * @first, @last: bytes, inclusive, within caps.iova_last
 */
struct vtd_inval_cmd {
	enum vtd_inval_kind kind;
	bool leaf_only;
	uint16_t domain;
	uint16_t source_id;
	uint64_t first;
	uint64_t last;
};

/**
 * vtd_inval_submit() - queue invalidations
 * @cmd, @nr: 1 or more; contexts take effect before translations
 * @fence: names their completion, for vtd_inval_poll() and vtd_inval_wait()
 *
 * The unit may invalidate more than was asked for, never less.
 * Context: any, hard interrupts included; does not wait.
 * Ordering: full fence before the commands become visible: table entries the
 * caller cleared before are invalidated.  Entries that another CPU cleared are
 * included if the caller has observed that (acquire).
 * Return: 0; -EINVAL: bad command, nothing queued; -EIO: the queue is dead.
 */
int vtd_inval_submit(struct vtd_unit *unit, const struct vtd_inval_cmd *cmd, unsigned nr,
		     uint64_t *fence);

/**
 * vtd_inval_submit_range() - queue one VTD_INVAL_RANGE
 * @domain, @first, @last, @leaf_only: as in struct vtd_inval_cmd
 * @fence: as in vtd_inval_submit()
 *
 * vtd_inval_submit() of that one command, for less.
 * Context, ordering and return: as vtd_inval_submit().
 */
int vtd_inval_submit_range(struct vtd_unit *unit, uint16_t domain, uint64_t first, uint64_t last,
			   bool leaf_only, uint64_t *fence);

/**
 * vtd_inval_poll() - has @fence completed?
 * Posts waiting commands if nobody else does.  Reads a register when the
 * answer is "not yet", to notice queue errors.
 * Context: any.
 * Ordering: after 1, acquire: freed memory and addresses may be reused.
 * Return: 1: completed; 0: not yet; -EIO: the batch was in the queue during a
 * queue error, or the queue is dead: what it was to invalidate may still be
 * cached until a later VTD_INVAL_GLOBAL completes; -EINVAL: no such fence.
 *
 * Queue errors: the batches in the queue fail, the error is cleared, and a
 * flush of everything is posted; later submissions work.  After three errors
 * without progress, or when the registers read as all ones, the queue is dead
 * and every call fails with -EIO until the unit is destroyed.
 */
int vtd_inval_poll(struct vtd_unit *unit, uint64_t fence);

/**
 * vtd_inval_wait() - wait for @fence
 * Context: any; spins up to the unit's timeout_ns.
 * Return: 0; -ETIMEDOUT (the fence may still complete: poll or wait again);
 * -EIO, -EINVAL as vtd_inval_poll().
 */
int vtd_inval_wait(struct vtd_unit *unit, uint64_t fence);

/**
 * vtd_map_flush() - after entries became present
 * Must be called after every mapping of [@first, @last] if caps.caching_mode
 * or caps.write_buffer is set; otherwise it does nothing.
 * Context: any; waits for the hardware when it does something.
 * Return: 0, -EINVAL, -ETIMEDOUT, -EIO.
 */
int vtd_map_flush(struct vtd_unit *unit, uint16_t domain, uint64_t first, uint64_t last);

/**
 * struct vtd_fault - one decoded fault record
 * @iova: first byte of the page
 * @write: of a write request; else of a read
 * @pasid_valid, @pasid: only of requests that carried one
 * @text: of @reason, constant, without line end
 */
struct vtd_fault {
	uint64_t iova;
	uint16_t source_id;
	uint8_t reason;
	bool write;
	bool pasid_valid;
	uint32_t pasid;
	const char *text;
};

/**
 * vtd_fault_read() - take fault records from the unit
 * @fault, @max: where to; records beyond @max stay for the next call
 * @lost: set to whether the unit dropped faults since the last call
 * Context: any; meant for the fault interrupt.
 * Return: number of records; -EBUSY: another caller is reading them.
 */
int vtd_fault_read(struct vtd_unit *unit, struct vtd_fault *fault, unsigned max, bool *lost);
const char *vtd_fault_text(uint8_t reason);

/* Where the unit sends its fault interrupt; masked until vtd_fault_mask(unit, false). */
void vtd_fault_set_message(struct vtd_unit *unit, uint64_t address, uint32_t data);
void vtd_fault_mask(struct vtd_unit *unit, bool masked);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
