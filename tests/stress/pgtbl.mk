# page tables under threads
check_PROGRAMS += tests/stress/stress_pgtbl
TESTS += tests/stress/stress_pgtbl
tests_stress_stress_pgtbl_SOURCES = tests/stress/stress_pgtbl.c tests/stress/poison.c \
	tests/stress/poison.h tests/tap.h
tests_stress_stress_pgtbl_CPPFLAGS = $(TEST_CPPFLAGS)
tests_stress_stress_pgtbl_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_stress_pgtbl_LDADD = libpgtbl/libpgtbl_core.la plat/libplat.la

check_PROGRAMS += tests/stress/stress_pgtbl_change
TESTS += tests/stress/stress_pgtbl_change
tests_stress_stress_pgtbl_change_SOURCES = tests/stress/stress_pgtbl_change.c \
	tests/stress/poison.c tests/stress/poison.h tests/tap.h
tests_stress_stress_pgtbl_change_CPPFLAGS = $(TEST_CPPFLAGS)
tests_stress_stress_pgtbl_change_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_stress_pgtbl_change_LDADD = libpgtbl/libpgtbl_core.la plat/libplat.la
