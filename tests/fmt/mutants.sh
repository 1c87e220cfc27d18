#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# mutants.sh [NAME...]: puts each seeded bug of mutants/list into a copy of libpgtbl and runs
# the test that must fail, which passes without it.  Each area must have eight.  What only
# an unlucky order of steps shows is in tests/mc/mutants/list.
set -u
src=${top_srcdir:-.}
obj=${top_builddir:-.}
cc=${CC:-cc}
list=$src/tests/fmt/mutants/list
dir=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
least=8
cp -r "$src/libpgtbl" "$dir/lib" && chmod -R u+w "$dir/lib" || exit 99
flags="-std=gnu11 -O0 -DHAVE_CONFIG_H -I$obj"
includes="-I$src/plat/user -I$src/plat -I$dir/lib -I$dir/lib/fmt"
criterion=$(sed -n 's/^CRITERION_LIBS = //p' "$obj/Makefile")

trim() { printf '%s\n' "$1" | sed 's/^ *//; s/ *$//'; }

# What counts is another build of the library (tests/locks).
library() {
	case $program in
	*_work) echo "$obj/tests/locks/libcounted.a" ;;
	*) echo "$obj/libpgtbl/libpgtbl_core.la" ;;
	esac
}

plat() {
	case $program in
	*_work) echo "-I$src/tests/locks" ;;
	esac
}

# The command that links $dir/$program, once: what is changed comes before the libraries.
link_command() {
	[ ! -e "$dir/$program.link" ] || return 0
	case $program in
	test_pgtbl_conform)
		set -- "$obj/tests/fmt/$program"-*.o CHANGED ;;
	*)
		set -- "$obj/tests/unit/$program"-*.o "$obj/tests/fmt/unit_$program"-*.o CHANGED \
			"$obj/tests/libunit.la" $criterion ;;
	esac
	"$obj/libtool" --dry-run --tag=CC --mode=link $cc -o "$dir/$program" "$@" \
		"$(library)" "$obj/plat/libplat.la" 2>"$dir/errors" |
		sed -n 's/^libtool: link: //p' >"$dir/$program.link"
	[ -s "$dir/$program.link" ]
}

# Compiles the changed sources and links them with what the build made of all others.
build() { # sources
	new=
	link_command || return 1
	for c in $1; do
		$cc $flags $(plat) $includes -c "$dir/lib/$c" -o "$dir/$(basename "$c" .c).o" 2>"$dir/errors" || return 1
		new="$new $dir/$(basename "$c" .c).o"
	done
	sh -c "$(sed "s|CHANGED|$new|" "$dir/$program.link")" 2>"$dir/errors"
}

run() {
	case $program in
	test_pgtbl_conform) SEED=1 OPS=4000 timeout 60 "$dir/$program" "$what" ;;
	*) timeout 60 "$dir/$program" -j1 --filter "${program#test_}/$what" ;;
	esac >"$dir/out" 2>&1
}

# Whether the test passes as the tree is, and runs at all.
passes() {
	if ! grep -qxF "$program $what" "$dir/passes" 2>/dev/null; then
		build "" && run && grep -q '^ok\|Passing: [1-9]' "$dir/out" || return 1
		echo "$program $what" >>"$dir/passes"
	fi
}

result() { # ok or not, text
	count=$((count + 1))
	echo "$1 $count - $2"
}

# The TAP line of one mutant.
try() {
	if ! passes; then
		result "not ok" "$name: $program $what does not pass without it"
		cat "$dir/errors" "$dir/out" | sed 's/^/# /'
		return
	fi
	cp "$dir/lib/$file" "$dir/saved" && sed "$script" "$dir/saved" >"$dir/lib/$file"
	if cmp -s "$dir/saved" "$dir/lib/$file"; then
		result "not ok" "$name: the change no longer applies to $file"
	elif ! build "$sources"; then
		result "not ok" "$name: does not build"
		sed 's/^/# /' "$dir/errors"
	elif run; then
		result "not ok" "$name: not found by $program $what"
	else
		result ok "$area, $name: $program $what"
		found=$((found + 1))
	fi
	cp "$dir/saved" "$dir/lib/$file"
}

end_area() {
	[ -z "$area" ] || [ -n "$names" ] || {
		[ "$found" -ge $least ] && r=ok || r="not ok"
		result "$r" "$area: $found found"
	}
	found=0
}

names=$*
area='' count=0 found=0
while IFS='|' read -r name test file rest; do
	case $name in
	'#'* | '') continue ;;
	'['*) end_area; area=$(trim "$name" | tr -d '[]'); continue ;;
	esac
	name=$(trim "$name") test=$(trim "$test") file=$(trim "$file")
	sources=$(trim "${rest##*|}") script=$(trim "${rest%|*}")
	program=${test%%:*} what=$(trim "${test#*:}")
	case " ${names:-$name} " in *" $name "*) try ;; esac
done <"$list"
end_area
echo "1..$count"
