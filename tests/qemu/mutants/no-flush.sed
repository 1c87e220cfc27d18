# kernel-shim/vtd_inval.c
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Unmapping waits for the hardware, but what is flushed is a domain that nobody uses.
s/return vtd_inval_submit(unit, cmd, nr, fence);/static const struct vtd_inval_cmd other = { .kind = VTD_INVAL_DOMAIN, .domain = 200 }; return vtd_inval_submit(unit, \&other, 1, fence);/
s/return vtd_inval_submit_range(unit, cmd->domain, /return vtd_inval_submit_range(unit, 200, /
