#!/usr/bin/env bats
# contrib/lab: its scripts run, say what failed and leave nothing behind. What
# they measure is not looked at here.

load helpers

setup() {
	need python3
	"$FETCHALL" --no-config --no-fetch --post pow:2,2 --quiet \
		http://127.0.0.1/ >/dev/null || skip "built without GMP"
	own_folder
}

# lab SCRIPT [ARGUMENT...]: with the shortest lists, and programs of lab_path.
lab() {
	local script=$1

	shift
	PATH=${lab_path:-$PATH} timeout 120 "$top_srcdir/contrib/lab/$script" --fetchall "$FETCHALL" \
		--origin "$FETCHALL_ORIGIN" --scale 0.01 --rounds 1 "$@"
}

# is_svg FILE: one document that holds lines or areas.
is_svg() {
	python3 - "$1" <<-'END'
	import sys
	import xml.etree.ElementTree as tree
	root = tree.parse(sys.argv[1]).getroot()
	assert root.tag.endswith("}svg"), root.tag
	assert any(one.tag.endswith("}path") for one in root.iter())
	END
}

@test "matrix tells each workload by each pool, and draws it" {
	need gnuplot
	run -0 --separate-stderr lab matrix --strategies serial,async
	cmp matrix.md <(printf '%s\n' "$output")
	for workload in pow factorial fib io both; do
		grep -q "^## $workload:" matrix.md
	done
	[ "$(grep -c '^| strategy | inline | thread | process |$' \
		matrix.md)" -ge 5 ]
	[ "$(grep -c '^| serial | [0-9].* | [0-9].* | [0-9].* |$' \
		matrix.md)" -ge 4 ]
	run ! grep failed matrix.md
	is_svg matrix.svg
}

@test "matrix runs every strategy and every pool that there is" {
	need jq
	run lab matrix pow --json all.json
	[ "$status" -le 1 ]	# without gnuplot
	"$FETCHALL" --help=strategies |
		sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | sort >strategies
	"$FETCHALL" --help=pools |
		sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | sort >pools
	[ "$(wc -l <strategies)" -ge 7 ]
	jq -r '.tables.pow[] | select(.failure == null) | .runs[0].strategy' \
		all.json | sort -u | cmp - strategies
	jq -r '.tables.pow[].runs[].stages.pool' all.json | sort -u | cmp - pools
}

@test "sweep tells each size, and draws it" {
	need gnuplot
	run -0 --separate-stderr lab sweep --sizes 3,1 jobs-cpu jobs-wait \
		at-once-io
	[ "$(grep -c '^| pool | -j 1 | -j 3 |$' sweep.md)" -eq 2 ]
	grep -q '^| process | [0-9].* | [0-9].* |$' sweep.md
	grep -q '^| strategy | -c 1 | -c 3 |$' sweep.md
	grep -q '^| serial | [0-9].* |  |$' sweep.md
	run ! grep failed sweep.md
	is_svg sweep.svg
}

@test "without gnuplot there is the table, and no picture of before" {
	mkdir bin
	# What is called python3 may be a script that needs more.
	ln -s "$(python3 -c 'import sys; print(sys.executable)')" bin/python3
	ln -s "$(command -v timeout)" bin/timeout
	ln -s "$(command -v env)" bin/env
	echo old >matrix.svg
	lab_path=$PWD/bin
	run -1 --separate-stderr lab matrix pow --strategies serial \
		--pools inline
	[[ $stderr == *"gnuplot is not installed"* ]]
	grep -q '^| serial | [0-9]' matrix.md
	[ ! -e matrix.svg ]
}

@test "a way that fails is told in its place, the others are measured" {
	cat >odd <<-END
	#!/bin/sh
	case "\$*" in *"-s async"*) kill -SEGV \$\$ ;; esac
	exec "$FETCHALL" "\$@"
	END
	chmod +x odd
	run -1 --separate-stderr lab matrix pow --strategies serial,async \
		--pools inline --fetchall ./odd
	grep -q '^| async | failed |$' matrix.md
	grep -q '^| serial | [0-9]' matrix.md
	grep -q '^- failed: async, inline: ended by signal 11$' matrix.md
}

@test "nothing to measure with is status 3, nonsense 2, and no page" {
	run -3 lab matrix --fetchall /nowhere/fetchall
	[[ $output == *"is no program"* ]]
	run -3 lab sweep --origin /bin/false jobs-cpu
	[[ $output == *"does not start"* ]]
	run -2 lab matrix pow nothing
	[[ $output == *"no workload 'nothing'; there are: pow,"* ]]
	run -2 lab matrix --strategies nothing
	[[ $output == *"no strategy 'nothing'; there are: async,"* ]]
	run -2 lab sweep --sizes 0
	run -2 lab sweep --scale 0
	run -2 lab sweep --out /nowhere
	[ ! -e matrix.md ] && [ ! -e sweep.md ]
}

@test "a script that is asked to end takes what it started along" {
	cat >origin <<-END
	#!/bin/sh
	echo \$\$ >pid.part && mv pid.part pid
	exec "$FETCHALL_ORIGIN" "\$@"
	END
	chmod +x origin
	"$top_srcdir/contrib/lab/sweep" --fetchall "$FETCHALL" \
		--origin ./origin --scale 100 at-once-io \
		>out 2>&1 </dev/null 3>&- &
	for ((i = 0; i < 500; i++)); do
		[ ! -e pid ] || break
		sleep 0.02
	done
	kill "$!"
	status=0
	wait "$!" || status=$?
	[ "$status" -eq 130 ]
	run ! kill -0 "$(<pid)"
	[ ! -e sweep.md ]
}
