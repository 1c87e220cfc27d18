#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR MIT
#
# mutants.sh [NAME...]: puts each seeded bug of mutants/list into a copy of its library and
# runs the models that must find it.  Without names: the quick ones, or all with CHECK_LONG=1.
set -u
src=${top_srcdir:-.}
obj=${top_builddir:-.}
cc=${CC:-cc}
dir=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
flags="-std=gnu11 -O1 -g -fno-pie -fsanitize=thread"

trim() { printf '%s\n' "$1" | sed 's/^ *//; s/ *$//'; }

# Compiles the changed sources and links them with the other objects of the program.
build() { # program, sources
	lib=${file%%/*}
	inc="-I$dir/$lib -I$src/tests/mc -I$src/plat -I$src/libiova -I$src/libpgtbl"
	new= skip=
	for c in $2; do
		o=$dir/$(basename "$c" .c).o
		$cc $flags $inc -c "$dir/$c" -o "$o" 2>"$dir/errors" || return 1
		new="$new $o"
		skip="$skip $(basename "$c" .c)"
	done
	old=
	for o in "$obj"/tests/mc/"$1"-*.o "$obj"/$lib/*_"$1"-*.o "$obj"/$lib/fmt/*_"$1"-*.o; do
		[ -e "$o" ] || continue
		base=${o##*-}
		case " $skip " in
		*" ${base%.o} "*) ;;
		*) old="$old $o" ;;
		esac
	done
	$cc -no-pie -o "$dir/$1" $new $old "$obj/tests/mc/.libs/libmc.a" 2>"$dir/errors"
}

# The TAP line of one mutant.
try() {
	cp -r "$src/${file%%/*}" "$dir/" && chmod -R u+w "$dir/${file%%/*}"
	sed "$script" "$src/$file" >"$dir/$file"
	if cmp -s "$src/$file" "$dir/$file"; then
		echo "not ok $count - $name: the change no longer applies to $file"
	elif ! build "$program" "$sources"; then
		echo "not ok $count - $name: does not build"
		sed 's/^/# /' "$dir/errors"
	elif timeout 600 "$dir/$program" $options >"$dir/out" 2>&1; then
		echo "not ok $count - $name: not found by $program $options"
		sed 's/^/# /' "$dir/out"
	elif ! grep -q '^not ok .*fails\|^not ok .*signal' "$dir/out"; then
		echo "not ok $count - $name: $program $options did not run its models"
		sed 's/^/# /' "$dir/out"
	else
		echo "ok $count - $name: $(sed -n '/^not ok/{s/not ok [0-9]* *- //;s/:.*//;p;q;}' "$dir/out")"
		sed -n '/^not ok/{n;p;q;}' "$dir/out"
	fi
	rm -rf "$dir/${file%%/*}"
}

wanted() {
	if [ -n "$names" ]; then
		case " $names " in *" $name "*) return 0 ;; *) return 1 ;; esac
	fi
	[ "${CHECK_LONG:-0}" != 0 ] || [ -n "$quick" ]
}

names=$*
count=0
while IFS='|' read -r name program options file rest; do
	case $name in '#'* | '') continue ;; esac
	case $name in *'*'*) quick=1 ;; *) quick= ;; esac
	name=$(trim "${name%\**}")
	program=$(trim "$program") options=$(trim "$options") file=$(trim "$file")
	sources=$(trim "${rest##*|}") script=$(trim "${rest%|*}")
	wanted || continue
	count=$((count + 1))
	try
done <"$src/tests/mc/mutants/list"
echo "1..$count"
