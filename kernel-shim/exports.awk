# SPDX-License-Identifier: GPL-2.0-only OR MIT
# exports.awk MAP... - : EXPORT(name) for each symbol of "nm" (standard input) that is
# global in one of the version scripts.
FILENAME ~ /\.map$/ {
	if (/global:/)
		public = 1
	if (/local:/)
		public = 0
	if (public && match($0, /[a-z0-9_*]+;/)) {
		name = substr($0, RSTART, RLENGTH - 1)
		gsub(/\*/, "[a-z0-9_]*", name)
		pattern = pattern (pattern == "" ? "" : "|") name
	}
	next
}
NF > 1 && $(NF - 1) ~ /^[TRDB]$/ && $NF ~ ("^(" pattern ")$") { print "EXPORT(" $NF ")" }
