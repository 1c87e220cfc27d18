/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* unit.c - taking a unit over and giving it back. */
#include "vtd_int.h"

#define DEFAULT_TIMEOUT_NS 1000000000ull

/* A page the unit may still reach is lost rather than reused. */
static void unit_free(struct vtd_unit *u)
{
	struct plat_mem meta = u->config.meta;

	if (vtd_queue_fini(u)) {
		vtd_log(u, "the queue does not stop: its pages are lost, GSTS",
			vtd_read32(u, VTD_GSTS));
	} else if (u->root) {
		vtd_context_free_tables(u);
		vtd_page_free(u, u->root);
	}
	vtd_domain_fini(u);
	plat_mem_free(&meta, u, sizeof(*u), PLAT_CACHELINE);
}

/* Whoever owns the unit would be broken by what follows: leave it alone. */
static int check_quiet(struct vtd_unit *u)
{
	uint32_t gsts = vtd_read32(u, VTD_GSTS);

	if (gsts & VTD_GCMD_TE) {
		vtd_log(u, "translation is already on, GSTS", gsts);
		return -EBUSY;
	}
	if (gsts & VTD_GCMD_IRE) {
		vtd_log(u, "interrupt remapping is on, GSTS", gsts);
		return -EPERM;
	}
	if (gsts & VTD_GCMD_QIE) {
		vtd_log(u, "queued invalidation is already on, GSTS", gsts);
		return -EALREADY;
	}
	u->gcmd = gsts & VTD_GCMD_STICKY;
	return 0;
}

static int read_caps(struct vtd_unit *u)
{
	uint32_t version = vtd_read32(u, VTD_VER);
	uint64_t cap = vtd_read64(u, VTD_CAP), ecap = vtd_read64(u, VTD_ECAP);
	int ret;

	if (version == ~0u && cap == ~0ull) {
		vtd_log(u, "no unit here, VER", version);
		return -ENODEV;
	}
	ret = vtd_caps_decode(&u->caps, version, cap, ecap, u->config.mmio_bytes);
	if (ret) {
		vtd_log(u,
			ret == -EINVAL ? "fault records outside the registers, CAP"
				       : "no page table format of 3 to 5 levels, CAP",
			cap);
		return ret;
	}
	u->drain = (u->caps.drain_writes ? VTD_DESC_IOTLB_DW : 0) |
		   (u->caps.drain_reads ? VTD_DESC_IOTLB_DR : 0);
	if (!u->caps.queued_inval) {
		vtd_log(u, "no queued invalidation, ECAP", ecap);
		return -EOPNOTSUPP;
	}
	if (!u->caps.coherent && !u->hw->flush) {
		vtd_log(u, "the unit does not snoop and there is no flush, ECAP", ecap);
		return -EINVAL;
	}
	return 0;
}

/* The root pointer takes effect at once, but what the unit cached stays. */
static int set_root(struct vtd_unit *u)
{
	struct vtd_inval_cmd all[] = {
		{ .kind = VTD_INVAL_CONTEXT_GLOBAL },
		{ .kind = VTD_INVAL_GLOBAL },
	};
	int ret;

	u->root = vtd_page_alloc(u);
	if (!u->root)
		return -ENOMEM;
	vtd_flush_lines(u, u->root, VTD_PAGE_BYTES);
	if (u->caps.write_buffer) {
		ret = vtd_gcmd_once(u, VTD_GCMD_WBF);
		if (ret)
			return ret;
	}
	vtd_write64(u, VTD_RTADDR, vtd_phys(u, u->root));
	ret = vtd_gcmd_once(u, VTD_GCMD_SRTP);
	return ret ? ret : vtd_inval_sync(u, all, 2);
}

static int unit_start(struct vtd_unit *u)
{
	int ret = read_caps(u);

	if (!ret)
		ret = check_quiet(u);
	if (!ret)
		ret = vtd_domain_init(u);
	if (!ret)
		ret = vtd_queue_init(u);
	return ret ? ret : set_root(u);
}

static bool config_ok(const struct vtd_unit_config *c)
{
	const struct vtd_hw_ops *hw = c->hw;

	return hw && hw->read32 && hw->read64 && hw->write32 && hw->write64 && hw->now_ns &&
	       !hw->irq_save == !hw->irq_restore && c->mmio_bytes >= VTD_REG_MIN_BYTES;
}

int vtd_unit_create(struct vtd_unit **unit, const struct vtd_unit_config *config)
{
	struct vtd_unit *u;
	int ret;

	if (!config_ok(config))
		return -EINVAL;
	u = plat_mem_alloc(&config->meta, sizeof(*u), PLAT_CACHELINE);
	if (!u)
		return -ENOMEM;
	u->config = *config;
	if (!u->config.timeout_ns)
		u->config.timeout_ns = DEFAULT_TIMEOUT_NS;
	u->hw = config->hw;
	u->ctx = config->hw_ctx;
	ret = unit_start(u);
	if (ret) {
		unit_free(u);
		return ret;
	}
	*unit = u;
	return 0;
}

int vtd_unit_enable(struct vtd_unit *u)
{
	return vtd_gcmd_set(u, VTD_GCMD_TE, true);
}

int vtd_unit_disable(struct vtd_unit *u)
{
	return vtd_gcmd_set(u, VTD_GCMD_TE, false);
}

int vtd_unit_destroy(struct vtd_unit *u)
{
	int ret;

	if (!u)
		return 0;
	ret = vtd_gcmd_set(u, VTD_GCMD_TE, false);
	if (!ret)
		ret = vtd_queue_fini(u);
	if (!ret)
		unit_free(u);
	return ret;
}

const struct vtd_caps *vtd_unit_caps(const struct vtd_unit *u)
{
	return &u->caps;
}

void vtd_unit_stats(struct vtd_unit *u, struct vtd_stats *stats)
{
	/* relaxed: statistics, each on its own.  Batches are numbered from 1 */
	stats->batches = plat_load_relaxed(&u->queue.open) - 1;
	stats->descriptors = stats->batches + plat_load_relaxed(&u->queue.more);
	stats->collapsed = plat_load_relaxed(&u->queue.collapsed);
	stats->queue_errors = plat_load_relaxed(&u->queue.errors);
	stats->context_tables = plat_load_relaxed(&u->context_tables);
}

int vtd_map_flush(struct vtd_unit *u, uint16_t domain, uint64_t first, uint64_t last)
{
	struct vtd_inval_cmd cmd = {
		.kind = VTD_INVAL_RANGE,
		.domain = domain,
		.first = first,
		.last = last,
	};

	if (u->caps.caching_mode)
		return vtd_inval_sync(u, &cmd, 1);
	if (first > last || last > u->caps.iova_last || domain >= u->caps.domain_ids)
		return -EINVAL;
	return u->caps.write_buffer ? vtd_gcmd_once(u, VTD_GCMD_WBF) : 0;
}
