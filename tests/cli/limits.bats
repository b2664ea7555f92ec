#!/usr/bin/env bats
# Where the system allows less than -c, the run is slower and says so once;
# no URL fails for it.

load helpers

setup() {
	start_origin
	cd "$BATS_TEST_TMPDIR" || return 1
	yes "$ORIGIN_URL/delay/20" | head -n 60 >urls.txt
}

teardown() {
	stop_all
}

# all_fetched WARNING: every URL was, and the warning came once.
all_fetched() {
	[ "$status" -eq 0 ]
	[[ $output == *"60 URLs: 60 ok, 0 failed"* ]]
	[ "$(grep -c 'warning: ' <<<"$output")" -eq 1 ]
	[[ $output == *"$1"* ]]
}

@test "few files: -c is lowered by what each strategy's fetch needs" {
	for strategy in async green thread thread-pool; do
		run bash -c 'ulimit -n 64; exec "$@"' - "$FETCHALL" \
			-s "$strategy" -c 60 --format none urls.txt
		all_fetched '(ulimit -n)'
	done
}

@test "few files: bodies that wait for stages hold no more than there are" {
	local i

	run -0 "$FETCHALL" --version
	[[ $output != *"without jansson"* ]] || skip "${lines[0]}"
	mkdir files
	for ((i = 0; i < 600; i++)); do
		echo "{\"url\":\"$ORIGIN_URL/bytes/1\",\"output\":\"files/$i\"}"
	done >list
	run -0 bash -c 'ulimit -n 256; exec "$@"' - "$FETCHALL" -c 20 -j 2 \
		--post sleep:1ms --input-format ndjson --format none list
	[[ $output == *"600 URLs: 600 ok, 0 failed"* ]]
}

@test "few threads or stacks: -c is lowered to those there are" {
	case ${FLAGS-} in
	*-fsanitize=*) skip "a sanitizer needs all the address space" ;;
	esac
	for strategy in green thread thread-pool; do
		run bash -c 'ulimit -v 8388608; exec "$@"' - "$FETCHALL" \
			-s "$strategy" -c 20 "--$strategy-stack" 1GiB \
			--format none urls.txt
		all_fetched 'ulimit -v'
	done
}

@test "a stack that is too small is refused before the first request" {
	for strategy in green thread thread-pool; do
		run "$FETCHALL" -s "$strategy" "--$strategy-stack" 4k urls.txt
		[ "$status" -eq 2 ]
		[[ $output == *"--$strategy-stack"* ]]
	done
	[ "$(curl -s "$ORIGIN_URL/stats" | jq .requests)" -le 1 ]
}
