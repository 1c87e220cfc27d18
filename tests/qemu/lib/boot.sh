# SPDX-License-Identifier: GPL-2.0-only OR MIT
# boot.sh - one scenario: built, booted, judged; bash, on the host.
# shellcheck shell=bash

# A serial console's carriage returns and the firmware's escape sequences.
CONSOLE='s/\r$//; s/\x1b[^a-zA-Z]*[a-zA-Z]//g'

# What a scenario may set; README.md explains each.
defaults() {
	summary=
	variants=default
	drivers="vtd linux"
	iommu="-device intel-iommu,intremap=off"
	devices=
	disk=
	memory=1024
	cpus=2
	timeout=180
	cmdline=
	modules_wanted=
	programs=
	mode=strict
	mutant=
	faults=0
	must_fail=
	prepare() { :; }
	host_check() { :; }
}

case_name() {
	local name=${file##*/}
	name=${name%.sh}
	[ "$variant" = default ] || name+=/$variant
	echo "$name"
}

log_of() { # case
	echo "$work/logs/${1//\//-}.log"
}

driver_cmdline() {
	case $driver in
	linux) echo "intel_iommu=on iommu.strict=$([ "$mode" = lazy ]; echo $?) intremap=off" ;;
	*) echo "intel_iommu=off intremap=off" ;;
	esac
}

# Our modules as the scenario wants them, and those of the tests.
module_files() {
	[ "$driver" != vtd ] || printf '%s\n' "$(vtd_modules)"/*.ko
	printf '%s\n' "$work"/modules/*.ko
}

settings() { # case
	printf '%s=%q\n' scenario "$1" variant "$variant" driver "$driver" mode "$mode"
}

boot() { # case, directory
	local args=(-accel tcg -M "q35,kernel-irqchip=split" -cpu max -smp "$cpus" -m "$memory"
		-nodefaults -no-user-config -nographic -no-reboot -serial stdio
		-kernel "$image" -initrd "$2/initrd")
	[ -z "$disk" ] || args+=(-drive "if=none,id=disk,format=raw,file=$2/disk")
	# shellcheck disable=SC2206 # lists of words
	args+=($iommu $devices)
	args+=(-append "console=ttyS0 loglevel=5 panic=-1 oops=panic no_timer_check $(driver_cmdline) $cmdline")
	printf '%q ' "$qemu" "${args[@]}" >"$2/command"
	timeout --foreground -k 10 "$timeout" "$qemu" "${args[@]}" </dev/null 2>&1
}

log_stream() { # case, log
	if [ -n "$verbose" ]; then
		sed -u "$CONSOLE" | tee "$2" | sed -u "s|^|[$1] |" >&2
	else
		sed -u "$CONSOLE" >"$2"
	fi
}

# A scenario that must fail passes if it fails in just that way.
invert() { # complaints, expression
	local other
	other=$(grep -vE "$2" <<<"$1" | grep .)
	if [ -z "$1" ]; then
		echo "it passed, and must not: expected $2"
	elif [ -n "$other" ]; then
		echo "$other"
	fi
}

# run_scenario CASE: complaints go to descriptor 3, none if it passed.
run_scenario() {
	local dir=$work/run/$1 log status complaints
	log=$(log_of "$1")
	defaults
	. "$file"
	rm -rf "$dir" && mkdir -p "$dir/guest" || return
	settings "$1" >"$dir/guest/settings"
	[ -z "$disk" ] || truncate -s "$disk" "$dir/disk"
	# shellcheck disable=SC2046 # one file a word
	if ! vtd_modules >/dev/null || ! prepare "$dir" || ! initramfs "$dir" "$file" \
		"$modules_wanted" "$programs" $(module_files) >&2; then
		echo "cannot be prepared" >&3
		return
	fi
	cat $(find "$dir" -name early.cpio) "$dir/initramfs" >"$dir/initrd"
	boot "$1" "$dir" | log_stream "$1" "$log"
	status=${PIPESTATUS[0]}
	complaints=$(judge "$log" "$faults" "$status" && host_check "$dir" "$log" 2>&1)
	if [ -n "$must_fail" ]; then
		complaints=$(invert "$complaints" "$must_fail")
	fi
	[ -z "$complaints" ] || echo "$complaints" >&3
}
