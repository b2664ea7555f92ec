#!/usr/bin/env bats
# A smoke part of the suite under valgrind: what the sanitizers cannot see,
# such as bytes that nobody set.

load helpers

setup() {
	need valgrind
	# The sanitizers' own allocator and valgrind's exclude each other.
	if is_sanitized; then
		skip "a sanitizer build"
	fi
	# Debian 12's valgrind does not know the DWARF of its clang.
	if valgrind -q "$FETCHALL" --version 2>&1 | grep -q 'debuginfo reader'
	then
		skip "valgrind cannot read this compiler's debug information"
	fi
	start_origin
	cd "$BATS_TEST_TMPDIR" || return 1
	{
		printf "$ORIGIN_URL/bytes/%d\n" 0 10 100000
		printf "$ORIGIN_URL/%s\n" redirect/2 status/404 chunked/3 cut \
			reset echo 'flaky/valgrind/1' gzip/1000
		echo 'ftp://not.http/'
		echo "http://no.such.name.invalid/"
	} >urls.txt
}

teardown() {
	stop_all
}

# grind ARGUMENT...: fetchall under valgrind, which fails on any error.
grind() {
	timeout 120 valgrind -q --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite "$FETCHALL" \
		--retry-delay 1ms --dns-timeout 100ms \
		--dns-servers 127.0.0.1:9 "$@"
}

@test "valgrind finds nothing in a serial run" {
	run grind -s serial --json urls.txt
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"serial: wall time"* ]]
}

@test "valgrind finds nothing in an async run" {
	run grind -s async --format csv urls.txt
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"async: wall time"* ]]
}

@test "valgrind finds nothing in stages" {
	cat >answer <<-'END'
	while read -r head; do
	    n=${head#*\"length\":}
	    head -c "${n%%,*}" >/dev/null
	    echo '{"a":1}'
	done
	END
	for pool in inline thread; do
		run grind -s async --pool "$pool" --json --compressed \
			--post sha256 --post xxh3 --post crc32 --post wc \
			--post links --post grep:a.c --post pow:3,100 \
			--post factorial:10 --post fib:10 \
			--post fib-recursive:10 --post spin:1 --post sleep:1 \
			--exec cat --post 'coproc:sh answer' \
			--post gzip --post zstd urls.txt
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == *"async: wall time"* ]]
		[[ "$output" == *'"size_zstd":'* ]]
	done
}

@test "valgrind finds nothing in help and in refusals" {
	run grind --help=all
	[ "$status" -eq 0 ]
	run grind --no-such-option
	[ "$status" -eq 2 ]
}
