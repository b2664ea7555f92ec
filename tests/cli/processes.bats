#!/usr/bin/env bats
# fork and process-pool: what becomes of URLs, files and processes when some
# of the processes die.

load helpers

setup() {
	need pgrep
	start_origin
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${fetch_pid:-}" ] || kill -KILL "$fetch_pid" 2>/dev/null || true
	stop_all
}

# begin ARGUMENT...: fetchall in the background; sets fetch_pid.
begin() {
	"$FETCHALL" --json --summary none "$@" \
		>records 2>messages </dev/null 3>&- &
	fetch_pid=$!
}

# ended: waits for it; sets status.
ended() {
	status=0
	wait "$fetch_pid" || status=$?
}

# zygote: its pid, once it is there.
zygote() {
	local i

	for ((i = 0; i < 500; i++)); do
		pgrep -P "$fetch_pid" && return
		sleep 0.01
	done
	return 1
}

# child_of ZYGOTE: some child, once there is one that stays.
child_of() {
	local i pid

	for ((i = 0; i < 500; i++)); do
		pid=$(pgrep -P "$1" | head -n 1)
		sleep 0.05
		[ -z "$pid" ] || ! kill -0 "$pid" || break
		pid=
	done
	echo "${pid:?}"
}

# gone PID...: within five seconds. What nobody has waited for yet is gone.
gone() {
	local pid i state

	for pid; do
		for ((i = 0; i < 500; i++)); do
			state=$(ps -o stat= -p "$pid") || continue 2
			[[ $state != Z* ]] || continue 2
			sleep 0.01
		done
		return 1
	done
}

# count PATTERN: how many records match.
count() {
	grep -c -e "$1" records || true
}

# dies STRATEGY SIGNAL: one child, in the middle of its transfer.
dies() {
	begin -s "$1" -c 1 --retry 0 "$ORIGIN_URL/silent" \
		"$ORIGIN_URL/bytes/1" "$ORIGIN_URL/bytes/2"
	kill -"$2" "$(child_of "$(zygote)")"
	ended
	cat records messages
	[ "$(wc -l <records)" -eq 3 ]
	[ "$(count '"error_class":"local","error_detail":"crashed"')" -eq 1 ]
	[ "$(count '"ok":true')" -eq 2 ]
}

# Above -c 2000 each receives into little, and children begin with the handle
# that warmed up: their buffers must be as long as libcurl takes them for.
@test "a child of a crowd receives no more than its buffer holds" {
	for strategy in fork process-pool; do
		for c in 10 200 2001; do
			run -0 --separate-stderr "$FETCHALL" -s "$strategy" \
				-c "$c" --quiet --retry 0 --format csv \
				--columns ok,size_download \
				"$ORIGIN_URL"/bytes/300000{0..4}
			[ "$(tail -n +2 <<<"$output" | sort -u | wc -l)" -eq 5 ]
			[[ $output != *false* ]]
		done
	done
}

@test "a killed child is one failed record" {
	dies fork KILL
	grep -q 'killed by signal 9' records
	dies process-pool KILL
	grep -q 'killed by signal 9' records
}

@test "a child with a segmentation fault is one failed record" {
	dies fork SEGV
	dies process-pool SEGV
}

@test "a crash can be retried" {
	for strategy in fork process-pool; do
		begin -s $strategy --retry 1 --retry-delay 1ms \
			--retry-on crashed --max-time 5 \
			"$ORIGIN_URL/delay/1000"
		kill -KILL "$(child_of "$(zygote)")"
		wait "$fetch_pid"
		[ "$(count '"attempt":2')" -eq 1 ]
		[ "$(count '"ok":true')" -eq 1 ]
	done
}

@test "nothing is lost while workers are being killed" {
	# One slow URL, so that the run is there to be found.
	echo "$ORIGIN_URL/delay/500" >urls
	for ((i = 1; i < 4000; i++)); do
		echo "$ORIGIN_URL/bytes/100?$i"
	done >>urls
	begin -s process-pool -c 4 --retry 0 urls
	pid=$(zygote)
	for ((i = 0; i < 40; i++)); do
		pkill -KILL -n -P "$pid" || break
		sleep 0.01
	done
	ended
	[ "$(wc -l <records)" -eq 4000 ]
	[ "$(grep -o '"seq":[0-9]*' records | sort -u | wc -l)" -eq 4000 ]
	# Each killed one fetch at most.
	[ "$(count crashed)" -le 40 ]
	grep -v -e '"ok":true' -e crashed records || true
	[ $(($(count '"ok":true') + $(count crashed))) -eq 4000 ]
}

@test "workers that are killed with nothing to do cost the run nothing" {
	begin -s process-pool -c 4 --retry 0 "$ORIGIN_URL/delay/2000" \
		"$ORIGIN_URL/bytes/"{1,2,3}
	pid=$(zygote)
	first=$(child_of "$pid")
	for ((i = 0; i < 100 && $(wc -l <records) < 3; i++)); do
		sleep 0.01
	done
	for ((i = 0; i < 40; i++)); do
		pgrep -P "$pid" | grep -vx "$first" | xargs -r kill -KILL || true
		sleep 0.01
	done
	ended
	cat records messages
	[ "$status" -eq 0 ]
	[ "$(count '"ok":true')" -eq 4 ]
}

@test "without its zygote a run ends and says so" {
	for strategy in fork process-pool; do
		begin -s $strategy "$ORIGIN_URL/silent" "$ORIGIN_URL/silent/2"
		pid=$(zygote)
		child=$(child_of "$pid")
		kill -KILL "$pid"
		ended
		[ "$status" -eq 4 ]
		grep 'makes processes was killed by signal 9' messages
		[ "$(wc -l <records)" -eq 2 ]
		gone "$pid" "$child"
	done
}

@test "without the zygote of its pool a run ends and says so" {
	begin -s async -c 2 -j 2 --pool process --post sleep:30000 \
		"$ORIGIN_URL/bytes/"{1..9}
	pid=$(zygote)
	child=$(child_of "$pid")
	kill -KILL "$pid"
	ended
	cat records messages
	[ "$status" -eq 4 ]
	grep 'pool process: .* makes processes was killed by signal 9' messages
	[ "$(count '"ok":true')" -eq 0 ]
	[ "$(count '"error_class":"stopped"')" -eq "$(wc -l <records)" ]
	[ "$(count '"final":true')" -eq 0 ]
	gone "$pid" "$child"
}

@test "kill -9 leaves no process behind" {
	for strategy in fork process-pool; do
		begin -s $strategy "$ORIGIN_URL/silent" "$ORIGIN_URL/silent/2"
		pid=$(zygote)
		child_of "$pid" >/dev/null
		children=$(pgrep -P "$pid")
		kill -KILL "$fetch_pid"
		gone "$pid" $children
	done
}

@test "Ctrl-C ends all of them within a second" {
	for strategy in fork process-pool; do
		begin -s $strategy -c 4 "$ORIGIN_URL/bytes/1" \
			"$ORIGIN_URL/silent" "$ORIGIN_URL/silent/2"
		pid=$(zygote)
		child_of "$pid" >/dev/null
		children=$(pgrep -P "$pid")
		start=${EPOCHREALTIME/./}
		# A terminal sends it to all; a shell's background ignores it.
		kill -INT $children "$pid"
		kill -TERM "$fetch_pid"
		ended
		[ "$status" -eq 143 ]
		took=$((${EPOCHREALTIME/./} - start))
		echo "$strategy: $took us"
		[ "$took" -lt 1500000 ]
		[ "$(count '"ok":true')" -eq 1 ]
		[ "$(count '"error_class":"stopped"')" -eq 2 ]
		gone "$pid" $children
	done
}

@test "bodies reach their files" {
	cat >list <<-END
	{"url":"$ORIGIN_URL/bytes/100","output":"small"}
	{"url":"$ORIGIN_URL/bytes/3MiB","output":"large"}
	{"url":"$ORIGIN_URL/redirect/3","output":"hops"}
	{"url":"$ORIGIN_URL/flaky/KEY/2","output":"late"}
	{"url":"$ORIGIN_URL/status/404","output":"none"}
	END
	for strategy in serial fork process-pool; do
		mkdir $strategy
		sed "s/KEY/$strategy/" list >$strategy/list
		(cd $strategy && run -1 "$FETCHALL" -s $strategy --quiet \
			--retry 2 --retry-delay 1ms --input-format ndjson list)
		rm $strategy/list
		diff -r serial $strategy
	done
	[ "$(ls serial | wc -l)" -eq 4 ]
}

@test "bodies of requests arrive, however large" {
	head -c 300000 /dev/zero | tr '\0' x >body
	printf '{"url":"%s","body":"%s","output":"out-NAME"}\n' \
		"$ORIGIN_URL/echo" "$(cat body)" >list
	for strategy in fork process-pool; do
		sed "s/NAME/$strategy/" list >one
		"$FETCHALL" -s $strategy --quiet --input-format ndjson one
		[ "$(tail -c 300000 out-$strategy)" = "$(cat body)" ]
		begin -s $strategy --data @body "$ORIGIN_URL/echo"
		wait "$fetch_pid"
		[ "$(count '"ok":true')" -eq 1 ]
	done
}

@test "few descriptors serve many URLs" {
	for ((i = 0; i < 1000; i++)); do
		echo "{\"url\":\"$ORIGIN_URL/bytes/10?$i\",\"output\":\"f-$i\"}"
	done >list
	for strategy in fork process-pool; do
		rm -f f-*
		(ulimit -n 64 && "$FETCHALL" -s $strategy -c 8 --quiet \
			--input-format ndjson list >records)
		[ "$(ls f-* | wc -l)" -eq 1000 ]
	done
}

@test "a process limit slows a run down and fails nothing" {
	[ "$(id -u)" -eq 0 ] || skip "only root can become nobody"
	need setpriv
	for ((i = 0; i < 50; i++)); do
		echo "$ORIGIN_URL/delay/50?$i"
	done >urls
	chmod 755 . "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	for strategy in fork process-pool; do
		# The limit counts all that a user has: the id is nobody
		# else's, another `make check` included. A thread of the
		# sanitizer's own is in each process of such a build.
		run -0 setpriv --reuid $((100000 + $$)) --clear-groups \
			--regid $((100000 + $$)) bash -c "ulimit -u 12 && \
			exec \"$FETCHALL\" -s $strategy -c 20 \
			--results /dev/null" <urls
		[[ $output == *'processes at a time instead of 20'* ]]
		[[ $output == *'50 ok, 0 failed'* ]]
	done
}

@test "a file whose stages a child ran has its name; without a fetch none is" {
	local strategy

	run -0 "$FETCHALL" --version
	[[ $output != *"without jansson"* ]] || skip "${lines[0]}"
	for strategy in fork process-pool; do
		echo "{\"url\":\"$ORIGIN_URL/bytes/8\",\"output\":\"$strategy\"}" \
			>list
		run -0 --separate-stderr "$FETCHALL" -s "$strategy" --json \
			--pool inline --post wc --input-format ndjson list
		[[ $output == *"\"filename_effective\":\"$strategy\""* ]]
		[[ $output == *'"wc_bytes":8'* ]]
		[ "$(cat "$strategy")" = abcdefgh ]
		rm "$strategy"
		for stage in wc gzip; do
			run -0 --separate-stderr "$FETCHALL" -s "$strategy" \
				--json --no-fetch --post "$stage" \
				--input-format ndjson list
			[[ $output == *'"filename_effective":null'* ]]
		done
		[ ! -e "$strategy" ]
	done
}

# make_deaf: a coproc command that ends neither with its input nor when it is
# asked to.
make_deaf() {
	cat >deaf <<-'END'
	#!/bin/sh
	trap '' TERM
	echo $$ >>pids
	while read -r line; do
		n=${line##*\"length\":}
		head -c "${n%%[!0-9]*}" >/dev/null
		echo '{}'
	done
	while :; do sleep 0.1; done
	END
	chmod +x deaf
}

@test "no command of a stage outlives the processes that run stages" {
	local args

	make_deaf
	for args in "-s fork --pool inline" "-s process-pool --pool inline" \
	    "-s async --pool process" "-s fork --pool process"; do
		rm -f pids
		# shellcheck disable=SC2086
		run -0 "$FETCHALL" $args -c 2 -j 2 --post coproc:./deaf \
			"$ORIGIN_URL/bytes/1" "$ORIGIN_URL/bytes/2"
		[ -s pids ]
		while read -r pid; do
			run ! kill -0 "$pid"
		done <pids
	done
}

@test "commands that do not end with their input end the run late, once" {
	local args begun

	make_deaf
	for args in "-s async --pool thread" "-s thread --pool inline"; do
		rm -f pids
		begun=${EPOCHREALTIME/./}
		# shellcheck disable=SC2086
		begin $args -c 4 -j 4 --post coproc:./deaf --post sleep:200 \
			"$ORIGIN_URL/delay/100/"{1..4}
		ended
		[ "$status" -eq 0 ]
		[ "$(wc -l <pids)" -ge 2 ]
		[ $((${EPOCHREALTIME/./} - begun)) -lt 5000000 ]
		while read -r pid; do
			run ! kill -0 "$pid"
		done <pids
	done
}

@test "a signal need not wait for commands that do not end" {
	local args begun commands

	make_deaf
	for args in "-s async --pool thread" "-s async --pool process" \
	    "-s process-pool --pool inline"; do
		rm -f pids records
		# shellcheck disable=SC2086
		begin $args -c 4 -j 4 --post coproc:./deaf \
			"$ORIGIN_URL/bytes/"{1..4}
		until [ -e records ] && [ "$(wc -l <records)" -eq 4 ]; do
			sleep 0.01
		done
		begun=${EPOCHREALTIME/./}
		kill -TERM "$fetch_pid"
		ended
		[ "$status" -eq 143 ]
		[ $((${EPOCHREALTIME/./} - begun)) -lt 1500000 ]
		mapfile -t commands <pids
		gone "${commands[@]}"
	done
}

@test "a command that does not end with its input holds no signal up" {
	local begun pool

	make_deaf
	for pool in thread process; do
		rm -f pids
		begin -c 2 -j 2 --pool "$pool" --post coproc:./deaf \
			"$ORIGIN_URL/bytes/1" "$ORIGIN_URL/silent"
		until [ -s pids ]; do sleep 0.01; done
		begun=${EPOCHREALTIME/./}
		kill -TERM "$fetch_pid"
		ended
		[ "$status" -eq 143 ]
		[ $((${EPOCHREALTIME/./} - begun)) -lt 1500000 ]
		run ! kill -0 "$(cat pids)"
	done
}

# peak ARGUMENT...: memory_peak in MiB, of a run without fetches.
peak() {
	"$FETCHALL" --no-fetch --format none --summary json "$@" \
		"$ORIGIN_URL/" "$ORIGIN_URL/2" 2>&1 >/dev/null |
		jq '.memory_peak / 1048576 | floor'
}

@test "memory is that of the stages' processes as well" {
	need jq python3
	[ "$(peak --pool process -j 16 --post sleep:300)" -ge \
		"$(($(peak --pool thread -j 16 --post sleep:300) + 2))" ]
	[ "$(peak --exec "python3 -c 'import time; \
		memory = b\"x\" * (100 << 20); time.sleep(0.5)'")" -ge 100 ]
}
