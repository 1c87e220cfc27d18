# tests/locks: the libraries' own sources once more, with a plat that counts
LOCKS_CPPFLAGS = -I$(top_srcdir)/tests/locks $(TEST_CPPFLAGS)
check_PROGRAMS += tests/locks/test_locks
TESTS += tests/locks/test_locks
tests_locks_test_locks_SOURCES = tests/locks/test_locks.c tests/locks/plat_impl.h \
	tests/plat_hook.h tests/tap.h \
	tests/count_mem.h $(libiova_libiova_core_la_SOURCES) $(libpgtbl_libpgtbl_core_la_SOURCES) \
	$(libdma_libdma_core_la_SOURCES)
tests_locks_test_locks_CPPFLAGS = $(LOCKS_CPPFLAGS)
tests_locks_test_locks_CFLAGS = $(AM_CFLAGS) $(URCU_BP_CFLAGS)
tests_locks_test_locks_LDADD = plat/libplat.la
