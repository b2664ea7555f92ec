#!/usr/bin/env bats
# The servers that the other tests lean on: each starts, answers, and is gone
# after stop_all.

load helpers

teardown() {
	stop_all
}

# dns_ask NAME: the answers' IPv4 addresses and the code, as "rcode addr...".
dns_ask() {
	python3 - "$DNS_PORT" "$1" <<-'END'
	import socket, struct, sys
	query = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0)
	query += b"".join(bytes([len(label)]) + label.encode()
	    for label in sys.argv[2].split(".")) + b"\0\0\1\0\1"
	with socket.socket(type=socket.SOCK_DGRAM) as udp:
	    udp.settimeout(5)
	    udp.sendto(query, ("127.0.0.1", int(sys.argv[1])))
	    reply = udp.recv(512)
	flags, _, answers = struct.unpack(">3H", reply[2:8])
	at, found = len(query), [str(flags & 15)]
	for _ in range(answers):
	    size = struct.unpack(">H", reply[at + 10:at + 12])[0]
	    found.append(socket.inet_ntoa(reply[at + 12:at + 12 + size]))
	    at += 12 + size
	print(*found)
	END
}

@test "nginx serves a folder and is gone after stop_all" {
	need nginx curl
	echo hello >"$BATS_TEST_TMPDIR/file"
	start_nginx "$BATS_TEST_TMPDIR" 'location /gone { return 410; }'
	run -0 curl -sS "$NGINX_URL/file"
	[ "$output" = hello ]
	run -0 curl -sS -o /dev/null -w '%{http_code}' "$NGINX_URL/gone"
	[ "$output" = 410 ]
	stop_all
	run -7 curl -sS "$NGINX_URL/file"
}

@test "nginx speaks TLS with a certificate of our own CA" {
	need nginx curl openssl
	echo hello >"$BATS_TEST_TMPDIR/file"
	start_nginx --tls "$BATS_TEST_TMPDIR"
	run -0 curl -sS --cacert "$CA_FILE" "$NGINX_TLS_URL/file"
	[ "$output" = hello ]
	run -0 curl -sS --cacert "$CA_FILE" --resolve \
		"a.test:$NGINX_TLS_PORT:127.0.0.1" \
		"https://a.test:$NGINX_TLS_PORT/file"
	[ "$output" = hello ]
	run -60 curl -sS "$NGINX_TLS_URL/file"
}

@test "dnsmasq answers for the names it was given and no others" {
	need dnsmasq
	start_dnsmasq address=/a.test/127.0.0.7 address=/gone.test/
	run -0 dns_ask a.test
	[ "$output" = "0 127.0.0.7" ]
	run -0 dns_ask gone.test
	[ "$output" = 3 ]
	run -0 dns_ask example.org
	[ "$output" = 5 ]
}

@test "fetchall-origin says where it listens" {
	need curl
	start_origin
	run -0 curl -sS -o /dev/null -w '%{http_code}' "$ORIGIN_URL/status/204"
	[ "$output" = 204 ]
	stop_all
	run -7 curl -sS "$ORIGIN_URL/status/204"
}
