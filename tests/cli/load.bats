#!/usr/bin/env bats
# Load: -n and -z begin the list again; --first ends it.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

strategies() {
	"$FETCHALL" --help=strategies | awk '/^  [a-z]/ { print $1 }'
}

# The summary among what a sanitizer may say on standard error as well.
summary() {
	grep '^{' <<<"$stderr"
}

@test "-n makes exactly so many requests, with every strategy" {
	for name in $(strategies); do
		curl -s "$ORIGIN_URL/stats/reset"
		run -0 --separate-stderr "$FETCHALL" -s "$name" -c 3 -n 25 \
			--json "$ORIGIN_URL/bytes/10" "$ORIGIN_URL/bytes/20"
		[ "$(jq -s 'map(.seq) | sort == [range(1; 26)]' \
			<<<"$output")" = true ]
		[ "$(jq -s 'map(.size_download) | add' <<<"$output")" -eq 370 ]
	done
}

@test "-n takes 1k, redirects do not count, connections are kept" {
	run -0 --separate-stderr "$FETCHALL" -n 1k -c 4 --format none \
		--summary json "$ORIGIN_URL/redirect/1"
	[ "$(jq .urls <<<"$stderr")" -eq 1000 ]
	[ "$(jq .num_redirects <<<"$stderr")" -eq 1000 ]
	[ "$(jq '.num_connects < 30' <<<"$stderr")" = true ]
}

@test "nothing is tried again under load unless asked for" {
	run -1 --separate-stderr "$FETCHALL" -n 4 --json \
		"$ORIGIN_URL/status/503"
	[ "$(jq -s 'map(.attempt) | max' <<<"$output")" -eq 1 ]
	run -1 --separate-stderr "$FETCHALL" -n 2 --json --retry 1 \
		--retry-delay 1ms "$ORIGIN_URL/status/503"
	[ "$(jq -s 'map(.attempt) | max' <<<"$output")" -eq 2 ]
}

@test "-z ends when the time is over and lets what began end" {
	for name in $(strategies); do
		run -0 --separate-stderr "$FETCHALL" -s "$name" -c 5 -z 500ms \
			--format none --summary json "$ORIGIN_URL/delay/100"
		[ "$(jq '.failed == 0 and .urls >= 3 and
			.wall >= 0.5 and .wall < 1.5' <<<"$(summary)")" = true ]
	done
}

@test "-n and -z: whichever comes first" {
	run -0 --separate-stderr "$FETCHALL" -z 1h -n 3 --json \
		"$ORIGIN_URL/bytes/1"
	[ "${#lines[@]}" -eq 3 ]
	run -0 --separate-stderr "$FETCHALL" -z 200ms -n 1000000 -c 1 --json \
		"$ORIGIN_URL/delay/50"
	[ "${#lines[@]}" -le 5 ]
}

@test "lists that cannot be repeated" {
	run -0 --separate-stderr "$FETCHALL" -n 10 - </dev/null
	[ -z "$output" ]
	curl -s "$ORIGIN_URL/stats/reset"
	seq -f "$ORIGIN_URL/bytes/%.0f" 100001 >long
	run -2 "$FETCHALL" -z 1m --quiet long
	[[ $output == *"more than 100000 URLs"* ]]
	run -2 "$FETCHALL" -n 0 "$ORIGIN_URL/"
	run -2 "$FETCHALL" -z 0 "$ORIGIN_URL/"
}

@test "--first ends with the quickest success and cancels the rest" {
	for name in $(strategies); do
		run -0 --separate-stderr "$FETCHALL" -s "$name" --first --json \
			--summary json "$ORIGIN_URL/status/404" \
			"$ORIGIN_URL/delay/50" "$ORIGIN_URL/silent"
		[ "$(jq -s 'map(select(.ok)) | length' <<<"$output")" -eq 1 ]
		[ "$(jq -s 'map(select(.error_class == "stopped")) |
			all(.final == false)' <<<"$output")" = true ]
		[ "$(jq '.wall < 1' <<<"$(summary)")" = true ]
	done
}

@test "--first without any success is a failure" {
	run -1 "$FETCHALL" --first "$ORIGIN_URL/status/404" \
		"$ORIGIN_URL/status/500"
}

@test "--first says it when there was none" {
	run -1 --separate-stderr "$FETCHALL" --first --summary none \
		http://127.0.0.1:1/a http://127.0.0.1:1/b
	[ "$stderr" = "fetchall: error: --first: no URL was fetched well" ]
	run -1 --separate-stderr "$FETCHALL" --first --summary none - </dev/null
	[ "$stderr" = "fetchall: error: --first: there was no URL to fetch" ]
}
