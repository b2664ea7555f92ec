#!/usr/bin/env bats
# Several event loops: the same run as with one, whatever ends it.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq
	own_folder
	calm_origin
}

teardown() {
	kill_started
}

SOON=$(soon_ms)

# assert_all N: each URL of the list has one final record, and is ok.
assert_all() {
	jq -se --argjson n "$1" 'map(select(.final and .ok) | .seq) | sort ==
		[range(1; $n + 1)]' out
}

@test "each loop has a thread, and one host keeps all of them busy" {
	seq -f "$ORIGIN_URL/silent/%g" 50 >list
	for loops in 1 2 4; do
		start --json --async-loops "$loops" -c 20 list
		wait_stat 'in_flight == 20'
		threads[$loops]=$(ls "/proc/$pid/task" | wc -l)
		end_by INT
		[ "$status" -eq 130 ]
		wait_stat 'in_flight == 0'
	done
	[ "${threads[2]}" -eq $((threads[1] + 1)) ]
	[ "${threads[4]}" -eq $((threads[1] + 3)) ]
}

@test "Ctrl-C ends what all loops are at within a second" {
	seq -f "$ORIGIN_URL/silent/%g" 50 >list
	start --json --async-loops 2 -c 20 "$ORIGIN_URL/bytes/1" list
	wait_stat 'in_flight == 20'
	end_by INT
	[ "$status" -eq 130 ]
	[ "$took_ms" -lt "$SOON" ]
	jq -se 'map(select(.ok)) | length == 1' out
	jq -se 'map(select(.error_class == "stopped")) | length == 20' out
}

@test "one good URL is enough for --first, whichever loop has it" {
	for i in 1 2 3 4 5 6 7 8; do
		for ((k = 1; k <= 8; k++)); do
			[ "$k" -eq "$i" ] && echo "$ORIGIN_URL/delay/100" ||
				echo "http://h$k.test:$ORIGIN_PORT/silent"
		done >list
		start --json --async-loops 2 -c 8 --first \
			--resolve "*:$ORIGIN_PORT:127.0.0.1" list
		finish
		[ "$status" -eq 0 ]
		[ "$took_ms" -lt $((SOON + 100)) ]
		jq -se 'map(select(.ok)) | length == 1' out
	done
}

@test "a deadline and an output that is full end all loops" {
	seq -f "$ORIGIN_URL/silent/%g" 30 >list
	start --json --async-loops 3 -c 9 --deadline 300ms list
	finish
	[ "$status" -eq 1 ]
	[ "$took_ms" -lt $((SOON + 300)) ]
	jq -se 'map(select(.error_class == "deadline")) | length == 30' out
	[ -c /dev/full ] || skip "no /dev/full"
	start --json --async-loops 3 -c 9 --results /dev/full \
		"$ORIGIN_URL/bytes/1" list
	finish
	[ "$status" -eq 3 ]
	[ "$took_ms" -lt "$SOON" ]
}

@test "stages on every pool, and bodies that wait for one another" {
	seq -f "$ORIGIN_URL/bytes/%g" 1000 2000 400000 >list
	"$FETCHALL" --json --post sha256 --post wc -s serial list |
		jq -c '[.seq, .sha256, .wc_bytes]' | sort >expected
	[ -s expected ]
	for pool in thread process inline; do
		start --json --async-loops 2 -c 30 --post sha256 --post wc \
			--pool "$pool" --buffer 1MiB list
		finish
		[ "$status" -eq 0 ]
		jq -c '[.seq, .sha256, .wc_bytes]' out | sort | cmp expected -
	done
}

@test "Ctrl-C finds its way into stages that hold up every loop" {
	seq -f "$ORIGIN_URL/bytes/%g" 20 >list
	start --json --async-loops 3 -c 6 --pool inline --post spin:60s list
	wait_stat 'requests >= 6'
	end_by INT
	[ "$status" -eq 130 ]
	[ "$took_ms" -lt "$SOON" ]
}

@test "files and a state that goes on after a kill" {
	seq -f "$ORIGIN_URL/delay/%g" 1 200 >list
	start --json --async-loops 2 -c 8 --state run.db -O --output-dir files \
		--results records list
	until [ -s records ]; do sleep 0.02; done
	kill -KILL "$pid"
	finish
	for i in 1 2; do
		start --json --async-loops 2 -c 8 --state run.db -O \
			--output-dir files --results records list
		finish
		[ "$status" -eq 0 ]
		cp records out
		assert_all 200
		[ "$(find files -type f | wc -l)" -eq 200 ]
	done
}

@test "many hosts and one keep their connections" {
	for ((i = 0; i < 2000; i++)); do
		echo "http://h$((i % 20)).test:$ORIGIN_PORT/bytes/$i"
	done >list
	start --json --async-loops 2 -c 40 \
		--resolve "*:$ORIGIN_PORT:127.0.0.1" list
	finish
	[ "$status" -eq 0 ]
	assert_all 2000
	jq -se 'map(.num_connects) | add <= 400' out
	seq -f "$ORIGIN_URL/bytes/%g" 2000 >list
	start --json --async-loops 2 -c 40 list
	finish
	assert_all 2000
	jq -se 'map(.num_connects) | add <= 80' out
}

@test "more loops than -c, none, and nothing to do" {
	start --json --async-loops 64 -c 2 "$ORIGIN_URL/bytes/1" \
		"$ORIGIN_URL/bytes/2"
	finish
	assert_all 2
	run -2 "$FETCHALL" --async-loops 0 "$ORIGIN_URL"
	run -2 "$FETCHALL" --async-loops 65 "$ORIGIN_URL"
	run -0 "$FETCHALL" --async-loops 4 --quiet /dev/null
	[ -z "$output" ]
}

# with_files LIMIT CONCURRENCY WORDS: eight loops fetch all of the list, and say
# WORDS.
with_files() {
	run -0 --separate-stderr bash -c "ulimit -n $1; exec timeout 60 \
		'$FETCHALL' --async-loops 8 -c $2 --retry 0 --json list"
	echo "$output" >out
	echo "$stderr"
	assert_all 300
	[[ $stderr == *"$3"*'(ulimit -n)'* ]]
}

@test "where few files may be open there are fewer loops, not failures" {
	seq -f "$ORIGIN_URL/bytes/%g" 300 >list
	with_files 64 500 'only 1 of 8 event loops'
	with_files 75 30 'only 2 of 8 event loops'
	# A loop without a job is none, and not missed.
	run -0 --separate-stderr "$FETCHALL" --async-loops 8 -c 2 --json list
	[[ $stderr != *warning* ]]
}
