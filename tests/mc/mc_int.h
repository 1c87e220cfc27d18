/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_int.h - the model checker's own state.
 *
 * All of it hangs from one pointer and lives outside the program's data
 * segment, because that segment is put back to its initial contents before
 * every run.
 */
#ifndef MC_INT_H
#define MC_INT_H

#include "mc.h"

#undef memset
#undef memcpy

#include <setjmp.h>
#include <ucontext.h>

#define MC_TIDS (MC_THREADS + 1) /* 0: init() and fini() */
#define MC_STACK_BYTES (128u << 10)
#define MC_HEAP_BYTES (32u << 20)
#define MC_DATA_BYTES (1u << 20)
#define MC_BLOCKS 65536
#define MC_MSGS 262144
#define MC_LOCS 262144
#define MC_CHOICES 65536
#define MC_EVENTS 65536
#define MC_NOTES 16384
#define MC_RECS 8
#define MC_MAX_STEPS 1000000 /* of the threads; of init(); of fini() */
#define MC_MAX_SPIN 2500

/* Vector clock: how many events of each thread are known. */
struct mc_vc {
	uint32_t c[MC_TIDS];
};

/*
 * @hb is happens-before, which excuses plain accesses.  @vis contains it and
 * more: what must not be read past (coherence), for instance because a fully
 * ordered fence or the same CPU's program order says so.
 */
struct mc_clk {
	struct mc_vc hb, vis;
};

/* One store in the modification order of a location. */
struct mc_msg {
	uint64_t val;
	struct mc_msg *prev;
	uint32_t seen[MC_TIDS]; /* first event of each thread that read or wrote it; 0: none */
	struct mc_clk rel;	/* what an acquiring load learns */
	struct mc_vc cpu_hb;	/* what a step or acquire on the same CPU learns */
	uint8_t cpu;		/* PLAT_CPU_NONE as 0xff: not stored by a CPU-local step */
};

/* A location is an aligned word of one size; several may share a cell. */
struct mc_loc {
	struct mc_loc *next;
	struct mc_msg *last;
	uint8_t off, size;
};

enum mc_kind { MC_PLAIN_READ, MC_PLAIN_WRITE, MC_ATOMIC_READ, MC_ATOMIC_WRITE };

/* Last access of a kind by a thread to some bytes of a cell. */
struct mc_rec {
	const void *where; /* atomic: its site, a string; plain: a code address */
	uint32_t epoch;
	uint8_t tid, kind, mask;
};

/* What is known about 8 aligned bytes in this run. */
struct mc_cell {
	uint32_t run; /* of another run: everything below is void */
	uint32_t next_touched; /* in the same block */
	uint16_t nr_recs;
	int32_t block;
	struct mc_loc *locs;
	struct mc_rec rec[MC_RECS];
} __attribute__((aligned(64)));

/* What is known about 8 aligned bytes across runs: which threads read and wrote them. */
struct mc_class {
	uint8_t readers, writers;
	uint8_t hot; /* enum mc_hot */
};

/* Accesses are scheduling points; will be in the next search; never are. */
enum mc_hot { MC_COLD, MC_HOT, MC_WARM, MC_QUIET };

struct mc_block {
	char *start;
	size_t size, align;
	bool freed;
	uint8_t tid; /* of the allocation, later of the free */
	uint32_t epoch;
	uint32_t touched; /* cell index + 1 */
	struct mc_clk clk; /* at the free, for the next user of the memory */
	void *alloc_pc, *free_pc;
};

enum mc_state { MC_ABSENT, MC_NEW, MC_READY, MC_DONE };
enum mc_wait { MC_RUNNABLE, MC_SPIN, MC_WAIT_STEP, MC_WAIT_GRACE };

struct mc_thr {
	ucontext_t ctx;
	void (*fn)(void);
	enum mc_state state;
	enum mc_wait wait;
	uint64_t spin_stores;		/* MC_SPIN: stores at the time */
	uint32_t wait_seq[MC_TIDS];	/* MC_WAIT_*: sections and steps to wait for, 0: none */
	struct mc_clk clk, fence, pending; /* own; at the last release fence; of relaxed loads */
	uint8_t tid, cpu;
	bool irq;
	bool in_step, aborted, irq_off;
	uint32_t step_seq;
	uint32_t section_seq; /* odd inside an outermost read-side section */
	unsigned nest;
};

struct mc_cpu {
	int cur;	  /* thread that ran here last, -1: none */
	int irq;	  /* interrupt in progress, -1: none */
	struct mc_vc vis; /* program order of the CPU */
	struct mc_clk fenced; /* what fences made known to later steps */
	struct mc_clk steps;  /* what finished steps did */
};

struct mc_choice {
	uint16_t taken, n;
};

struct mc_event {
	const char *what, *site;
	uint64_t addr, a, b;
	uint8_t tid, cpu, stale;
};

enum mc_phase { MC_INIT, MC_EXEC, MC_FINI };

struct mc {
	const struct mc_model *model;
	struct mc_bounds bound, used;
	unsigned plat;
	bool c11; /* see MC_C11_FULL */
	enum mc_phase phase;
	bool failed;
	char message[512];

	/* search */
	struct mc_choice choice[MC_CHOICES];
	unsigned nr_choices, depth;
	bool random;
	uint64_t rng;
	bool class_changed;
	uint64_t runs;

	/* the run */
	uint32_t run;
	ucontext_t main_ctx;
	jmp_buf main_jmp;
	struct mc_thr thr[MC_TIDS];
	unsigned nr_thr; /* threads 1..nr_thr */
	unsigned cur;
	struct mc_cpu cpu[MC_CPUS];
	unsigned nr_cpus;
	unsigned steps, spins;
	uint64_t stores;
	struct mc_vc sc; /* view of all fully ordered fences so far */
	struct mc_clk gp_start, gp_end;
	uint64_t op_time;
	struct mc_op op[MC_OPS];
	struct mc_vc op_vis[MC_OPS]; /* at the begin */
	uint32_t op_end[MC_OPS];     /* first event after the end */
	unsigned nr_ops;

	/* memory */
	char *heap, *heap_next;
	char *data, *data_copy; /* and as the program was loaded */
	bool kept; /* what init() left behind: */
	char *data_kept, *heap_copy;
	size_t init_heap;
	struct mc_clk init_clk;
	unsigned init_blocks;
	size_t data_bytes;
	struct mc_cell *cells; /* heap, then data segment */
	struct mc_class *class;
	size_t nr_cells;
	struct mc_block block[MC_BLOCKS], block_copy[MC_BLOCKS];
	unsigned nr_blocks, last_block;
	struct mc_msg msg[MC_MSGS];
	unsigned nr_msgs;
	struct mc_loc loc[MC_LOCS];
	unsigned nr_locs;
	char *stacks;

	struct mc_event event[MC_EVENTS];
	unsigned nr_events;
	bool all_events;
	char notes[MC_NOTES];
	unsigned nr_notes;
};

/* Set once, before the data segment is copied. */
extern struct mc *mc;

static inline struct mc_thr *mc_self(void)
{
	return &mc->thr[mc->cur];
}
static inline void mc_vc_join(struct mc_vc *to, const struct mc_vc *from)
{
	for (unsigned i = 0; i < MC_TIDS; i++)
		if (to->c[i] < from->c[i])
			to->c[i] = from->c[i];
}
static inline void mc_clk_join(struct mc_clk *to, const struct mc_clk *from)
{
	mc_vc_join(&to->hb, &from->hb);
	mc_vc_join(&to->vis, &from->vis);
}
/* The next access of @t is a new event. */
static inline void mc_tick(struct mc_thr *t)
{
	t->clk.hb.c[t->tid]++;
	t->clk.vis.c[t->tid] = t->clk.hb.c[t->tid];
}

/*
 * Pseudo-locations, as cell indexes: what a fence and the steps of a CPU, and
 * grace periods and sections, have to say to each other.
 */
#define MC_CELL_NONE (~(size_t)0)
static inline size_t mc_cell_step(unsigned cpu)
{
	return mc->nr_cells - 1 - cpu;
}
static inline size_t mc_cell_grace(void)
{
	return mc->nr_cells - 1 - MC_CPUS;
}
static inline size_t mc_cell_fence(void)
{
	return mc->nr_cells - 2 - MC_CPUS;
}
#define MC_PSEUDO_CELLS (MC_CPUS + 2)

/* mc_sched.c */
unsigned mc_pick(unsigned n);
void mc_point(size_t cell, bool write);
void mc_block_on(enum mc_wait wait);
void mc_run_threads(void);
void mc_threads_init(void);
void mc_threads_reset(void);

/* mc_race.c */
size_t mc_cell_of(const volatile void *p);
struct mc_cell *mc_access(const volatile void *p, size_t size, enum mc_kind kind,
			  const void *where);
void mc_block_freed(struct mc_block *b, void *pc);

/* mc_weak.c */
uint64_t mc_step_load(const volatile void *p, unsigned size, const char *site);
uint64_t mc_step_load_cell(const volatile void *p, unsigned size, const char *site);
void mc_step_store(volatile void *p, unsigned size, uint64_t v, enum mc_order order,
		   const char *site);
void mc_full_fence(struct mc_thr *t);
void mc_drop_locs(struct mc_cell *c, unsigned mask);
uint64_t mc_peek(const volatile void *p, unsigned size);

/* mc_alloc.c */
int mc_block_find(const void *p);
char *mc_heap_start(void);
void mc_heap_reset(void);
void mc_leaks(void);

/* mc_trace.c */
void mc_event(const char *what, const char *site, const volatile void *addr, uint64_t a, uint64_t b,
	      unsigned stale);
void mc_print_trace(void);
void mc_catch_signals(void);
const char *mc_where(enum mc_kind kind, const void *where);

#endif
