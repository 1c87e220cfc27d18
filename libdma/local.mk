# libdma: the DMA-mapping layer
user_parts += libdma/libdma_core.la
libdma_libdma_core_la_SOURCES = libdma/dmap.h libdma/dmap_simq.h libdma/dmap_int.h libdma/dmap_ring.h \
	libdma/space.c libdma/map.c libdma/inval.c libdma/flushq.c libdma/ring.c libdma/simq.c
libdma_libdma_core_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libdma -I$(top_srcdir)/libiova \
	-I$(top_srcdir)/libpgtbl

user_libs += libdma/libdma.la
libdma_libdma_la_SOURCES =
libdma_libdma_la_LIBADD = libdma/libdma_core.la libiova/libiova.la libpgtbl/libpgtbl.la \
	plat/libplat.la
libdma_libdma_la_LDFLAGS = $(SOLIB_FLAGS) -Wl,--version-script=$(top_srcdir)/libdma/libdma.map
libdma_libdma_la_DEPENDENCIES = $(libdma_libdma_la_LIBADD) libdma/libdma.map
EXTRA_DIST += libdma/libdma.map doc/ordering-dma.md
user_headers += libdma/dmap.h libdma/dmap_simq.h
