# bench/replay: recorded DMA traffic through ours and through Linux's own code

# What reads traces, apart from what replays them
if HAVE_ZSTD
ZSTD_DEF = -DHAVE_ZSTD
else
ZSTD_DEF =
endif
user_parts += bench/libtrace.la
bench_libtrace_la_SOURCES = bench/replayer/ranges.c bench/replayer/ranges.h \
	bench/replayer/trace.c bench/replayer/trace.h bench/replayer/trace_file.c \
	bench/replayer/trace_file.h bench/replayer/trace_parse.c bench/replayer/trace_parse.h
bench_libtrace_la_CPPFLAGS = $(ALL_CPPFLAGS) $(ZSTD_DEF)
bench_libtrace_la_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS)
bench_libtrace_la_LIBADD = $(ZSTD_LIBS)

REPLAY_TRACES = bench/traces/ahci-fs-lazy.trace.zst bench/traces/ahci-fs-strict.trace.zst \
	bench/traces/boot-lazy.trace.zst bench/traces/e1000e-strict.trace.zst \
	bench/traces/mixed-strict.trace.zst bench/traces/nvme-deep-strict.trace.zst \
	bench/traces/nvme-fs-lazy.trace.zst bench/traces/nvme-lazy.trace.zst \
	bench/traces/nvme-strict.trace.zst bench/traces/pcnet-strict.trace.zst \
	bench/traces/usb-fs-strict.trace.zst bench/traces/virtio-strict.trace.zst
EXTRA_DIST += bench/traces/README.md $(REPLAY_TRACES)

# bench/replay is always there; what it compares with is made when it is first needed.
REPLAY_SOURCES = bench/clock.h bench/replayer/check.c bench/replayer/check.h \
	bench/replayer/check_queue.c bench/replayer/check_queue.h bench/replayer/count_mem.c bench/replayer/count_mem.h \
	bench/replayer/pass.c bench/replayer/pass.h bench/replayer/side.h \
	bench/replayer/side_empty.c bench/replayer/side_ours.c bench/replayer/walk_cache.c \
	bench/replayer/walk_cache.h
REPLAY_CORES = bench/libtrace.la libdma/libdma_core.la libpgtbl/libpgtbl_core.la \
	libiova/libiova_core.la plat/libplat.la
user_parts += bench/libreplay.la
bench_libreplay_la_SOURCES = $(REPLAY_SOURCES)
bench_libreplay_la_CPPFLAGS = $(ALL_CPPFLAGS)
bench_libreplay_la_LIBADD = $(REPLAY_CORES)

REPLAY_MAIN = bench/replayer/launch.c bench/replayer/launch.h bench/replayer/measure.c \
	bench/replayer/measure.h bench/replayer/options.c bench/replayer/options.h \
	bench/replayer/progress.c bench/replayer/progress.h bench/replayer/replay.c \
	bench/replayer/report.h bench/replayer/report_json.c bench/replayer/report_plots.c \
	bench/replayer/report_table.c bench/replayer/two_threads.c
REPLAY_CPPFLAGS = $(ALL_CPPFLAGS) -DPLOT_SCRIPT='"$(abs_top_srcdir)/bench/plot/replay.gp"'
REPLAY_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS) -pthread
# Everything of ours is linked statically, as the peer is.
REPLAY_LINK = -static
REPLAY_LIBS = $(JSONC_LIBS)
if HAVE_JEMALLOC
REPLAY_JEMALLOC = plat/jemalloc/libiova-jemalloc.la
else
REPLAY_JEMALLOC =
endif

user_progs += bench/replay
bench_replay_SOURCES = $(REPLAY_MAIN)
bench_replay_CPPFLAGS = $(REPLAY_CPPFLAGS)
bench_replay_CFLAGS = $(REPLAY_CFLAGS)
bench_replay_LDFLAGS = $(REPLAY_LINK)
bench_replay_LDADD = bench/libreplay.la $(REPLAY_JEMALLOC) $(REPLAY_LIBS)

EXTRA_PROGRAMS += bench/replay-6.1
bench_replay_6_1_SOURCES = $(REPLAY_MAIN) bench/replayer/linux_fq.c bench/replayer/linux_fq.h \
	bench/replayer/side_peer.c
bench_replay_6_1_CPPFLAGS = $(REPLAY_CPPFLAGS) -I$(top_srcdir)/bench/peers -DREPLAY_PEER
bench_replay_6_1_CFLAGS = $(REPLAY_CFLAGS)
bench_replay_6_1_LDFLAGS = $(REPLAY_LINK)
bench_replay_6_1_LDADD = bench/libreplay.la bench/peers/libpeers-6.1.a $(REPLAY_JEMALLOC) \
	$(JEMALLOC_LIBS) $(REPLAY_LIBS)
CLEANFILES += bench/replay-6.1
EXTRA_DIST += bench/plot/replay.gp scripts/bench.sh

EXTRA_DIST += bench/replayer/README.md doc/recording-traces.md bench/record/Kbuild bench/record/dmarec.c \
	bench/record/dmarec-trace bench/record/record.sh
