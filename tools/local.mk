# SPDX-License-Identifier: GPL-2.0-only OR MIT
# programs that are installed
if CONFIG_USER
bin_PROGRAMS += tools/iova-dump tools/pgtbl-dump
endif
tools_iova_dump_SOURCES = tools/iova-dump.c
tools_iova_dump_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libiova
tools_iova_dump_LDADD = libiova/libiova.la
tools_pgtbl_dump_SOURCES = tools/pgtbl-dump.c tools/script.c tools/script.h
tools_pgtbl_dump_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libpgtbl -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'
tools_pgtbl_dump_LDADD = libpgtbl/libpgtbl.la
