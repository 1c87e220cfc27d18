/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* harness_int.h - shared between the harness's own files. */
#ifndef BENCH_HARNESS_INT_H
#define BENCH_HARNESS_INT_H

/* The two CPUs to run on; -1: there is no such CPU. */
extern int bench_cpu[2];

void bench_pin(int cpu);

#endif
