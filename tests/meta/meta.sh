#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# meta.sh - proves that what must turn "make check" red does: small programs go wrong
# in one way each, run exactly as make runs a test (automake's driver around
# tests/run-test), and the result file that make counts has to say so.
set -u
. "$top_srcdir/tests/tap.sh"
show='test.log test.trs'
here=$top_srcdir/tests/meta
flags="-g -O1 -std=gnu11 -I$top_srcdir/tests -fsanitize=address,undefined -fno-sanitize-recover=undefined"
unset ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS GLIBC_TUNABLES

# shellcheck disable=SC2086
if ! { $CC $flags "$here/crit.c" "$top_srcdir/tests/unit_guard.c" -o "$dir/crit" -lcriterion &&
	$CC $flags "$here/crit.c" -o "$dir/unguarded" -lcriterion &&
	$CC $flags "$here/plain.c" -o "$dir/plain"; } >"$dir/log" 2>&1; then
	sed 's/^/# /' "$dir/log"
	echo "1..1"
	echo "not ok 1 - the programs compile"
	exit 1
fi

# colour PROGRAM DEFECT: green, red or skip, from what make would count.
colour() {
	rm -f "$dir/test.log" "$dir/test.trs"
	META=$2 TEST_TIMEOUT=3 AM_TAP_AWK=awk sh "$top_srcdir/build-aux/tap-driver.sh" \
		--test-name "$1" --log-file "$dir/test.log" --trs-file "$dir/test.trs" \
		--color-tests no --enable-hard-errors yes --expect-failure no \
		-- sh "$top_srcdir/tests/run-test" "$dir/$1" >/dev/null 2>&1
	if grep -q '^:test-result: \(FAIL\|ERROR\|XPASS\)' "$dir/test.trs"; then
		echo red
	elif grep -q '^:test-result: PASS' "$dir/test.trs"; then
		echo green
	else
		echo nothing
	fi
}

expect() { # colour, program, defect
	[ "$(colour "$2" "$3")" = "$1" ]
	result $? "$2: ${3:-no defect} is $1"
}

expect green crit ""
expect green plain ""
expect red unguarded ""
while IFS= read -r defect; do
	expect red crit "$defect"
done <<-LIST
	assertion
	expectation
	assertion in init
	assertion in fini
	expectation in fini
	exit(0)
	_exit(0)
	exit(0) in init
	exit(0) in fini
	_exit(0) in fini
	exit before main
	crash
	crash in fini
	hang
	leak
	undefined behaviour
	use after free
	report of a child process
LIST
while IFS= read -r defect; do
	expect red plain "$defect"
done <<-LIST
	not ok
	exit before the plan
	exit status
	crash
	hang
	leak
	undefined behaviour
	report of a child process
LIST
echo "1..$n"
