# unit tests of libvtd, over the software model in tests/model/
VTD_MODEL_SOURCES = tests/model/vtd_model.h tests/model/vtd_model_int.h tests/model/vtd_model_mem.c \
	tests/model/vtd_model_queue.c tests/model/vtd_model_reg.c tests/model/vtd_model_walk.c
check_LTLIBRARIES += tests/model/libvtdmodel.la
tests_model_libvtdmodel_la_SOURCES = $(VTD_MODEL_SOURCES)
tests_model_libvtdmodel_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_libvtdmodel_la_CFLAGS = $(AM_CFLAGS) -pthread
EXTRA_DIST += tests/unit/vtd_rig.h

VTD_UNIT =
if HAVE_CRITERION
VTD_UNIT += tests/unit/test_vtd tests/unit/test_vtd_shared tests/unit/test_vtd_step
endif
check_PROGRAMS += $(VTD_UNIT)
TESTS += $(VTD_UNIT)

tests_unit_test_vtd_SOURCES = tests/unit/test_vtd_caps.c tests/unit/test_vtd_cover.c \
	tests/unit/test_vtd_unit.c tests/unit/test_vtd_context.c tests/unit/test_vtd_inval.c \
	tests/unit/test_vtd_range.c tests/unit/test_vtd_domain.c tests/unit/test_vtd_fault.c
tests_unit_test_vtd_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_vtd_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vtd_LDADD = libvtd/libvtd_core.la tests/model/libvtdmodel.la libpgtbl/libpgtbl.la \
	plat/libplat.la $(UNIT_LIBS)

# against a build that stops after each atomic operation
check_LTLIBRARIES += tests/model/libvtdstep.la
tests_model_libvtdstep_la_SOURCES = tests/model/step/plat_impl.h tests/plat_hook.h tests/model/step/step.c $(VTD_SOURCES)
tests_model_libvtdstep_la_CPPFLAGS = -I$(top_srcdir)/tests/model/step $(VTD_CPPFLAGS)

# against the installed library: only what it exports
tests_unit_test_vtd_shared_SOURCES = tests/unit/test_vtd_protect.c tests/unit/test_vtd_dmar.c
tests_unit_test_vtd_shared_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_vtd_shared_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vtd_shared_LDADD = libvtd/libvtd.la tests/model/libvtdmodel.la libpgtbl/libpgtbl.la \
	$(UNIT_LIBS)

tests_unit_test_vtd_step_SOURCES = tests/unit/test_vtd_step.c
tests_unit_test_vtd_step_CPPFLAGS = -I$(top_srcdir)/tests/model/step $(TEST_CPPFLAGS)
tests_unit_test_vtd_step_CFLAGS = $(UNIT_CFLAGS)
tests_unit_test_vtd_step_LDADD = tests/model/libvtdstep.la tests/model/libvtdmodel.la \
	libpgtbl/libpgtbl.la plat/libplat.la $(UNIT_LIBS)
