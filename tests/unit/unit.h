/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* unit.h - what unit tests share. */
#ifndef UNIT_H
#define UNIT_H

#include <criterion/criterion.h>

/* Once per program: tests/run-test then runs all of it a second time without rseq. */
#define UNIT_RUN_TWICE()                                                        \
	__attribute__((used)) static const char unit_run_twice[] = "run-twice: rseq"

#endif
