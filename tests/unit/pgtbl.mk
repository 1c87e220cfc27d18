# unit tests of libpgtbl
if HAVE_CRITERION
PGTBL_UNIT = tests/unit/test_pgtbl tests/unit/test_pgtbl_change tests/unit/test_pgtbl_check \
	tests/unit/test_pgtbl_dirty tests/unit/test_pgtbl_dump tests/unit/test_pgtbl_entries \
	tests/unit/test_pgtbl_fail tests/unit/test_pgtbl_flush tests/unit/test_pgtbl_fmt \
	tests/unit/test_pgtbl_gather tests/unit/test_pgtbl_grow tests/unit/test_pgtbl_map \
	tests/unit/test_pgtbl_pages tests/unit/test_pgtbl_quota tests/unit/test_pgtbl_tiers
check_PROGRAMS += $(PGTBL_UNIT)
TESTS += $(PGTBL_UNIT)
endif
PGTBL_UNIT_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tests/fmt
PGTBL_UNIT_SOURCES = tests/unit/pgtbl_unit.h tests/unit/pgtbl_unit_state.h \
	tests/unit/unit.h tests/fmt/pgtbl_pool.h \
	tests/fmt/pgtbl_pool.c tests/fmt/pgtbl_model.h tests/fmt/pgtbl_hw.h \
	tests/fmt/pgtbl_hw_priv.h tests/fmt/pgtbl_hw.c tests/fmt/pgtbl_hw_decode.c
PGTBL_UNIT_LDADD = libpgtbl/libpgtbl_core.la plat/libplat.la $(UNIT_LIBS)

tests_unit_test_pgtbl_SOURCES = tests/unit/test_pgtbl.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_change_SOURCES = tests/unit/test_pgtbl_change.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_change_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_change_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_change_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_quota_SOURCES = tests/unit/test_pgtbl_quota.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_quota_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_quota_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_quota_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_dirty_SOURCES = tests/unit/test_pgtbl_dirty.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_dirty_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_dirty_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_dirty_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_entries_SOURCES = tests/unit/test_pgtbl_entries.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_entries_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_entries_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_entries_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_check_SOURCES = tests/unit/test_pgtbl_check.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_check_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_check_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_check_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_fmt_SOURCES = tests/unit/test_pgtbl_fmt.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_fmt_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_fmt_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_fmt_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_gather_SOURCES = tests/unit/test_pgtbl_gather.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_gather_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_gather_CFLAGS = $(UNIT_CFLAGS) $(URCU_BP_CFLAGS)
tests_unit_test_pgtbl_gather_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_dump_SOURCES = tests/unit/test_pgtbl_dump.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_dump_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_dump_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_dump_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_grow_SOURCES = tests/unit/test_pgtbl_grow.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_grow_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_grow_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_grow_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_map_SOURCES = tests/unit/test_pgtbl_map.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_map_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_map_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_map_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_pages_SOURCES = tests/unit/test_pgtbl_pages.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_pages_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_pages_CFLAGS = $(UNIT_CFLAGS) $(URCU_BP_CFLAGS) -pthread
tests_unit_test_pgtbl_pages_LDADD = $(PGTBL_UNIT_LDADD) $(URCU_BP_LIBS)

tests_unit_test_pgtbl_tiers_SOURCES = tests/unit/test_pgtbl_tiers.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_tiers_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_tiers_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_tiers_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_fail_SOURCES = tests/unit/test_pgtbl_fail.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_fail_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_fail_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_fail_LDADD = $(PGTBL_UNIT_LDADD)

tests_unit_test_pgtbl_flush_SOURCES = tests/unit/test_pgtbl_flush.c $(PGTBL_UNIT_SOURCES)
tests_unit_test_pgtbl_flush_CPPFLAGS = $(PGTBL_UNIT_CPPFLAGS)
tests_unit_test_pgtbl_flush_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_pgtbl_flush_LDADD = $(PGTBL_UNIT_LDADD)
