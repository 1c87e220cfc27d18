# plat: a hidden copy goes into every library
noinst_LTLIBRARIES += plat/libplat.la
plat_libplat_la_SOURCES = plat/plat.h plat/plat_mem.h plat/user/plat_types.h plat/user/plat_impl.h \
	plat/user/plat_rseq_x86.h plat/user/plat_user.c
plat_libplat_la_CFLAGS = $(AM_CFLAGS) $(URCU_BP_CFLAGS)
plat_libplat_la_LIBADD = $(URCU_BP_LIBS)
pkginclude_HEADERS += plat/plat_mem.h plat/user/plat_types.h
