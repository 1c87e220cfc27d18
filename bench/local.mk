# bench: peers built on demand, ratios for machines, Google Benchmark for people
include bench/replay.mk

EXTRA_DIST += bench/README.md bench/instructions.sh bench/peers/README.md \
	bench/peers/build.sh bench/peers/peer.h bench/peers/peer_iova.c bench/peers/peer_pgtbl.c \
	bench/peers/compat/kcompat.h bench/peers/compat/kcompat.c

# Linux's own code is compiled with our compiler and our flags, and only when
# something that is compared with it is asked for.
PEER_INPUTS = $(srcdir)/bench/peers/build.sh $(srcdir)/bench/peers/peer.h \
	$(srcdir)/bench/peers/peer_iova.c $(srcdir)/bench/peers/peer_pgtbl.c \
	$(srcdir)/bench/peers/compat/kcompat.h $(srcdir)/bench/peers/compat/kcompat.c
PEER_BUILD = $(AM_V_GEN)CC='$(CC)' CFLAGS='$(CFLAGS) $(CODEGEN_FLAGS)' AR='$(AR)' \
	$(SHELL) $(srcdir)/bench/peers/build.sh bench/peers
bench/peers/libpeers-6.1.a: $(PEER_INPUTS)
	$(PEER_BUILD) 6.1
bench/peers/libpeers-6.12.a: $(PEER_INPUTS)
	$(PEER_BUILD) 6.12

# bench/ratios is always there; what it runs is made when it is first needed.
user_progs += bench/ratios
bench_ratios_SOURCES = bench/ratios.c bench/names.c bench/names.h bench/ratios_parse.c \
	bench/ratios_parse.h bench/stats.c bench/stats.h
bench_ratios_CPPFLAGS = $(AM_CPPFLAGS) -DTRACE_DIR='"$(abs_top_srcdir)/bench/traces"'
bench_ratios_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
bench_ratios_LDADD = $(JSONC_LIBS) -lm

# Both sides are linked statically and called directly.
EXTRA_LIBRARIES = bench/libbench.a
bench_libbench_a_SOURCES = bench/clock.h bench/harness.c bench/harness.h \
	bench/harness_int.h bench/harness_count.c bench/harness_pages.c bench/harness_threads.c \
	bench/stats.c bench/stats.h bench/sides.c bench/sides.h bench/malloc_peer.c \
	bench/wl_iova.h bench/wl_iova_holes.h bench/iova_ours.c bench/iova_peer.c \
	bench/iova_side_ours.h bench/iova_side_peer.h \
	bench/wl_pgtbl.h bench/pgtbl_side.h bench/pgtbl_ours.c bench/pgtbl_formats.c \
	bench/pgtbl_peer.c
bench_libbench_a_CPPFLAGS = $(ALL_CPPFLAGS) -I$(top_srcdir)/bench
bench_libbench_a_CFLAGS = $(AM_CFLAGS) -pthread
BENCH_LIBS = libiova/libiova.la libpgtbl/libpgtbl.la plat/libplat.la \
	$(BENCH_JEMALLOC) $(JEMALLOC_LIBS) -lm -lpthread
if HAVE_JEMALLOC
BENCH_JEMALLOC = plat/jemalloc/libiova-jemalloc.la
else
BENCH_JEMALLOC =
endif

EXTRA_PROGRAMS += bench/ratios-worker-6.1 bench/ratios-worker-6.12
bench_ratios_worker_6_1_SOURCES = bench/worker.c
bench_ratios_worker_6_1_CPPFLAGS = $(bench_libbench_a_CPPFLAGS)
bench_ratios_worker_6_1_LDFLAGS = -static
bench_ratios_worker_6_1_LDADD = bench/libbench.a bench/peers/libpeers-6.1.a $(BENCH_LIBS)
bench_ratios_worker_6_12_SOURCES = bench/worker.c
bench_ratios_worker_6_12_CPPFLAGS = $(bench_libbench_a_CPPFLAGS)
bench_ratios_worker_6_12_LDFLAGS = -static
# the page tables are those of 6.1 in either
bench_ratios_worker_6_12_LDADD = bench/libbench.a bench/peers/libpeers-6.12.a \
	bench/peers/libpeers-6.1.a $(BENCH_LIBS)
CLEANFILES += bench/libbench.a bench/ratios-worker-6.1 bench/ratios-worker-6.12

# single calls under adversarial loads: "make bench/tail && bench/tail"
EXTRA_PROGRAMS += bench/tail
bench_tail_SOURCES = bench/tail.c bench/tail.h bench/wl_tail.h bench/tail_ours.c bench/tail_peer.c
bench_tail_CPPFLAGS = $(bench_libbench_a_CPPFLAGS)
bench_tail_LDFLAGS = -static
bench_tail_LDADD = bench/libbench.a bench/peers/libpeers-6.1.a $(BENCH_LIBS)
CLEANFILES += bench/tail

# bench/bench is a few lines of shell that make and start bench/bench-run.
noinst_SCRIPTS = bench/bench
CLEANFILES += bench/bench
EXTRA_DIST += bench/bench.sh
bench/bench: bench/bench.sh
	$(AM_V_GEN)$(MKDIR_P) bench && sed 's/@have_benchmark@/$(HAVE_BENCHMARK)/' \
		$(srcdir)/bench/bench.sh >$@.tmp && chmod +x $@.tmp && mv $@.tmp $@
if HAVE_BENCHMARK
HAVE_BENCHMARK = yes
EXTRA_PROGRAMS += bench/bench-run
bench_bench_run_SOURCES = bench/bench.c bench/gbench.cc bench/gbench.h
bench_bench_run_CPPFLAGS = $(bench_libbench_a_CPPFLAGS)
bench_bench_run_CXXFLAGS = $(AM_CXXFLAGS) $(BENCHMARK_CFLAGS)
bench_bench_run_LDFLAGS = -static
bench_bench_run_LDADD = bench/libbench.a bench/peers/libpeers-6.1.a $(BENCH_LIBS) \
	$(BENCHMARK_LIBS)
CLEANFILES += bench/bench-run
else
HAVE_BENCHMARK = no
EXTRA_DIST += bench/bench.c bench/gbench.cc bench/gbench.h
endif

# What had to be unpacked or downloaded survives a "make clean".
clean-local: clean-peers
clean-peers:
	-rm -rf bench/peers/obj-6.* bench/peers/libpeers-6.*
distclean-local: distclean-peers
distclean-peers:
	-rm -rf bench/peers/src-6.* bench/peers/download
.PHONY: clean-peers distclean-peers

# bench/kernel.sh and its modules (kernel-shim/Kbuild)
KERNEL_C += bench/kernel/main.c bench/kernel/cases.c bench/kernel/check.c bench/kernel/layers.c
EXTRA_DIST += bench/kernel/main.c bench/kernel/cases.c bench/kernel/check.c bench/kernel/layers.c \
	bench/kernel/iova_bench.h bench/kernel/measure.h bench/kernel/ratios.awk bench/kernel/same.awk \
	bench/kernel/icount.sh bench/kernel/layers.sh bench/kernel/README.md bench/kernel.sh
