# unit tests of libvtd
VTD_UNIT =
if HAVE_CRITERION
VTD_UNIT += tests/unit/test_vtd_shared
endif
check_PROGRAMS += $(VTD_UNIT)
TESTS += $(VTD_UNIT)

# against the installed library: only what it exports
tests_unit_test_vtd_shared_SOURCES = tests/unit/test_vtd_dmar.c
tests_unit_test_vtd_shared_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_vtd_shared_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vtd_shared_LDADD = libvtd/libvtd.la $(UNIT_LIBS)
