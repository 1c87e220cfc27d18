# SPDX-License-Identifier: GPL-2.0-only OR MIT
# IOVA_KERNEL_HEADERS - find a directory in which modules can be built, from
# $with_kernel_headers, and set KERNEL_HEADERS and KERNEL_RELEASE.
AC_DEFUN([IOVA_KERNEL_HEADERS], [
AC_MSG_CHECKING([for kernel headers])
AS_IF([test -n "$with_kernel_headers"], [KERNEL_HEADERS=$with_kernel_headers], [
	KERNEL_HEADERS=
	for iova_dir in "/lib/modules/`uname -r`/build" \
		`ls -d /usr/src/linux-headers-*/ 2>/dev/null | sort -rV`; do
		AS_IF([test -f "$iova_dir/include/config/auto.conf"], [
			KERNEL_HEADERS=$iova_dir
			break])
	done
	AS_IF([test -z "$KERNEL_HEADERS"], [
		AC_MSG_RESULT([none])
		AC_MSG_ERROR([--with-config=$with_config needs a kernel build directory: install linux-headers-`uname -r`, or name one with --with-kernel-headers=DIR])])
])
KERNEL_HEADERS=`cd "$KERNEL_HEADERS" 2>/dev/null && pwd`
AS_IF([test -z "$KERNEL_HEADERS"],
	[AC_MSG_ERROR([--with-kernel-headers=$with_kernel_headers: no such directory])])
for iova_file in Makefile include/config/auto.conf include/config/kernel.release scripts/mod/modpost; do
	AS_IF([test ! -e "$KERNEL_HEADERS/$iova_file"],
		[AC_MSG_ERROR([$KERNEL_HEADERS/$iova_file is missing: not a directory in which modules can be built])])
done
KERNEL_RELEASE=`cat "$KERNEL_HEADERS/include/config/kernel.release"`
AC_MSG_RESULT([$KERNEL_HEADERS ($KERNEL_RELEASE)])

AC_MSG_CHECKING([whether a module can be built there])
rm -rf conftest.mod && mkdir conftest.mod
cat >conftest.mod/conftest.c <<'_ACEOF'
#include <linux/module.h>
MODULE_LICENSE("Dual MIT/GPL");
_ACEOF
echo 'obj-m := conftest.o' >conftest.mod/Kbuild
AS_IF([make -C "$KERNEL_HEADERS" M="`pwd`/conftest.mod" modules >conftest.out 2>&1 &&
	test -f conftest.mod/conftest.ko], [AC_MSG_RESULT([yes])], [
	AC_MSG_RESULT([no])
	cat conftest.out >&AS_MESSAGE_LOG_FD
	tail -n 5 conftest.out >&2
	AC_MSG_ERROR([$KERNEL_HEADERS does not build modules; config.log has more])])
rm -rf conftest.mod conftest.out
])
