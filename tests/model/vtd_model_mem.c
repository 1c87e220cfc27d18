/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vtd_model_mem.c - the model's physical memory, and what the unit sees of it. */
#include "vtd_model_int.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool separate_view(const struct vtd_model *m)
{
	return m->config.not_coherent || m->config.write_buffer;
}

void *model_page(struct vtd_model *m, uint64_t phys)
{
	uint64_t off = phys - MODEL_PHYS_BASE;

	if (phys < MODEL_PHYS_BASE || off >= (uint64_t)MODEL_PAGES * VTD_PAGE_BYTES)
		return NULL;
	return m->page_used[off / VTD_PAGE_BYTES] ? m->memory + off : NULL;
}

/*
 * The write buffer drains whole pages, also tables that a CPU is still filling for
 * itself with plain stores: nothing points to those, so what is read of them is used by
 * nobody.  ThreadSanitizer cannot know that.
 */
__attribute__((no_sanitize("thread"), noinline)) static void copy_words(void *dst, const void *src,
									size_t bytes)
{
	uint64_t *d = dst;
	const uint64_t *s = src;
	size_t i;

	for (i = 0; i < bytes / 8; i++)
		d[i] = __atomic_load_n(&s[i], __ATOMIC_ACQUIRE);
}

uint64_t model_read_table(struct vtd_model *m, uint64_t phys, bool *ok)
{
	uint8_t *p = model_page(m, phys);

	*ok = p;
	if (!p)
		return 0;
	if (separate_view(m))
		p = m->shadow + (p - m->memory);
	return __atomic_load_n((uint64_t *)p, __ATOMIC_ACQUIRE);
}

void model_drain_write_buffer(struct vtd_model *m)
{
	unsigned i;

	if (!m->config.write_buffer)
		return;
	for (i = 0; i < MODEL_PAGES; i++) {
		if (m->page_used[i])
			copy_words(m->shadow + i * VTD_PAGE_BYTES, m->memory + i * VTD_PAGE_BYTES,
				   VTD_PAGE_BYTES);
	}
}

void vtd_model_flush(void *ctx, const void *first, size_t bytes)
{
	struct vtd_model *m = ctx;
	size_t start = ((const uint8_t *)first - m->memory) & ~63ul;
	size_t end = ((const uint8_t *)first - m->memory + bytes + 63) & ~63ul;

	pthread_mutex_lock(&m->lock);
	if (end > (size_t)MODEL_PAGES * VTD_PAGE_BYTES || start >= end)
		model_violation(m, "flush outside memory");
	else if (m->config.not_coherent)
		copy_words(m->shadow + start, m->memory + start, end - start);
	pthread_mutex_unlock(&m->lock);
}

/* Counts, and says whether this one is to fail.  Called with the lock. */
static bool fails(struct vtd_model *m)
{
	if (m->fail_nth && !--m->fail_nth) {
		m->fails++;
		return true;
	}
	return false;
}

static void *page_alloc(void *ctx, size_t size, size_t align)
{
	struct vtd_model *m = ctx;
	void *page = NULL;
	unsigned i;

	if (size > VTD_PAGE_BYTES || align > VTD_PAGE_BYTES)
		return NULL;
	pthread_mutex_lock(&m->lock);
	for (i = fails(m) ? MODEL_PAGES : 0; i < MODEL_PAGES; i++) {
		if (m->page_used[i])
			continue;
		m->page_used[i] = 1;
		m->live++;
		page = m->memory + i * VTD_PAGE_BYTES;
		memset(page, 0, VTD_PAGE_BYTES);
		/* The lines of a fresh page are in the cache: memory holds anything. */
		memset(m->shadow + i * VTD_PAGE_BYTES, 0xa5, VTD_PAGE_BYTES);
		break;
	}
	pthread_mutex_unlock(&m->lock);
	return page;
}

static void page_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct vtd_model *m = ctx;
	unsigned i = ((uint8_t *)ptr - m->memory) / VTD_PAGE_BYTES;

	(void)size, (void)align;
	pthread_mutex_lock(&m->lock);
	if (i >= MODEL_PAGES || !m->page_used[i])
		model_violation(m, "free of a page that is not allocated");
	else
		m->page_used[i] = 0, m->live--;
	pthread_mutex_unlock(&m->lock);
}

static void *meta_alloc(void *ctx, size_t size, size_t align)
{
	struct vtd_model *m = ctx;
	void *p = NULL;
	unsigned i;

	pthread_mutex_lock(&m->lock);
	for (i = fails(m) ? MODEL_METAS : 0; i < MODEL_METAS; i++) {
		if (m->metas[i])
			continue;
		if (!posix_memalign(&p, align < 8 ? 8 : align, size)) {
			m->metas[i] = memset(p, 0, size);
			m->live++;
		}
		break;
	}
	pthread_mutex_unlock(&m->lock);
	return p;
}

static void meta_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct vtd_model *m = ctx;

	unsigned i;

	(void)size, (void)align;
	pthread_mutex_lock(&m->lock);
	for (i = 0; i < MODEL_METAS && m->metas[i] != ptr; i++)
		;
	if (i == MODEL_METAS) {
		model_violation(m, "free of metadata that is not allocated");
	} else {
		m->metas[i] = NULL;
		m->live--;
		free(ptr);
	}
	pthread_mutex_unlock(&m->lock);
}

static const struct plat_mem_ops page_ops = { .alloc = page_alloc, .free = page_free };
static const struct plat_mem_ops meta_ops = { .alloc = meta_alloc, .free = meta_free };

struct plat_mem vtd_model_pages(struct vtd_model *m)
{
	return (struct plat_mem){ &page_ops, m };
}

struct plat_mem vtd_model_meta(struct vtd_model *m)
{
	return (struct plat_mem){ &meta_ops, m };
}

uint64_t vtd_model_phys_offset(struct vtd_model *m)
{
	return MODEL_PHYS_BASE - (uint64_t)(uintptr_t)m->memory;
}

unsigned vtd_model_live(struct vtd_model *m)
{
	return m->live;
}

void vtd_model_fail_alloc(struct vtd_model *m, unsigned nth)
{
	m->fail_nth = nth;
	m->fails = 0;
}

unsigned vtd_model_failed_allocs(struct vtd_model *m)
{
	return m->fails;
}

void *cache_add(struct cache *c)
{
	if (c->nr == c->room) {
		c->room = c->room ? c->room * 2 : 64;
		c->entries = realloc(c->entries, c->room * c->bytes);
		if (!c->entries)
			abort();
	}
	return memset((uint8_t *)c->entries + c->nr++ * c->bytes, 0, c->bytes);
}

void cache_remove(struct cache *c, unsigned i)
{
	uint8_t *e = c->entries;

	c->nr--;
	memmove(e + i * c->bytes, e + (i + 1) * c->bytes, (c->nr - i) * c->bytes);
}

static uint64_t model_cap(const struct vtd_model_config *c)
{
	uint64_t mask = c->levels_mask ? c->levels_mask : 1u << 3 | 1u << 4;
	uint64_t width = c->mgaw_bits ? c->mgaw_bits : 48;
	uint64_t records = c->fault_records ? c->fault_records : 1;

	return c->nd | (c->write_buffer ? VTD_CAP_RWBF : 0) | (c->caching_mode ? VTD_CAP_CM : 0) |
	       mask >> 2 << 8 | (width - 1) << 16 | (uint64_t)(MODEL_FRO / 16) << 24 | 3ull << 34 |
	       (c->no_range_inval ? 0 : VTD_CAP_PSI) | (records - 1) << 40 |
	       (uint64_t)c->mamv << 48 | (c->drain ? VTD_CAP_DRD | VTD_CAP_DWD : 0);
}

struct vtd_model *vtd_model_new(const struct vtd_model_config *config)
{
	struct vtd_model *m = calloc(1, sizeof(*m));
	pthread_mutexattr_t attr;
	size_t bytes = (size_t)MODEL_PAGES * VTD_PAGE_BYTES;

	if (!m)
		abort();
	m->config = *config;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&m->lock, &attr);
	m->memory =
		mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->memory == MAP_FAILED)
		abort();
	m->shadow = m->memory + bytes;
	m->cap = model_cap(config);
	m->ecap = (config->not_coherent ? 0 : VTD_ECAP_C) | (config->no_queue ? 0 : VTD_ECAP_QI) |
		  (config->no_pass_through ? 0 : VTD_ECAP_PT) | 0xfull << 8;
	m->gsts = config->gsts;
	m->pending = config->gsts;
	m->fectl = VTD_FECTL_IM;
	m->tlb.bytes = sizeof(struct tlb_entry);
	m->tables.bytes = sizeof(struct table_entry);
	m->contexts.bytes = sizeof(struct context_cache);
	model_stale_start(m);
	return m;
}

/* Also frees what a test that wedges the unit cannot get back; vtd_model_live() counts it. */
void vtd_model_free(struct vtd_model *m)
{
	unsigned i;

	for (i = 0; i < MODEL_METAS; i++)
		free(m->metas[i]);
	munmap(m->memory, 2 * (size_t)MODEL_PAGES * VTD_PAGE_BYTES);
	free(m->tlb.entries);
	free(m->tables.entries);
	free(m->contexts.entries);
	pthread_mutex_destroy(&m->lock);
	free(m);
}
