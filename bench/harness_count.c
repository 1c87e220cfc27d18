// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* harness_count.c - counting instructions of the path that real machines take. */
#include "harness.h"

#include "plat.h"

#if PLAT_USER_HAVE_RSEQ
#include <sys/rseq.h>
#endif

/*
 * valgrind does not know rseq(2), so glibc leaves the thread unregistered and the
 * libraries take their fallback, which is not what is to be counted.  valgrind
 * runs one thread without preempting it between instructions of a section that
 * matter here, so it is safe to pretend that the registration worked and that
 * this is CPU 0.  Never done outside counting: see bench_counting.
 */
void bench_count_cpu_local(void)
{
#if PLAT_USER_HAVE_RSEQ
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size || !bench_counting)
		return;
	__atomic_store_n((uint32_t *)(area + 4), 0, __ATOMIC_RELAXED); /* rseq.cpu_id */
	plat_user_rseq = true;
#endif
}
