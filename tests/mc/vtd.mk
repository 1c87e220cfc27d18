# model of libvtd's invalidation queue
if !SANITIZERS
check_PROGRAMS += tests/mc/mc_vtd
TESTS += tests/mc/mc_vtd
endif
tests_mc_mc_vtd_SOURCES = tests/mc/mc_vtd.c $(VTD_SOURCES)
tests_mc_mc_vtd_CPPFLAGS = $(MC_MODEL_CPPFLAGS) -I$(top_srcdir)/libvtd
tests_mc_mc_vtd_CFLAGS = $(MC_CFLAGS)
tests_mc_mc_vtd_LDFLAGS = $(MC_NOPIE)
tests_mc_mc_vtd_LDADD = tests/mc/libmc.la
