/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * kcompat.h - user-space stand-ins for the kernel interfaces that Linux's
 * drivers/iommu/iova.c, lib/rbtree.c and drivers/iommu/io-pgtable{,-arm}.c call.
 *
 * build.sh answers every <linux/...> and <asm/...> header that it does not take
 * from the kernel source package with this file.  Where a stand-in cannot cost
 * exactly what the kernel's costs, it costs less: see ../README.md.
 */
#ifndef KCOMPAT_H
#define KCOMPAT_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "plat_mem.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef unsigned int gfp_t;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;

/* Compiler */
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define __percpu
#define __rcu
#define __init
#define __initdata
#define __initconst
#define __maybe_unused __attribute__((unused))
#define static_assert _Static_assert
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define swap(a, b)                            \
	do {                                  \
		__typeof__(a) swap_ = (a);    \
		(a) = (b);                    \
		(b) = swap_;                  \
	} while (0)
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define min(a, b)                               \
	({                                      \
		__typeof__(a) min_a_ = (a);     \
		__typeof__(b) min_b_ = (b);     \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	})

/* Modules: nothing is loaded */
#define EXPORT_SYMBOL(x)
#define EXPORT_SYMBOL_GPL(x)
#define MODULE_AUTHOR(x)
#define MODULE_LICENSE(x)
#define MODULE_DESCRIPTION(x)
#define subsys_initcall(f)
#define IS_REACHABLE(x) 1
#define IS_ENABLED(x) 0

/* Complaints: kc_warn() prints the first few and remembers that there was one. */
void kc_warn(const char *file, int line);
#define WARN_ON(c)                                \
	({                                        \
		bool warn_ = !!(c);               \
		if (unlikely(warn_))              \
			kc_warn(__FILE__, __LINE__); \
		unlikely(warn_);                  \
	})
#define BUG_ON(c)                  \
	do {                       \
		if (unlikely(c))   \
			abort();   \
	} while (0)
#define VM_BUG_ON(c) ((void)sizeof(c))
#define pr_err(...) ((void)0)
#define pr_info(...) ((void)0)
#define dev_err(dev, ...) ((void)0)
#define ERR_PTR(e) ((void *)(long)(e))
#define ENOTSUPP 524

/* Order: x86 needs no instruction for these except wmb() */
#define wmb() __asm__ volatile("sfence" ::: "memory")
#define dma_wmb() __asm__ volatile("" ::: "memory")
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define rcu_dereference_raw(p) READ_ONCE(p)
#define cmpxchg64_relaxed(p, old, new) __sync_val_compare_and_swap((p), (old), (new))

/* Bits and sizes */
#define BIT(n) (1UL << (n))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
enum {
	SZ_4K = 1 << 12,
	SZ_16K = 1 << 14,
	SZ_64K = 1 << 16,
	SZ_2M = 1 << 21,
	SZ_32M = 1 << 25,
	SZ_512M = 1 << 29,
	SZ_1G = 1 << 30,
};
#define ALIGN(x, a) (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define __ffs(x) ((unsigned long)__builtin_ctzl(x))
#define __fls(x) (63UL - __builtin_clzl(x))
#define ilog2(x) (63 - __builtin_clzl(x))

static inline unsigned int fls_long(unsigned long x)
{
	return x ? 64 - __builtin_clzl(x) : 0;
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline unsigned int order_base_2(unsigned long n)
{
	return n > 1 ? fls_long(n - 1) : 0;
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return 1UL << order_base_2(n);
}

static inline int get_order(unsigned long size)
{
	return (int)fls_long((size - 1) >> PAGE_SHIFT);
}

/*
 * Locks.  Like the kernel's queued spinlock when nobody holds it: one locked
 * compare-and-exchange to take it, one plain store to give it back.  Interrupts
 * are not disabled (the kernel pays for that as well).
 */
typedef struct {
	u32 val;
} spinlock_t;

void kc_spin_wait(spinlock_t *lock);

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->val = 0;
}

static inline void spin_lock(spinlock_t *lock)
{
	u32 old = 0;

	if (unlikely(!__atomic_compare_exchange_n(&lock->val, &old, 1, false, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		kc_spin_wait(lock);
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->val, 0, __ATOMIC_RELEASE);
}

#define spin_lock_irqsave(lock, flags) ((void)((flags) = 0), spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))
#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define assert_spin_locked(lock) ((void)0)

struct mutex {
	int unused;
};
#define DEFINE_MUTEX(m) struct mutex m
#define mutex_lock(m) ((void)(m))
#define mutex_unlock(m) ((void)(m))

/*
 * Per-CPU data.  As in the kernel, a per-CPU address is a base plus the CPU's
 * offset, read with one segment-prefixed load: %fs (thread-local) where the
 * kernel has %gs.  peer_set_cpu() sets it when the harness pins a thread.
 */
#define KC_PERCPU_UNIT (1UL << 20)
extern __thread unsigned long kc_cpu_off;
extern unsigned int kc_nr_cpus;
void *kc_alloc_percpu(size_t size);
void kc_free_percpu(void *p);
#define __alloc_percpu(size, align) kc_alloc_percpu(size)
#define free_percpu(p) kc_free_percpu(p)
#define per_cpu_ptr(p, cpu) ((__typeof__(p))((char *)(p) + (cpu) * KC_PERCPU_UNIT))
#define raw_cpu_ptr(p) ((__typeof__(p))((char *)(p) + kc_cpu_off))
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < kc_nr_cpus; (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define num_online_cpus() kc_nr_cpus
#define num_possible_cpus() kc_nr_cpus
#define cache_line_size() 64

/* Memory: objects come from malloc(), that is jemalloc's thread cache where it is linked */
enum {
	GFP_KERNEL = 1,
	GFP_ATOMIC = 2,
	__GFP_NOWARN = 4,
	__GFP_ZERO = 8,
	__GFP_HIGHMEM = 16,
};
#define SLAB_HWCACHE_ALIGN 1

struct kmem_cache {
	size_t size;
};

static inline struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
						   unsigned int flags, void *ctor)
{
	struct kmem_cache *cache = malloc(sizeof(*cache));

	(void)name, (void)align, (void)flags, (void)ctor;
	if (cache)
		cache->size = ALIGN(size, (size_t)64);
	return cache;
}

static inline void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	(void)gfp;
	return malloc(cache->size);
}

static inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *p = kmem_cache_alloc(cache, gfp);

	if (unlikely(!p))
		return NULL;
	return likely(cache->size == 64) ? memset(p, 0, 64) : memset(p, 0, cache->size);
}

#define kmem_cache_free(cache, p) ((void)(cache), free(p))
#define kmem_cache_destroy(cache) free(cache)
#define kmalloc(size, gfp) malloc(size)
#define kzalloc(size, gfp) calloc(1, size)
#define kcalloc(n, size, gfp) calloc(n, size)
#define kfree(p) free(p)
#define kmemleak_transient_leak(p) ((void)0)
#define kmemleak_ignore(p) ((void)0)

/* Pages: from the source that the harness gives to both sides; zeroed by it */
struct page;
struct device;
extern struct plat_mem kc_pages;

static inline struct page *alloc_pages_node(int nid, gfp_t gfp, int order)
{
	(void)nid, (void)gfp;
	return kc_pages.ops->alloc(kc_pages.ctx, PAGE_SIZE << order, PAGE_SIZE << order);
}

static inline void __free_pages(struct page *page, int order)
{
	if (page)
		kc_pages.ops->free(kc_pages.ctx, page, PAGE_SIZE << order, PAGE_SIZE << order);
}

#define free_pages(addr, order) __free_pages((struct page *)(addr), order)
#define page_address(page) ((void *)(page))
#define __pa(p) ((u64)(uintptr_t)(p))
#define __va(pa) ((void *)(uintptr_t)(pa))
#define virt_to_phys(p) __pa(p)
#define dev_to_node(dev) 0

/* The page-table walk is coherent: these are compiled and never reached */
#define DMA_TO_DEVICE 1
#define dma_map_single(dev, p, size, dir) ((void)(dev), __pa(p))
#define dma_mapping_error(dev, addr) ((void)(addr), 0)
#define dma_unmap_single(dev, addr, size, dir) ((void)(addr))
#define dma_sync_single_for_device(dev, addr, size, dir) ((void)(dev))

/* CPU hotplug and deferred work: nothing happens */
struct hlist_node {
	struct hlist_node *next, **pprev;
};
#define hlist_entry_safe(p, type, member) ((p) ? container_of(p, type, member) : NULL)
enum { CPUHP_IOMMU_IOVA_DEAD };
#define cpuhp_setup_state_multi(state, name, up, down) ((void)(down), 0)
#define cpuhp_remove_multi_state(state) ((void)0)
#define cpuhp_state_add_instance_nocalls(state, node) ((void)(node), 0)
#define cpuhp_state_remove_instance_nocalls(state, node) ((void)(node))

struct work_struct {
	int unused;
};
struct delayed_work {
	struct work_struct work;
	bool pending;
};
#define to_delayed_work(w) container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(dwork, fn) ((void)(fn), (void)((dwork)->pending = false))
/* The kernel pays one locked test-and-set to find the work already queued. */
#define schedule_delayed_work(dwork, delay) \
	((void)__atomic_exchange_n(&(dwork)->pending, true, __ATOMIC_SEQ_CST))
#define cancel_delayed_work_sync(dwork) ((void)((dwork)->pending = false))
#define msecs_to_jiffies(ms) (ms)

/* What io-pgtable uses of <linux/iommu.h> */
enum {
	IOMMU_READ = 1,
	IOMMU_WRITE = 2,
	IOMMU_CACHE = 4,
	IOMMU_NOEXEC = 8,
	IOMMU_MMIO = 16,
	IOMMU_PRIV = 32,
};

#include "peer.h"

static inline bool iommu_iotlb_gather_queued(struct iommu_iotlb_gather *gather)
{
	return gather && gather->queued;
}

#endif
