#!/usr/bin/env bats
# The list of a run that goes on: it must be the one from before, and what was
# done of it is read over.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

# A list of 10000 URLs (three chunks) of which all but the last 100 are done,
# and what the run wrote so far.
setup() {
	need curl jq
	cd "$BATS_TEST_TMPDIR" || return 1
	seq -f "$ORIGIN_URL/empty?%g" 9900 >list
	"$FETCHALL" -c 64 --state state --results out list 2>/dev/null
	seq -f "$ORIGIN_URL/empty?%g" 9901 10000 >>list
	cp out before
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
}

requests() {
	curl -sS "$ORIGIN_URL/stats" | jq .requests
}

# go_on STATUS ARGUMENT...: the same command again.
go_on() {
	local status=$1

	shift
	run "-$status" --separate-stderr timeout 60 "$FETCHALL" -c 64 \
		--state state --results out "$@"
}

@test "the file of the state is none for records" {
	for i in 1 2; do
		run -2 --separate-stderr "$FETCHALL" --state new \
			--results ./new list
		[[ $stderr == *"./new is the file of --state"* ]]
		[ "$(head -c 15 new)" = "SQLite format 3" ]
	done
	[ "$(requests)" -eq 0 ]
}

@test "what is done is read over, and the summary says how much that was" {
	go_on 0 list
	grep -q '^100 URLs: 100 ok, 0 failed; 9,900 done before$' \
		<<<"$stderr"
	[ "$(requests)" -eq 100 ]
	jq -se 'map(.seq) | sort == [range(1; 10001)]' out
	go_on 0 --summary json list
	jq -e '.urls == 0 and .done_before == 10000' <<<"$stderr"
	[ "$(requests)" -eq 100 ]
}

@test "the same list may come from elsewhere, in another layout" {
	sed 's/$/ \r/; 5i # a comment' list | gzip >again.gz
	go_on 0 again.gz
	[ "$(requests)" -eq 100 ]
}

@test "another list is refused before anything is fetched or cut" {
	for change in '3s/empty/bytes/' '3d' '9899,$d' '3i http://h/' '1,$d'; do
		sed "$change" list >other
		go_on 2 other
		[[ $stderr == *"the list is not the one"* ]]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
		[ "$(requests)" -eq 0 ]
		cmp out before
	done
	# No harm was done.
	go_on 0 list
	[ "$(requests)" -eq 100 ]
}

@test "of standard input a difference ends the run before it does harm" {
	for change in '3s/empty/bytes/' '9899s/empty/bytes/' '9899,$d'; do
		go_on 2 - < <(sed "$change" list)
		[[ $stderr == *"the list is not the one"* ]]
		[ "$(requests)" -eq 0 ]
		cmp out before
	done
	go_on 0 - < <(cat list)
	[ "$(requests)" -eq 100 ]
	jq -se 'map(.seq) | sort == [range(1; 10001)]' out
}
