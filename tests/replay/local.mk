# the trace reader, the checking pass, and bench/replay itself
REPLAY_UNIT =
if HAVE_CRITERION
REPLAY_UNIT += tests/replay/test_ranges tests/replay/test_trace tests/replay/test_check
endif
check_PROGRAMS += $(REPLAY_UNIT)
TESTS += $(REPLAY_UNIT)

REPLAY_TEST_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/bench/replayer

tests_replay_test_ranges_SOURCES = tests/replay/test_ranges.c
tests_replay_test_ranges_CPPFLAGS = $(REPLAY_TEST_CPPFLAGS)
tests_replay_test_ranges_CFLAGS = $(UNIT_CFLAGS)
tests_replay_test_ranges_LDADD = bench/libtrace.la $(UNIT_LIBS)

tests_replay_test_trace_SOURCES = tests/replay/test_trace.c
tests_replay_test_trace_CPPFLAGS = $(REPLAY_TEST_CPPFLAGS) $(ZSTD_DEF)
tests_replay_test_trace_CFLAGS = $(UNIT_CFLAGS) $(ZSTD_CFLAGS)
tests_replay_test_trace_LDADD = bench/libtrace.la $(UNIT_LIBS) $(ZSTD_LIBS)

tests_replay_test_check_SOURCES = tests/replay/test_check.c
tests_replay_test_check_CPPFLAGS = $(REPLAY_TEST_CPPFLAGS)
tests_replay_test_check_CFLAGS = $(UNIT_CFLAGS)
tests_replay_test_check_LDADD = bench/libreplay.la $(UNIT_LIBS)

TESTS += tests/replay/test_replay.sh tests/replay/test_record.sh
EXTRA_DIST += tests/replay/test_replay.sh tests/replay/test_record.sh
