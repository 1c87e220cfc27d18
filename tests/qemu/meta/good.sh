# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# A guest that does nothing wrong; and one that goes wrong just as it must.
summary="a guest that goes right"
drivers=none
iommu=
variants="right must-fail"
[ "$variant" = right ] || must_fail="^not ok [0-9]+ - something"

guest() {
	check "this works" true
	[ "$variant" = right ] || check "something does not work" false
}
