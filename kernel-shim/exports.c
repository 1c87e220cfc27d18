// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * exports.c - the libraries' public symbols for other modules.
 *
 * exports.inc is made by exports.awk while the module is built: an EXPORT line
 * for every symbol that the core's objects define and that a version script
 * makes public.  The headers are for the types that symbol versions hash.
 */
/* The wrappers of pgtbl.h are functions of calls.c. */
#define PGTBL_INLINE extern inline

#include "dmap.h"
#include "dmap_simq.h"
#include "iova.h"
#include "iova_bulk.h"
#include "iova_place.h"
#include "pgtbl.h"
#include "pgtbl_change.h"
#include "vtd.h"
#include "vtd_dmar.h"

#include <linux/export.h>

#define EXPORT(symbol) EXPORT_SYMBOL_NS_GPL(symbol, LIBIOVA);
#include "exports.inc"
