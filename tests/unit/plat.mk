# unit tests of plat/
if HAVE_CRITERION
PLAT_UNIT = tests/unit/test_plat_words
check_PROGRAMS += $(PLAT_UNIT)
TESTS += $(PLAT_UNIT)
tests_unit_test_plat_words_SOURCES = tests/unit/test_plat_words.c
tests_unit_test_plat_words_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_plat_words_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_plat_words_LDADD = plat/libplat.la $(UNIT_LIBS)
endif
