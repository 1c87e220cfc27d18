# models of libdma
if !SANITIZERS
check_PROGRAMS += tests/mc/mc_dmap
TESTS += tests/mc/mc_dmap
endif

tests_mc_mc_dmap_SOURCES = tests/mc/mc_dmap.c libdma/dmap_int.h libdma/dmap_ring.h libdma/space.c libdma/map.c \
	libdma/inval.c libdma/flushq.c libdma/ring.c
tests_mc_mc_dmap_CPPFLAGS = $(MC_MODEL_CPPFLAGS)
tests_mc_mc_dmap_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_dmap_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_dmap_LDADD = tests/mc/libmc.la
