#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# search.sh - "make fuzz": every target for FUZZ_SECONDS, two at a time, under the fuzzer
# that the build is for (FUZZER): libFuzzer, or AFL++ if CC is one of its compilers.
# What it finds lands in fuzz-out/ of the build directory: new inputs, and crash-* files
# (AFL++: afl-X/default/queue, .../crashes and .../hangs) that belong into
# tests/fuzz/corpus once fixed.  Prints TAP.
#
# "make fuzz-corpus", with AFL++: fuzz-out/corpus-X gets the fewest of all inputs, found
# or in the tree, that reach every branch that all of them reach; at most 4 KiB each.
set -u

libfuzzer() { # name, program: fuzz-out/name.log; how many runs
	mkdir -p "fuzz-out/$1"
	ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
		"./$2" -max_total_time="$FUZZ_SECONDS" -timeout=20 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="fuzz-out/$1/" "fuzz-out/$1" \
		"$top_srcdir/tests/fuzz/corpus/$1" >"fuzz-out/$1.log" 2>&1 || return 1
	sed -n 's/^stat::number_of_executed_units: *//p' "fuzz-out/$1.log"
}

afl_stat() { sed -n "s/^$2 *: *//p" "fuzz-out/afl-$1/default/fuzzer_stats"; }

afl() {
	AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 \
		AFL_AUTORESUME=1 afl-fuzz -V "$FUZZ_SECONDS" -m none -t 20000 \
		-i "$top_srcdir/tests/fuzz/corpus/$1" -o "fuzz-out/afl-$1" -- "./$2" \
		>"fuzz-out/$1.log" 2>&1 || return 1
	[ "$(afl_stat "$1" saved_crashes)" = 0 ] && [ "$(afl_stat "$1" saved_hangs)" = 0 ] || return 1
	afl_stat "$1" execs_done
}

case ${1-} in
one)
	name=${2##*/fuzz_}
	if runs=$("$FUZZER" "$name" "$2") && [ "${runs:-0}" -gt 0 ]; then
		echo "ok - $name: $runs runs in $FUZZ_SECONDS s"
	else
		tail -n 40 "fuzz-out/$name.log" | sed 's/^/# /'
		echo "not ok - $name: see fuzz-out/$name.log"
	fi
	exit 0 ;;
corpus)
	for t in $FUZZ_TARGETS; do
		name=${t##*/fuzz_}
		rm -rf "fuzz-out/all-$name" "fuzz-out/corpus-$name"
		mkdir -p "fuzz-out/all-$name"
		for f in "$top_srcdir/tests/fuzz/corpus/$name"/* "fuzz-out/afl-$name"/default/queue/id* \
			"fuzz-out/$name"/*; do
			if [ ! -f "$f" ] || [ "$(wc -c <"$f")" -gt 4096 ]; then continue; fi
			cp "$f" "fuzz-out/all-$name/$(sha1sum <"$f" | cut -c 1-40)"
		done
		AFL_QUIET=1 AFL_ALLOW_TMP=1 afl-cmin -e -m none -t 20000 -i "fuzz-out/all-$name" \
			-o "fuzz-out/corpus-$name" -- "./$t" >"fuzz-out/$name.log" 2>&1 ||
			{ tail -n 20 "fuzz-out/$name.log"; exit 1; }
		echo "$name: $(find "fuzz-out/corpus-$name" -type f | wc -l) of" \
			"$(find "fuzz-out/all-$name" -type f | wc -l) inputs"
	done
	exit 0 ;;
esac

export FUZZ_SECONDS FUZZER top_srcdir
mkdir -p fuzz-out
# shellcheck disable=SC2086
printf '%s\n' $FUZZ_TARGETS | grep . | xargs -r -P 2 -n 1 sh "$0" one | tee fuzz-out/results
echo "1..$(grep -c 'ok - ' fuzz-out/results)"
! grep -q '^not ok' fuzz-out/results
