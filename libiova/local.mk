# SPDX-License-Identifier: GPL-2.0-only OR MIT
lib_LTLIBRARIES += libiova/libiova.la
libiova_libiova_la_SOURCES = \
	libiova/iova.h libiova/iova_int.h libiova/iova_refill.h \
	libiova/fast.c libiova/fresh.c libiova/query.c libiova/reclaim.c libiova/refill.c \
	libiova/search.c libiova/space.c libiova/span.c libiova/word.c
libiova_libiova_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libiova
libiova_libiova_la_LIBADD = plat/libplat.la
libiova_libiova_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -version-info 0:0:0 -Wl,-z,nodelete \
	-Wl,--version-script=$(top_srcdir)/libiova/libiova.map
EXTRA_libiova_libiova_la_DEPENDENCIES = libiova/libiova.map
EXTRA_DIST += libiova/libiova.map
pkginclude_HEADERS += libiova/iova.h
