/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vtd_model_reg.c - the model's registers, clock and knobs. */
#include "vtd_model_int.h"

#include <stdio.h>

static bool any_fault(const struct vtd_model *m)
{
	unsigned i;

	for (i = 0; i < MODEL_RECORDS_MAX; i++) {
		if (m->fault[i][1] & VTD_FRR_HI_F)
			return true;
	}
	return false;
}

static void apply_command(struct vtd_model *m)
{
	uint32_t value = m->pending;
	uint32_t changed = (value ^ m->gsts) & VTD_GCMD_STICKY & ~m->config.stuck;

	m->pending_set = false;
	if (changed & VTD_GCMD_QIE) {
		if (value & VTD_GCMD_QIE) {
			if (m->iqt)
				model_violation(m, "queue enabled with a tail that is not zero");
			m->iqh = 0;
		} else if (m->iqh != m->iqt) {
			changed &= ~VTD_GCMD_QIE; /* not quiet: the unit refuses, as QEMU does */
		}
	}
	if (changed & value & VTD_GCMD_TE && !(m->gsts & VTD_GCMD_SRTP))
		model_violation(m, "translation enabled without a root table");
	m->gsts ^= changed;
	if (value & VTD_GCMD_SRTP && !(m->config.stuck & VTD_GCMD_SRTP)) {
		model_stale_start(m); /* what was cached through the old root stays */
		m->root = m->rtaddr & VTD_ADDR_MASK;
		m->gsts |= VTD_GCMD_SRTP;
		if (!model_page(m, m->root))
			model_violation(m, "root table outside memory");
	}
	if (value & VTD_GCMD_WBF) {
		if (m->config.stuck & VTD_GCMD_WBF) {
			m->gsts |= VTD_GCMD_WBF;
		} else {
			m->gsts &= ~VTD_GCMD_WBF;
			m->wbf++;
			model_drain_write_buffer(m);
		}
	}
}

static void tick(struct vtd_model *m)
{
	m->now_ns += 1000;
	if (m->pending_set && (!m->pending_rounds || !--m->pending_rounds))
		apply_command(m);
	model_queue_run(m);
}

static void write_gcmd(struct vtd_model *m, uint32_t value)
{
	const uint32_t one_shot = VTD_GCMD_SRTP | VTD_GCMD_WBF;
	uint32_t changed = (value ^ m->gsts) & VTD_GCMD_STICKY;

	if (m->pending_set)
		model_violation(m, "GCMD written before the last command completed");
	if (__builtin_popcount(changed) + __builtin_popcount(value & one_shot) > 1)
		model_violation(m, "GCMD: two changes in one write");
	if (value & VTD_GCMD_SRTP)
		m->gsts &= ~VTD_GCMD_SRTP;
	if (value & VTD_GCMD_WBF)
		m->gsts |= VTD_GCMD_WBF;
	m->pending = value;
	m->pending_set = true;
	m->pending_rounds = m->config.command_delay;
	if (!m->pending_rounds)
		apply_command(m);
}

static void write_tail(struct vtd_model *m, uint64_t value)
{
	if (value & ~0x7fff0ull || value >> 4 >= VTD_QUEUE_ENTRIES)
		model_violation(m, "tail outside the queue");
	if (!(m->gsts & VTD_GCMD_QIE) && value)
		model_violation(m, "tail moved while the queue is off");
	m->iqt = value >> 4;
	if (!m->config.queue_delay)
		model_queue_run(m);
}

static uint64_t read_reg(struct vtd_model *m, uint32_t off)
{
	unsigned record = (off - MODEL_FRO) / 16;

	switch (off) {
	case VTD_VER:
		return 0x10;
	case VTD_CAP:
		return m->cap;
	case VTD_ECAP:
		return m->ecap;
	case VTD_GSTS:
		return m->gsts;
	case VTD_RTADDR:
		return m->rtaddr;
	case VTD_FSTS:
		return m->fsts | (any_fault(m) ? VTD_FSTS_PPF | m->fri << 8 : 0);
	case VTD_FECTL:
		return m->fectl;
	case VTD_IQH:
		return m->iqh << 4;
	case VTD_IQT:
		return m->iqt << 4;
	case VTD_IQA:
		return m->iqa;
	}
	if (off >= MODEL_FRO && record < MODEL_RECORDS_MAX && !(off % 8))
		return m->fault[record][off / 8 % 2];
	model_violation(m, "read of an unknown register");
	return 0;
}

static void write_reg(struct vtd_model *m, uint32_t off, uint64_t value)
{
	unsigned record = (off - MODEL_FRO) / 16;

	m->writes++;
	switch (off) {
	case VTD_GCMD:
		write_gcmd(m, (uint32_t)value);
		return;
	case VTD_RTADDR:
		m->rtaddr = value;
		return;
	case VTD_FSTS:
		m->fsts &= ~(uint32_t)value;
		model_queue_run(m);
		return;
	case VTD_FECTL:
		m->fectl = (uint32_t)value & VTD_FECTL_IM;
		return;
	case VTD_FEDATA:
	case VTD_FEADDR:
	case VTD_FEUADDR:
		return;
	case VTD_IQT:
		write_tail(m, value);
		return;
	case VTD_IQA:
		if (m->gsts & VTD_GCMD_QIE || value & 0xfff)
			model_violation(m, "bad queue address, or changed while on");
		m->iqa = value;
		return;
	}
	if (off >= MODEL_FRO && record < MODEL_RECORDS_MAX && off % 16 == VTD_FRR_F32) {
		if (value & VTD_FRR_F32_F)
			m->fault[record][1] &= ~VTD_FRR_HI_F;
		return;
	}
	model_violation(m, "write to an unknown register");
}

static uint64_t locked_read(struct vtd_model *m, uint32_t off)
{
	uint64_t value;

	pthread_mutex_lock(&m->lock);
	value = m->gone ? ~0ull : read_reg(m, off);
	pthread_mutex_unlock(&m->lock);
	return value;
}

static void locked_write(struct vtd_model *m, uint32_t off, uint64_t value)
{
	pthread_mutex_lock(&m->lock);
	if (!m->gone)
		write_reg(m, off, value);
	pthread_mutex_unlock(&m->lock);
}

static uint32_t op_read32(void *ctx, uint32_t off)
{
	return (uint32_t)locked_read(ctx, off);
}

static uint64_t op_read64(void *ctx, uint32_t off)
{
	return locked_read(ctx, off);
}

static void op_write32(void *ctx, uint32_t off, uint32_t value)
{
	locked_write(ctx, off, value);
}

static void op_write64(void *ctx, uint32_t off, uint64_t value)
{
	locked_write(ctx, off, value);
}

static uint64_t op_now(void *ctx)
{
	struct vtd_model *m = ctx;
	uint64_t now;

	pthread_mutex_lock(&m->lock);
	now = m->now_ns += 10;
	pthread_mutex_unlock(&m->lock);
	return now;
}

static void op_relax(void *ctx)
{
	struct vtd_model *m = ctx;

	pthread_mutex_lock(&m->lock);
	tick(m);
	pthread_mutex_unlock(&m->lock);
}

static void op_log(void *ctx, const char *text, uint64_t value)
{
	struct vtd_model *m = ctx;

	pthread_mutex_lock(&m->lock);
	snprintf(m->log, sizeof(m->log), "%s %#llx", text, (unsigned long long)value);
	pthread_mutex_unlock(&m->lock);
}

const struct vtd_hw_ops vtd_model_ops = {
	.read32 = op_read32,
	.read64 = op_read64,
	.write32 = op_write32,
	.write64 = op_write64,
	.flush = vtd_model_flush,
	.now_ns = op_now,
	.relax = op_relax,
	.log = op_log,
};

void vtd_model_unit_config(struct vtd_model *m, struct vtd_unit_config *config)
{
	*config = (struct vtd_unit_config){
		.hw = &vtd_model_ops,
		.hw_ctx = m,
		.mmio_bytes = MODEL_MMIO,
		.pages = vtd_model_pages(m),
		.phys_offset = vtd_model_phys_offset(m),
		.meta = vtd_model_meta(m),
		.timeout_ns = 1000000,
	};
}

void vtd_model_hold(struct vtd_model *m, bool hold)
{
	pthread_mutex_lock(&m->lock);
	m->hold = hold;
	model_queue_run(m);
	pthread_mutex_unlock(&m->lock);
}

void vtd_model_stick(struct vtd_model *m, uint32_t gcmd_bits)
{
	pthread_mutex_lock(&m->lock);
	m->config.stuck = gcmd_bits;
	/* A unit that was only slow now does what it was told last. */
	m->pending &= VTD_GCMD_STICKY;
	apply_command(m);
	pthread_mutex_unlock(&m->lock);
}

void vtd_model_inject(struct vtd_model *m, unsigned nth, uint32_t fsts)
{
	m->inject_nth = nth;
	m->inject_fsts = fsts;
}

void vtd_model_gone(struct vtd_model *m)
{
	m->gone = true;
}

void vtd_model_between(struct vtd_model *m, void (*fn)(void *ctx), void *ctx)
{
	m->between = fn;
	m->between_ctx = ctx;
}

const char *vtd_model_violation(struct vtd_model *m)
{
	return m->violation;
}

uint32_t vtd_model_gsts(struct vtd_model *m)
{
	return m->gsts;
}

unsigned vtd_model_executed(struct vtd_model *m, unsigned type)
{
	return m->executed[type];
}

unsigned vtd_model_writes(struct vtd_model *m)
{
	return m->writes;
}

unsigned vtd_model_interrupts(struct vtd_model *m)
{
	return m->interrupts;
}

unsigned vtd_model_wbf(struct vtd_model *m)
{
	return m->wbf;
}

const char *vtd_model_log(struct vtd_model *m)
{
	return m->log;
}
