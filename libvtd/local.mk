# libvtd: see the top of Makefile.am for core and library
VTD_SOURCES = libvtd/vtd_reg.h libvtd/vtd_int.h libvtd/vtd_queue.h libvtd/caps.c libvtd/context.c \
	libvtd/dmar.c libvtd/domain.c libvtd/encode.c libvtd/fault.c libvtd/gcmd.c libvtd/queue.c \
	libvtd/queue_life.c libvtd/queue_wait.c libvtd/unit.c
VTD_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libvtd

user_parts += libvtd/libvtd_core.la
libvtd_libvtd_core_la_SOURCES = $(VTD_SOURCES)
libvtd_libvtd_core_la_CPPFLAGS = $(VTD_CPPFLAGS)

user_libs += libvtd/libvtd.la
libvtd_libvtd_la_SOURCES =
libvtd_libvtd_la_LIBADD = libvtd/libvtd_core.la plat/libplat.la
libvtd_libvtd_la_LDFLAGS = $(SOLIB_FLAGS) -Wl,--version-script=$(top_srcdir)/libvtd/libvtd.map
EXTRA_libvtd_libvtd_la_DEPENDENCIES = libvtd/libvtd.map
EXTRA_DIST += libvtd/libvtd.map doc/ordering-vtd.md
user_headers += libvtd/vtd.h libvtd/vtd_dmar.h
