#!/usr/bin/env bats
# Cliffs that other programs on libcurl fall off, found by counting what is
# done instead of timing it: instructions, opens, packets.

load helpers

setup() {
	need jq
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	stop_all
}

# instructions N: how many thousands of them a run over N hosts takes.
instructions() {
	for ((i = 0; i < $1; i++)); do
		echo "http://h$i.test:$ORIGIN_PORT/empty"
	done >list
	valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
		"$FETCHALL" --format none -c 1 \
		--resolve "*:$ORIGIN_PORT:127.0.0.1" list 2>said
	grep -q " $1 ok, 0 failed" said
	sed -n 's/.*I *refs: *//p' said | tr -d , | sed 's/...$//'
}

# libcurl's DNS and connection caches grow with every host and are walked for
# each, unless they are kept from it: 20,000 hosts then cost 430 us each.
@test "a host costs no more when there are many" {
	need valgrind
	if is_sanitized; then
		skip "a sanitizer build"
	fi
	start_origin
	none=$(instructions 1)
	few=$(instructions 300)
	many=$(instructions 3300)
	echo "$none, $few, $many thousand"
	# Each of 300, and each of the 3,000 after them.
	((few > none))
	(((many - few) * 100 / 10 <= (few - none) * 108))
}

@test "the CA bundle is opened once in a run of 50 TLS connections" {
	need nginx openssl python3
	start_nginx --tls "$BATS_TEST_TMPDIR"
	for i in {1..50}; do
		echo "https://h$i.host.test:$NGINX_TLS_PORT/none"
	done >list
	for strategy in async serial green; do
		run -1 --separate-stderr python3 "$BATS_TEST_DIRNAME/opens.py" \
			"$CA_FILE" opens "$FETCHALL" -s "$strategy" --json \
			--cacert "$CA_FILE" -c 10 --resolve \
			"*:$NGINX_TLS_PORT:127.0.0.1" list
		# The file is none of nginx's; the handshakes all went well.
		[ "$(jq -s 'map(select(.response_code == 404 and
			.num_connects == 1)) | length' <<<"$output")" -eq 50 ]
		echo "$strategy: $(<opens) opens"
		[ "$(<opens)" -eq 1 ]
	done
}

@test "libcurl asks no name server, however a name is written" {
	need unshare
	# In a network of its own, whose packets are all this test's.
	alone() {
		unshare --net --map-root-user -- bash -c '
			python3 -c "
import fcntl, socket, struct
up = struct.pack(\"16sH14s\", b\"lo\", 0x49, b\"\")
fcntl.ioctl(socket.socket(), 0x8914, up)"
			exec "$@"' - "$@"
	}
	alone true || skip "no network of our own"
	ask_nobody() {
		start_origin
		for name in a.test A.Test a.test. 127.0.0.1 2130706433 \
			[::1] localhost sub.localhost xn--bcher-kva.test \
			bücher.test; do
			echo "http://$name:$ORIGIN_PORT/empty"
			echo "http://$name:$ORIGIN_PORT/redirect/1"
		done >list
		for strategy in async serial; do
			"$FETCHALL" --json -s "$strategy" --retry 0 \
				--resolve "*:$ORIGIN_PORT:127.0.0.1" list
		done >records 2>said
		grep ^Udp: /proc/net/snmp >udp
		stop_all
	}
	export -f ask_nobody start_origin server_dir stop_all stop
	export BATS_TEST_TMPDIR
	alone bash -c 'server_pids=(); ask_nobody'
	cat said
	[ "$(jq -s 'map(select(.ok)) | length' records)" -eq 40 ]
	# Udp: InDatagrams NoPorts InErrors OutDatagrams ...
	cat udp
	[ "$(tail -n 1 udp | cut -d ' ' -f 5)" -eq 0 ]
}
