# threads over libvtd and the model
check_PROGRAMS += tests/stress/stress_vtd
TESTS += tests/stress/stress_vtd
tests_stress_stress_vtd_SOURCES = tests/stress/stress_vtd.c tests/tap.h
tests_stress_stress_vtd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_stress_stress_vtd_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_stress_vtd_LDADD = libvtd/libvtd_core.la tests/model/libvtdmodel.la libpgtbl/libpgtbl.la \
	plat/libplat.la
