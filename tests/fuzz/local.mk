# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Fuzz targets.  fuzz_X.c defines LLVMFuzzerTestOneInput(); its first inputs, and every
# input that once failed, are files in tests/fuzz/corpus/X.  To add one:
#
#   FUZZ_TARGETS += tests/fuzz/fuzz_X
#   tests_fuzz_fuzz_X_SOURCES = tests/fuzz/fuzz_X.c $(FUZZ_MAIN)
#   tests_fuzz_fuzz_X_CPPFLAGS = $(TEST_CPPFLAGS)
#   tests_fuzz_fuzz_X_LDFLAGS = $(FUZZ_LINK)
#   tests_fuzz_fuzz_X_LDADD = libX/libX_core.la plat/libplat.la
#
# "make check" replays the corpus with any compiler.  "make fuzz" searches, for
# FUZZ_SECONDS per target, in a build configured with --enable-fuzzers: CC=clang for
# libFuzzer, CC=afl-clang-fast CXX=afl-clang-fast++ for AFL++ (Debian's afl++).
FUZZ_TARGETS =
check_PROGRAMS += $(FUZZ_TARGETS)
FUZZ_SECONDS = 60
if FUZZERS
FUZZ_MAIN =
FUZZ_LINK = -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/driver.c
FUZZ_LINK =
TESTS += tests/fuzz/corpus.sh
endif
EXTRA_DIST += tests/fuzz/corpus.sh tests/fuzz/search.sh tests/fuzz/driver.c tests/fuzz/corpus
AM_TESTS_ENVIRONMENT += FUZZ_TARGETS='$(FUZZ_TARGETS)'; export FUZZ_TARGETS;

FUZZ_ENV = top_srcdir='$(abs_top_srcdir)' FUZZ_TARGETS='$(FUZZ_TARGETS)' \
	FUZZ_SECONDS='$(FUZZ_SECONDS)' \
	FUZZER=$$(case '$(CC)' in *afl-*) echo afl ;; *) echo libfuzzer ;; esac)
fuzz: $(FUZZ_TARGETS)
	@$(FUZZ_ENV) $(SHELL) $(srcdir)/tests/fuzz/search.sh
fuzz-corpus: $(FUZZ_TARGETS)
	@$(FUZZ_ENV) $(SHELL) $(srcdir)/tests/fuzz/search.sh corpus
.PHONY: fuzz fuzz-corpus
