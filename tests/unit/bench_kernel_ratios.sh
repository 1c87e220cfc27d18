#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# bench/kernel.sh: what ratios.awk makes of guests' logs, and what it refuses; bad arguments.
. "$top_srcdir/tests/tap.sh"
awk=${AWK:-awk}
show="out err"

# log FACTOR OPS SEGMENTS ROUNDS DONE: what a guest prints; counts are multiples of FACTOR.
log() {
	echo "[ 1.0] iova_bench: DEVICE 0000:00:04.0 ops $2"
	echo "[ 1.0] iova_bench: SEGMENTS sg32_scattered $3 max_seg_size 65536"
	echo "[ 1.0] iova_bench: SEGMENTS sg32_contig $3 max_seg_size 65536"
	round=0
	while [ $round -lt "$4" ]; do
		for case in 4k sg32_scattered mixed; do
			echo "[ 1.0] iova_bench: RESULT $case round $round n 10" \
				"map $(($1 * (1000 + 10 * round))) unmap $(($1 * 1000))" \
				"map_p50 $((2 * $1)) map_p99 $((3 * $1)) map_max $((4 * $1))" \
				"unmap_p50 1 unmap_p99 1 unmap_max 1"
		done
		round=$((round + 1))
	done
	echo "[ 1.0] iova_bench: DONE $5"
}

ratios() { # names
	"$awk" -v mode=lazy -v names="$1" -v rounds=3 -v peer_name=linux-6.1.1 -v json="$dir/json" \
		-f "$top_srcdir/bench/kernel/ratios.awk" side=ours "$dir/ours" side=peer "$dir/peer" \
		>"$dir/out" 2>"$dir/err"
}

refused() { # description, pattern
	! ratios kernel/4k_lazy && grep -q "$2" "$dir/err"
	result $? "$1"
	log 1 our_dma_ops 2 3 0 >"$dir/ours"
	log 4 iommu_dma_ops 2 3 0 >"$dir/peer"
}

log 1 our_dma_ops 2 3 0 >"$dir/ours"
log 4 iommu_dma_ops 2 3 0 >"$dir/peer"
ratios "kernel/4k_lazy kernel/4k_strict kernel/mixed_lazy_p99" &&
	cat >"$dir/want" <<-END && cmp -s "$dir/want" "$dir/out"
		RATIO kernel/4k_lazy ours=201 peer=804 peer_name=linux-6.1.1 ratio=0.25 min=0.25 max=0.25
		RATIO kernel/mixed_lazy_p99 ours=3 peer=12 peer_name=linux-6.1.1 ratio=0.25 min=0.25 max=0.25
	END
result $? "medians over rounds, of the names of this mode"
[ "$(grep -c '"ours_rounds":\[200,201,202\]' "$dir/json")" = 1 ]
result $? "JSON has the rounds"
sed -i 's/\(4k round 1 n 10 map\) [0-9]*/\1 9000/' "$dir/ours"
ratios kernel/4k_lazy && grep -q 'ours=202 .* min=0.25 max=1.244' "$dir/out"
result $? "min and max are of single rounds"
log 1 our_dma_ops 2 3 0 >"$dir/ours"

log 1 our_dma_ops 2 3 -5 >"$dir/ours"
refused "a module that failed" "did not finish: -5"
log 1 our_dma_ops 2 2 0 >"$dir/ours"
refused "a round too few" "2 rounds, not 3"
log 1 iommu_dma_ops 2 3 0 >"$dir/ours"
refused "Linux's own driver in our place" "dma_ops are iommu_dma_ops and iommu_dma_ops"
log 1 our_dma_ops 3 3 0 >"$dir/ours"
refused "more segments than Linux makes" "3 segments, Linux: 2"
echo "[ 2.0] iova_bench: SEGMENTS sg32_contig 1 max_seg_size 65536" >>"$dir/ours"
refused "another number of segments at the end" "but 2 before"
sed -i 's/map [0-9]* unmap/map 0 unmap/; s/unmap [0-9]* map_p50/unmap 0 map_p50/' "$dir/ours"
refused "a count of nothing" "not positive"
grep -v "RESULT 4k" "$dir/peer" >"$dir/less" && mv "$dir/less" "$dir/peer"
refused "a case that did not run" "no round 0 of 4k"

same() { # first line, second line
	echo "$1 $2" | "$awk" -f "$top_srcdir/bench/kernel/same.awk" 2>"$dir/err"
}
same "4k n 4096 map 5509652 map_max 1596" "4k n 4096 map 5509620 map_max 1594"
result $? "two boots that agree"
! same "4k n 4096 map 5509652 map_max 1596" "4k n 4096 map 5509652 map_max 1610"
result $? "two boots that do not"
! same "4k n 4096 map 1" "64k n 4096 map 1" && ! same "4k n 1 map 1" "4k n 1 map" && ! same
result $? "two boots that cannot be compared"

kernel=$top_srcdir/bench/kernel.sh
[ "$("$kernel" --list | sort -u | grep -c '^kernel/[0-9a-z_]*$')" = 18 ]
result $? "--list"
for args in kernel/nothing --boots=0 --rounds=many --fast; do
	"$kernel" "$args" >"$dir/out" 2>"$dir/err"
	[ $? = 1 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ]
	result $? "$args is refused"
done
echo "1..$n"
