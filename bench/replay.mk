# bench/replay: recorded DMA traffic through ours and through Linux's own code

# What reads traces, apart from what replays them
if HAVE_ZSTD
ZSTD_DEF = -DHAVE_ZSTD
else
ZSTD_DEF =
endif
noinst_LTLIBRARIES += bench/libtrace.la
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
