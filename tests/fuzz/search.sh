#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# search.sh - "make fuzz": libFuzzer on every target, two at a time.  What it finds
# lands in fuzz-out/ of the build directory: new inputs, and crash-* files that
# belong into tests/fuzz/corpus once fixed.  Prints TAP.
set -u
if [ "${1-}" = one ]; then
	name=${2##*/fuzz_}
	out=fuzz-out/$name
	mkdir -p "$out"
	ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
		"./$2" -max_total_time="$FUZZ_SECONDS" -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$out/" "$out" \
		"$top_srcdir/tests/fuzz/corpus/$name" >"fuzz-out/$name.log" 2>&1
	rc=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "fuzz-out/$name.log")
	if [ $rc -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		echo "ok - $name: $runs runs in $FUZZ_SECONDS s"
	else
		tail -n 40 "fuzz-out/$name.log" | sed 's/^/# /'
		echo "not ok - $name: see fuzz-out/$name.log"
	fi
	exit 0
fi

export FUZZ_SECONDS top_srcdir
mkdir -p fuzz-out
# shellcheck disable=SC2086
printf '%s\n' $FUZZ_TARGETS | grep . | xargs -r -P 2 -n 1 sh "$0" one | tee fuzz-out/results
echo "1..$(grep -c 'ok - ' fuzz-out/results)"
! grep -q '^not ok' fuzz-out/results
