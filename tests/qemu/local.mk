# SPDX-License-Identifier: GPL-2.0-only OR MIT
# tests/qemu boots virtual machines: scripts/check.sh runs it, "make check" does not.
EXTRA_DIST += tests/qemu/README.md tests/qemu/run tests/qemu/test-run tests/qemu/fetch-kernel \
	scripts/packages.sh scripts/demo-vtd.sh tests/qemu/demo.sh \
	tests/qemu/dmar.py tests/qemu/guest/init tests/qemu/guest/lib.sh \
	tests/qemu/lib/boot.sh tests/qemu/lib/build.sh tests/qemu/lib/initramfs.sh \
	tests/qemu/lib/judge.sh tests/qemu/meta/broken.sh tests/qemu/meta/good.sh \
	tests/qemu/modules/Kbuild tests/qemu/modules/edu_cases.c tests/qemu/modules/edu_main.c \
	tests/qemu/modules/edu_test.h tests/qemu/modules/warn_test.c \
	tests/qemu/mutants/collect-irqs-on.sed tests/qemu/mutants/no-fence.sed \
	tests/qemu/mutants/no-fence-reading.sed \
	tests/qemu/mutants/no-flush.sed tests/qemu/mutants/percpu-cas-irqs-on.sed \
	tests/qemu/mutants/take-irqs-on.sed \
	tests/qemu/programs/blockcheck.c tests/qemu/programs/netpeer.c \
	tests/qemu/programs/pattern.h \
	tests/qemu/scenarios/bridge.sh tests/qemu/scenarios/domains.sh \
	tests/qemu/scenarios/net.sh \
	tests/qemu/scenarios/nvme.sh tests/qemu/scenarios/protection.sh \
	tests/qemu/scenarios/refuse.sh tests/qemu/scenarios/reload.sh \
	tests/qemu/scenarios/rmrr.sh tests/qemu/scenarios/selftest.sh \
	tests/qemu/scenarios/stale-iotlb.sh tests/qemu/scenarios/strange-unit.sh
