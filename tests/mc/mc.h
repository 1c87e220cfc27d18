/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc.h - how to write a model.
 *
 * A model is a few functions around the code under test: init() sets up shared
 * state, the threads run on virtual CPUs, fini() checks the outcome.  The
 * checker runs the model once for every schedule, every choice of a stale load
 * and every interrupt within the model's bounds.  Static variables return to
 * their initial values before each run; memory must come from
 * plat_mem_default (or mc_mem()) and be given back by fini().
 *
 * init() and fini() run alone, without scheduling; fini() happens after
 * everything that the threads did.
 */
#ifndef MC_H
#define MC_H

#include "plat.h"

#define MC_THREADS 7
#define MC_CPUS 4

/* struct mc_thread flags */
#define MC_IRQ 1u /* an interrupt: starts once, at any point, runs to its end on its CPU */

/* Which plat a model runs under; a mask in struct mc_model. */
#define MC_USER 1u   /* restartable sequences: steps are aborted */
#define MC_KERNEL 2u /* pre-emption off, non-LOCK cmpxchg: steps are not aborted */
#define MC_NONE 4u   /* no CPU-local updates */
#define MC_ALL (MC_USER | MC_KERNEL | MC_NONE)

/* struct mc_model flags */
#define MC_REUSE 1u	/* memory freed is handed out again (finds ABA on addresses) */
#define MC_NO_LEAK 2u	/* do not check for leaks */
#define MC_C11_FULL 4u	/* full operations order as C11's seq_cst ones, not as smp_mb() around */

struct mc_thread {
	void (*fn)(void);
	unsigned cpu;
	unsigned flags;
};

/* For lists of threads: one on a CPU, and an interrupt of it. */
#define ON(fn, cpu) { fn, cpu, 0 }
#define IRQ(fn, cpu) { fn, cpu, MC_IRQ }

/**
 * struct mc_bounds - how far to explore
 * @preempt: involuntary switches, interrupts included
 * @stale: loads that return something older than the newest store
 * @spurious: CPU-local steps aborted by something outside the model (MC_USER)
 * @migrate: moves of a thread to another CPU
 * @alloc_fail: memory allocations that fail
 */
struct mc_bounds {
	unsigned preempt, stale, spurious, migrate, alloc_fail;
};

/**
 * struct mc_model - one model
 * @thread: ends at the first without fn
 * @quick, @full: bounds for "make check"; "make check-long" searches within both
 * @plats: MC_USER...; 0 means MC_USER
 * @expect: NULL, or part of the message with which the model must fail
 */
struct mc_model {
	const char *name;
	void (*init)(void);
	struct mc_thread thread[MC_THREADS];
	void (*fini)(void);
	struct mc_bounds quick, full;
	unsigned plats;
	unsigned flags;
	const char *expect;
};

/* Runs the models named on the command line, or all; returns the exit status. */
int mc_main(int argc, char **argv, const struct mc_model *models, size_t count);

/* Ends the run as a failure of the model, with a trace. */
void mc_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define mc_assert(cond) \
	((cond) ? (void)0 : mc_fail("%s:%d: %s does not hold", __FILE__, __LINE__, #cond))

/* 0..n-1, every value explored. */
unsigned mc_choose(unsigned n);
/* A line in the trace. */
void mc_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Memory with the checker behind it, as struct plat_mem. */
static inline struct plat_mem mc_mem(void)
{
	return (struct plat_mem){ &plat_mem_default, NULL };
}
/* For init(): [p, p + size) are statistics.  No schedules are tried around them. */
void mc_quiet(const void *p, size_t size);
/* Bytes that are allocated now. */
size_t mc_live_bytes(void);
/* The CPU on which init() or fini() goes on; they start on CPU 0. */
void mc_set_cpu(unsigned cpu);
/* The plat that this run models: MC_USER, MC_KERNEL or MC_NONE. */
unsigned mc_plat(void);

/*
 * Histories.  A thread brackets each operation with mc_begin() and mc_end();
 * fini() then asks whether some order of the operations, in agreement with
 * time, is accepted by the sequential model (mc_lin.c says what "before" means
 * where loads are stale).
 */
#define MC_OPS 16
#define MC_STATE 256
struct mc_op {
	unsigned kind, tid;
	uint64_t arg[3];
	uint64_t ret;
	uint64_t begin, end;
};
struct mc_op *mc_begin(unsigned kind, uint64_t a0, uint64_t a1, uint64_t a2);
void mc_end(struct mc_op *op, uint64_t ret);
/* The operations recorded so far, in the order of their begins; NULL behind the last. */
const struct mc_op *mc_get_op(unsigned i);
/**
 * mc_check_history() - fails the model when the history is not linearizable
 * @state: initial state of the sequential model, @size bytes (at most MC_STATE)
 * @apply: performs @op on @state; false when its result is not what @op returned
 */
void mc_check_history(const void *state, size_t size,
		      bool (*apply)(void *state, const struct mc_op *op));

#endif
