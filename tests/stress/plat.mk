# stress of plat/
check_PROGRAMS += tests/stress/stress_plat_words
TESTS += tests/stress/stress_plat_words
tests_stress_stress_plat_words_SOURCES = tests/stress/stress_plat_words.c tests/tap.h
tests_stress_stress_plat_words_CPPFLAGS = $(TEST_CPPFLAGS)
tests_stress_stress_plat_words_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_stress_plat_words_LDADD = plat/libplat.la
