# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=ash disable=SC2034
# Unmap has to make the unit forget.  The probe is worth something only if a build that
# does not flush fails it: variant "mutant" is that build.
summary="edu: no stale translation after unmap; a build without the flush is caught"
variants="intact mutant"
[ "$driver" = vtd ] || variants=intact
devices="-device edu,addr=4"
faults=2
if [ "$variant" = mutant ]; then
	mutant=no-flush
	faults=0
	must_fail="^not ok [0-9]+ - no stale translation"
	must_fail="$must_fail|^fault expected, not reported: $BDF (read|write) "
fi

guest() {
	load_driver
	edu_load 0000:00:04.0
	edu "no stale translation after unmap: the device reads" read-after-unmap
	edu "no stale translation after unmap: the device writes" write-after-unmap
	edu "no stale translation in an address's second use" reuse
}
