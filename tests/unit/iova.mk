# unit tests of libiova
IOVA_UNIT =
if HAVE_CRITERION
IOVA_UNIT += tests/unit/test_iova_bulk tests/unit/test_iova_exact tests/unit/test_iova_fast \
	tests/unit/test_iova_guard tests/unit/test_iova_life tests/unit/test_iova_place tests/unit/test_iova_policy \
	tests/unit/test_iova_query tests/unit/test_iova_random \
	tests/unit/test_iova_refill tests/unit/test_iova_resv tests/unit/test_iova_space tests/unit/test_iova_span \
	tests/unit/test_iova_trim tests/unit/test_iova_word
endif
check_PROGRAMS += $(IOVA_UNIT)
TESTS += $(IOVA_UNIT)
EXTRA_DIST += tests/unit/iova_rig.h tests/count_mem.h
IOVA_UNIT_LIBS = libiova/libiova_core.la plat/libplat.la $(UNIT_LIBS)

tests_unit_test_iova_bulk_SOURCES = tests/unit/test_iova_bulk.c
tests_unit_test_iova_bulk_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_bulk_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_bulk_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_exact_SOURCES = tests/unit/test_iova_exact.c
tests_unit_test_iova_exact_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_exact_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_exact_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_fast_SOURCES = tests/unit/test_iova_fast.c
tests_unit_test_iova_fast_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_fast_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_fast_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_life_SOURCES = tests/unit/test_iova_life.c
tests_unit_test_iova_life_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_life_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_life_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_place_SOURCES = tests/unit/test_iova_place.c
tests_unit_test_iova_place_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_place_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_place_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_guard_SOURCES = tests/unit/test_iova_guard.c
tests_unit_test_iova_guard_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_guard_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_guard_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_policy_SOURCES = tests/unit/test_iova_policy.c
tests_unit_test_iova_policy_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_policy_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_policy_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_query_SOURCES = tests/unit/test_iova_query.c
tests_unit_test_iova_query_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_query_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_query_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_random_SOURCES = tests/unit/test_iova_random.c $(IOVA_REF_SOURCES)
tests_unit_test_iova_random_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
tests_unit_test_iova_random_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_random_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_refill_SOURCES = tests/unit/test_iova_refill.c
tests_unit_test_iova_refill_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_refill_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_iova_refill_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_resv_SOURCES = tests/unit/test_iova_resv.c
tests_unit_test_iova_resv_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_resv_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_resv_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_space_SOURCES = tests/unit/test_iova_space.c
tests_unit_test_iova_space_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_space_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_iova_space_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_span_SOURCES = tests/unit/test_iova_span.c
tests_unit_test_iova_span_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_span_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_span_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_word_SOURCES = tests/unit/test_iova_word.c
tests_unit_test_iova_word_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_word_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_word_LDADD = $(IOVA_UNIT_LIBS)

tests_unit_test_iova_trim_SOURCES = tests/unit/test_iova_trim.c
tests_unit_test_iova_trim_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_iova_trim_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_iova_trim_LDADD = $(IOVA_UNIT_LIBS)
