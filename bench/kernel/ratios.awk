# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# ratios.awk - RATIO lines out of the logs of two guests, ours and Linux's.
#
#   awk -v mode=strict|lazy -v names="kernel/4k_strict ..." -v rounds=N -v peer_name=NAME \
#       [-v json=FILE] -f ratios.awk side=ours OURS.LOG side=peer PEER.LOG
#
# Compares the requested names of that mode.  With json, appends one object a line to FILE.
# Fails, and says why, where a log does not hold what a good run prints.

function fail(why) {
	print "ratios.awk: " mode ": " why >"/dev/stderr"
	failed = 1
	exit 1
}

# Field "KEY VALUE" of the current line.
function field(key,    i) {
	for (i = 1; i < NF; i++)
		if ($i == key)
			return $(i + 1)
	fail(side ": no " key " in: " $0)
}

{ sub(/\r$/, "") }

/iova_bench: DEVICE .* ops / { ops[side] = field("ops") }
/iova_bench: SEGMENTS / {
	# the first check and the last must agree
	key = side SUBSEP field("SEGMENTS")
	n = $(NF - 2)
	if (key in segments && segments[key] != n)
		fail(side ": " $0 ", but " segments[key] " before")
	segments[key] = n
}
/iova_bench: DONE / { done[side] = field("DONE") }

/iova_bench: RESULT / {
	c = field("RESULT")
	r = field("round")
	seen[side, c]++
	value[side, c, r] = (field("map") + field("unmap")) / field("n")
	for (i = 1; i <= split("p50 p99 max", part, " "); i++)
		value[side, c "_" part[i], r] = field("map_" part[i])
}

function median(side, what,    v, i, j, t) {
	for (i = 0; i < rounds; i++) {
		t = value[side, what, i]
		for (j = i; j > 0 && v[j - 1] > t; j--)
			v[j] = v[j - 1]
		v[j] = t
	}
	return rounds % 2 ? v[(rounds - 1) / 2] : (v[rounds / 2 - 1] + v[rounds / 2]) / 2
}

function list(side, what,    i, text) {
	for (i = 0; i < rounds; i++)
		text = text (i ? "," : "") sprintf("%.8g", value[side, what, i])
	return "[" text "]"
}

# kernel/mixed_strict_p99 is the value "mixed_p99" of the case "mixed" in mode strict.
function compare(name,    what, c, i, q, lo, hi, ours, peer) {
	what = name
	sub(/^kernel\//, "", what)
	if (!sub("_" mode "$", "", what) && !sub("_" mode "_", "_", what))
		return
	c = what
	sub(/^mixed_.*/, "mixed", c)
	for (i = 0; i < rounds; i++) {
		if (!(("ours", what, i) in value) || !(("peer", what, i) in value))
			fail("no round " i " of " c)
		if (value["ours", what, i] <= 0 || value["peer", what, i] <= 0)
			fail("a count of " c " is not positive")
		q = value["ours", what, i] / value["peer", what, i]
		if (!i || q < lo)
			lo = q
		if (!i || q > hi)
			hi = q
	}
	ours = median("ours", what)
	peer = median("peer", what)
	printf "RATIO %s ours=%.6g peer=%.6g peer_name=%s ratio=%.4g min=%.4g max=%.4g\n", name, ours,
		peer, peer_name, ours / peer, lo, hi
	if (json)
		printf "{\"name\":\"%s\",\"peer_name\":\"%s\",\"unit\":\"instructions\",\"ours\":%.8g,\"peer\":%.8g,\"ratio\":%.6g,\"min\":%.6g,\"max\":%.6g,\"ours_rounds\":%s,\"peer_rounds\":%s}\n",
			name, peer_name, ours, peer, ours / peer, lo, hi, list("ours", what),
			list("peer", what) >>json
}

END {
	if (failed)
		exit 1
	for (i = 1; i <= split("ours peer", part, " "); i++)
		if (done[part[i]] != "0")
			fail(part[i] ": the module did not finish: " done[part[i]])
	for (key in seen)
		if (seen[key] != rounds)
			fail(key ": " seen[key] " rounds, not " rounds)
	if (ops["peer"] != "iommu_dma_ops" || ops["ours"] == "iommu_dma_ops" || ops["ours"] == "0x0")
		fail("dma_ops are " ops["ours"] " and " ops["peer"])
	# As few segments as Linux makes of the same list, or fewer.
	for (i = 1; i <= split("sg32_scattered sg32_contig", part, " "); i++)
		if (!(segments["ours", part[i]] + 0) ||
		    segments["ours", part[i]] + 0 > segments["peer", part[i]] + 0)
			fail(part[i] ": " segments["ours", part[i]] " segments, Linux: " \
				segments["peer", part[i]])
	n = split(names, name, " ")
	for (i = 1; i <= n; i++)
		compare(name[i])
}
