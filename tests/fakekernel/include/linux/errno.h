/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/errno.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_ERRNO_H
#define FAKE_LINUX_ERRNO_H

/* Values of include/uapi/asm-generic/errno{-base,}.h, which every architecture of ours shares. */
#define EPERM 1
#define ENOENT 2
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define EOVERFLOW 75
#define EOPNOTSUPP 95
#define ETIMEDOUT 110
#define EALREADY 114
#define ESTALE 116
#define EDQUOT 122
#define ENOTSUP EOPNOTSUPP

#endif
