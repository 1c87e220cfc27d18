# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# gnuplot -c replay.gp TABLE DIR PEER: draws what bench/replay --svg=DIR found, each
# plot as DIR/NAME.svg and DIR/NAME.png.  TABLE has one row per trace and mode, with
# a header line.
table = ARG1
dir = ARG2
peer = ARG3

set datafile separator "\t"
set datafile columnheaders
stats table using "ratio_max" nooutput name "ROWS"
n = ROWS_records
# With one trace an axis would shrink to nothing around it.
ratio_top = ROWS_max > 1.05 ? 1.1 * ROWS_max : 1.15

# Blue is ours, orange the peer, in every plot; both tell apart without colour vision.
ours_dark = "#1b5e9b"
ours_light = "#8fbfe6"
peer_dark = "#c2571a"
peer_light = "#f4b98a"
grey = "#666666"

width = n < 6 ? 700 : 180 + 72 * n
height = 520

set style fill solid 1.0 noborder
set border 3 linecolor rgb "#999999"
set tics nomirror textcolor rgb "#222222"
set grid ytics linecolor rgb "#dddddd" linetype 1 linewidth 1
set xtics rotate by -38 left offset -0.6,0
set key outside top horizontal right samplen 1.4
set bmargin 7.5
set lmargin 10
set title offset 0,0.4 font ",15"
set xrange [-0.6:n - 0.4]

# Both formats of every plot: begin(name, k) chooses, k = 1, 2.
begin(k, w, h) = k == 1 ? \
	sprintf("set terminal svg size %d,%d font 'Helvetica,Arial,sans-serif,13' background '#ffffff'", w, h) : \
	sprintf("set terminal pngcairo size %d,%d font 'sans,11' background '#ffffff'", w, h)
file(k, name) = sprintf("%s/%s.%s", dir, name, k == 1 ? "svg" : "png")
# In a trace's place: ours left, the peer right.
at(row, side) = row + (side - 0.5) * 0.4
half = 0.17

# The map's part of the pair, as its height; traces may map more often than they unmap.
map_part(s) = column(s."_pair") * column(s."_map") / (column(s."_map") + column(s."_unmap"))
# Logarithmic axes show nothing at zero.
some(x) = x > 0 ? x : NaN
at_side(s, name) = some(column((s ? "peer_" : "ours_").name))

do for [k = 1:2] {
	eval(begin(k, width, height))

	# How much of the peer's time we take
	set output file(k, "ratio")
	set title "CPU time of a map and its unmap, ours as a share of Linux's"
	set ylabel "ours / Linux"
	set yrange [0:ratio_top]
	set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead \
		linecolor rgb peer_dark linewidth 1.5 dashtype 2 front
	set label 1 "as fast as Linux" at graph 0.995, first 1 right offset 0,0.6 \
		textcolor rgb peer_dark font ",10"
	plot table using 0:"ratio":(0.5):xtic(1) with boxes linecolor rgb ours_dark \
			title "one thread", \
		"" using 0:"ratio_min":(0):(column("ratio_max") - column("ratio_min")) \
			with vectors heads size graph 0.006,90 linecolor rgb "#222222" \
			linewidth 1.2 title "extremes of its rounds", \
		"" using 0:(some(column("ratio_2t"))) with points pointtype 13 pointsize 1.1 \
			linecolor rgb "#2a9d5c" title "two threads", \
		"" using 0:(0):(sprintf("%.2f", column("ratio"))) with labels \
			offset 0,0.8 font ",11" textcolor rgb "#ffffff" notitle
	unset arrow 1
	unset label 1

	# Nanoseconds, the map in the lower and darker part
	set output file(k, "time")
	set title "Net CPU time of a map and its unmap, one thread"
	set ylabel "nanoseconds"
	set yrange [0:*]
	plot table using (at($0, 0)):"ours_pair":(2 * half):xtic(1) with boxes \
			linecolor rgb ours_light title "ours: unmap", \
		"" using (at($0, 0)):(map_part("ours")):(2 * half) with boxes \
			linecolor rgb ours_dark title "ours: map", \
		"" using (at($0, 1)):"peer_pair":(2 * half) with boxes \
			linecolor rgb peer_light title "Linux: unmap", \
		"" using (at($0, 1)):(map_part("peer")):(2 * half) with boxes \
			linecolor rgb peer_dark title "Linux: map", \
		"" using (at($0, 0)):"ours_pair":(sprintf("%.0f", column("ours_pair"))) with labels \
			offset 0,0.6 font ",9" textcolor rgb ours_dark notitle, \
		"" using (at($0, 1)):"peer_pair":(sprintf("%.0f", column("peer_pair"))) with labels \
			offset 0,0.6 font ",9" textcolor rgb peer_dark notitle

	# A line from the median to the greatest; values below a step of the clock count as one
	eval(begin(k, width, 2 * height))
	set output file(k, "latency")
	set multiplot layout 2,1
	set logscale y
	set yrange [5:*]
	set ylabel "nanoseconds"
	do for [call in "map unmap"] {
		set title sprintf("Latency of %s: p50, p99, p99.9, greatest", call)
		plot table using 0:(NaN):xtic(1) with points notitle, \
			for [s = 0:1] "" using (at($0, s)):(at_side(s, call."_p50")):(0): \
				(at_side(s, call."_max") - at_side(s, call."_p50")) \
				with vectors heads size graph 0.006,90 linewidth 1.5 \
				linecolor rgb s ? peer_light : ours_light notitle, \
			for [q = 1:3] for [s = 0:1] "" \
				using (at($0, s)):(at_side(s, call."_".word("p50 p99 p999", q))) \
				with points pointtype (int(word("7 5 9", q))) pointsize (real(word("1.0 0.7 0.9", q))) \
				linecolor rgb s ? peer_dark : ours_dark \
				title (s ? "Linux " : "ours ").word("p50 p99 p99.9", q)
	}
	unset multiplot
	unset logscale y

	# What it costs besides time
	eval(begin(k, width * 1.5, 2 * height))
	set output file(k, "cost")
	set multiplot layout 2,2
	set ylabel ""
	do for [p = 1:4] {
		set title word("'Invalidation descriptors per 1000 unmaps' 'Leaf page tables touched' ". \
			"'Simulated page-walk-cache misses per 1000 accesses' 'Peak metadata, KiB'", p)
		name = word("descriptors leaves misses meta_kib", p)
		if (p == 1) { set logscale y; set yrange [1:2000] }
		if (p == 3) { set logscale y; set yrange [0.001:1000] }
		if (p % 2 == 0) { unset logscale y; set yrange [0:*] }
		plot table using (at($0, 0)):(at_side(0, name)):(2 * half):xtic(1) with boxes \
				linecolor rgb ours_dark title "ours", \
			"" using (at($0, 1)):(at_side(1, name)):(2 * half) with boxes \
				linecolor rgb peer_dark title "Linux"
	}
	unset multiplot
	unset logscale y
	unset output
}
