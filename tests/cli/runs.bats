#!/usr/bin/env bats
# Comparing over several runs: their order, the statistics, the sweep, exports
# and plots.

load helpers

setup_file() {
	start_origin
	cd "$BATS_FILE_TMPDIR" || return 1
	printf "$ORIGIN_URL/delay/%d?%d\n" 10 1 20 2 10 3 20 4 10 5 20 6 >list
	export LIST=$PWD/list
}

teardown_file() {
	stop_all
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}


# order_of FILE: the strategies of the records, as letters, one for each list.
order_of() {
	jq -r 'select(.seq == 1) | .strategy[0:1]' "$1" | tr -d '\n'
}

@test "-s all has a row for every strategy and says what won" {
	run -0 --separate-stderr "$FETCHALL" -s all "$LIST"
	strategies=$("$FETCHALL" --help=strategies |
		awk '/^  [a-z]/ { print $1 }')
	for name in $strategies; do
		grep -q "^$name  *[0-9.]* \(us\|ms\|s\) " <<<"$output"
	done
	[[ ${lines[-1]} == *.* ]]
	[[ $output == *"one run each cannot tell chance"* ]]
}

@test "unknown, repeated and mixed names end with 2 before any request" {
	curl -s "$ORIGIN_URL/stats/reset"
	for names in asynk async,serial,async all,async ''; do
		run -2 "$FETCHALL" -s "$names" "$LIST"
		[[ $output == *--strategy* ]]
	done
	run -0 curl -s "$ORIGIN_URL/stats"
	[[ $output != *'"requests":[1-9]'* ]]
}

@test "each strategy runs as often as asked for, interleaved" {
	run -0 --separate-stderr "$FETCHALL" -s serial,async --runs 3 \
		--warmup 1 --results out.ndjson "$LIST"
	[ "$(order_of out.ndjson)" = sasasa ]
	[ "$(wc -l <out.ndjson)" -eq 36 ]
	[[ ${lines[0]} == *"95% CI"* ]]
}

@test "--order block and shuffle" {
	run -0 "$FETCHALL" -s serial,async --runs 3 --order block \
		--results out.ndjson "$LIST"
	[ "$(order_of out.ndjson)" = sssaaa ]
	run -0 --separate-stderr "$FETCHALL" -s serial,async --runs 3 \
		--order shuffle --results one.ndjson "$LIST"
	[[ $output =~ --seed\ ([0-9]+) ]]
	run -0 "$FETCHALL" -s serial,async --runs 3 --order shuffle \
		--seed "${BASH_REMATCH[1]}" --results two.ndjson "$LIST"
	[ "$(order_of one.ndjson)" = "$(order_of two.ndjson)" ]
	run -2 "$FETCHALL" -s serial,async --seed 3 "$LIST"
}

# At p < 0.05 one comparison in twenty errs: three in a row do not.
@test "the same strategy under two names does not differ" {
	for try in 1 2 3; do
		run -0 --separate-stderr "$builddir/cli/twin" -s all \
			--runs 6 "$LIST"
		[[ $output != *"No significant difference between async"* ]] ||
			return 0
	done
	echo "$output"
	false
}

@test "serial and async do differ" {
	run -0 --separate-stderr "$FETCHALL" -s all --runs 3 "$LIST"
	[[ $output == *"times as fast as serial"* ||
		$output == *"serial took"* ]]
}

@test "a sweep runs every combination; serial is there once" {
	run -0 --separate-stderr "$FETCHALL" -s serial,async -c 1,2,6 "$LIST"
	[ "$(grep -c '^async -c [126]  ' <<<"$output")" -eq 3 ]
	[ "$(grep -c '^serial  ' <<<"$output")" -eq 1 ]
	[[ ${lines[-1]} == "async -c 6 won"* ]]
}

@test "bad numbers for -c" {
	for n in 0 abc 1000001 1,0 1,,2 1,1 ''; do
		run -2 "$FETCHALL" -c "$n" "$LIST"
		[[ $output == *--concurrency:* ]]
	done
}

# A few threads have no more than so many times the wall time.
@test "CPU time begins when the wall time does" {
	run -0 --separate-stderr "$FETCHALL" -s serial --no-fetch --post wc \
		--summary json "$LIST"
	jq -e '.user + .system <= 4 * .wall + 0.002' <<<"$stderr"
}

@test "exports are what they say they are" {
	need python3
	run -0 "$FETCHALL" -s serial,async --runs 3 --export-json out.json \
		--export-csv out.csv --export-markdown out.md "$LIST"
	python3 - <<-'END'
	import csv, json, math
	rows = json.load(open("out.json"))["results"]
	assert [row["command"] for row in rows] == ["serial", "async"]
	for row in rows:
	    times = row["times"]
	    assert len(times) == len(row["memory_usage_byte"]) == 3
	    assert row["exit_codes"] == [0, 0, 0]
	    mean = sum(times) / 3
	    sd = math.sqrt(sum((t - mean) ** 2 for t in times) / 2)
	    assert math.isclose(row["mean"], mean, rel_tol=1e-6)
	    assert math.isclose(row["stddev"], sd, rel_tol=1e-4)
	    low, high = row["ci95"]
	    half = 4.302653 * sd / math.sqrt(3)
	    assert math.isclose(high - low, 2 * half, rel_tol=1e-4)
	    assert row["min"] == min(times) and row["max"] == max(times)
	# Of the fastest there is none; which one that is, is the machine's.
	p_values = [row["p_value"] for row in rows]
	assert p_values.count(None) == 1
	assert all(0 <= p <= 1 for p in p_values if p is not None)
	lines = list(csv.DictReader(open("out.csv")))
	for row, line in zip(rows, lines, strict=True):
	    assert line["command"] == row["command"]
	    assert float(line["mean"]) == row["mean"]
	END
	[ "$(grep -c '^| ' out.md)" -eq 3 ]
	run -0 ls
	[ "$output" = $'out.csv\nout.json\nout.md' ]
}

@test "what cannot be written is known before the first request" {
	for option in export-json export-csv export-markdown plot; do
		[ "$option" != plot ] || command -v gnuplot || continue
		run -3 "$FETCHALL" -v --"$option" nowhere/x.svg "$LIST"
		[[ $output == *"--$option: nowhere/x.svg: No such file"* ]]
		[[ $output != *"run 1 of"* ]]
	done
}

@test "--plot draws SVG and PNG" {
	need gnuplot python3
	run -0 "$FETCHALL" -s all --runs 2 --plot bars.svg "$LIST"
	python3 -c 'import xml.dom.minidom
xml.dom.minidom.parse("bars.svg")'
	grep -q '>async<' bars.svg
	run -0 "$FETCHALL" -s serial,async -c 1,2,4 --plot lines.png "$LIST"
	[ "$(head -c 4 lines.png | tail -c 3)" = PNG ]
}

@test "--plot refuses other endings, and says where gnuplot is missing" {
	for name in plot plot.jpg plot.svg.gz; do
		run -2 "$FETCHALL" --plot "$name" "$LIST"
		[[ $output == *"neither in .svg nor in .png"* ]]
	done
	PATH=/nonexistent run -2 "$FETCHALL" --plot x.svg "$LIST"
	[[ $output == *"gnuplot is not installed"* ]]
	[ ! -e x.svg ]
}

@test "standard input is there for every run" {
	"$FETCHALL" -s all --runs 2 --results out.ndjson - <"$LIST" >table
	[ "$(($(wc -l <out.ndjson) % 12))" -eq 0 ]
	[ -s out.ndjson ]
}

@test "SIGTERM ends the run that is under way and the comparison" {
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	"$FETCHALL" -s async --runs 50 "$ORIGIN_URL/delay/300" >table 2>err &
	pid=$!
	# One run is over and the next one is on.
	until [ "$(curl -sS "$ORIGIN_URL/stats" | jq .requests)" -ge 2 ]; do
		sleep 0.05
	done
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	grep -q '^async ' table
}
