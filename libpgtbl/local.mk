# libpgtbl: IOMMU page tables
user_parts += libpgtbl/libpgtbl_core.la
libpgtbl_libpgtbl_core_la_SOURCES = libpgtbl/pgtbl.h libpgtbl/pgtbl_priv.h libpgtbl/pgtbl_fmt.h \
	libpgtbl/pgtbl_template.h libpgtbl/pgtbl_walk.h libpgtbl/pgtbl_fill.h libpgtbl/pgtbl_map.h libpgtbl/pgtbl_unmap.h \
	libpgtbl/pgtbl_read.h libpgtbl/pgtbl_reclaim.h libpgtbl/pgtbl_fast.h libpgtbl/pgtbl_tiers.h libpgtbl/pgtbl_leaf.h \
	libpgtbl/pgtbl_split.h libpgtbl/pgtbl_promote.h libpgtbl/pgtbl_replace.h \
	libpgtbl/pgtbl_reserve.h libpgtbl/pgtbl_track.h libpgtbl/pgtbl_change.h \
	libpgtbl/pgtbl_dirty.h libpgtbl/pgtbl_grow.h libpgtbl/grow.c libpgtbl/change.c libpgtbl/dirty.c libpgtbl/reserve.c \
	libpgtbl/pgtbl.c libpgtbl/pages.c libpgtbl/gather.c libpgtbl/dump_out.h libpgtbl/pgtbl_dump.h \
	libpgtbl/dump.c libpgtbl/dump_svg.c libpgtbl/check.c libpgtbl/image.c libpgtbl/compare.c libpgtbl/calls.c \
	libpgtbl/fmt/amdv1.c libpgtbl/fmt/arm.c libpgtbl/fmt/riscv.c libpgtbl/fmt/tce.c \
	libpgtbl/fmt/vtdss.c libpgtbl/fmt/x86_64.c
libpgtbl_libpgtbl_core_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libpgtbl
libpgtbl_libpgtbl_core_la_CFLAGS = $(AM_CFLAGS) $(URCU_BP_CFLAGS)

user_libs += libpgtbl/libpgtbl.la
libpgtbl_libpgtbl_la_SOURCES =
libpgtbl_libpgtbl_la_LIBADD = libpgtbl/libpgtbl_core.la plat/libplat.la
libpgtbl_libpgtbl_la_LDFLAGS = $(SOLIB_FLAGS) -Wl,--version-script=$(top_srcdir)/libpgtbl/libpgtbl.map
libpgtbl_libpgtbl_la_DEPENDENCIES = libpgtbl/libpgtbl_core.la plat/libplat.la libpgtbl/libpgtbl.map
EXTRA_DIST += libpgtbl/libpgtbl.map
user_headers += libpgtbl/pgtbl.h libpgtbl/pgtbl_change.h libpgtbl/pgtbl_dirty.h \
	libpgtbl/pgtbl_dump.h libpgtbl/pgtbl_grow.h
