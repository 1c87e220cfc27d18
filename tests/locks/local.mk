# tests/locks: the libraries' own sources once more, with a plat that counts
LOCKS_CPPFLAGS = -I$(top_srcdir)/tests/locks $(TEST_CPPFLAGS)
check_LIBRARIES += tests/locks/libcounted.a
tests_locks_libcounted_a_SOURCES = tests/locks/counted.c tests/locks/plat_impl.h tests/plat_hook.h \
	$(libiova_libiova_core_la_SOURCES) $(libpgtbl_libpgtbl_core_la_SOURCES) \
	$(libdma_libdma_core_la_SOURCES)
tests_locks_libcounted_a_CPPFLAGS = $(LOCKS_CPPFLAGS)
tests_locks_libcounted_a_CFLAGS = $(AM_CFLAGS) $(URCU_BP_CFLAGS)

check_PROGRAMS += tests/locks/test_locks
TESTS += tests/locks/test_locks
tests_locks_test_locks_SOURCES = tests/locks/test_locks.c tests/tap.h tests/count_mem.h
tests_locks_test_locks_CPPFLAGS = $(LOCKS_CPPFLAGS)
tests_locks_test_locks_LDADD = tests/locks/libcounted.a plat/libplat.la

# how much work each call does, whatever else the space or the table holds
COUNTED_UNIT =
if HAVE_CRITERION
COUNTED_UNIT += tests/unit/test_iova_work tests/unit/test_pgtbl_work
endif
check_PROGRAMS += $(COUNTED_UNIT)
TESTS += $(COUNTED_UNIT)
COUNTED_LIBS = tests/locks/libcounted.a plat/libplat.la $(UNIT_LIBS)

tests_unit_test_iova_work_SOURCES = tests/unit/test_iova_work.c
tests_unit_test_iova_work_CPPFLAGS = $(LOCKS_CPPFLAGS)
tests_unit_test_iova_work_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_work_LDADD = $(COUNTED_LIBS)

tests_unit_test_pgtbl_work_SOURCES = tests/unit/test_pgtbl_work.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_work_CPPFLAGS = -I$(top_srcdir)/tests/locks $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_work_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_work_LDADD = $(COUNTED_LIBS)
