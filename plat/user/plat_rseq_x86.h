/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_rseq_x86.h - CPU-local steps as restartable sequences (x86-64).
 *
 * glibc (2.35 and later) registers a struct rseq per thread at the offset
 * __rseq_offset from the thread pointer: cpu_id at byte 4, rseq_cs at byte 8
 * (<sys/rseq.h>, rseq(2)).  A section is announced by storing the address of
 * its descriptor; if the thread is preempted, migrated or signalled between
 * labels 1 and 2, the kernel resumes it at label 4, so the final store happens
 * only if nothing else ran on this CPU since label 1.  Where glibc did not
 * register (GLIBC_TUNABLES=glibc.pthread.rseq=0), cpu_id stays negative and no
 * owner compares equal: every section ends at "foreign" without a run-time test.
 *
 * rseq_cs is left pointing at the descriptor; the kernel ignores it as long as
 * the instruction pointer is elsewhere, but it does read the descriptor, so a
 * library holding one must not be unmapped: ours are linked with -z nodelete.
 */
#ifndef PLAT_RSEQ_X86_H
#define PLAT_RSEQ_X86_H

/* The sections below know it: a state word, REM at byte 8, owner at 12, OPEN in byte 14. */
_Static_assert(offsetof(struct plat_word, ctl) == 8 && PLAT_CTL_OWN_SHIFT == 32 &&
		       PLAT_CTL_OPEN == 1ull << 48,
	       "control word");

/* 0x53053053 is the signature glibc registers on x86; it stands before each abort handler. */
#define PLAT_RSEQ_BEGIN                                                        \
	".pushsection __rseq_cs, \"aw\"\n\t"                                   \
	".balign 32\n"                                                         \
	"3:\t.long 0, 0\n\t"                                                   \
	".quad 1f, (2f - 1f), 4f\n\t"                                          \
	".popsection\n\t"                                                      \
	"movq %[rs], %%rcx\n\t"                                                \
	"leaq 3b(%%rip), %%r11\n\t"                                            \
	"movq %%r11, %%fs:8(%%rcx)\n"                                          \
	"1:\n\t"
#define PLAT_RSEQ_END                                                          \
	"2:\n\t"                                                               \
	".pushsection __rseq_failure, \"ax\"\n\t"                              \
	".byte 0x0f, 0xb9, 0x3d\n\t"                                           \
	".long 0x53053053\n"                                                   \
	"4:\tjmp %l[foreign]\n\t"                                              \
	".popsection\n\t"

static plat_always_inline unsigned plat_cpu_raw(void)
{
	uint32_t cpu;

	__asm__ volatile("movl %%fs:4(%1), %0" : "=r"(cpu) : "r"(plat_user_rseq_off));
	return cpu;
}

static plat_always_inline unsigned plat_cpu(void)
{
	uint32_t cpu = plat_cpu_raw();

	return plat_likely((int32_t)cpu >= 0) ? cpu : plat_user_cpu_slow();
}

static plat_always_inline int plat_word_take(void *const *cell, size_t off, uint64_t full,
					     uint64_t pat)
{
	__asm__ goto(PLAT_RSEQ_BEGIN
		     "movq (%[cell]), %%r11\n\t"
		     "movl %%fs:4(%%rcx), %%ecx\n\t"
		     "cmpw %%cx, 12(%%r11,%[off])\n\t"
		     "jne %l[foreign]\n\t"
		     "movl 8(%%r11,%[off]), %%ecx\n\t"
		     "orq (%%r11,%[off]), %%rcx\n\t"
		     "testq %[full], %%rcx\n\t"
		     "jne %l[mismatch]\n\t"
		     "orq %[pat], (%%r11,%[off])\n"
		     PLAT_RSEQ_END
		     :
		     : [rs] "m"(plat_user_rseq_off), [cell] "r"(cell), [off] "r"(off),
		       [full] "r"(full), [pat] "r"(pat)
		     : "r11", "rcx", "cc", "memory"
		     : foreign, mismatch);
	return PLAT_WORD_OK;
foreign:
	return PLAT_WORD_FOREIGN;
mismatch:
	return PLAT_WORD_MISMATCH;
}

static plat_always_inline int plat_word_put(void *const *cell, size_t off, uint64_t chk,
					    uint64_t pat)
{
	__asm__ goto(PLAT_RSEQ_BEGIN
		     "movq (%[cell]), %%r11\n\t"
		     "movl %%fs:4(%%rcx), %%ecx\n\t"
		     "cmpw %%cx, 12(%%r11,%[off])\n\t"
		     "jne %l[foreign]\n\t"
		     "testb $1, 14(%%r11,%[off])\n\t"
		     "je %l[closed]\n\t"
		     "movq (%%r11,%[off]), %%rcx\n\t"
		     "andq %[chk], %%rcx\n\t"
		     "cmpq %[pat], %%rcx\n\t"
		     "jne %l[mismatch]\n\t"
		     "testl %k[pat], 8(%%r11,%[off])\n\t"
		     "jne %l[mismatch]\n\t"
		     "xorq %[pat], (%%r11,%[off])\n"
		     PLAT_RSEQ_END
		     :
		     : [rs] "m"(plat_user_rseq_off), [cell] "r"(cell), [off] "r"(off),
		       [chk] "r"(chk), [pat] "r"(pat)
		     : "r11", "rcx", "cc", "memory"
		     : foreign, mismatch, closed);
	return PLAT_WORD_OK;
foreign:
	return PLAT_WORD_FOREIGN;
mismatch:
	return PLAT_WORD_MISMATCH;
closed:
	return PLAT_WORD_CLOSED;
}

static plat_always_inline int plat_word_collect(void *const *cell, size_t off, uint64_t need)
{
	uint64_t keep = ~((uint32_t)need | need << 32);

	__asm__ goto(PLAT_RSEQ_BEGIN
		     "movq (%[cell]), %%r11\n\t"
		     "movl %%fs:4(%%rcx), %%ecx\n\t"
		     "cmpw %%cx, 12(%%r11,%[off])\n\t"
		     "jne %l[foreign]\n\t"
		     "movq 8(%%r11,%[off]), %%rcx\n\t"
		     "andq %[need], %%rcx\n\t"
		     "cmpq %[need], %%rcx\n\t"
		     "jne %l[mismatch]\n\t"
		     "andq %[keep], (%%r11,%[off])\n"
		     PLAT_RSEQ_END
		     :
		     : [rs] "m"(plat_user_rseq_off), [cell] "r"(cell), [off] "r"(off),
		       [need] "r"(need), [keep] "r"(keep)
		     : "r11", "rcx", "cc", "memory"
		     : foreign, mismatch);
	return PLAT_WORD_OK;
foreign:
	return PLAT_WORD_FOREIGN;
mismatch:
	return PLAT_WORD_MISMATCH;
}

static plat_always_inline bool plat_percpu_cas(uint64_t *p, uint64_t old, uint64_t new_val,
					       unsigned cpu)
{
	__asm__ goto(PLAT_RSEQ_BEGIN
		     "cmpl %[cpu], %%fs:4(%%rcx)\n\t"
		     "jne %l[foreign]\n\t"
		     "cmpq %[old], %[p]\n\t"
		     "jne %l[foreign]\n\t"
		     "movq %[new_val], %[p]\n"
		     PLAT_RSEQ_END
		     :
		     : [rs] "m"(plat_user_rseq_off), [p] "m"(*p), [old] "r"(old),
		       [new_val] "r"(new_val), [cpu] "r"(cpu)
		     : "r11", "rcx", "cc", "memory"
		     : foreign);
	return true;
foreign:
	return false;
}

#endif
