#!/usr/bin/env bats
# What servers say must not reach a terminal as it is, and what the user keeps
# secret must not reach anything that is written.

load helpers

setup_file() {
	export RAW=$BATS_FILE_TMPDIR/raw
	mkdir "$RAW"
	# ESC, BEL, CSI as one byte and as UTF-8, DEL, a lone CR and TAB,
	# bytes that are no UTF-8, a backslash, quotes, a comma.
	odd='\033[31m\007\233\302\233\177\011\377\376\\"'\'','
	printf "HTTP/1.1 200 $odd\r\nContent-Type: text/$odd\r\n\r\nx" \
		>"$RAW/type"
	printf "HTTP/1.1 404 $odd\r\nX-$odd: $odd\r\nContent-Length: 0\r\n\r\n" \
		>"$RAW/reason"
	printf "HTTP/1.1 302 No\r\nLocation: /$odd\r\nContent-Length: 0\r\n\r\n" \
		>"$RAW/location"
	printf "HTTP/1.1 302 No\r\nLocation: $odd://a/$odd\r\n\r\n" \
		>"$RAW/scheme"
	printf "$odd\r\n$odd\r\n\r\n" >"$RAW/garbage"
	start_origin --raw-dir "$RAW"
	for name in type reason location scheme garbage; do
		echo "$ORIGIN_URL/raw/$name"
	done >"$BATS_FILE_TMPDIR/list"
	printf 'http://127.0.0.1/\033[31m\n\233\302\233\377\nhttp://[\033/\n' \
		>>"$BATS_FILE_TMPDIR/list"
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq python3
	export HOME=$BATS_TEST_TMPDIR
	unset XDG_CONFIG_HOME http_proxy
	cd "$BATS_TEST_TMPDIR" || return 1
	list=$BATS_FILE_TMPDIR/list
}

# assert_clean FILE: lines of text, UTF-8, no control characters of any kind.
assert_clean() {
	[ -s "$1" ]
	python3 - "$1" <<-'END'
	import sys
	text = open(sys.argv[1], "rb").read().decode("utf-8")
	bad = [c for c in text if c != "\n" and
	    (ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0)]
	assert not bad, (sys.argv[1], bad, text)
	END
}

@test "no control character reaches standard output or standard error" {
	local strategy format

	for strategy in serial async; do
		for format in lines json csv; do
			status=0
			timeout 60 "$FETCHALL" -v -s "$strategy" --retry 0 \
				--format "$format" "$list" >out 2>err ||
				status=$?
			[ "$status" -eq 1 ]
			assert_clean out
			assert_clean err
		done
	done
}

@test "nor through -w, --dry-run, a refused option or a list's name" {
	local esc=$'\033[31m\302\233'

	timeout 60 "$FETCHALL" -w '%{content_type} %{errormsg} %{url}\n' \
		--retry 0 "$list" >out 2>err || true
	assert_clean out
	timeout 60 "$FETCHALL" --dry-run "$list" >out 2>err || true
	assert_clean err
	for word in "--$esc" "--concurrency=$esc" "--strategy=$esc" \
		"--columns=$esc" "--help=$esc" "$esc" "--config=$esc" \
		"--results=/nonexistent/$esc"; do
		run timeout 60 "$FETCHALL" "$word" "$ORIGIN_URL/empty"
		[ "$status" -ge 2 ]
		printf '%s\n' "$output" >out
		assert_clean out
	done
}

@test "JSON holds every byte that was sent, escaped" {
	timeout 60 "$FETCHALL" --quiet --json --retry 0 \
		"$ORIGIN_URL/raw/type" >out
	LC_ALL=C run ! grep -q '[^ -~]' out
	[ "$(jq .escaped out)" = true ]
	python3 - <<-'END'
	import json, re
	record = json.loads(open("out").read())
	text = record["content_type"]
	raw = re.sub(rb"\\x([0-9a-f]{2})|\\\\", lambda m:
	    bytes([int(m[1], 16)]) if m[1] else b"\\",
	    text.encode("utf-8"))
	assert b"\x1b[31m\x07\x9b\xc2\x9b\x7f\t\xff\xfe\\\"'," in raw, raw
	END
}

# hides ARGUMENT...: runs it and looks for the secret, as it is and in base64.
hides() {
	timeout 60 "$FETCHALL" -v --retry 0 "$@" >out 2>err || true
	cat out err results >all 2>/dev/null || true
	rm -f results
	# It said something.
	[ -s all ]
	run ! grep -i -e hidden -e aGlkZGVu all
}

# shows_nothing ARGUMENT...: the same, all ways.
shows_nothing() {
	hides -s serial --json "$@"
	hides --format lines "$@"
	hides --format csv --summary json "$@"
	hides -s serial,async --results results "$@"
	hides --dry-run "$@"
}

@test "a URL's password is shown nowhere: on the command line" {
	local host=127.0.0.1:$ORIGIN_PORT

	shows_nothing --dns-timeout 50ms --dns-servers 127.0.0.1:9 \
		"http://me:hidden@$host/bytes/1" \
		"http://me:hidden@$host/status/404" \
		"http://me:hidden@$host/redirect/2" \
		"http://me:hidden@$host/redirect-loop" \
		"http://hidden@$host/bytes/1" "http://:hidden@$host/cut" \
		http://me:hidden@127.0.0.1:1/ \
		http://me:hidden@no.such.name.invalid/
	for url in "http://me:hidden@[::1/" "http://me:hidden@host:99999/" \
		"http://me:hid den@$host/" "ftp://me:hidden@$host/" \
		"me:hidden@$host"; do
		hides "$url"
		hides --json -- "$url"
		hides --dry-run "$url"
	done
}

@test "a URL's password is shown nowhere: in a list" {
	local host=127.0.0.1:$ORIGIN_PORT

	cat >urls <<-END
	http://me:hidden@$host/bytes/1
	http://me:hidden@$host/reset
	me:hidden@$host/bytes/1
	http://me:hidden@@$host/bytes/1
	http://me:hid/den:hidden@$host/
	http://me:hidden@[::1/
	http://me:hidden@host:port/
	ftp://me:hidden@$host/
	http://me:hidden@
	http:/me:hidden@$host/
	http:\\\\me:hidden@$host/
	//me:hidden@$host/
	http://me:hidden%00@$host/bytes/1
	END
	shows_nothing urls
	cat >urls.ndjson <<-END
	{"url":"http://me:hidden@$host/bytes/1"}
	{"url":"http://me:hidden@[::1/"}
	{"url":"http://me:hidden@$host/x","headers":{"A":"hidden"},"bad":1}
	{"url":"http://me:hidden@$host/x","headers":{"A":5}}
	{"url":"http://$host/x","headers":{"Authorization":"hidden\r\n"}}
	{"url":"http://me:hidden@$host/x"
	END
	shows_nothing --input-format ndjson urls.ndjson
}

@test "a password that a server's Location brings is shown nowhere" {
	local host=127.0.0.1:$ORIGIN_PORT rest n=0

	for rest in "$host/bytes/1" 127.0.0.1:1/ "[::1/" "host:99999/"; do
		printf 'HTTP/1.1 302 No\r\nLocation: http://me:hidden@%s\r\n\r\n' \
			"$rest" >"$RAW/to$((++n))"
		shows_nothing "$ORIGIN_URL/raw/to$n"
	done
}

@test "what -u, -H, -b and -x are given is shown nowhere" {
	shows_nothing -u me:hidden "$ORIGIN_URL/bytes/1" \
		"$ORIGIN_URL/redirect/1"
	shows_nothing -H 'Authorization: Bearer hidden' \
		-H 'X-Key: hidden' -b a=hidden "$ORIGIN_URL/bytes/1"
	shows_nothing -x "http://me:hidden@127.0.0.1:$ORIGIN_PORT" \
		http://a.test/bytes/1
	shows_nothing -x "http://me:hidden@127.0.0.1:1" http://a.test/bytes/1
}

@test "options that are refused do not show their secret" {
	for arguments in '-x http://me:hidden@[::1' '-x ftp://me:hidden@a/' \
		'-x http://me:hidden@a:99999' '-H hidden' '-b hidden' \
		'--header=hidden' '--proxy=me:hidden@:' '-u me:hidden -c x'; do
		run timeout 60 "$FETCHALL" $arguments "$ORIGIN_URL/bytes/1"
		echo "$arguments: $status $output"
		[ "$status" -ge 2 ]
		[[ $output != *hidden* ]]
	done
	printf 'user = "me:hidden"\nheader = hidden\n' >config
	run timeout 60 "$FETCHALL" --config config "$ORIGIN_URL/bytes/1"
	[ "$status" -eq 2 ]
	[[ $output != *hidden* ]]
}
