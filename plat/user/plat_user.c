/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_user.c - the out-of-line part of plat.h for user space. */
#define _GNU_SOURCE
#include "plat_node.h"
#include "plat_rcu.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu-bp.h>
#if PLAT_USER_HAVE_RSEQ
#include <sys/rseq.h>
#endif

ptrdiff_t plat_user_rseq_off;
bool plat_user_rseq;
unsigned long plat_user_rcu_idle = URCU_BP_GP_CTR_NEST_MASK;
uint64_t plat_user_fence_word;
#if PLAT_TSAN
char plat_user_rcu_tag;
#endif

static int membarrier(int cmd, unsigned flags, int cpu)
{
	return (int)syscall(__NR_membarrier, cmd, flags, cpu);
}

/*
 * CPU-local steps need three things: code for this machine, glibc's
 * registration, and membarrier's rseq fence to take ownership away.  The early
 * priority is for programs with the archive inside: their own constructors may
 * call us, and an offset of 0 would point into the thread's control block.
 * The first read section makes liburcu look for membarrier(2), if its own
 * constructor comes later.
 */
__attribute__((constructor(101))) static void plat_user_init(void)
{
#if PLAT_USER_HAVE_RSEQ
	plat_user_rseq_off = __rseq_offset;
	plat_user_rseq = __rseq_size != 0 &&
			 !membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
#endif
	urcu_bp_read_lock();
	plat_user_rcu_idle = urcu_bp_has_sys_membarrier ? 0 : URCU_BP_GP_CTR_NEST_MASK;
	urcu_bp_read_unlock();
}

unsigned plat_user_cpu_slow(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? PLAT_CPU_NONE : (unsigned)cpu;
}

unsigned plat_cpu_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	return n < 1 ? 1 : (unsigned)n;
}

int plat_fence_cpus(unsigned cpu)
{
	unsigned flags = cpu == PLAT_CPU_NONE ? 0 : MEMBARRIER_CMD_FLAG_CPU;
	int target = cpu == PLAT_CPU_NONE ? 0 : (int)cpu;

	if (!plat_user_rseq) {
		plat_mb();
		return 0;
	}
	if (!membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, target))
		return 0;
	/* A kernel may drop the registration with the address space: ask again. */
	membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
	if (!membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0))
		return 0;
	return -EAGAIN;
}

void plat_read_lock(void)
{
	urcu_bp_read_lock();
}

void(plat_read_unlock)(void)
{
	plat_rcu_unlock();
}

void plat_synchronize(void)
{
	urcu_bp_synchronize_rcu();
	PLAT_RCU_TSAN_ACQUIRE();
}

/*
 * Where there are several memory nodes, a block of two pages and more is mapped by itself,
 * so that its pages can be asked for from one of them.  Smaller ones come from the C
 * library's heap, and their pages, when they are new, from where the caller runs.
 */
static bool is_mapped(size_t size, size_t align)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return plat_node_end() > 1 && size >= 2 * page && align <= page;
}

static void *map_near(size_t size, int node)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	plat_node_prefer(p, size, node);
	return p;
}

static void *libc_alloc(void *ctx, size_t size, size_t align)
{
	void *p = NULL;

	(void)ctx;
	if (is_mapped(size, align))
		return map_near(size, PLAT_NODE_NONE);
	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size))
		return NULL;
	return memset(p, 0, size);
}

static void *libc_alloc_near(void *ctx, size_t size, size_t align, unsigned cpu)
{
	if (is_mapped(size, align))
		return map_near(size, plat_node_of_cpu(cpu));
	return libc_alloc(ctx, size, align);
}

static void libc_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx;
	if (is_mapped(size, align))
		munmap(ptr, size);
	else
		free(ptr);
}

const struct plat_mem_ops plat_mem_default = {
	.alloc = libc_alloc,
	.free = libc_free,
	.alloc_near = libc_alloc_near,
};
