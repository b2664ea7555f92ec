#!/usr/bin/env bats
# Names, by a real server (dnsmasq) and by one that misbehaves (responder).

load helpers

setup() {
	need jq
	own_folder
	start_origin
}

teardown() {
	stop_all
}

# ask NAME [OPTION...]: "code class detail" of a fetch from that host.
ask() {
	local name=$1

	shift
	timeout 20 "$FETCHALL" --quiet --retry 0 --dns-servers "$DNS_SERVER" \
		-w '%{response_code} %{error_class} %{error_detail}' \
		"$@" "http://$name:$ORIGIN_PORT/bytes/1"
}

# took COMMAND...: runs it; sets took_ms.
took() {
	local begun

	begun=${EPOCHREALTIME/./}
	run "$@"
	took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
	echo "status $status after $took_ms ms: $output"
}

@test "dnsmasq's names are found by each strategy" {
	need dnsmasq
	start_dnsmasq address=/v4.test/127.0.0.1 \
		cname=alias.test,real.test host-record=real.test,127.0.0.1
	for strategy in serial async; do
		run -0 ask v4.test -s "$strategy"
		[ "$output" = "200  " ]
		run -0 ask alias.test -s "$strategy"
		run -0 ask V4.TEST. -s "$strategy"
	done
}

@test "an IPv6 address is used where IPv4 is not wanted" {
	need dnsmasq
	grep -q ' lo$' /proc/net/if_inet6 || skip "no IPv6 here"
	start_dnsmasq host-record=both.test,127.0.0.1,::1
	start_origin --address ::1
	run -0 ask both.test -6
	run -1 ask both.test -4
	[ "$output" = "000 connect refused" ]
}

@test "the address that answers is found among those that do not" {
	need dnsmasq
	start_dnsmasq host-record=some.test,127.9.9.9 \
		host-record=some.test,127.0.0.1,::1
	for strategy in serial async; do
		run -0 ask some.test -s "$strategy"
		[ "$output" = "200  " ]
	done
}

@test "a name that does not exist is dns nxdomain, and is not asked again" {
	start_responder
	took ask nx.test --retry 5
	[ "$status" -eq 1 ]
	[ "$output" = "000 dns nxdomain" ]
	[ "$took_ms" -lt 1000 ]
}

@test "each failure of a name server has its name" {
	start_responder
	for strategy in serial async; do
		run -1 ask servfail.test -s "$strategy"
		[ "$output" = "000 dns servfail" ]
		run -1 ask refused.test -s "$strategy"
		[ "$output" = "000 dns refused" ]
		run -1 ask nodata.test -s "$strategy"
		[ "$output" = "000 dns nodata" ]
	done
	DNS_SERVER=127.0.0.1:1
	run -1 ask v4.test --dns-timeout 500ms
	[[ $output == "000 dns noserver" || $output == "000 timeout resolve" ]]
}

@test "silence lasts as long as --dns-timeout says" {
	start_responder
	for strategy in serial async; do
		took ask silent.test --dns-timeout 300ms -s "$strategy"
		[ "$status" -eq 1 ]
		[ "$output" = "000 timeout resolve" ]
		[ "$took_ms" -ge 290 ]
		[ "$took_ms" -lt 2000 ]
	done
}

@test "a late AAAA does not hold up what has an A" {
	start_responder
	took ask lateaaaa-5000.test
	[ "$status" -eq 0 ]
	[ "$took_ms" -lt 2000 ]
	took ask silentaaaa.test
	[ "$status" -eq 0 ]
	[ "$took_ms" -lt 2000 ]
}

@test "names that libcurl would look up itself are not" {
	start_responder
	# Were it to ask the system, localhost.test's failure would differ.
	run -0 ask localhost
	run -0 ask 127.0.0.1
	run -1 ask not.known
	[ "$output" = "000 dns nxdomain" ]
	run -0 timeout 20 "$FETCHALL" --quiet --dns-servers "$DNS_SERVER" \
		-w '%{response_code}' "http://v4.test:$ORIGIN_PORT/redirect/1?to=http://v4.other.test:$ORIGIN_PORT/bytes/1"
	[ "$output" = 200 ]
}

@test "--resolve comes before every server" {
	DNS_SERVER=127.0.0.1:1
	run -0 ask any.test --resolve "any.test:$ORIGIN_PORT:127.0.0.1"
	run -0 ask any.test --resolve "*:$ORIGIN_PORT:127.0.0.1"
	run -1 ask other.test --dns-timeout 200ms \
		--resolve "any.test:$ORIGIN_PORT:127.0.0.1"
}

@test "many names at once are all found" {
	start_responder
	seq -f "http://v4.%g.test:$ORIGIN_PORT/empty" 300 >list
	run -0 --separate-stderr timeout 60 "$FETCHALL" --json -c 100 \
		--dns-servers "$DNS_SERVER" list
	[ "$(jq -s 'map(select(.ok)) | length' <<<"$output")" -eq 300 ]
}
