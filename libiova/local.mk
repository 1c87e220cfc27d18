# SPDX-License-Identifier: GPL-2.0-only OR MIT
# libiova: IOVA range allocation
user_parts += libiova/libiova_core.la
libiova_libiova_core_la_SOURCES = \
	libiova/iova.h libiova/iova_bulk.h libiova/iova_int.h libiova/iova_place.h libiova/iova_refill.h \
	libiova/iova_slot.h \
	libiova/iova_life.h libiova/iova_query.h libiova/iova_resv.h libiova/life.c libiova/quarantine.c libiova/resv.c \
	libiova/bulk.c libiova/check.c libiova/exact.c libiova/fast.c libiova/fresh.c libiova/full.c libiova/place.c \
	libiova/policy.c libiova/query.c libiova/reclaim.c libiova/refill.c \
	libiova/search.c libiova/space.c libiova/span.c libiova/span_free.c libiova/trim.c libiova/vain.c libiova/want.c \
	libiova/word.c
libiova_libiova_core_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libiova

user_libs += libiova/libiova.la
libiova_libiova_la_SOURCES =
libiova_libiova_la_LIBADD = libiova/libiova_core.la plat/libplat.la
libiova_libiova_la_LDFLAGS = $(SOLIB_FLAGS) -Wl,--version-script=$(top_srcdir)/libiova/libiova.map
libiova_libiova_la_DEPENDENCIES = libiova/libiova_core.la plat/libplat.la libiova/libiova.map
EXTRA_DIST += libiova/libiova.map
user_headers += libiova/iova.h libiova/iova_bulk.h libiova/iova_life.h libiova/iova_place.h \
	libiova/iova_query.h libiova/iova_resv.h
