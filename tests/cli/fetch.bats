#!/usr/bin/env bats
# Lists go in, records come out: what a user sees when all is well, and when
# the list is not.

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
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
}

# fetch ARGUMENT...: fetchall with a limit on its time.
fetch() {
	timeout 60 "$FETCHALL" "$@"
}

# stat NAME: what the server counted.
stat() {
	curl -sS "$ORIGIN_URL/stats" | jq ".$1"
}

@test "a list's records and their summary; status 0" {
	printf "$ORIGIN_URL/bytes/%d\n" 1 2 3 >list
	run -0 --separate-stderr fetch list
	[ "${#lines[@]}" -eq 3 ]
	[[ $output == *"200 2 "*"$ORIGIN_URL/bytes/2"* ]]
	[[ $stderr == *"3 URLs: 3 ok"* ]]
	[[ $stderr == *"async: wall time "* ]]
	run -0 fetch --quiet "$ORIGIN_URL/bytes/5"
	[[ $output == "200 5 "* ]]
	[ "${#lines[@]}" -eq 1 ]
}

@test "a URL that fails is status 1, and the others are fetched" {
	local strategy

	for strategy in serial async; do
		run -1 --separate-stderr fetch -s "$strategy" --json \
			"$ORIGIN_URL/status/404" "$ORIGIN_URL/bytes/1" \
			http://127.0.0.1:1/
		[ "$(jq -s length <<<"$output")" -eq 3 ]
		[ "$(jq -s 'map(select(.ok)) | length' <<<"$output")" -eq 1 ]
		[[ $stderr == *"1 ok, 2 failed"* ]]
	done
}

@test "an empty list is no error and has a summary" {
	: >empty
	printf '# nothing\n\n  \n' >comments
	for list in empty comments /dev/null; do
		run -0 --separate-stderr fetch "$list"
		[ -z "$output" ]
		[[ $stderr == *"0 URLs"* ]]
	done
}

@test "a list that cannot be read is status 3, before any request" {
	for list in missing . ; do
		run -3 --separate-stderr fetch "$ORIGIN_URL/bytes/1" "$list"
		[ -z "$output" ]
		[[ $stderr == *"$list"* ]]
	done
	[ "$(stat requests)" -eq 0 ]
}

@test "an operand that looks like a host is asked about" {
	run -3 fetch www.example.test
	[[ $output == *"did you mean http://www.example.test"* ]]
}

@test "a damaged gzip list is status 3 after what could be read" {
	seq -f "$ORIGIN_URL/bytes/1?%g" 2000 | gzip >list.gz
	head -c $(($(wc -c <list.gz) / 2)) list.gz >cut.gz
	run -3 --separate-stderr fetch --json cut.gz
	[[ $stderr == *"cut.gz"* ]]
	[ "$(jq -s 'length > 100 and length < 2000' <<<"$output")" = true ]
}

@test "gzip, CRLF, comments, blanks and a last line without its end" {
	{
		printf '# a comment\r\n\r\n'
		printf '  %s/bytes/1  \r\n' "$ORIGIN_URL"
		printf '\n%s/bytes/2' "$ORIGIN_URL"
	} >list
	gzip -k list
	for list in list list.gz; do
		run -0 fetch --quiet -w '%{seq} %{url}\n' "$list"
		[ "$(sort <<<"$output")" = "1 $ORIGIN_URL/bytes/1
2 $ORIGIN_URL/bytes/2" ]
		run -0 fetch --quiet -w '%{seq}\n' - <"$list"
		[ "${#lines[@]}" -eq 2 ]
	done
}

@test "several lists, URLs and standard input are one list" {
	echo "$ORIGIN_URL/bytes/2" >two
	echo "$ORIGIN_URL/bytes/4" >four
	run -0 fetch --quiet -s serial -w '%{seq}:%{size_download} ' -i four \
		"$ORIGIN_URL/bytes/1" two - <<<"$ORIGIN_URL/bytes/3"
	[ "$output" = "1:4 2:1 3:2 4:3 " ]
}

@test "NDJSON lines bring method, headers, body and output" {
	run fetch --dry-run --input-format ndjson /dev/null
	[[ $output != *"without jansson"* ]] || skip "${lines[0]}"
	cat >list <<-END
	{"url":"$ORIGIN_URL/echo","method":"PATCH","headers":{"X-A":"b c"},"body":"päyload","output":"one"}
	{"url":"$ORIGIN_URL/bytes/7"}
	{"url":"$ORIGIN_URL/bytes/8","output":"../outside"}
	{"method":"GET"}
	no json
	END
	run -1 --separate-stderr fetch --json --input-format ndjson list
	grep -q '^PATCH /echo HTTP/1.1' one
	grep -q '^X-A: b c' one
	grep -q 'päyload$' one
	[ ! -e ../outside ]
	[ "$(jq -s 'map(select(.seq == 3))[0].error_detail' <<<"$output")" = \
		'"write_refused"' ]
	[ "$(jq -s 'map(select(.error_class == "input").seq) | sort | .[]' \
		<<<"$output" | tr '\n' ' ')" = "4 5 " ]
	[[ $stderr == *"list: line 4"*"list: line 5"* ]]
}

@test "a bad line is told with its place and becomes a record" {
	printf '%s\n' "$ORIGIN_URL/bytes/1" 'ftp://a/' "# c" 'http://[::1/' \
		>list
	run -1 --separate-stderr fetch --json list
	[[ $stderr == *"list: line 2"* ]]
	[[ $stderr == *"list: line 4"* ]]
	[ "$(jq -r 'select(.error_class == "input") | "\(.seq) \(.final)"' \
		<<<"$output" | sort)" = "2 true
3 true" ]
	[ "$(stat requests)" -eq 1 ]
}

@test "--dry-run prints what would be asked for, and asks nothing" {
	printf '%s\n' HTTP://EXAMPLE.test/a/../b 'other.test#part' >list
	run -0 --separate-stderr fetch --dry-run list "$ORIGIN_URL/x"
	[ "$output" = "http://example.test/b
http://other.test/
$ORIGIN_URL/x" ]
	[[ $stderr == *"3 URLs"*"nothing was fetched"* ]]
	echo 'ftp://bad/' >>list
	run -1 fetch --dry-run list
	[ "$(stat requests)" -eq 0 ]
}

@test "the first records come while the list is still open" {
	mkfifo list
	for strategy in serial async; do
		"$FETCHALL" --quiet -s "$strategy" <list \
			>"$strategy" 3>&- &
		exec 8>list
		echo "$ORIGIN_URL/bytes/1" >&8
		for ((i = 0; i < 500; i++)); do
			[ ! -s "$strategy" ] || break
			sleep 0.02
		done
		grep -q /bytes/1 "$strategy"
		kill -0 $!
		echo "$ORIGIN_URL/bytes/2" >&8
		exec 8>&-
		wait $!
		[ "$(wc -l <"$strategy")" -eq 2 ]
	done
}

@test "csv has a header, quotes what needs it, and parses back" {
	run -0 fetch --quiet --format csv --columns seq,url,response_code,ok \
		"$ORIGIN_URL/echo/a,b\"c"
	[ "${lines[0]}" = seq,url,response_code,ok ]
	echo "$output" >out.csv
	run -0 python3 -c '
import csv
rows = list(csv.DictReader(open("out.csv", newline="")))
assert len(rows) == 1, rows
assert rows[0]["url"].endswith("/echo/a,b\"c"), rows
assert rows[0]["ok"] == "true" and rows[0]["response_code"] == "200", rows
'
	run -2 fetch --format csv --columns seq,urll "$ORIGIN_URL/empty"
	[[ $output == *"did you mean 'url'"* ]]
}

@test "every field is in a JSON record, and only those of --columns" {
	run -0 fetch --quiet --json --post sleep:0 "$ORIGIN_URL/redirect/1"
	# But for those of single stages.
	fields=$(fetch --help=fields | awk '
		/^  [a-z_]+  / { if (name != "") print name; name = $1 }
		/ With --post [a-z0-9-]+ only/ { name = "" }
		END { if (name != "") print name }' | sort)
	[ "$(grep -c . <<<"$fields")" -gt 20 ]
	[ "$(jq -r 'keys[]' <<<"$output" | sort)" = "$fields" ]
	[ "$(jq .num_redirects <<<"$output")" -eq 1 ]
	[ "$(jq -r .url_effective <<<"$output")" = "$ORIGIN_URL/redirect/0" ]
	run -0 fetch --quiet --json --columns ok,seq "$ORIGIN_URL/empty"
	[ "$output" = '{"ok":true,"seq":1}' ]
	run -0 fetch --quiet --json "$ORIGIN_URL/empty"
	[ "$(jq 'has("time_post")' <<<"$output")" = false ]
}

@test "-w knows fields, escapes, percent signs and the whole record" {
	run -0 fetch --quiet -w '%{response_code}\t%{size_download}%% %{ok}\n' \
		"$ORIGIN_URL/bytes/9"
	[ "$output" = $'200\t9% true' ]
	run -0 fetch --quiet -w '%{json}\n' "$ORIGIN_URL/bytes/9"
	[ "$(jq .size_download <<<"$output")" -eq 9 ]
	run -2 fetch -w '%{respnse_code}' "$ORIGIN_URL/empty"
	[[ $output == *response_code* ]]
}

@test "retries leave a record each, the last one final" {
	for strategy in serial async; do
		run -0 fetch --quiet --json -s "$strategy" --retry-delay 1ms \
			"$ORIGIN_URL/flaky/$strategy/2"
		[ "$(jq -c '[.attempt, .response_code, .final]' <<<"$output")" \
			= "[1,503,false]
[2,503,false]
[3,200,true]" ]
	done
}

@test "--summary json is one object; none is nothing" {
	run -1 --separate-stderr fetch --summary json --format none \
		"$ORIGIN_URL/bytes/100" "$ORIGIN_URL/status/404"
	[ -z "$output" ]
	[ "$(jq -s length <<<"$stderr")" -eq 1 ]
	[ "$(jq -c '[.urls, .ok, .failed, .size_download]' <<<"$stderr")" = \
		"[2,1,1,114]" ]
	run -0 --separate-stderr fetch --summary none "$ORIGIN_URL/empty"
	[ -z "$stderr" ]
}

@test "http_proxy in the environment is not obeyed, -x is" {
	http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 \
		run -0 fetch --quiet "$ORIGIN_URL/bytes/1"
	[[ $output == "200 1 "* ]]
	run -0 fetch --quiet -x "$ORIGIN_URL" http://no.such.name.test/bytes/3
	[[ $output == "200 3 "* ]]
}

@test "a proxy that makes no tunnel is named as what refused" {
	run -1 fetch --json -x "$ORIGIN_URL" https://no.such.name.test/
	[ "$(jq -r '[.error_class, .error_detail] | join(" ")' \
		<<<"${lines[0]}")" = "http proxy" ]
}

@test "few open files: fewer fetches at a time, said once, none failed" {
	seq -f "$ORIGIN_URL/delay/2/%g" 300 >list
	run -0 --separate-stderr bash -c \
		'ulimit -n 64; exec timeout 60 "$FETCHALL" -c 500 --json list'
	[ "$(jq -s 'map(select(.ok)) | length' <<<"$output")" -eq 300 ]
	[ "$(grep -c 'may be open' <<<"$stderr")" -eq 1 ]
	[ "$(stat in_flight_max)" -le 64 ]
}

@test "10,000 URLs of nginx are 10,000 whole records by each strategy" {
	need nginx
	mkdir root
	head -c 1024 /dev/zero >root/file
	start_nginx "$PWD/root"
	seq -f "$NGINX_URL/file?%g" 10000 >list
	for strategy in serial async; do
		run -0 fetch --quiet -s "$strategy" -c 100 \
			--results "$strategy" list
		[ "$(jq -r 'select(.ok and .final and .size_download == 1024)
			| .url' "$strategy" | sort | uniq | wc -l)" -eq 10000 ]
		[ "$(wc -l <"$strategy")" -eq 10000 ]
	done
	cmp <(jq -r .url serial | sort) <(sort list)
	cmp <(jq -r .url serial | sort) <(jq -r .url async | sort)
	stop_all
}

# Each line is given when the one before has its record.
@test "a list that trickles keeps its connection" {
	start_origin
	for strategy in async serial; do
		coproc RUN { "$FETCHALL" -s "$strategy" --quiet --json -; }
		pid=$RUN_PID
		made=0
		for i in 1 2 3 4 5 6; do
			echo "$ORIGIN_URL/bytes/$i" >&"${RUN[1]}"
			read -r -t 20 record <&"${RUN[0]}"
			made=$((made + $(jq .num_connects <<<"$record")))
		done
		exec {RUN[1]}>&-
		wait "$pid"
		[ "$made" -le 2 ]
	done
}
