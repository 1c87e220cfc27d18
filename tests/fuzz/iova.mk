# libiova beside a flat reference: streams of operations for libFuzzer and for the unit tests
IOVA_REF_SOURCES = tests/fuzz/iova_ref.h tests/fuzz/iova_ref.c tests/fuzz/iova_ref_int.h \
	tests/fuzz/iova_ref_more.c tests/fuzz/iova_flat.h tests/fuzz/iova_flat.c tests/count_mem.h
FUZZ_TARGETS += tests/fuzz/fuzz_iova
tests_fuzz_fuzz_iova_SOURCES = tests/fuzz/fuzz_iova.c $(IOVA_REF_SOURCES) $(FUZZ_MAIN)
tests_fuzz_fuzz_iova_CPPFLAGS = $(TEST_CPPFLAGS)
tests_fuzz_fuzz_iova_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_iova_LDADD = libiova/libiova_core.la plat/libplat.la
