# tests/mc: the model checker, its self-tests, and the models of the libraries.
#
# The core's own sources are compiled once more, with tests/mc/plat_impl.h and with
# ThreadSanitizer's instrumentation, whose entry points tests/mc/mc_race.c provides: the
# flag must not reach the link, hence CPPFLAGS.  Not together with a real sanitizer.
MC_CPPFLAGS = -I$(top_srcdir)/tests/mc -I$(top_srcdir)/plat -I$(top_srcdir)/libiova \
	-I$(top_srcdir)/libpgtbl -I$(top_srcdir)/libdma
MC_CFLAGS = $(AM_CFLAGS) -fno-pie
MC_NOPIE = -no-pie
MC_MODEL_CPPFLAGS = $(MC_CPPFLAGS) -fsanitize=thread
MC_IOVA_SOURCES = tests/mc/mc_iova.h tests/mc/mc_iova_ops.h $(libiova_libiova_core_la_SOURCES)
MC_TESTS = tests/mc/mc_litmus tests/mc/mc_cpus tests/mc/mc_stack tests/mc/mc_iova \
	tests/mc/mc_iova_tree tests/mc/mc_iova_resv tests/mc/mc_iova_trim tests/mc/mc_iova_full \
	tests/mc/mc_pgtbl \
	tests/mc/mc_pgtbl_change tests/mc/mc_pgtbl_grow tests/mc/mc_pgtbl_track

if !SANITIZERS
check_LTLIBRARIES += tests/mc/libmc.la
check_PROGRAMS += $(MC_TESTS)
# One thread: nothing for ThreadSanitizer to see.
if !TSAN
TESTS += $(MC_TESTS) tests/mc/mutants.sh
endif
endif

tests_mc_libmc_la_SOURCES = tests/mc/mc.h tests/mc/mc_int.h tests/mc/plat_impl.h \
	tests/mc/plat_rcu.h tests/mc/plat_types.h tests/mc/mc_alloc.c tests/mc/mc_lin.c tests/mc/mc_main.c \
	tests/mc/mc_plat.c tests/mc/mc_race.c tests/mc/mc_sched.c tests/mc/mc_trace.c \
	tests/mc/mc_weak.c
tests_mc_libmc_la_CPPFLAGS = $(MC_CPPFLAGS)
tests_mc_libmc_la_CFLAGS = $(MC_CFLAGS)
tests_mc_libmc_la_LDFLAGS = -static

tests_mc_mc_litmus_SOURCES = tests/mc/mc_litmus.c
tests_mc_mc_litmus_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_litmus_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_litmus_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_litmus_LDADD = tests/mc/libmc.la

tests_mc_mc_cpus_SOURCES = tests/mc/mc_cpus.c
tests_mc_mc_cpus_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_cpus_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_cpus_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_cpus_LDADD = tests/mc/libmc.la

tests_mc_mc_stack_SOURCES = tests/mc/mc_stack.c
tests_mc_mc_stack_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_stack_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_stack_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_stack_LDADD = tests/mc/libmc.la

tests_mc_mc_iova_SOURCES = tests/mc/mc_iova.c $(MC_IOVA_SOURCES)
tests_mc_mc_iova_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_iova_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_iova_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_iova_LDADD = tests/mc/libmc.la

tests_mc_mc_iova_tree_SOURCES = tests/mc/mc_iova_tree.c $(MC_IOVA_SOURCES)
tests_mc_mc_iova_tree_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_iova_tree_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_iova_tree_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_iova_tree_LDADD = tests/mc/libmc.la

tests_mc_mc_iova_resv_SOURCES = tests/mc/mc_iova_resv.c $(MC_IOVA_SOURCES)
tests_mc_mc_iova_resv_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_iova_resv_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_iova_resv_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_iova_resv_LDADD = tests/mc/libmc.la

tests_mc_mc_iova_trim_SOURCES = tests/mc/mc_iova_trim.c $(MC_IOVA_SOURCES)
tests_mc_mc_iova_trim_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_iova_trim_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_iova_trim_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_iova_trim_LDADD = tests/mc/libmc.la

tests_mc_mc_iova_full_SOURCES = tests/mc/mc_iova_full.c $(MC_IOVA_SOURCES)
tests_mc_mc_iova_full_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_iova_full_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_iova_full_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_iova_full_LDADD = tests/mc/libmc.la

tests_mc_mc_pgtbl_SOURCES = tests/mc/mc_pgtbl.c tests/mc/mc_pgtbl.h \
	$(libpgtbl_libpgtbl_core_la_SOURCES)
tests_mc_mc_pgtbl_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_pgtbl_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_pgtbl_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_pgtbl_LDADD = tests/mc/libmc.la

tests_mc_mc_pgtbl_change_SOURCES = tests/mc/mc_pgtbl_change.c tests/mc/mc_pgtbl.h \
	$(libpgtbl_libpgtbl_core_la_SOURCES)
tests_mc_mc_pgtbl_change_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_pgtbl_change_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_pgtbl_change_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_pgtbl_change_LDADD = tests/mc/libmc.la

tests_mc_mc_pgtbl_grow_SOURCES = tests/mc/mc_pgtbl_grow.c tests/mc/mc_pgtbl.h \
	$(libpgtbl_libpgtbl_core_la_SOURCES)
tests_mc_mc_pgtbl_grow_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_pgtbl_grow_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_pgtbl_grow_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_pgtbl_grow_LDADD = tests/mc/libmc.la

tests_mc_mc_pgtbl_track_SOURCES = tests/mc/mc_pgtbl_track.c tests/mc/mc_pgtbl.h \
	$(libpgtbl_libpgtbl_core_la_SOURCES)
tests_mc_mc_pgtbl_track_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_pgtbl_track_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_pgtbl_track_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_pgtbl_track_LDADD = tests/mc/libmc.la

EXTRA_DIST += tests/mc/README.md tests/mc/mutants.sh tests/mc/mutants/list
