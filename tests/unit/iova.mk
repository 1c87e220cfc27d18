# unit tests of libiova
IOVA_UNIT =
if HAVE_CRITERION
IOVA_UNIT += tests/unit/test_iova_fast tests/unit/test_iova_random tests/unit/test_iova_space
endif
check_PROGRAMS += $(IOVA_UNIT)
TESTS += $(IOVA_UNIT)
EXTRA_DIST += tests/unit/iova_rig.h tests/count_mem.h
IOVA_UNIT_LIBS = libiova/libiova_core.la plat/libplat.la $(UNIT_LIBS)

tests_unit_test_iova_fast_SOURCES = tests/unit/test_iova_fast.c
tests_unit_test_iova_fast_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_fast_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_fast_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_random_SOURCES = tests/unit/test_iova_random.c $(IOVA_REF_SOURCES)
tests_unit_test_iova_random_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_unit_test_iova_random_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_random_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_space_SOURCES = tests/unit/test_iova_space.c
tests_unit_test_iova_space_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_space_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_iova_space_LDADD = $(IOVA_UNIT_LIBS)
