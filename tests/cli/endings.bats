#!/usr/bin/env bats
# Runs that do not come to their end: signals, readers that leave or sleep,
# disks that are full. What was written is whole, and the status says why.

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
	calm_origin
}

teardown() {
	kill_started
}

SOON=$(soon_ms)

@test "SIGINT wakes a blocked transfer: status 130 and whole records" {
	seq -f "$ORIGIN_URL/silent/%g" 5 >list
	for strategy in serial async; do
		start -s "$strategy" --json "$ORIGIN_URL/bytes/1" list
		wait_stat 'in_flight >= 1'
		end_by INT
		[ "$status" -eq 130 ]
		[ "$took_ms" -lt "$SOON" ]
		[ "$(jq -s 'map(select(.ok)) | length' out)" -eq 1 ]
		jq -se 'map(select(.error_class == "stopped")) |
			length > 0 and all(.final == false)' out
		[ "$(jq -s length out)" -eq "$(wc -l <out)" ]
		grep -q SIGINT err
		wait_stat 'in_flight == 0'
	done
}

@test "SIGINT while a retry is waited for: the URL counts as cut off" {
	start --retry-delay 60s --retry 3 "$ORIGIN_URL/status/503"
	until [ -s out ]; do sleep 0.02; done
	end_by INT
	[ "$status" -eq 130 ]
	[ "$(grep -c . out)" -eq 1 ]
	grep -q '^0 URLs: 0 ok, 0 failed, 1 cut off$' err
}

@test "SIGTERM is status 143" {
	for strategy in serial async; do
		start -s "$strategy" --json "$ORIGIN_URL/silent"
		wait_stat 'in_flight >= 1'
		end_by TERM
		[ "$status" -eq 143 ]
		[ "$took_ms" -lt "$SOON" ]
		jq -e '.error_class == "stopped"' out
		wait_stat 'in_flight == 0'
	done
}

@test "a second SIGINT waits for nothing, and loses no record" {
	for strategy in serial async; do
		# Best of three: a busy machine is slow by chance.
		for try in 1 2 3; do
			start -s "$strategy" --json "$ORIGIN_URL/bytes/1" \
				"$ORIGIN_URL/silent"
			wait_stat 'in_flight >= 1'
			end_by INT INT
			[ "$status" -eq 130 ]
			[ "$(jq -s length out)" -eq 2 ]
			wait_stat 'in_flight == 0'
			# The pause for what is under way is half a second.
			[ "$took_ms" -ge "$((SOON / 3))" ] || break
		done
		[ "$took_ms" -lt "$((SOON / 3))" ]
	done
}

@test "SIGINT ends a comparison and its runs" {
	if grep -q __tsan_init "$FETCHALL"; then
		skip "the thread sanitizer holds signals back from read(2)"
	fi
	start -s serial,async "$ORIGIN_URL/silent"
	wait_stat 'in_flight >= 1'
	end_by INT
	[ "$status" -eq 130 ]
	[ "$took_ms" -lt "$SOON" ]
	# The second run was not begun.
	wait_stat 'in_flight == 0'
	wait_stat 'requests == 1'
}

@test "SIGINT while the list is a pipe that says nothing" {
	mkfifo list
	for strategy in serial async; do
		exec 8<>list
		start -s "$strategy" --json list
		echo "$ORIGIN_URL/bytes/1" >&8
		wait_stat 'requests >= 1'
		end_by INT
		exec 8>&-
		[ "$status" -eq 130 ]
		[ "$took_ms" -lt "$SOON" ]
		curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	done
}

@test "a reader that takes nothing does not outlast SIGINT" {
	seq -f "$ORIGIN_URL/empty?%g" 3000 >list
	mkfifo sleeper
	exec 8<>sleeper
	env --default-signal=INT "$FETCHALL" --json list >sleeper 2>err \
		3>&- 8>&- &
	pid=$!
	wait_stat 'requests >= 500'
	end_by INT
	exec 8>&-
	[ "$status" -eq 130 ]
	[ "$took_ms" -lt "$SOON" ]
	grep -q 'takes nothing' err
}

@test "a reader that leaves ends it quietly with 141" {
	seq -f "$ORIGIN_URL/empty?%g" 5000 >list
	for strategy in serial async; do
		for format in lines json csv; do
			run -0 bash -c "timeout 60 '$FETCHALL' -s $strategy \
				--format $format list 2>err | head -1 >first
				echo \${PIPESTATUS[0]}"
			[ "$output" = 141 ]
			[ "$(wc -l <first)" -eq 1 ]
			[ ! -s err ]
		done
	done
}

@test "a full disk is status 3 and says what was kept" {
	run -3 --separate-stderr timeout 60 "$FETCHALL" --results /dev/full \
		"$ORIGIN_URL/bytes/1"
	[[ $stderr == *"/dev/full"*"No space left"* ]]
	[[ $stderr == *"0 whole records"* ]]
}

@test "a file that may not grow ends in a whole record" {
	seq -f "$ORIGIN_URL/empty?%g" 2000 >list
	for strategy in serial async; do
		for format in json csv lines; do
			run -3 --separate-stderr bash -c "ulimit -f 40
				exec timeout 60 '$FETCHALL' -s $strategy \
				--format $format --results kept list"
			[[ $stderr =~ ([0-9]+)\ whole\ records ]]
			n=${BASH_REMATCH[1]}
			[ "$format" != csv ] || n=$((n + 1))
			[ "$n" -gt 10 ]
			[ "$(wc -l <kept)" -eq "$n" ]
			[ "$(tail -c 1 kept | od -An -c | tr -d ' ')" = '\n' ]
			[ "$format" != json ] ||
				[ "$(jq -s length kept)" -eq "$n" ]
		done
	done
	# It did not go on for nothing.
	wait_stat 'in_flight == 0'
}

@test "results that cannot be opened are status 3, before any request" {
	run -3 timeout 60 "$FETCHALL" --results /nonexistent/x \
		"$ORIGIN_URL/bytes/1"
	[[ $output == *"/nonexistent/x"* ]]
	wait_stat 'requests == 0'
}

@test "a standard output that is closed is said so, and nobody gets its number" {
	run -3 --separate-stderr bash -c '"$1" "$2" >&-' - "$FETCHALL" \
		"$ORIGIN_URL/bytes/5"
	[[ $stderr == *"error: standard output is closed, or not open for"* ]]
	# A file that is opened early would be number 1.
	run -0 bash -c '"$1" --results out --json "$2" >&-' - "$FETCHALL" \
		"$ORIGIN_URL/bytes/5"
	[ "$(jq -r .response_code out)" = 200 ]
}
