#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# fetchall-origin, route by route, seen through curl. The other tests stand on
# what this one checks.

bats_require_minimum_version 1.5.0

setup_file() {
	unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
	export ORIGIN="${FETCHALL_ORIGIN:-fetchall-origin}"
	export DIR="$BATS_FILE_TMPDIR"
	printf 'HTTP/1.1 299 Odd\r\nA: b\r\nContent-Length: 3\r\n\r\nraw' \
		>"$DIR/odd"
	: >"$DIR/nothing"
	printf 'secret\n' >"$DIR/.hidden"
	ln -s /etc/passwd "$DIR/link"
	mkdir "$DIR/folder"
	start port --raw-dir "$DIR"
	export ORIGIN_PID="$pid" PORT="$port"
	export URL="http://127.0.0.1:$PORT"
}

teardown_file() {
	kill "$ORIGIN_PID"
	wait "$ORIGIN_PID"
}

# start NAME OPTION...: sets pid, and port once the server listens.
start() {
	local file="$DIR/$1" i

	shift
	"$ORIGIN" --port 0 --with-parent --max-seconds 300 \
		--port-file "$file" "$@" >"$file.out" 2>"$file.err" 3>&- &
	pid=$!
	for ((i = 0; i < 500; i++)); do
		[ -s "$file" ] && break
		kill -0 "$pid" || return 1
		sleep 0.02
	done
	port=$(cat "$file")
}

# stop PID: ends it and hands on its status.
stop() {
	kill -"${2:-TERM}" "$1"
	wait "$1"
}

get() {
	curl -sS -m 20 "$@"
}

status() {
	get -o /dev/null -w '%{http_code}' "$@"
}

# pattern N: the first N bytes of every made-up body.
pattern() {
	yes abcdefghijklmnopqrstuvwxyz | tr -d '\n' | head -c "$1"
}

# talk BYTES: sends them as they are and prints all that comes back.
talk() {
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf "$1" >&9
	timeout 20 cat <&9
	exec 9>&-
}

# stat NAME [URL]
stat() {
	get "${2:-$URL}/stats" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

@test "/bytes: the pattern, with its length" {
	run -0 get "$URL/bytes/30"
	[ "$output" = abcdefghijklmnopqrstuvwxyzabcd ]
	get -D "$DIR/head" "$URL/bytes/1000003" | cmp - <(pattern 1000003)
	grep -q $'^Content-Length: 1000003\r' "$DIR/head"
	[ "$(get "$URL/bytes/0" | wc -c)" = 0 ]
	[ "$(get "$URL/bytes/2MiB" | wc -c)" = 2097152 ]
	[ "$(status "$URL/bytes/x")" = 400 ]
	[ "$(status "$URL/bytes")" = 400 ]
	[ "$(status "$URL/bytes/99999999999999999999")" = 400 ]
}

@test "/chunked: the same bytes in chunks, or to the end for HTTP/1.0" {
	get -D "$DIR/head" "$URL/chunked/300000" | cmp - <(pattern 300000)
	grep -q $'^Transfer-Encoding: chunked\r' "$DIR/head"
	run ! grep -qi '^Content-Length' "$DIR/head"
	get -0 -D "$DIR/head" "$URL/chunked/300000" | cmp - <(pattern 300000)
	run ! grep -qiE '^(Content-Length|Transfer-Encoding)' "$DIR/head"
	[ "$(get "$URL/chunked/0" | wc -c)" = 0 ]
}

@test "/gzip: zero bytes, compressed" {
	get -D "$DIR/head" "$URL/gzip/1000000" >"$DIR/body"
	grep -q $'^Content-Encoding: gzip\r' "$DIR/head"
	[ "$(wc -c <"$DIR/body")" -lt 5000 ]
	gzip -dc <"$DIR/body" | cmp - <(head -c 1000000 /dev/zero)
	get --compressed "$URL/gzip/70000" | cmp - <(head -c 70000 /dev/zero)
	[ "$(get --compressed "$URL/gzip/0" | wc -c)" = 0 ]
}

@test "/empty: 200 without a byte" {
	run -0 get -i "$URL/empty"
	[[ $output == "HTTP/1.1 200 OK"* ]]
	[[ $output == *"Content-Length: 0"* ]]
}

@test "/status: the status asked for" {
	local code

	for code in 200 204 304 404 429 500 503 599 999; do
		[ "$(status "$URL/status/$code")" = "$code" ]
	done
	for code in 0 100 199 1000 abc ''; do
		[ "$(status "$URL/status/$code")" = 400 ]
	done
	run -0 get -i "$URL/status/503?retry-after=7"
	[[ $output == *$'Retry-After: 7\r'* ]]
	run -0 get -i "$URL/status/204"
	[[ $output != *Content-Length* ]]
	[ "$(status "$URL/status/503?retry-after=1%0d%0aX:%20y")" = 400 ]
}

@test "/echo: line, headers and body as they were sent" {
	run -0 get -H 'X-One:  two ' -d 'a=b' "$URL/echo/x?y=z"
	[ "${lines[0]}" = $'POST /echo/x?y=z HTTP/1.1\r' ]
	[[ $output == *$'\nX-One:  two'* ]]
	[[ $output == *$'\r\n\r\na=b' ]]
	run -0 get -H 'Transfer-Encoding: chunked' -d 'c=d' "$URL/echo"
	[[ $output == *$'\r\n\r\nc=d' ]]
}

@test "any Host is taken" {
	run -0 get -H 'Host: no.such.example' "$URL/echo"
	[[ $output == *"Host: no.such.example"* ]]
	run -0 get -x "$URL" http://no.such.example/echo
	[[ $output == *"Host: no.such.example"* ]]
}

@test "a large body is asked for with 100 Continue" {
	pattern 2000000 >"$DIR/large"
	run -0 get -o /dev/null -D - --expect100-timeout 10 \
		-H 'Expect: 100-continue' --data-binary "@$DIR/large" \
		-w '%{time_total}\n' "$URL/echo"
	[[ $output == "HTTP/1.1 100 Continue"* ]]
	get --data-binary "@$DIR/large" "$URL/echo" | tail -c 2000000 |
		cmp - "$DIR/large"
}

@test "/cookie: sets one and shows those sent" {
	run -0 get -i "$URL/cookie"
	[[ $output == *"Set-Cookie: origin=1; Path=/"* ]]
	[[ $output == *"no cookie" ]]
	run -0 get -i -b 'a=b; c=d' "$URL/cookie?set=x%3dy;%20Secure"
	[[ $output == *$'Set-Cookie: x=y; Secure\r'* ]]
	[[ $output == *"Cookie: a=b; c=d" ]]
	[ "$(status "$URL/cookie?set=a%0ab")" = 400 ]
}

@test "/delay: not before its time" {
	run -0 get -w '%{time_starttransfer}' "$URL/delay/200/any"
	[ "${lines[0]}" = waited ]
	[[ ! ${lines[1]} < 0.2 ]]
	run -0 get "$URL/delay/0"
	[ "$output" = waited ]
	[ "$(status "$URL/delay/soon")" = 400 ]
}

@test "/drip: byte by byte" {
	run -0 get -w '\n%{time_total}' "$URL/drip?bytes=5&ms=40"
	[ "${lines[0]}" = abcde ]
	[[ ! ${lines[1]} < 0.2 ]]
	[ "$(get "$URL/drip?bytes=3&ms=0")" = abc ]
	[ "$(status "$URL/drip?ms=x")" = 400 ]
}

@test "/slow-headers: late, but right" {
	run -0 get -w '%{time_total}' "$URL/slow-headers?ms=3"
	[ "${lines[0]}" = slow ]
	[[ ! ${lines[1]} < 0.2 ]]
	run -0 get -I "$URL/slow-headers?ms=0"
	[[ $output == *"Content-Length: 5"* ]]
}

@test "/silent: no byte" {
	run -28 get -m 0.3 -w '%{size_header}' "$URL/silent"
	[[ $output == *0 ]]
}

@test "/redirect: that many hops" {
	run -0 get -L -w '%{num_redirects} %{url_effective}' "$URL/redirect/3"
	[ "${lines[0]}" = arrived ]
	[ "${lines[1]}" = "3 $URL/redirect/0" ]
	run -0 get -i "$URL/redirect/2?code=307"
	[[ $output == "HTTP/1.1 307 "* ]]
	[[ $output == *$'Location: /redirect/1?code=307\r'* ]]
	run -0 get -L -w '%{num_redirects} %{url_effective}' -o /dev/null \
		"$URL/redirect/2?to=http%3A%2F%2Flocalhost:$PORT/empty%3Fa"
	[ "$output" = "2 http://localhost:$PORT/empty?a" ]
	[ "$(status "$URL/redirect/1?code=200")" = 400 ]
	[ "$(status "$URL/redirect/1?to=a%0d%0ab")" = 400 ]
	run -47 get -L --max-redirs 5 "$URL/redirect-loop"
}

@test "/reset: before the reply, or within the body" {
	run -56 get "$URL/reset"
	run -56 get -w '%{http_code} %{size_download}' -o /dev/null \
		"$URL/reset?bytes=1000"
	[[ $output == *"200 1000" ]]
}

@test "/cut: less than was promised" {
	run -18 get -w '%{size_download}' -o /dev/null "$URL/cut"
	[[ $output == *500 ]]
	run -18 get -w '%{size_download}' -o /dev/null \
		"$URL/cut?bytes=7&length=8"
	[[ $output == *7 ]]
	run -18 get -o /dev/null "$URL/cut?chunked=1"
}

@test "/endless and /endless-headers: no end" {
	local n

	n=$(get "$URL/endless" 2>/dev/null | head -c 5000000 |
		cmp - <(pattern 5000000) && echo same)
	[ "$n" = same ]
	n=$(talk 'GET /endless-headers HTTP/1.1\r\nHost: a\r\n\r\n' |
		head -c 1000000 | wc -c)
	[ "$n" = 1000000 ]
	run ! get -o /dev/null "$URL/endless-headers"
}

@test "/raw: a file, byte for byte, then the end" {
	run -0 get -w ' %{http_code}' "$URL/raw/odd"
	[ "$output" = "raw 299" ]
	talk 'GET /raw/odd HTTP/1.1\r\nHost: a\r\n\r\n' | cmp - "$DIR/odd"
	run -52 get "$URL/raw/nothing"
}

@test "/raw: no file but those of its folder" {
	local name

	for name in .hidden .. ../odd folder link none '' odd/ %2e%2e; do
		[ "$(status --path-as-is "$URL/raw/$name")" = 404 ]
	done
}

@test "/flaky: fails as often as asked, for each key" {
	local key="k$RANDOM"

	[ "$(status "$URL/flaky/$key/2")" = 503 ]
	run -0 get -i "$URL/flaky/$key/2?retry-after=9"
	[[ $output == "HTTP/1.1 503"*"Retry-After: 9"* ]]
	[ "$(status "$URL/flaky/$key/2")" = 200 ]
	[ "$(status "$URL/flaky/$key-other/1")" = 503 ]
	[ "$(status "$URL/flaky/$key")" = 400 ]
	[ "$(status "$URL/flaky//1")" = 400 ]
}

@test "/reset-first: the same with resets" {
	run -56 get "$URL/reset-first/k/1"
	run -0 get "$URL/reset-first/k/1"
	[ "$output" = "request 2" ]
}

@test "/site: the same pages each time, any depth, links that lead on" {
	local link

	run -0 get "$URL/site/1/2/3/4/5/6/7/8/9/0/"
	[ "$output" = "$(get "$URL/site/1/2/3/4/5/6/7/8/9/0/")" ]
	[ "$(grep -c '<li><a href="[0-9]/">' <<<"$output")" = 10 ]
	[ "$output" != "$(get "$URL/site/")" ]
	for link in / /0/ /9/9/ /0/../ '/0/../../site/'; do
		[ "$(status "$URL/site$link")" = 200 ]
	done
	run -0 get -L -w '%{url_effective}' -o /dev/null "$URL/site/3"
	[ "$output" = "$URL/site/3/" ]
	[ "$(status -L "$URL/site")" = 200 ]
	[ "$(status "$URL/site/10/")" = 404 ]
	[ "$(status "$URL/site/x")" = 404 ]
}

@test "an unknown path is told the routes" {
	run -0 get -w '%{http_code}' "$URL/nope"
	[[ $output == *"/bytes/N"*"/stats"*404 ]]
	[ "$(status "$URL/")" = 200 ]
	[ "$(status "$URL/bytesque")" = 404 ]
	[ "$(status "$URL/empty/more")" = 404 ]
}

@test "HEAD has the headers of GET and no body" {
	local path

	for path in bytes/1000 chunked/1000 gzip/1000 empty status/404 echo \
	    delay/1 drip site/ stats redirect/1 nope; do
		run -0 get -I -w '%{size_download}' "$URL/$path"
		[[ $output == "HTTP/1.1 "*0 ]]
	done
	# The connection is still in step afterwards.
	run -0 get -I -w '%{num_connects}\n' "$URL/bytes/1000" --next \
		-sS -w '%{num_connects}\n' "$URL/bytes/3"
	[ "${lines[-1]}" = abc0 ]
}

@test "connections are kept as the client wishes" {
	run -0 get -w '%{num_connects}' "$URL/bytes/1" "$URL/bytes/1"
	[ "$output" = a1a0 ]
	run -0 get -0 -w '%{num_connects}' "$URL/bytes/1" "$URL/bytes/1"
	[ "$output" = a1a1 ]
	run -0 get -0 -H 'Connection: keep-alive' -w '%{num_connects}' \
		"$URL/bytes/1" "$URL/bytes/1"
	[ "$output" = a1a0 ]
	run -0 get -i -H 'Connection: close' "$URL/empty"
	[[ $output == *"Connection: close"* ]]
}

@test "pipelined requests are answered in order" {
	local get='HTTP/1.1\r\nHost: a\r\n'

	run -0 talk "GET /delay/50 $get\r\nGET /bytes/3 $get\r\nGET \
/bytes/4 ${get}Connection: close\r\n\r\n"
	[[ $output == *waited*abcHTTP*abcd ]]
}

@test "garbage is refused and counted, and harms no one" {
	local before after bytes

	before=$(stat bad_requests)
	for bytes in '\026\003\001\002\000\001' 'hello\r\n' 'GET /\n' \
	    'GET / HTTP/1.1\r\n\r\n' 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'; do
		run -0 talk "$bytes"
		[[ $output == "HTTP/1.1 400 "*"Connection: close"* ]]
	done
	run -0 talk 'GET / HTTP/2.0\r\n\r\n'
	[[ $output == "HTTP/1.1 505 "* ]]
	head -c 300000 /dev/urandom >"$DIR/noise"
	timeout 20 bash -c 'cat "$1" >"/dev/tcp/127.0.0.1/$2"' - \
		"$DIR/noise" "$PORT" 2>/dev/null || true
	after=$(stat bad_requests)
	[ "$after" -ge $((before + 6)) ]
	[ "$(status "$URL/empty")" = 200 ]
}

@test "/stats: requests, connections, and how many at once" {
	start counts
	local url="http://127.0.0.1:$port" i

	get --parallel --parallel-immediate --parallel-max 20 \
		"$url/delay/1000/[1-20]" >/dev/null
	[ "$(stat requests "$url")" = 20 ]
	[ "$(stat in_flight_max "$url")" = 20 ]
	[ "$(stat in_flight "$url")" = 0 ]
	[ "$(stat connections_max "$url")" -ge 20 ]
	[ "$(stat 2xx "$url")" -ge 20 ]
	run -28 get -m 0.2 "$url/silent"
	[ "$(stat aborted "$url")" = 1 ]
	[ "$(stat connections_now "$url")" = 1 ]
	[ "$(status "$url/flaky/key/1")" = 503 ]
	run -0 get "$url/stats/reset"
	[[ $output == '{"requests":0,'* ]]
	[ "$(stat in_flight_max "$url")" = 0 ]
	[ "$(status "$url/flaky/key/1")" = 503 ]
	[ "$(status "$url/stats/other")" = 400 ]
	stop "$pid"
}

@test "--delay holds every reply up" {
	start delayed --delay 150
	run -0 get -w '%{time_starttransfer}' "http://127.0.0.1:$port/bytes/1"
	[[ ! ${output#a} < 0.15 ]]
	stop "$pid"
}

@test "the address is printed; SIGINT and SIGTERM end it with 0" {
	start first
	[ "$(cat "$DIR/first.out")" = "http://127.0.0.1:$port/" ]
	[ ! -s "$DIR/first.err" ]
	stop "$pid" INT
	start second
	get -m 0.1 "http://127.0.0.1:$port/endless" >/dev/null 2>&1 || true
	stop "$pid" TERM
}

@test "it ends with its parent" {
	local i

	bash -c '"$1" --port 0 --with-parent --max-seconds 60 \
		--port-file "$2/orphan" >"$2/orphan.out" 3>&- &
		echo $! >"$2/orphan.pid"
		for ((i = 0; i < 500; i++)); do
			[ -s "$2/orphan" ] && break
			sleep 0.02
		done' - "$ORIGIN" "$DIR"
	for ((i = 0; i < 500; i++)); do
		get "http://127.0.0.1:$(cat "$DIR/orphan")/" >/dev/null 2>&1 ||
			break
		sleep 0.02
	done
	[ "$i" -lt 500 ]
}

@test "--max-seconds ends it" {
	run -0 timeout 20 "$ORIGIN" --port 0 --max-seconds 1
	[[ $output == "http://127.0.0.1:"* ]]
}

@test "--reuse-port lets two share a port, else the second is refused" {
	run -4 "$ORIGIN" --port "$PORT" --with-parent --max-seconds 60
	[[ $output == *"127.0.0.1 port $PORT"* ]]
	start one --reuse-port
	local first="$pid" shared="$port"
	"$ORIGIN" --port "$shared" --reuse-port --with-parent \
		--port-file "$DIR/two" --max-seconds 60 >/dev/null 3>&- &
	pid=$!
	while [ ! -s "$DIR/two" ]; do
		kill -0 "$pid"
		sleep 0.02
	done
	stop "$first"
	[ "$(status "http://127.0.0.1:$shared/empty")" = 200 ]
	stop "$pid"
}

@test "--address takes IPv6 and refuses names" {
	if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
		start six --address ::1
		[ "$(cat "$DIR/six.out")" = "http://[::1]:$port/" ]
		[ "$(status -g "http://[::1]:$port/empty")" = 200 ]
		stop "$pid"
	fi
	run -2 "$ORIGIN" --port 0 --address localhost
	[[ $output == *"--address localhost"* ]]
}

@test "--help lists options and routes; bad usage is status 2 or 3" {
	local word

	run -0 "$ORIGIN" --help
	for word in --port --raw-dir --with-parent /bytes/N /endless-headers \
	    /flaky/KEY/N /site; do
		[[ $output == *"$word"* ]]
	done
	run -0 "$ORIGIN" -V
	[[ $output == "fetchall-origin "* ]]
	run -2 "$ORIGIN" --no-such-option
	run -2 "$ORIGIN" operand
	run -2 "$ORIGIN" --port 65536
	run -3 "$ORIGIN" --port 0 --raw-dir "$DIR/none"
	run -3 "$ORIGIN" --port 0 --port-file "$DIR/none/port"
}

@test "/range: the first reply is cut, later ones are parts" {
	alphabet=abcdefghijklmnopqrstuvwxyz
	run -18 get "$URL/range/cut/26?cut=20"
	run -0 get -i -r 20- "$URL/range/cut/26?cut=20"
	[[ $output == *"206 Partial Content"* ]]
	[[ $output == *"Content-Range: bytes 20-25/26"* ]]
	[[ $output == *'ETag: "a"'* ]]
	[[ $output == *uvwxyz ]]
	[ "$(get -r 20- -H 'If-Range: "a"' "$URL/range/cut/26")" = uvwxyz ]
	[ "$(get -r 20- -H 'If-Range: "b"' "$URL/range/cut/26")" = "$alphabet" ]
	[ "$(status -r 26- "$URL/range/cut/26")" = 416 ]
	[ "$(status "$URL/range/cut/1")" = 400 ]
	[ "$(status "$URL/range/cut")" = 400 ]
	[ "$(status "$URL/range/cut/26?how=so")" = 400 ]
	get -o /dev/null "$URL/range/then/26?then=%22b%22"
	run -0 get -i "$URL/range/then/26?then=%22b%22"
	[[ $output == *'ETag: "b"'*bcdefghijklmnopqrstuvwxyza ]]
	run -18 get "$URL/range/whole/26?cut=26"
	[ "$(status -r 20- "$URL/range/how/26?how=ignore")" = 200 ]
	[ "$(status -r 20- -H 'If-Range: "x"' \
		"$URL/range/how/26?how=blind")" = 206 ]
	[ "$(status -r 20- "$URL/range/how/26?how=refuse")" = 416 ]
	[ "$(get -r 20- "$URL/range/how/26?how=shift")" = vwxyz ]
	[ "$(get -r 20- "$URL/range/how/26?how=short")" = uvwxy ]
	[ "$(get -r 20- "$URL/range/how/26?how=other")" = vwxyza ]
}
