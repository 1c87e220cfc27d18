/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "plat.h"

void (*vtd_step)(void);
