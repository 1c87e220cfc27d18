#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# lint.sh - runs lint.py on the tree and the libraries just built.
if ! command -v python3 >/dev/null; then
	echo "python3 not found"
	exit 77
fi
# A leftover .pyc would be a file that distcheck does not expect.
exec python3 -B "$top_srcdir/tests/lint/lint.py" "$top_srcdir" "$top_builddir"
