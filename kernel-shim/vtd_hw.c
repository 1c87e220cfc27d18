// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* vtd_hw.c - registers and memory for libvtd; starting and stopping the units. */
#include "ivtd.h"
#include "plat.h"
#include "vtd_reg.h"

#include <linux/io.h>
#include <linux/timekeeping.h>
#include <asm/cacheflush.h>

static u32 read32(void *ctx, u32 off)
{
	return readl(ctx + off);
}

static u64 read64(void *ctx, u32 off)
{
	return readq(ctx + off);
}

/* writel() and writeq() are not reordered with what the CPU stored before (x86: uncached). */
static void write32(void *ctx, u32 off, u32 value)
{
	writel(value, ctx + off);
}

static void write64(void *ctx, u32 off, u64 value)
{
	writeq(value, ctx + off);
}

void ivtd_flush_lines(void *unused, const void *first, size_t bytes)
{
	clflush_cache_range((void *)first, bytes);
}

u64 ivtd_now_ns(void *unused)
{
	return ktime_get_mono_fast_ns();
}

static void log_line(void *ctx, const char *text, u64 value)
{
	pr_warn_ratelimited("%s 0x%llx\n", text, value);
}

static const struct vtd_hw_ops hw_ops = {
	.read32 = read32,
	.read64 = read64,
	.write32 = write32,
	.write64 = write64,
	.flush = ivtd_flush_lines,
	.now_ns = ivtd_now_ns,
	.log = log_line,
};

/* Memory is counted, so that unloading can tell what was left. */
static void *counted_alloc_near(void *ctx, size_t size, size_t align, unsigned int cpu)
{
	void *p = plat_mem_default.alloc_near(NULL, size, align, cpu);

	if (p)
		atomic64_add((s64)size, ctx); /* relaxed: a count */
	return p;
}

static void *counted_alloc(void *ctx, size_t size, size_t align)
{
	return counted_alloc_near(ctx, size, align, PLAT_CPU_NONE);
}

static void counted_free(void *ctx, void *ptr, size_t size, size_t align)
{
	plat_mem_default.free(NULL, ptr, size, align);
	atomic64_sub((s64)size, ctx); /* relaxed: a count */
}

static const struct plat_mem_ops counted_ops = {
	.alloc = counted_alloc,
	.free = counted_free,
	.alloc_near = counted_alloc_near,
};
static atomic64_t page_bytes, meta_bytes;
const struct plat_mem ivtd_pages = { &counted_ops, &page_bytes };
const struct plat_mem ivtd_meta = { &counted_ops, &meta_bytes };

/* Table pages in use. */
s64 ivtd_pages_live(void)
{
	return atomic64_read(&page_bytes) / VTD_PAGE_BYTES;
}

/* Bytes of metadata in use. */
s64 ivtd_meta_live(void)
{
	return atomic64_read(&meta_bytes);
}

/* Physical address of a page of ivtd_pages minus its address: the direct map is linear. */
u64 ivtd_phys_offset(void)
{
	return __pa(PAGE_OFFSET) - PAGE_OFFSET;
}

static int map_registers(struct ivtd_unit *u, u64 bytes)
{
	if (!request_mem_region(u->base, bytes, "iova_vtd")) {
		pr_err("unit %u: a driver has its registers at 0x%llx; "
		       "boot with intel_iommu=off intremap=off\n",
		       u->index, u->base);
		return -EBUSY;
	}
	u->regs = ioremap(u->base, bytes);
	if (!u->regs) {
		release_mem_region(u->base, bytes);
		return -ENOMEM;
	}
	u->bytes = bytes;
	return 0;
}

static void unmap_registers(struct ivtd_unit *u)
{
	iounmap(u->regs);
	release_mem_region(u->base, u->bytes);
	u->regs = NULL;
}

/* The fault records may lie beyond the first page; only the unit says where. */
static int map_all_registers(struct ivtd_unit *u)
{
	u64 cap, need;
	int ret = map_registers(u, VTD_PAGE_BYTES);

	if (ret)
		return ret;
	cap = readq(u->regs + VTD_CAP);
	need = PAGE_ALIGN(VTD_CAP_FRO(cap) * 16ull + (VTD_CAP_NFR(cap) + 1) * VTD_FRR_BYTES);
	if (need <= VTD_PAGE_BYTES)
		return 0;
	unmap_registers(u);
	return map_registers(u, need);
}

static const char *why_not(int err)
{
	switch (err) {
	case -EBUSY:
		return "translation is already on; boot with intel_iommu=off intremap=off";
	case -EPERM:
		return "interrupt remapping is on; boot with intel_iommu=off intremap=off";
	case -EALREADY:
		return "its invalidation queue has an owner; boot with intel_iommu=off intremap=off";
	case -EOPNOTSUPP:
		return "it has no queued invalidation, or no page tables of 3 to 5 levels";
	case -EINVAL:
		return "its capability registers contradict each other";
	case -ENODEV:
		return "its registers do not answer";
	case -ETIMEDOUT:
	case -EIO:
		return "it does not follow commands";
	default:
		return "out of memory";
	}
}

/* Takes a quiet unit over; translation stays off. */
int ivtd_unit_start(struct ivtd_unit *u)
{
	struct vtd_unit_config config = {
		.hw = &hw_ops,
		.pages = ivtd_pages,
		.phys_offset = ivtd_phys_offset(),
		.meta = ivtd_meta,
	};
	int ret = map_all_registers(u);

	if (ret)
		return ret;
	config.hw_ctx = (__force void *)u->regs;
	config.mmio_bytes = u->bytes;
	ret = vtd_unit_create(&u->unit, &config);
	if (ret) {
		pr_err("unit %u at 0x%llx: %s\n", u->index, u->base, why_not(ret));
		unmap_registers(u);
	}
	return ret;
}

/* Translation and queue off.  On error the unit keeps its memory: it may still use it. */
int ivtd_unit_stop(struct ivtd_unit *u)
{
	int ret;

	if (!u->unit)
		return 0;
	ret = vtd_unit_destroy(u->unit);
	if (ret) {
		pr_err("unit %u does not stop (%d): its tables are lost\n", u->index, ret);
		return ret;
	}
	u->unit = NULL;
	unmap_registers(u);
	return 0;
}

/*
 * Domains are made before it is known which unit they serve, so they use what
 * all units have.  4 levels (48 bits) serve every device there is; 3 are all
 * that small machines have.
 */
int ivtd_common(void)
{
	unsigned int i, levels = ~0u;

	ivtd.page_sizes = ~0ull;
	ivtd.iova_last = ~0ull;
	ivtd.coherent = ivtd.pass_through = ivtd.snoop_control = ivtd.zero_length_read = true;
	ivtd.flush_maps = false;
	for (i = 0; i < ivtd.nr; i++) {
		const struct vtd_caps *caps = vtd_unit_caps(ivtd.unit[i].unit);

		levels &= caps->levels_mask;
		ivtd.page_sizes &= caps->page_sizes;
		ivtd.iova_last = min(ivtd.iova_last, caps->iova_last);
		ivtd.coherent &= caps->coherent;
		ivtd.pass_through &= caps->pass_through;
		ivtd.snoop_control &= caps->snoop_control;
		ivtd.zero_length_read &= caps->zero_length_read;
		ivtd.flush_maps |= caps->caching_mode || caps->write_buffer;
	}
	if (!levels) {
		pr_err("the units have no page table format in common\n");
		return -EOPNOTSUPP;
	}
	ivtd.levels = levels & 1u << 4 ? 4 : __ffs(levels);
	ivtd.iova_last = min(ivtd.iova_last, (1ull << (12 + 9 * ivtd.levels)) - 1);
	return 0;
}
