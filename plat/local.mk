# plat: a hidden copy goes into every library
user_parts += plat/libplat.la
plat_libplat_la_SOURCES = plat/plat.h plat/plat_mem.h plat/plat_run.h plat/user/plat_types.h plat/user/plat_impl.h \
	plat/user/plat_rseq_x86.h plat/user/plat_rcu.h plat/user/plat_user.c plat/user/plat_node.h plat/user/plat_node.c \
	plat/user/plat_vectors.c
plat_libplat_la_CFLAGS = $(AM_CFLAGS) $(URCU_BP_CFLAGS)
plat_libplat_la_LIBADD = $(URCU_BP_LIBS)
user_headers += plat/plat_mem.h plat/user/plat_types.h

# libiova-jemalloc: jemalloc behind struct plat_mem, kept out of the other libraries
# because its static TLS does not survive dlopen().
if HAVE_JEMALLOC
user_libs += plat/jemalloc/libiova-jemalloc.la
plat_jemalloc_libiova_jemalloc_la_SOURCES = plat/jemalloc/plat_jemalloc.c \
	plat/user/plat_node.h plat/user/plat_node.c
plat_jemalloc_libiova_jemalloc_la_CFLAGS = $(AM_CFLAGS) $(JEMALLOC_CFLAGS) -pthread -I$(top_srcdir)/plat/user
plat_jemalloc_libiova_jemalloc_la_LIBADD = $(JEMALLOC_LIBS)
plat_jemalloc_libiova_jemalloc_la_LDFLAGS = $(SOLIB_FLAGS) \
	-Wl,--version-script=$(srcdir)/plat/jemalloc/libiova-jemalloc.map
EXTRA_plat_jemalloc_libiova_jemalloc_la_DEPENDENCIES = plat/jemalloc/libiova-jemalloc.map
user_headers += plat/jemalloc/plat_jemalloc.h
endif
EXTRA_DIST += plat/jemalloc/libiova-jemalloc.map
