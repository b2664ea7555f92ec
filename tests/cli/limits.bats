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

# few_ports FIRST LAST COMMAND...: in a network of its own, without IPv6, that
# has those local ports alone.
few_ports() {
	local script='
		echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo "$1 $2" >/proc/sys/net/ipv4/ip_local_port_range
		python3 -c "
import fcntl, socket, struct
up = struct.pack(\"16sH14s\", b\"lo\", 0x49, b\"\")
fcntl.ioctl(socket.socket(), 0x8914, up)"
		shift 2
		exec "$@"'

	unshare --net --map-root-user -- bash -c "$script" - "$@"
}

# fetch_names STRATEGY...: many hosts; what was said is in a file of that name.
fetch_names() {
	start_origin
	for i in {1..60}; do
		echo "http://h$i.test:$ORIGIN_PORT/delay/20"
	done >list
	for strategy; do
		"$FETCHALL" -s "$strategy" -c 50 --retry 0 --summary json \
			--resolve "*:$ORIGIN_PORT:127.0.0.1" --format none \
			list 2>"$strategy" || :
	done
	echo "http://[::1]:$ORIGIN_PORT/" | "$FETCHALL" --quiet --retry 0 \
		-w '%{error_class} %{error_detail}' - >six || :
	stop_all
}

@test "local ports that run out are waited for" {
	need unshare jq
	few_ports 40000 40031 true || skip "no network of our own"
	export -f fetch_names start_origin server_dir stop_all stop
	export BATS_TEST_TMPDIR
	few_ports 40000 40031 bash -c 'server_pids=(); fetch_names "$@"' - \
		async thread-pool
	for strategy in async thread-pool; do
		jq . "$strategy"
		[ "$(jq .ok "$strategy")" -eq 60 ]
		[ "$(jq .failed "$strategy")" -eq 0 ]
		[ "$(jq .limits.ports "$strategy")" -eq 0 ]
		jq -e '.limits.local_ports > 0.1' "$strategy"
	done
	# No address to reach it from has the same name for connect(2).
	[ "$(<six)" = "connect unreachable" ]
}

@test "open files that run out are waited for" {
	need prlimit jq
	for i in {1..400}; do echo "$ORIGIN_URL/delay/50?$i"; done >list
	mkfifo more
	# Some connections are open when the limit falls below those there are.
	"$FETCHALL" -c 60 --retry 0 --format none - <more 2>said 3>&- &
	pid=$!
	exec {list}>more
	head -n 10 list >&"$list"
	until [ "$(curl -s "$ORIGIN_URL/stats" | jq .requests)" -ge 10 ]; do
		sleep 0.02
	done
	prlimit --pid "$pid" --nofile=40:40
	tail -n +11 list >&"$list"
	exec {list}>&-
	wait "$pid"
	cat said
	grep -q '400 URLs: 400 ok, 0 failed' said
	grep -q 'open files were waited for (ulimit -n)' said
}
