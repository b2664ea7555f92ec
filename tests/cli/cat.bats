#!/usr/bin/env bats
# --cat: standard output as a stream of bodies, each whole, in any order or in
# the list's, whatever servers, readers and disks do.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq python3
	export HOME=$BATS_TEST_TMPDIR TMPDIR=$BATS_TEST_TMPDIR
	unset XDG_CONFIG_HOME
	cd "$BATS_TEST_TMPDIR" || return 1
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
}

# echoes N: a list whose bodies tell which URL they are of; /echo sends the
# request back, and its first line has the number.
echoes() {
	seq -f "$ORIGIN_URL/echo/%.0f" "$@"
}

# numbers: of the URLs, in the order of their bodies on standard input.
numbers() {
	sed -n 's|^GET /echo/\([0-9]*\) .*|\1|p'
}

# peaks_below MIB: the run's summary is in err, as JSON behind its warnings. A
# sanitizer needs memory of its own.
peaks_below() {
	is_sanitized || [ "$(tail -1 err | jq .memory_peak)" -lt $(($1 << 20)) ]
}

@test "bodies of good replies go to standard output, whole, and nothing else" {
	printf '%s\n' "$ORIGIN_URL/bytes/300k" "$ORIGIN_URL/status/404" \
		"$ORIGIN_URL/bytes/300k" "$ORIGIN_URL/cut" \
		"$ORIGIN_URL/redirect/3?to=$ORIGIN_URL/bytes/300k" >list
	curl -sS "$ORIGIN_URL/bytes/300k" >one
	cat one one one >want
	for strategy in serial thread thread-pool fork process-pool async green
	do
		run -1 bash -c "timeout 60 '$FETCHALL' -s $strategy --retry 0 \
			--cat list 2>err >out"
		cmp want out
	done
}

@test "what stages make of bodies is what is written" {
	for pool in inline thread process; do
		run -0 --separate-stderr timeout 60 "$FETCHALL" --cat \
			--compressed --pool "$pool" "$ORIGIN_URL/gzip/100000"
		timeout 60 "$FETCHALL" --cat --compressed --pool "$pool" \
			"$ORIGIN_URL/gzip/100000" >out 2>err
		head -c 100000 /dev/zero | cmp - out
	done
}

@test "--separator stands behind each body" {
	run -0 bash -c "timeout 60 '$FETCHALL' --cat --separator '\0--\n' \
		'$ORIGIN_URL/bytes/3' '$ORIGIN_URL/empty' \
		'$ORIGIN_URL/bytes/3' --keep-order 2>err | od -An -c | tr -d ' \n'"
	[ "$output" = 'abc\0--\n\0--\nabc\0--\n' ]
}

@test "--keep-order is the list's order for every strategy" {
	echoes 300 >list
	seq 300 >want
	for strategy in serial thread thread-pool fork process-pool async green
	do
		timeout 60 "$FETCHALL" -s $strategy --cat --keep-order list \
			2>err | numbers >out
		cmp want out
	done
}

@test "one that is slow or tried again is waited for, in bounded memory" {
	{
		echo "$ORIGIN_URL/flaky/first/1?retry-after=1"
		echoes 3000
		echo "$ORIGIN_URL/delay/700/x"
		echo "not a url"
		seq -f "$ORIGIN_URL/bytes/100k?%.0f" 300
		echo "$ORIGIN_URL/redirect/2?to=$ORIGIN_URL/echo/3001"
		echoes 3002 6000
	} >list
	for strategy in thread-pool process-pool async; do
		curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
		run -1 --separate-stderr bash -c "timeout 100 '$FETCHALL' \
			-s $strategy -c 50 --buffer 1MiB --summary json \
			--cat --keep-order --separator '\n' --results rows \
			list >out 2>err"
		numbers <out | cmp - <(seq 6000)
		# One record each but for the attempt that was repeated.
		[ "$(jq -s 'map(select(.final)) | length' rows)" -eq 6303 ]
		[ "$(jq -s 'map(select(.final and .ok)) | length' rows)" \
			-eq 6302 ]
		[ "$(wc -c <out)" -gt $((300 * 102400)) ]
		peaks_below 100
	done
}

# Bodies that are larger than what may be held, behind one that is slow: the
# files are full four times over, and the slow one still comes.
@test "what is held never stops what it is held for" {
	{
		echo "$ORIGIN_URL/drip?bytes=50&ms=20"
		seq -f "$ORIGIN_URL/bytes/2MiB?%.0f" 40
		echo "$ORIGIN_URL/flaky/second/2?retry-after=0"
		seq -f "$ORIGIN_URL/bytes/2MiB?%.0f" 40
	} >list
	for strategy in thread-pool process-pool async; do
		curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
		timeout 100 "$FETCHALL" -s $strategy -c 20 --buffer 1MiB \
			--cat --keep-order list >out 2>err
		[ "$(wc -c <out)" -ge $((80 * 2097152 + 50)) ]
		curl -sS "$ORIGIN_URL/drip?bytes=50&ms=0" |
			cmp -n 50 - out
	done
}

@test "a long body is passed on with little memory" {
	timeout 100 "$FETCHALL" --cat --buffer 1MiB --summary json \
		"$ORIGIN_URL/bytes/200MiB" 2>err | wc -c >out
	[ "$(<out)" -eq 209715200 ]
	peaks_below 60
}

@test "records go to --results or nowhere" {
	run -0 --separate-stderr timeout 60 "$FETCHALL" --cat --results rows \
		"$ORIGIN_URL/bytes/5"
	[ "$output" = abcde ]
	[ "$(jq -r .response_code rows)" = 200 ]
	for option in --json "--format csv" "-w x" "--results -"; do
		run -2 --separate-stderr timeout 60 "$FETCHALL" --cat $option \
			"$ORIGIN_URL/bytes/5"
		[[ $stderr == *"--cat writes bodies to standard output"* ]]
	done
	run -2 --separate-stderr timeout 60 "$FETCHALL" --cat --state s \
		"$ORIGIN_URL/bytes/5"
	[[ $stderr == *"cannot be gone on with"*--save* ]]
	run -2 --separate-stderr timeout 60 "$FETCHALL" --cat -s serial,async \
		"$ORIGIN_URL/bytes/5"
	[[ $stderr == *"not for a comparison"* ]]
	for option in --keep-order "--separator x"; do
		run -2 --separate-stderr timeout 60 "$FETCHALL" $option \
			"$ORIGIN_URL/bytes/5"
		[[ $stderr == *"there is no --cat"* ]]
	done
}

@test "bodies can be kept in files as well" {
	timeout 60 "$FETCHALL" --cat --keep-order -O --output-dir o \
		"$ORIGIN_URL/bytes/5" "$ORIGIN_URL/bytes/2MiB" >out 2>err
	[ "$(find o -type f | wc -l)" -eq 2 ]
	find o -type f -size -10c -exec cat {} + >want
	find o -type f -size +10c -exec cat {} + >>want
	[ "$(wc -c <out)" -eq 2097157 ]
	cmp want out
}

@test "a reader that has enough ends it quietly with 141" {
	seq -f "$ORIGIN_URL/bytes/20k?%.0f" 3000 >list
	for option in "" --keep-order; do
		run -0 bash -c "timeout 60 '$FETCHALL' --cat $option list \
			2>err | head -c 100 >first
			echo \${PIPESTATUS[0]}"
		[ "$output" = 141 ]
		[ "$(wc -c <first)" -eq 100 ]
		[ ! -s err ]
	done
}

@test "a full disk ends it with 3 and whole bodies" {
	seq -f "$ORIGIN_URL/bytes/100001?%.0f" 50 >list
	for option in "" --keep-order; do
		run -3 --separate-stderr bash -c "ulimit -f 1000
			exec timeout 60 '$FETCHALL' --cat $option list >kept"
		[[ $stderr == *"File too large; 10 whole records were kept"* ]]
		[ "$(wc -c <kept)" -eq 1000010 ]
	done
}

@test "a signal ends it with whole bodies, in order" {
	{
		echoes 20
		echo "$ORIGIN_URL/silent"
		echoes 21 40
	} >list
	env --default-signal=INT timeout -s INT --preserve-status 1 \
		"$FETCHALL" --cat --keep-order list >out 2>err || status=$?
	[ "$status" -eq 130 ]
	numbers <out | cmp - <(seq 40)
}
