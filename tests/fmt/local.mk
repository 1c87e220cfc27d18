# conformance of every page-table format
check_PROGRAMS += tests/fmt/test_pgtbl_conform
# One thread: nothing for ThreadSanitizer to see.
if !TSAN
TESTS += tests/fmt/test_pgtbl_conform
endif
PGTBL_MODEL_SOURCES = tests/fmt/pgtbl_pool.h tests/fmt/pgtbl_pool.c tests/fmt/pgtbl_model.h \
	tests/fmt/pgtbl_model_priv.h tests/fmt/pgtbl_model.c tests/fmt/pgtbl_model_change.c \
	tests/fmt/pgtbl_model_dirty.c \
	tests/fmt/pgtbl_hw.h tests/fmt/pgtbl_hw_priv.h \
	tests/fmt/pgtbl_hw.c tests/fmt/pgtbl_hw_decode.c \
	tests/fmt/pgtbl_stream.h tests/fmt/pgtbl_stream_priv.h \
	tests/fmt/pgtbl_stream.c tests/fmt/pgtbl_stream_check.c tests/fmt/pgtbl_stream_pick.c \
	tests/fmt/pgtbl_stream_change.c \
	tests/fmt/pgtbl_stream_dirty.c tests/fmt/pgtbl_stream_grow.c
tests_fmt_test_pgtbl_conform_SOURCES = tests/fmt/test_pgtbl_conform.c tests/tap.h $(PGTBL_MODEL_SOURCES)
tests_fmt_test_pgtbl_conform_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tests/fmt
tests_fmt_test_pgtbl_conform_LDADD = libpgtbl/libpgtbl_core.la plat/libplat.la

# A CPU, QEMU's, walks x86-64 tables.
check_PROGRAMS += tests/fmt/x86_image
tests_fmt_x86_image_SOURCES = tests/fmt/x86_image.c
tests_fmt_x86_image_CPPFLAGS = $(TEST_CPPFLAGS)
tests_fmt_x86_image_LDADD = libpgtbl/libpgtbl_core.la plat/libplat.la
EXTRA_DIST += tests/fmt/x86_guest.S tests/fmt/x86_cpu.sh
if !TSAN
TESTS += tests/fmt/x86_cpu.sh
endif

# Seeded bugs, each with the test that must fail.
if HAVE_CRITERION
if !SANITIZERS
TESTS += tests/fmt/mutants.sh
endif
endif
EXTRA_DIST += tests/fmt/mutants.sh tests/fmt/mutants/list

include tests/stress/pgtbl.mk
include tests/fuzz/pgtbl.mk
