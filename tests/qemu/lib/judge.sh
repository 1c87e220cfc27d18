# SPDX-License-Identifier: GPL-2.0-only OR MIT
# judge.sh - what a guest's log proves; bash, on the host.
# shellcheck shell=bash

# Lines that no healthy kernel prints.
TROUBLE='WARNING: |BUG: |kernel BUG at|Oops|Kernel panic|general protection fault'
TROUBLE+='|Call Trace:|[Uu]nable to handle|self-detected stall|detected stalls|soft lockup|hard LOCKUP'
TROUBLE+='|blocked for more than|refcount_t:|list_(add|del) corruption|Bad page|nobody cared'
TROUBLE+='|segfault at|traps: |UBSAN:|KASAN:|[Ii]nvalidation time-?out|Timeout waiting for IOMMU'

# A source id as it is logged.
BDF='[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]'

# Faults of either driver as "SOURCE read|write ADDRESS REASON".
faults_in() { # log
	sed -nE -e 's/.*iova_vtd: fault: ([0-9a-f:.]+) (read|write) addr (0x[0-9a-f]+) reason (0x[0-9a-f]+).*/\1 \2 \3 \4/p' \
		-e 's/.*DMAR: \[DMA (Read|Write) NO_PASID\] Request device \[([0-9a-f:.]+)\] fault addr (0x[0-9a-f]+) \[fault reason (0x[0-9a-f]+)\].*/\2 \L\1 \3 \4/p' "$1"
}

expected_in() { # log
	sed -nE 's/.*TEST: expect fault ([0-9a-f:.]+ (read|write) 0x[0-9a-f]+ 0x[0-9a-f]+)$/\1/p' "$1"
}

# Every fault is one that the guest announced, in that order, and as many as declared.
judge_faults() { # log, number
	local n
	n=$(faults_in "$1" | wc -l)
	[ "$n" -eq "$2" ] || echo "$n faults, $2 expected"
	diff <(expected_in "$1") <(faults_in "$1") |
		sed -n -e 's/^< /fault expected, not reported: /p' \
			-e 's/^> /fault reported, not expected: /p'
	# A fault in a form that we do not know is one too.
	n=$(grep -cE 'iova_vtd: fault:|DMAR: \[.*\] Request device' "$1")
	[ "$n" -eq "$(faults_in "$1" | wc -l)" ] ||
		echo "a fault report that cannot be read: $(grep -E 'iova_vtd: fault:|\] Request device' "$1" | head -n 1)"
}

# The guest says what it did in so many words, and then that it ends.
judge_summary() { # log
	local passed failed summary tail
	passed=$(grep -cE 'TEST: ok [0-9]+ - ' "$1")
	failed=$(grep -cE 'TEST: not ok [0-9]+ - ' "$1")
	summary=$(sed -n 's/.*TEST: summary: //p' "$1")
	grep -E 'TEST: not ok [0-9]+ - ' "$1" | sed 's/.*TEST: //'
	if [ -z "$summary" ]; then
		echo "no summary: the guest ended early"
		return
	fi
	[ "$summary" = "$passed passed, $failed failed" ] ||
		echo "the summary says \"$summary\", the log $passed passed, $failed failed"
	[ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || echo "no test ran"
	tail=$(sed '1,/TEST: summary: /d' "$1")
	[[ $tail == *"reboot: Power down"* ]] || echo "no orderly end after the summary"
}

# judge LOG FAULTS STATUS: one complaint a line; none means passed.
judge() {
	case $3 in
	0) ;;
	124 | 137) echo "time-out" ;;
	*) echo "QEMU ended with status $3" ;;
	esac
	grep -E "$TROUBLE" "$1" | head -n 3 | sed 's/^/trouble: /'
	judge_summary "$1"
	judge_faults "$1" "$2"
}
