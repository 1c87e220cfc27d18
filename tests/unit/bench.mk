# unit tests of bench/
TESTS += tests/unit/bench_ratios_options.sh tests/unit/bench_kernel_ratios.sh
EXTRA_DIST += tests/unit/bench_ratios_options.sh tests/unit/bench_kernel_ratios.sh

if HAVE_CRITERION
BENCH_UNIT = tests/unit/test_bench_stats tests/unit/test_bench_ratios
check_PROGRAMS += $(BENCH_UNIT)
TESTS += $(BENCH_UNIT)
endif

tests_unit_test_bench_stats_SOURCES = tests/unit/test_bench_stats.c bench/stats.c
tests_unit_test_bench_stats_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/bench
tests_unit_test_bench_stats_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_bench_stats_LDADD = $(UNIT_LIBS) -lm

tests_unit_test_bench_ratios_SOURCES = tests/unit/test_bench_ratios.c bench/names.c \
	bench/ratios_parse.c
tests_unit_test_bench_ratios_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/bench
tests_unit_test_bench_ratios_CFLAGS = $(UNIT_CFLAGS) $(JSONC_CFLAGS)
tests_unit_test_bench_ratios_LDADD = $(JSONC_LIBS) $(UNIT_LIBS)
