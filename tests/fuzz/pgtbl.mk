FUZZ_TARGETS += tests/fuzz/fuzz_pgtbl
tests_fuzz_fuzz_pgtbl_SOURCES = tests/fuzz/fuzz_pgtbl.c $(PGTBL_MODEL_SOURCES) $(FUZZ_MAIN)
tests_fuzz_fuzz_pgtbl_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tests/fmt
tests_fuzz_fuzz_pgtbl_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_pgtbl_LDADD = libpgtbl/libpgtbl_core.la plat/libplat.la
