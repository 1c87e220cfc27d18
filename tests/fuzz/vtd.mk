# the DMAR table
FUZZ_TARGETS += tests/fuzz/fuzz_dmar
tests_fuzz_fuzz_dmar_SOURCES = tests/fuzz/fuzz_dmar.c $(FUZZ_MAIN)
tests_fuzz_fuzz_dmar_CPPFLAGS = $(TEST_CPPFLAGS)
tests_fuzz_fuzz_dmar_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_dmar_LDADD = libvtd/libvtd_core.la plat/libplat.la
