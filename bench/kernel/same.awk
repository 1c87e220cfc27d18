# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# same.awk - whether two boots counted the same: lines of RESULT, side by side.
#
#   paste -d' ' FIRST SECOND | awk -f same.awk
#
# Fails where two counts differ by more than 8 and by more than one part in 10,000, where
# anything else differs, and where there is nothing to compare.
{
	half = NF / 2
	for (i = 1; i <= half; i++) {
		a = $i
		b = $(i + half)
		d = a > b ? a - b : b - a
		if (a != b && (a + 0 != a || b + 0 != b || (d > 8 && d > a / 10000))) {
			print "boots differ: " a " and " b " in: " $0 >"/dev/stderr"
			bad = 1
			exit 1
		}
		if (d > worst)
			worst = d
	}
	if (NF % 2 || !NF)
		bad = 1
	n++
}
END {
	if (bad || !n)
		exit 1
	printf "%d results of two boots agree to %d instructions\n", n, worst >"/dev/stderr"
}
