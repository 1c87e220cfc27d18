# stress of libiova
check_PROGRAMS += tests/stress/stress_iova
TESTS += tests/stress/stress_iova
tests_stress_stress_iova_SOURCES = tests/stress/stress_iova.c tests/stress/iova_stress.h \
	tests/stress/stress_iova_duel.c tests/stress/stress_iova_limits.c \
	tests/stress/stress_iova_more.c tests/stress/stress_iova_mem.c tests/stress/stress_iova_work.c tests/tap.h
tests_stress_stress_iova_CPPFLAGS = $(TEST_CPPFLAGS)
tests_stress_stress_iova_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_stress_iova_LDADD = libiova/libiova_core.la plat/libplat.la
