# unit tests of libiova
IOVA_UNIT =
if HAVE_CRITERION
IOVA_UNIT += tests/unit/test_iova_random
endif
check_PROGRAMS += $(IOVA_UNIT)
TESTS += $(IOVA_UNIT)
IOVA_UNIT_LIBS = libiova/libiova_core.la plat/libplat.la $(UNIT_LIBS)

tests_unit_test_iova_random_SOURCES = tests/unit/test_iova_random.c $(IOVA_REF_SOURCES)
tests_unit_test_iova_random_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_unit_test_iova_random_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_random_LDADD = $(IOVA_UNIT_LIBS)
