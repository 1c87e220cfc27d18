# unit tests of plat/
PLAT_UNIT =
if HAVE_CRITERION
PLAT_UNIT += tests/unit/test_plat_words tests/unit/test_plat_user tests/unit/test_plat_run
if HAVE_JEMALLOC
PLAT_UNIT += tests/unit/test_plat_jemalloc tests/unit/test_plat_node
endif
endif
check_PROGRAMS += $(PLAT_UNIT)
TESTS += $(PLAT_UNIT)

tests_unit_test_plat_words_SOURCES = tests/unit/test_plat_words.c
tests_unit_test_plat_words_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_plat_words_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_plat_words_LDADD = plat/libplat.la $(UNIT_LIBS)

tests_unit_test_plat_run_SOURCES = tests/unit/test_plat_run.c
tests_unit_test_plat_run_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_plat_run_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_plat_run_LDADD = plat/libplat.la $(UNIT_LIBS)

tests_unit_test_plat_user_SOURCES = tests/unit/test_plat_user.c
tests_unit_test_plat_user_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_plat_user_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_plat_user_LDADD = plat/libplat.la $(UNIT_LIBS)

tests_unit_test_plat_jemalloc_SOURCES = tests/unit/test_plat_jemalloc.c
tests_unit_test_plat_jemalloc_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_plat_jemalloc_CFLAGS = $(UNIT_CFLAGS) -pthread
tests_unit_test_plat_jemalloc_LDADD = plat/jemalloc/libiova-jemalloc.la $(UNIT_LIBS)

tests_unit_test_plat_node_SOURCES = tests/unit/test_plat_node.c plat/jemalloc/plat_jemalloc.c
tests_unit_test_plat_node_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_plat_node_CFLAGS = $(UNIT_CFLAGS) $(JEMALLOC_CFLAGS) -pthread
tests_unit_test_plat_node_LDADD = libiova/libiova_core.la plat/libplat.la $(JEMALLOC_LIBS) $(UNIT_LIBS)
