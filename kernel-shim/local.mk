# kernel-shim: the kernel modules, built by Kbuild in kobj/
#
# Kbuild wants sources and objects in one directory: kobj/ holds links to the sources
# under their paths in the source tree.  What to compile into iova_core.ko is taken
# from the libraries' own lists.
CORE_C = $(libiova_libiova_core_la_SOURCES) $(libpgtbl_libpgtbl_core_la_SOURCES) \
	$(libdma_libdma_core_la_SOURCES) $(libvtd_libvtd_core_la_SOURCES)
KERNEL_CORE_C = kernel-shim/core_main.c kernel-shim/core_params.c kernel-shim/exports.c \
	kernel-shim/plat_kernel.c
KERNEL_VTD_C = kernel-shim/vtd_main.c kernel-shim/vtd_acpi.c kernel-shim/vtd_hw.c \
	kernel-shim/vtd_irq.c kernel-shim/vtd_source.c kernel-shim/vtd_domain.c \
	kernel-shim/vtd_space.c kernel-shim/vtd_firmware.c kernel-shim/vtd_inval.c \
	kernel-shim/vtd_iommu_ops.c kernel-shim/vtd_dma_ops.c kernel-shim/vtd_dma_sg.c \
	kernel-shim/vtd_dma_alloc.c kernel-shim/vtd_debugfs.c
KERNEL_SELFTEST_C = kernel-shim/selftest_main.c kernel-shim/selftest_torment.c \
	kernel-shim/selftest_words.c kernel-shim/selftest_iova.c kernel-shim/selftest_pgtbl.c \
	kernel-shim/selftest_dmap.c kernel-shim/selftest_mem.c
KERNEL_C = $(KERNEL_CORE_C) $(KERNEL_VTD_C) $(KERNEL_SELFTEST_C)
EXTRA_DIST += $(KERNEL_C) kernel-shim/Kbuild kernel-shim/exports.awk kernel-shim/ivtd.h \
	kernel-shim/plat_impl.h kernel-shim/plat_kernel.h kernel-shim/plat_rcu.h \
	kernel-shim/plat_types.h kernel-shim/selftest.h doc/kernel-module.md

if CONFIG_KERNEL
all-local: modules
endif
clean-local: modules_clean
KBUILD = $(MAKE) -C '$(KERNEL_HEADERS)' M='$(abs_builddir)/kobj' \
	IOVA_SRC='$(abs_top_srcdir)' IOVA_CFLAGS='$(WERROR)'

kobj/links: Makefile
	$(AM_V_GEN)core=; for f in $(CORE_C) $(KERNEL_C); do \
		case $$f in *.h) continue ;; lib*) core="$$core $${f%.c}.o" ;; esac; \
		$(MKDIR_P) "kobj/$${f%/*}" && ln -sf "$(abs_top_srcdir)/$$f" "kobj/$$f" || exit; \
	done && ln -sf "$(abs_top_srcdir)/kernel-shim/Kbuild" kobj/Kbuild && \
	echo "core-objs :=$$core" >kobj/objects.mk && \
	for f in $(user_headers); do \
		case $$f in lib*) echo "#include \"$${f##*/}\"" ;; esac; \
	done >kobj/kernel-shim/headers.inc && touch $@
modules: kobj/links
	+$(AM_V_at)$(KBUILD) modules
modules_install: modules
	+$(AM_V_at)$(KBUILD) modules_install INSTALL_MOD_PATH='$(DESTDIR)'
modules_clean:
	rm -rf kobj
.PHONY: modules modules_install modules_clean
