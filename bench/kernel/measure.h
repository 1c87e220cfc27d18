/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * measure.h - instructions of pairs of calls, counted by the time-stamp counter.
 *
 * Under QEMU's -icount shift=0 the counter advances by one with each guest
 * instruction.  Each call lies between two reads of it.  What the reads and the
 * call itself cost is measured with calls that do nothing, and taken off.
 *
 * The callers turn interrupts off, so that nothing else is counted.
 */
#ifndef BENCH_KERNEL_MEASURE_H
#define BENCH_KERNEL_MEASURE_H

#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/sort.h>
#include <linux/types.h>
#include <asm/tsc.h>

/**
 * struct measure_op - a call and its opposite
 * @begin: returns what @good judges and @end gets.
 * @good: whether @begin has succeeded; not counted.
 * @end: undoes @begin.
 *
 * All three are constants where they are used, and noinline: the calls are direct.
 */
struct measure_op {
	u64 (*begin)(void *ctx, size_t bytes);
	bool (*good)(void *ctx, u64 begun);
	void (*end)(void *ctx, u64 begun, size_t bytes);
};

/**
 * struct measure_samples - counts of single calls
 * @begin: room for as many as are measured.
 * @end: the same.
 * @empty_begin: what an empty call costs, once measured.
 * @empty_end: the same.
 */
struct measure_samples {
	u32 *begin;
	u32 *end;
	u32 empty_begin;
	u32 empty_end;
};

/* @n pairs: 0, or -EIO after the first that is not good. */
static __always_inline int measure_pairs(void *ctx, struct measure_op op, size_t bytes,
					 unsigned int n, struct measure_samples *s)
{
	unsigned int i;
	u64 t0, t1, begun;

	for (i = 0; i < n; i++) {
		t0 = rdtsc_ordered();
		begun = op.begin(ctx, bytes);
		t1 = rdtsc_ordered();
		s->begin[i] = t1 - t0;
		if (!op.good(ctx, begun))
			return -EIO;
		t0 = rdtsc_ordered();
		op.end(ctx, begun, bytes);
		t1 = rdtsc_ordered();
		s->end[i] = t1 - t0;
	}
	return 0;
}

/* The same with interrupts off and @warm pairs before it whose counts are dropped. */
static __always_inline int measure_warm_pairs(void *ctx, struct measure_op op, size_t bytes,
					      unsigned int warm, unsigned int n,
					      struct measure_samples *s)
{
	unsigned long flags;
	int r;

	local_irq_save(flags);
	r = measure_pairs(ctx, op, bytes, warm, s);
	if (!r)
		r = measure_pairs(ctx, op, bytes, n, s);
	local_irq_restore(flags);
	return r;
}

static noinline u64 measure_nothing_begin(void *ctx, size_t bytes)
{
	asm volatile("" : : : "memory");
	return 0;
}

static bool measure_nothing_good(void *ctx, u64 begun)
{
	return true;
}

static noinline void measure_nothing_end(void *ctx, u64 begun, size_t bytes)
{
	asm volatile("" : : : "memory");
}

/* Sets what an empty call costs, from @n of them. */
static inline void measure_empty(struct measure_samples *s, unsigned int n)
{
	measure_warm_pairs(NULL,
			   (struct measure_op){ measure_nothing_begin, measure_nothing_good,
						measure_nothing_end },
			   0, 1, n, s);
	s->empty_begin = s->begin[n / 2];
	s->empty_end = s->end[n / 2];
}

static inline int measure_compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static inline u64 measure_sum(const u32 *v, unsigned int n)
{
	u64 sum = 0;

	while (n)
		sum += v[--n];
	return sum;
}

/* The counts of @n pairs, net, in one line of the log. */
static inline void measure_report(struct measure_samples *s, const char *kind, const char *name,
				  unsigned int round, unsigned int n)
{
	u32 *b = s->begin, *e = s->end, eb = s->empty_begin, ee = s->empty_end;
	unsigned int p50 = n / 2, p99 = n - n / 100 - 1;

	sort(b, n, sizeof(*b), measure_compare, NULL);
	sort(e, n, sizeof(*e), measure_compare, NULL);
	pr_info("%s %s round %u n %u map %lld unmap %lld map_p50 %d map_p99 %d map_max %d unmap_p50 %d unmap_p99 %d unmap_max %d\n",
		kind, name, round, n, measure_sum(b, n) - (u64)n * eb,
		measure_sum(e, n) - (u64)n * ee, b[p50] - eb, b[p99] - eb, b[n - 1] - eb,
		e[p50] - ee, e[p99] - ee, e[n - 1] - ee);
}

/* A loop of known length, 2 instructions a turn: -EOPNOTSUPP if they are not counted. */
static inline int measure_calibrate(void)
{
	const u64 turns = 1000000;
	unsigned long flags, i = turns;
	u64 t;

	local_irq_save(flags);
	t = rdtsc_ordered();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(i) : : "cc");
	t = rdtsc_ordered() - t;
	local_irq_restore(flags);
	pr_info("CALIBRATE turns %llu ticks %llu\n", turns, t);
	if (t >= 2 * turns && t <= 2 * turns + 32)
		return 0;
	pr_err("the time-stamp counter does not count instructions: boot with -icount shift=0,sleep=off -smp 1\n");
	return -EOPNOTSUPP;
}

#endif
