// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * exports.c - the libraries' public symbols for other modules.
 *
 * exports.inc is made by exports.awk while the module is built: an EXPORT line
 * for every symbol that the core's objects define and that a version script
 * makes public.  The types that symbol versions hash come from headers.inc, which
 * kernel-shim/local.mk makes: the libraries' public headers.
 */
/* The wrappers of pgtbl.h are functions of calls.c. */
#define PGTBL_INLINE extern inline

#include "headers.inc"

#include <linux/export.h>

#define EXPORT(symbol) EXPORT_SYMBOL_NS_GPL(symbol, LIBIOVA);
#include "exports.inc"
