#!/usr/bin/env bats
# -s with several names: the same list by each, and a table of their times.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq python3
	own_folder
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	seq -f "$ORIGIN_URL/delay/5/%g" 20 >list
}

fetch() {
	timeout 60 "$FETCHALL" "$@"
}

requests() {
	curl -sS "$ORIGIN_URL/stats" | jq .requests
}

@test "a row for each strategy, in the order they were named" {
	run -0 --separate-stderr fetch -s serial,async list
	[[ ${lines[0]} == *strategy*"wall time"* ]]
	[[ ${lines[1]} == serial* ]]
	[[ ${lines[2]} == async* ]]
	[[ ${lines[3]} == *" times as fast as "* ]]
	[ "${#lines[@]}" -eq 4 ]
	[ "$(requests)" -eq 40 ]
}

@test "a warning says which run it is about" {
	run -0 --separate-stderr bash -c "ulimit -n 64; exec timeout 60 \
		'$FETCHALL' -s async,serial,fork -c 500 list"
	[ "$(grep -c 'warning: ' <<<"$stderr")" -eq 2 ]
	[[ $stderr == *'warning: run 1 of 3, async: only '*'(ulimit -n)'* ]]
	[[ $stderr == *'warning: run 3 of 3, fork: only '*'(ulimit -n)'* ]]
}

@test "standard input is read once and fetched by each" {
	run -0 bash -c "timeout 60 '$FETCHALL' -s async,serial <list"
	[[ ${lines[1]} == async* ]]
	[[ ${lines[2]} == serial* ]]
	[ "$(requests)" -eq 40 ]
	run -0 bash -c "cat list list | timeout 60 '$FETCHALL' -s async,serial -"
	[ "$(requests)" -eq 120 ]
}

@test "--results holds the records of all of them" {
	run -0 fetch -s serial,async --results all list
	[ "$(jq -r .strategy all | sort | uniq -c | tr -s ' \n' ' ')" = \
		" 20 async 20 serial " ]
	# And begins anew the next time.
	run -0 fetch -s serial,async --results all list
	[ "$(wc -l <all)" -eq 40 ]
	run -0 fetch -s serial,async --format csv --results all list
	[ "$(grep -c '^seq,' all)" -eq 1 ]
	[ "$(wc -l <all)" -eq 41 ]
}

@test "records to standard output would be in the table's way" {
	run -2 fetch -s serial,async --json list
	[[ $output == *--results* ]]
	[ "$(requests)" -eq 0 ]
}

@test "no run is spared what another one saved" {
	sed 's|.*|{"url":"&","output":"&"}|; s|"[^"]*/\([0-9]*\)"}|"o/\1"}|' \
		list >list.ndjson
	for option in -O '-o %{seq}' '--input-format ndjson'; do
		run -2 --separate-stderr fetch -s serial,async $option \
			list.ndjson
		[[ $stderr == *"would save what the others then skip"* ]]
		[[ $stderr == *"add --existing overwrite"* ]]
	done
	[ "$(requests)" -eq 0 ]
	run fetch --dry-run --input-format ndjson /dev/null
	[[ $output != *"without jansson"* ]] || skip "${lines[0]}"
	run -0 --separate-stderr fetch -s serial,async --existing overwrite \
		--input-format ndjson list.ndjson
	[ "$(requests)" -eq 40 ]
	[ "$(find o -type f | wc -l)" -eq 20 ]
}

@test "the status is the worst of the runs'" {
	run -1 fetch -s serial,async list "$ORIGIN_URL/status/404"
	[[ ${lines[1]} == serial*" 1" ]]
	[[ ${lines[2]} == async*" 1" ]]
	run -3 fetch -s serial,async missing
	[[ $output == *missing* ]]
}

@test "a name twice, an unknown one or none is status 2" {
	run -2 fetch -s async,async list
	[[ $output == *"'async' is named twice"* ]]
	run -2 fetch -s serial,asinc list
	[[ $output == *"did you mean 'async'"* ]]
	run -2 fetch -s serial, list
	run -2 fetch -s '' list
	[ "$(requests)" -eq 0 ]
}

@test "options and secrets reach the runs, operands like options too" {
	cp list ./-c
	run -0 fetch -s serial,async -u me:hidden --max-redirs 3 \
		--results all -- -c
	[ "$(wc -l <all)" -eq 40 ]
	[[ $output != *hidden* ]]
}

@test "a comparison that is cut short has no winner and no files" {
	local status=0

	timeout -s INT 1 "$FETCHALL" -s async,serial --runs 9 \
		--export-json out.json --results records \
		"$ORIGIN_URL/delay/200" >table 2>messages || status=$?
	[ "$status" -eq 124 ] || [ "$status" -eq 130 ]
	grep -q '^async ([0-9] of 9 runs) ' table
	grep -q '^Cut short after [0-9] of 18 runs: there is no winner' table
	grep -q 'cut short: files of --export-\* and --plot are not' messages
	[ ! -e out.json ]
	! grep -q ' won\| took ' table
}

@test "an empty list has no winner" {
	: >empty
	run -0 fetch -s serial,async empty
	[[ ${lines[-1]} == "There is nothing to compare: "* ]]
}
