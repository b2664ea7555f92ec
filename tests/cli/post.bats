#!/usr/bin/env bats
# Stages as a user meets them: what they say, what they refuse, and what
# commands and bodies that mean no good can do.

load helpers

setup_file() {
	need python3
	export RAW=$BATS_FILE_TMPDIR/raw
	mkdir "$RAW"
	start_origin --raw-dir "$RAW"
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

# fetch ARGUMENT...: as JSON to out, with the status in $status.
fetch() {
	status=0
	timeout -k 5 60 "$FETCHALL" --json --quiet --retry 0 "$@" >out 2>err ||
		status=$?
	echo "$*: status $status: $(<err) $(head -c 2000 out)"
}

# record SEQ FILTER: jq's answer about one record.
record() {
	jq -r "select(.seq == $1) | $2" out
}

# raw_coded NAME CODING: a reply whose body is standard input, packed with it.
raw_coded() {
	local packed=$BATS_TEST_TMPDIR/packed

	cat >"$packed"
	{
		printf 'HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n' "$2"
		printf 'Content-Length: %s\r\n\r\n' "$(stat -c %s "$packed")"
		cat "$packed"
	} >"$RAW/$1"
}

# --- what is refused

@test "what is wrong with a stage is status 2, before any request" {
	while IFS='|' read -r arguments said; do
		eval "run timeout 10 \"\$FETCHALL\" $arguments \
			\"\$ORIGIN_URL/bytes/1\""
		echo "$arguments: $status $output"
		[ "$status" -eq 2 ]
		[[ $output == *"$said"* ]]
	done <<-'END'
	--post sha257|there are decode sha256 xxh3
	--post sha256:x|takes no argument
	--post gzip:99|gzip:6
	--post 'grep:('|parenthesis
	--post grep|REGEX is missing
	--post fib:-1|fib:100000
	--post pow:3|pow:
	--post spin:x|spin:5
	--post decode:x|decode:4MiB
	--exec ''|command
	--exec /nonexistent/x|No such file
	--exec no-such-command-at-all|No such file
	--exec /etc/passwd|Permission denied
	--post coproc|command
	--post coproc:/nonexistent/x|No such file
	--post wc --pool threads|thread, process, inline
	--post wc --jobs x|--jobs
	--post wc --buffer 1|--buffer
	--no-fetch|--post
	--post wc --columns wc_byte|wc_bytes
	END
	wait_stat 'requests == 0'
}

# --- what they say

@test "a page's values are those of sha256sum, wc, crc32 and grep" {
	curl -sS "$ORIGIN_URL/site/3/" >page
	fetch --post sha256 --post wc --post crc32 --post 'grep:(?i)<A ' \
		--post links "$ORIGIN_URL/site/3/"
	[ "$status" -eq 0 ]
	[ "$(record 1 .sha256)" = "$(sha256sum <page | cut -d' ' -f1)" ]
	[ "$(record 1 '"\(.wc_lines) \(.wc_words) \(.wc_bytes)"')" = \
		"$(LC_ALL=C wc <page | tr -s ' ' | sed 's/^ //')" ]
	[ "$(record 1 .crc32)" = "$(python3 -c '
import sys, zlib
print("%08x" % zlib.crc32(open("page", "rb").read()))')" ]
	[ "$(record 1 .grep_matches)" = "$(grep -o '<a ' page | wc -l)" ]
	[ "$(record 1 .grep_first)" = '<a ' ]
	# Ten below it, the one above and the first, which are the same.
	[ "$(record 1 .links)" -eq 11 ]
	[ "$(record 1 '.links_list | split(" ")[0]')" = \
		"$ORIGIN_URL/site/3/0/" ]
}

@test "stages follow one another, and the same one again has columns _2" {
	curl -sS "$ORIGIN_URL/bytes/5000" >body
	fetch --post sha256 --post gzip:9 --post sha256 --post wc \
		"$ORIGIN_URL/bytes/5000"
	[ "$(record 1 .sha256)" = "$(sha256sum <body | cut -d' ' -f1)" ]
	[ "$(record 1 .sha256_2)" != "$(record 1 .sha256)" ]
	[ "$(record 1 .wc_bytes)" = "$(record 1 .size_gzip)" ]
	[ "$(record 1 .wc_bytes)" -lt 200 ]
	# A file gets what comes out at the end.
	echo "{\"url\":\"$ORIGIN_URL/bytes/5000\",\"output\":\"kept.gz\"}" >list
	fetch --input-format ndjson --post gzip --post sha256 list
	[ "$status" -eq 0 ]
	[ "$(record 1 .sha256)" = "$(sha256sum <kept.gz | cut -d' ' -f1)" ]
	gzip -dc kept.gz | cmp - body
}

@test "columns of stages in -w, CSV and --columns" {
	run -0 timeout 60 "$FETCHALL" --quiet --post wc --post sha256 \
		-w '%{wc_bytes}:%{wc_lines}:%{sha256}\n' "$ORIGIN_URL/bytes/3"
	[ "$output" = "3:0:$(printf abc | sha256sum | cut -d' ' -f1)" ]
	# What has no stage to wait for may come first.
	run -1 --separate-stderr timeout 60 "$FETCHALL" --quiet --format csv \
		--columns ok,wc_bytes,error_detail --post wc -s serial \
		"$ORIGIN_URL/bytes/3" "$ORIGIN_URL/status/404"
	[ "${lines[0]}" = ok,wc_bytes,error_detail ]
	[ "$(sort -r <<<"${lines[1]}"$'\n'"${lines[2]}" | head -n 1)" = true,3, ]
	[[ $output == *$'\n'false,,* ]]
	run -0 --separate-stderr timeout 60 "$FETCHALL" --quiet --format csv \
		--post wc "$ORIGIN_URL/bytes/3"
	[[ ${lines[0]} == *,wc_lines,wc_words,wc_bytes ]]
	[[ ${lines[1]} == *,0,1,3 ]]
}

@test "the summary has the figures of stages" {
	timeout 60 "$FETCHALL" -s async --format none --summary json -j 1 \
		--post spin:10 --pool thread "$ORIGIN_URL/delay/100/"{1..5} \
		2>err
	jq -e '.stages | .pool == "thread" and .workers == 1 and
		.bodies == 5 and .failed == 0 and .wall >= 0.05 and
		.cpu >= 0.05 and .busy >= 0.05 and .utilisation > 0 and
		.utilisation <= 1 and .overlap >= 0 and .overlap <= 1 and
		.queue.max >= 0.02 and .buffer_peak >= 4096' err
	jq -e '.loop_lag | .p99 >= 0 and .max >= .p99' err
}

@test "each stage works with each pool" {
	cat >answer <<-'END'
	while read -r head; do
	    n=${head#*\"length\":}
	    head -c "${n%%,*}" >/dev/null
	    echo '{"a":1}'
	done
	END
	for pool in inline thread process; do
		fetch --pool "$pool" --compressed --post sha256 --post xxh3 \
			--post crc32 --post wc --post links --post grep:a \
			--post pow:3,100 --post factorial:10 --post fib:10 \
			--post fib-recursive:10 --post spin:1 --post sleep:1 \
			--exec cat --post 'coproc:sh answer' \
			--post gzip --post zstd "$ORIGIN_URL/gzip/100"
		[ "$status" -eq 0 ]
		[ "$(record 1 .size_decoded)" -eq 100 ]
		[ "$(record 1 .fib_recursive)" -eq 55 ]
		[ "$(record 1 .coproc.a)" -eq 1 ]
		[ "$(record 1 .size_zstd)" -gt 0 ]
	done
}

# --- commands

@test "commands that misbehave cost one record each" {
	printf "$ORIGIN_URL/bytes/%s\n" 1 3MiB 2 >list
	while IFS='|' read -r command class detail; do
		fetch -s serial --exec-timeout 300ms --exec-shell --exec \
			"[ \$FETCHALL_SEQ -ne 2 ] || { $command; }" list
		[ "$status" -eq 1 ]
		[ "$(record 1 .ok)$(record 3 .ok)" = truetrue ]
		[ "$(record 2 '"\(.ok) \(.error_class) \(.error_detail)"')" = \
			"false $class $detail" ]
	done <<-'END'
	exec yes|exec|command_timeout
	yes >&2|exec|command_timeout
	exec sleep 100|exec|command_timeout
	cat >/dev/null; exec sleep 100|exec|command_timeout
	trap "" TERM INT; while :; do sleep 1; done|exec|command_timeout
	kill -9 $$|exec|signal
	kill -SEGV $$|exec|signal
	exit 3|exec|status
	exec 0<&-; exit 1|exec|status
	END
	# What is written without end and ends is cut.
	fetch --exec-shell --exec 'yes | head -c 1000000' list
	[ "$status" -eq 0 ]
	[ "$(record 1 .exec_cut)" = true ]
	[ "$(record 1 '.exec_stdout | length')" -le 4096 ]
	# One that reads nothing is no failure.
	fetch --exec true list
	[ "$status" -eq 0 ]
}

@test "a coproc that dies on one body costs that one" {
	cat >coproc.py <<-'END'
	import json, sys
	for line in sys.stdin.buffer:
	    head = json.loads(line)
	    body = sys.stdin.buffer.read(head["length"])
	    if len(body) == 66:
	        sys.exit(5)
	    print(json.dumps({"n": len(body)}), flush=True)
	END
	printf "$ORIGIN_URL/bytes/%d\n" {60..80} >list
	for pool in thread process inline; do
		fetch --pool "$pool" --post "coproc:python3 coproc.py" list
		[ "$status" -eq 1 ]
		[ "$(jq -s 'map(select(.ok and .coproc.n == .seq + 59)) |
			length' out)" -eq 20 ]
		[ "$(record 7 '"\(.ok) \(.error_class) \(.error_detail)"')" = \
			"false exec status" ]
	done
}

# --- bodies

@test "bombs are failed records that name the limit, and cost no memory" {
	need zstd
	head -c 200M /dev/zero | gzip -9 | raw_coded bomb.gz gzip
	head -c 200M /dev/zero | zstd -q -19 | raw_coded bomb.zst zstd
	head -c 200M /dev/zero | gzip -9 | gzip -9 | raw_coded twice.gz \
		'gzip, gzip'
	printf "$ORIGIN_URL/raw/%s\n" bomb.gz bomb.zst twice.gz >list
	echo "$ORIGIN_URL/gzip/1000" >>list
	for pool in thread process inline; do
		fetch --pool "$pool" --compressed --post sha256 list
		[ "$status" -eq 1 ]
		jq -se 'sort_by(.seq) | (.[0:3] | all(.error_class == "body" and
			.error_detail == "ratio" and
			(.errormsg | contains("--decode-ratio")))) and .[3].ok' out
		fetch --pool "$pool" --compressed --decode-ratio 0 \
			--max-body 5MiB --summary json --post sha256 list
		[ "$status" -eq 1 ]
		jq -se 'sort_by(.seq) | (.[0:3] | all(.error_class == "body" and
			.error_detail == "limit" and
			(.errormsg | contains("5MiB")))) and .[3].ok' out
	done
	if is_sanitized; then
		return 0
	fi
	timeout 60 "$FETCHALL" --format none --summary json --compressed \
		--post wc list 2>err || true
	[ "$(jq .memory_peak err)" -lt 60000000 ]
}

# refused_without_room STRATEGY: of three bodies, one at a time, the second is
# too large for memory and found no place.
refused_without_room() {
	[ "$status" -eq 1 ]
	[ "$(record 2 '"\(.error_class) \(.error_detail)"')" = \
		"local write_refused" ]
	[ "$(record 1 .ok)" = true ]
	# As below, the worker of a pool may be early.
	[ "$1" = process-pool ] || [ "$(record 3 .ok)" = true ]
}

@test "bodies that find no place on the disk are failed records" {
	printf "$ORIGIN_URL/bytes/%s\n" 1 3MiB 2 >list
	for strategy in serial async process-pool; do
		TMPDIR=/nonexistent/folder fetch -s "$strategy" -c 1 \
			--buffer 1MiB --post wc list
		refused_without_room "$strategy"
		[[ $(record 2 .errormsg) == *"TMPDIR: No such file"* ]]
		(
			ulimit -f 2000
			fetch -s "$strategy" -c 1 --buffer 1MiB --post wc list
			refused_without_room "$strategy"
		)
	done
}

@test "a disk that becomes full fails the bodies that it has no room for" {
	unshare -rm true || skip "no file system can be mounted here"
	printf "$ORIGIN_URL/bytes/%s\n" 1 3MiB 2 4MiB 300000 >list
	mkdir small
	for strategy in serial async process-pool; do
		unshare -rm sh -c 'mount -t tmpfs -o size=2M none small &&
			TMPDIR=$PWD/small exec "$@"' - timeout 60 "$FETCHALL" \
			-s "$strategy" -c 1 --quiet --json --retry 0 \
			--buffer 1MiB --post wc list >out || true
		jq -se 'sort_by(.seq) | length == 5 and
			(.[1].errormsg | contains("No space left")) and
			all(.ok or .error_detail == "write_failed")' out
		# A worker process begins the next fetch before the run has
		# let go of the last body: what room there is varies.
		[ "$strategy" = process-pool ] || jq -se 'sort_by(.seq) |
			map(.ok) == [true, false, true, false, true]' out
	done
}

@test "hostile bodies and headers stay within the budget" {
	local n=200 path paths=(endless endless-headers chunked/1GiB gzip/1GiB)

	if is_sanitized; then
		skip "a sanitizer needs memory of its own"
	fi
	head -c 20M /dev/zero | gzip -9 | raw_coded bomb gzip
	paths+=(raw/bomb)
	for path in "${paths[@]}"; do
		seq -f "$ORIGIN_URL/$path?%g" $((n / 5))
	done >list
	for strategy in async process-pool; do
		timeout -s INT -k 5 4 "$FETCHALL" -s "$strategy" -c $n \
			--buffer 8MiB --retry 0 --format none --summary json \
			--compressed --post sha256 list 2>err || true
		grep '^{' err >summary || cat err
		[ "$(jq .stages.buffer_peak summary)" -le $((8 << 20)) ]
		[ "$(jq .memory_peak summary)" -lt $((80 << 20)) ]
	done
}

# --- ending early

@test "SIGINT ends commands that are at work, and leaves none" {
	for strategy in serial async process-pool; do
		for pool in inline thread process; do
			echo "$strategy $pool"
			start -s "$strategy" --pool "$pool" --json \
				--exec-shell \
				--exec 'echo $$ >command; exec sleep 1000' \
				"$ORIGIN_URL/bytes/1"
			while [ ! -s command ]; do sleep 0.02; done
			end_by INT
			[ "$status" -eq 130 ]
			[ "$took_ms" -lt 4000 ]
			jq -se 'length == 1 and .[0].final == false and
				.[0].error_class == "stopped"' out
			for ((i = 0; i < 100; i++)); do
				kill -0 "$(<command)" 2>/dev/null || break
				sleep 0.02
			done
			run ! kill -0 "$(<command)"
			rm command
		done
	done
}

@test "a reader that leaves ends stages, too" {
	seq -f "$ORIGIN_URL/bytes/%g" 200 >list
	for strategy in serial async process-pool; do
		for pool in inline thread process; do
			begun=${EPOCHREALTIME/./}
			run -0 bash -c "timeout 60 '$FETCHALL' -s $strategy \
				--pool $pool --quiet --post sleep:100 -j 2 \
				-w '%{seq}\n' list 2>err | head -1 >first
				echo \${PIPESTATUS[0]}"
			took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
			echo "$strategy $pool: $output after $took_ms ms"
			[ "$output" = 141 ]
			[ "$(wc -l <first)" -eq 1 ]
			# All of them take ten seconds.
			[ "$took_ms" -lt 5000 ]
		done
	done
}

@test "stages need no room on the small stacks of green" {
	fetch -s green --green-stack 32KiB --pool inline \
		--post factorial:40000 "$ORIGIN_URL/bytes/"{1,2,3}
	[ "$status" -eq 0 ]
	jq -se 'length == 3 and all(.ok and .factorial_bits > 500000)' out
}

@test "without fetching each URL is one record, and no server is asked" {
	for pool in inline thread process; do
		fetch --no-fetch --pool "$pool" --post factorial:1000 \
			--post wc "$ORIGIN_URL/bytes/"{1,2,3}
		[ "$status" -eq 0 ]
		jq -se 'length == 3 and all(.ok and .wc_bytes == 0 and
			.factorial_bits == 8530 and .response_code == null or
			.response_code == 0)' out
	done
	wait_stat 'requests == 0'
}
