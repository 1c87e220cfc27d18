/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vtd_rig.h - a unit over the model, with a page table, for the tests of libvtd. */
#ifndef VTD_RIG_H
#define VTD_RIG_H

#include "model/vtd_model.h"
#include "pgtbl.h"
#include "unit.h"
#include "vtd.h"

#include <string.h>

#define PAGE 4096ull
#define SID VTD_SOURCE_ID(0, 3, 0)

enum { READ = false, WRITE = true };

struct rig {
	struct vtd_model *m;
	struct vtd_unit *u;
	struct pgtbl *pt;
	unsigned levels;
	int id;
};

static inline void rig_model(struct rig *r, const struct vtd_model_config *config)
{
	memset(r, 0, sizeof(*r));
	r->m = vtd_model_new(config);
}

static inline int rig_create(struct rig *r)
{
	struct vtd_unit_config config;

	vtd_model_unit_config(r->m, &config);
	return vtd_unit_create(&r->u, &config);
}

static inline struct pgtbl *rig_table(struct rig *r, unsigned levels)
{
	struct pgtbl_config config = {
		.ops = &pgtbl_vtdss_ops,
		.levels = levels,
		.oa_bits = 46,
		.pages = vtd_model_pages(r->m),
		.meta = vtd_model_meta(r->m),
		.phys_offset = vtd_model_phys_offset(r->m),
		.flags = PGTBL_UNLINK,
	};
	struct pgtbl *pt;

	if (!vtd_unit_caps(r->u)->coherent) {
		config.flush = vtd_model_flush;
		config.flush_ctx = r->m;
	}
	cr_assert_eq(pgtbl_create(&pt, &config), 0);
	return pt;
}

/* Unit on, one page table, one id; nothing attached. */
static inline void rig_up(struct rig *r, const struct vtd_model_config *config)
{
	rig_model(r, config);
	cr_assert_eq(rig_create(r), 0, "%s", vtd_model_log(r->m));
	cr_assert_eq(vtd_unit_enable(r->u), 0);
	for (r->levels = 5; !(vtd_unit_caps(r->u)->levels_mask & 1u << r->levels); r->levels--)
		;
	r->pt = rig_table(r, r->levels);
	r->id = vtd_domain_id_alloc(r->u);
	cr_assert_gt(r->id, 0);
}

static inline int rig_attach(struct rig *r, uint16_t sid)
{
	struct vtd_context context = {
		.domain = (uint16_t)r->id,
		.levels = r->levels,
		.root_phys = pgtbl_root_phys(r->pt),
	};

	return vtd_attach(r->u, sid, &context);
}

/* A data page inside the model's memory. */
static inline uint64_t rig_data(struct rig *r, void **virt)
{
	struct plat_mem mem = vtd_model_pages(r->m);

	*virt = mem.ops->alloc(mem.ctx, PAGE, PAGE);
	cr_assert_not_null(*virt);
	return (uint64_t)(uintptr_t)*virt + vtd_model_phys_offset(r->m);
}

static inline void rig_data_free(struct rig *r, void *virt)
{
	struct plat_mem mem = vtd_model_pages(r->m);

	mem.ops->free(mem.ctx, virt, PAGE, PAGE);
}

static inline void rig_map(struct rig *r, uint64_t iova, uint64_t phys, uint64_t size,
			   unsigned prot)
{
	cr_assert_eq(pgtbl_map(r->pt, iova, phys, size, prot), 0);
	cr_assert_eq(vtd_map_flush(r->u, (uint16_t)r->id, iova, iova + size - 1), 0);
}

static inline int rig_sync(struct rig *r, const struct vtd_inval_cmd *cmd, unsigned nr)
{
	uint64_t fence;
	int ret = vtd_inval_submit(r->u, cmd, nr, &fence);

	return ret ? ret : vtd_inval_wait(r->u, fence);
}

/* Unmap, invalidate, give tables back. */
static inline void rig_unmap(struct rig *r, uint64_t iova, uint64_t size)
{
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_RANGE,
				     .domain = (uint16_t)r->id,
				     .first = iova,
				     .last = iova + size - 1 };
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	cr_assert_eq(pgtbl_unmap(r->pt, iova, size, &gather), size);
	cmd.leaf_only = !gather.tables;
	cr_assert_eq(rig_sync(r, &cmd, 1), 0);
	pgtbl_gather_release(r->pt, &gather);
}

static inline int rig_dma(struct rig *r, uint16_t sid, uint64_t iova, bool write)
{
	return vtd_model_dma(r->m, sid, iova, NULL, 0, write);
}

/* Nothing may be left: no page, no metadata, no broken rule. */
static inline void rig_down(struct rig *r)
{
	if (r->pt)
		pgtbl_destroy(r->pt);
	cr_expect_eq(vtd_unit_destroy(r->u), 0, "%s", vtd_model_log(r->m));
	cr_expect_null(vtd_model_violation(r->m), "%s", vtd_model_violation(r->m));
	cr_expect_eq(vtd_model_live(r->m), 0, "%u allocations left", vtd_model_live(r->m));
	vtd_model_free(r->m);
}

#endif
