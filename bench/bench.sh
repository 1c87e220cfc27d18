#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# bench/bench: the workloads of bench/ratios under Google Benchmark.  Makes what it
# needs first.  Takes --benchmark_filter=REGEX and the like.
if [ @have_benchmark@ != yes ]; then
	echo "bench/bench: configure did not find Google Benchmark (libbenchmark-dev)" >&2
	exit 1
fi
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
"${MAKE:-make}" -s -C "$top" bench/bench-run >&2 || exit 1
exec "$top/bench/bench-run" "$@"
