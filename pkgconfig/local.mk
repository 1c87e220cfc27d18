# pkg-config files, one for each library
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = pkgconfig/libiova.pc pkgconfig/libpgtbl.pc pkgconfig/libvtd.pc pkgconfig/libdma.pc
if HAVE_JEMALLOC
pkgconfig_DATA += pkgconfig/libiova-jemalloc.pc
endif
