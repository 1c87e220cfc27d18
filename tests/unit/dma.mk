# unit tests and stress of libdma
DMA_LIBS = libdma/libdma_core.la libiova/libiova_core.la libpgtbl/libpgtbl_core.la plat/libplat.la
DMA_UNIT =
if HAVE_CRITERION
DMA_UNIT += tests/unit/test_dmap tests/unit/test_dmap_bound tests/unit/test_dmap_home \
	tests/unit/test_dmap_iotlb tests/unit/test_dmap_lazy tests/unit/test_dmap_low \
	tests/unit/test_dmap_simq tests/unit/test_dmap_timer
endif
check_PROGRAMS += $(DMA_UNIT) tests/stress/stress_dmap
TESTS += $(DMA_UNIT) tests/stress/stress_dmap
EXTRA_DIST += tests/unit/test_dmap_env.h tests/unit/test_dmap_rig.h

tests_unit_test_dmap_SOURCES = tests/unit/test_dmap.c
tests_unit_test_dmap_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_bound_SOURCES = tests/unit/test_dmap_bound.c
tests_unit_test_dmap_bound_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_bound_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_bound_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_home_SOURCES = tests/unit/test_dmap_home.c
tests_unit_test_dmap_home_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_home_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_home_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_lazy_SOURCES = tests/unit/test_dmap_lazy.c
tests_unit_test_dmap_lazy_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_lazy_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_lazy_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_iotlb_SOURCES = tests/unit/test_dmap_iotlb.c
tests_unit_test_dmap_iotlb_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_iotlb_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_iotlb_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_low_SOURCES = tests/unit/test_dmap_low.c
tests_unit_test_dmap_low_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_low_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_low_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_simq_SOURCES = tests/unit/test_dmap_simq.c
tests_unit_test_dmap_simq_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_simq_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_simq_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_unit_test_dmap_timer_SOURCES = tests/unit/test_dmap_timer.c
tests_unit_test_dmap_timer_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_dmap_timer_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_dmap_timer_LDADD = $(DMA_LIBS) $(UNIT_LIBS)

tests_stress_stress_dmap_SOURCES = tests/stress/stress_dmap.c tests/tap.h
tests_stress_stress_dmap_CPPFLAGS = $(TEST_CPPFLAGS)
tests_stress_stress_dmap_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_stress_dmap_LDADD = $(DMA_LIBS)
