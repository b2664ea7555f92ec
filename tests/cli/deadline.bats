#!/usr/bin/env bats
# --deadline: at the end of its time a run leaves out what is not done, and
# says of each URL that it did.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq
	cd "$BATS_TEST_TMPDIR" || return 1
}

# The summary among what a sanitizer may say on standard error as well.
summary() {
	grep '^{' <<<"$stderr"
}

# classes: how many records of each class there are in $output.
classes() {
	jq -rs 'group_by(.error_class // "ok") |
		map("\(.[0].error_class // "ok") \(length)") | join(", ")' \
		<<<"$output"
}

@test "what is not done at the deadline is left out: records, summary, status" {
	seq -f "$ORIGIN_URL/silent/%g" 5000 >list
	run -1 --separate-stderr "$FETCHALL" -c 4 --deadline 1s --json \
		"$ORIGIN_URL/bytes/1" list
	[ "$(classes)" = "deadline 5000, ok 1" ]
	jq -se 'map(select(.error_class == "deadline")) |
		all(.final == false and .ok == false)' <<<"$output"
	# One for each line of the list.
	jq -se 'map(.seq) | sort == [range(1; 5002)]' <<<"$output"
	# Four were under way, the others were never begun.
	jq -se 'map(select(.time_total > 0.2)) | length == 4' <<<"$output"
	grep -q '^1 URL: 1 ok, 0 failed, 5,000 left out at the deadline$' \
		<<<"$stderr"
}

@test "the figures count no attempt that was not begun" {
	seq -f "$ORIGIN_URL/silent/%g" 1000 >list
	run -1 --separate-stderr "$FETCHALL" -c 4 --deadline 1s --summary json \
		--format none list
	jq -e '.urls == 0 and .failed == 0 and .errors.deadline == 1000 and
		.attempts == 4 and .wall < 3' <<<"$(summary)"
}

@test "a run that is done in time is whole" {
	run -0 --separate-stderr "$FETCHALL" --deadline 1h --json \
		"$ORIGIN_URL/bytes/1" "$ORIGIN_URL/delay/200"
	[ "$(classes)" = "ok 2" ]
	[[ $stderr != *deadline* ]]
}

@test "of a pipe that stays open what it holds is left out" {
	mkfifo pipe
	exec 8<>pipe
	seq -f "$ORIGIN_URL/silent/%g" 50 >&8
	run -1 --separate-stderr timeout 60 "$FETCHALL" -c 4 --deadline 500ms \
		--json pipe
	exec 8>&-
	[ "$(classes)" = "deadline 50" ]
	grep -q ', 50 left out at the deadline, the list not read to its end$' \
		<<<"$stderr"
}

@test "a list that never begins is status 1 at the deadline" {
	mkfifo pipe
	exec 8<>pipe
	run -1 --separate-stderr timeout 60 "$FETCHALL" --deadline 200ms --json \
		- <&8
	exec 8>&-
	[ -z "$output" ]
	grep -q '^0 URLs: 0 ok, 0 failed, the list not read to its end$' \
		<<<"$stderr"
}

@test "a line that is no URL is that at any time" {
	run -1 --separate-stderr "$FETCHALL" -s serial --deadline 300ms --json \
		- <<<"$ORIGIN_URL/silent
ftp://h/
$ORIGIN_URL/silent"
	[ "$(classes)" = "deadline 2, input 1" ]
	jq -se 'map(select(.error_class == "input")) | .[0].final' <<<"$output"
}

@test "lines do not promise a retry to what is left out" {
	run -1 --separate-stderr "$FETCHALL" --deadline 300ms \
		"$ORIGIN_URL/silent"
	[[ $output == *" deadline: ended early" ]]
}

@test "with -n and -z only what was begun is recorded" {
	for load in "-n 1000" "-z 1h"; do
		run -1 --separate-stderr "$FETCHALL" $load -c 4 \
			--deadline 500ms --json "$ORIGIN_URL/silent"
		[ "$(classes)" = "deadline 4" ]
	done
	# Its time is over first, and what is under way then may go on.
	run -0 --separate-stderr "$FETCHALL" -z 200ms -c 2 --deadline 30s \
		--json "$ORIGIN_URL/delay/400"
	[ "$(classes)" = "ok 2" ]
}

@test "--first ends a run before its deadline, and may miss it" {
	run -0 --separate-stderr "$FETCHALL" --first --deadline 30s --json \
		"$ORIGIN_URL/silent" "$ORIGIN_URL/delay/200"
	[ "$(classes)" = "ok 1, stopped 1" ]
	run -1 --separate-stderr "$FETCHALL" --first --deadline 300ms --json \
		"$ORIGIN_URL/silent" "$ORIGIN_URL/silent"
	[ "$(classes)" = "deadline 2" ]
	[[ $stderr == *"--first: "* ]]
}

@test "stages are cut off at the deadline, commands among them" {
	for pool in inline thread process; do
		run -1 --separate-stderr timeout 60 "$FETCHALL" --pool "$pool" \
			-j 2 --exec 'sleep 100' --deadline 500ms --json \
			"$ORIGIN_URL/bytes/1" "$ORIGIN_URL/bytes/2" \
			"$ORIGIN_URL/bytes/3" "$ORIGIN_URL/bytes/4"
		[ "$(classes)" = "deadline 4" ]
		jq -se 'all(.final == false)' <<<"$output"
	done
}

# The records of the rest find no reader: only a signal ends that.
@test "SIGINT ends the leaving out" {
	seq -f "$ORIGIN_URL/silent/%g" 100000 >list
	mkfifo sleeper
	exec 8<>sleeper
	env --default-signal=INT "$FETCHALL" --json --deadline 300ms list \
		>sleeper 2>err 3>&- 8>&- &
	pid=$!
	# Something was left out: the pipe has its first record.
	head -c 1 <&8 >/dev/null
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	exec 8>&-
	[ "$status" -eq 130 ]
	grep -q SIGINT err
}

@test "what was left out is fetched by the next runs on the same state" {
	local n=0

	seq -f "$ORIGIN_URL/delay/20/%g" 300 >list
	until timeout 60 "$FETCHALL" -c 4 --state state --deadline 400ms \
		--results out list 2>err; do
		[ "$n" -lt 100 ]
		n=$((n + 1))
	done
	# It takes 1.5 s: not in one run, and no URL is fetched well twice.
	[ "$n" -ge 1 ]
	jq -se 'map(select(.final)) | all(.ok) and
		(map(.seq) | sort == [range(1; 301)])' out
	grep -q ' ok, 0 failed; [0-9]* done before$' err
}

@test "a deadline that is no time is refused" {
	run -2 --separate-stderr "$FETCHALL" --deadline soon "$ORIGIN_URL/"
	[[ $stderr == *--deadline* ]]
}
