#!/usr/bin/env bats
# The README's examples are run as they stand, against a real server.

load helpers

setup() {
	start_origin
	cd "$BATS_TEST_TMPDIR" || return 1
	printf "$ORIGIN_URL/bytes/%d\n" 100 200 300 >urls.txt
	printf '{"url":"%s/echo","method":"PUT","headers":{"X-A":"b"},' \
		"$ORIGIN_URL" >requests.ndjson
	printf '"body":"hello","output":"echo.txt"}\n' >>requests.ndjson
}

teardown() {
	stop_all
}

# examples: the command lines between "Examples" and the next heading.
examples() {
	awk '/^Examples$/ { on = 1 } /^What to know$/ { on = 0 }
		on && /^    [^#]/ { print substr($0, 5) }' \
		"$top_srcdir/README"
}

@test "the README has eighteen examples" {
	[ "$(examples | wc -l)" -eq 18 ]
}

@test "each example of the README works" {
	mkdir bin
	ln -s "$FETCHALL" bin/fetchall
	while IFS= read -r line; do
		line=${line//http:\/\/127.0.0.1:8080/$ORIGIN_URL}
		echo "# $line"
		PATH="$PWD/bin:$PATH" timeout 60 bash -o pipefail -c "$line" \
			</dev/null
	done < <(examples)
	grep -q 'hello' echo.txt
	[ "$(wc -l <results.ndjson)" -eq 3 ]
}
