# tests
#
# Every program in TESTS runs under tests/run-test, which knows three kinds: Criterion
# programs (linked with $(UNIT_LIBS)), programs that print TAP, and programs that only
# have an exit status.  "make check-long" sets CHECK_LONG=1 and the same tests do more.
# $(TEST_CPPFLAGS) reaches every folder's headers.
TEST_CPPFLAGS = $(ALL_CPPFLAGS) -I$(top_srcdir)/tests
UNIT_CFLAGS = $(AM_CFLAGS) $(CRITERION_CFLAGS)
UNIT_LIBS = tests/libunit.la $(UNIT_GUARD) $(CRITERION_LIBS)

# shared headers
EXTRA_DIST += tests/unit/unit.h tests/tap.h tests/tap.sh

TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/run-test
SH_LOG_COMPILER = $(LOG_COMPILER)
AM_TESTS_ENVIRONMENT = \
	CC='$(CC)'; CXX='$(CXX)'; CFLAGS='$(CFLAGS)'; CXXFLAGS='$(CXXFLAGS)'; NM='$(NM)'; \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export CC CXX CFLAGS CXXFLAGS NM top_srcdir top_builddir;

if HAVE_CRITERION
check_LTLIBRARIES += tests/libunit.la
tests_libunit_la_SOURCES = tests/unit_guard.c
tests_libunit_la_CFLAGS = $(UNIT_CFLAGS)
endif
EXTRA_DIST += tests/run-test

# Checks of the tree itself; see the head of each script.
TREE_TESTS = tests/lint/lint.sh tests/fakekernel/build.sh tests/install/install.sh
TESTS += $(TREE_TESTS)
if HAVE_CRITERION
TESTS += tests/meta/meta.sh
endif
EXTRA_DIST += tests/meta/meta.sh tests/meta/crit.c tests/meta/plain.c
EXTRA_DIST += $(TREE_TESTS) tests/lint/lint.py tests/install/load.c tests/install/example.c \
	tests/install/options.sh \
	$(FAKE_LINUX:%=tests/fakekernel/include/linux/%.h)
FAKE_LINUX = atomic build_bug compiler errno irqflags rcupdate smp string threads types

# libiova on other machines
TESTS += tests/cross/cross.sh
EXTRA_DIST += tests/cross/cross.sh tests/cross/smoke.c tests/cross/plat_cross.c \
	tests/cross/plat_rcu.h

check-long:
	CHECK_LONG=1 $(MAKE) $(AM_MAKEFLAGS) check
.PHONY: check-long

include tests/fuzz/local.mk
include tests/fuzz/iova.mk
include tests/unit/bench.mk
include tests/unit/iova.mk
include tests/unit/plat.mk
include tests/mc/local.mk
include tests/mc/dma.mk
include tests/mc/vtd.mk
include tests/locks/local.mk
include tests/stress/plat.mk
include tests/stress/iova.mk
include tests/unit/dma.mk
include tests/unit/pgtbl.mk
include tests/fmt/local.mk
include tests/replay/local.mk
include tests/unit/vtd.mk
include tests/fuzz/vtd.mk
include tests/stress/vtd.mk
include tests/qemu/local.mk
include tests/tools/local.mk
