#!/usr/bin/env bats
# --public-only, --allow-net and --deny-net: whatever a list, a redirect or a
# name says, what is denied gets no packet.
#
# A server at 127.0.0.2, which is allowed, sends everybody to another one,
# which listens on all addresses of this machine and counts.

load helpers

setup() {
	need curl jq
	own_folder
	start_origin --address 127.0.0.2
	SENDER=$ORIGIN_URL
	# Where there is IPv6, it too.
	start_origin --address :: || start_origin --address 0.0.0.0
	ORIGIN_URL=http://127.0.0.1:$ORIGIN_PORT
}

teardown() {
	stop_all
}

# fetch ARGUMENT...: with 127.0.0.2 and what is public; sets output (records)
# and stderr. What may pass is tried again at once.
fetch() {
	run --separate-stderr timeout 60 "$FETCHALL" --json --public-only \
		--allow-net 127.0.0.2 --connect-timeout 5s --retry 2 \
		--retry-delay 1ms --retry-on policy,dns,timeout,connect "$@"
	echo "status $status: $stderr"
}

# connections: that the other server has had, this question among them.
connections() {
	curl -sS "$ORIGIN_URL/stats" | jq .connections
}

# ended CONDITION: how many records of the last run meet it.
ended() {
	jq -s "map(select($1)) | length" <<<"$output"
}

denied='.error_class == "policy" and .error_detail == "denied" and
	.attempt == 1 and .final and .num_connects == 0 and .remote_ip == null'

# Ways to say 127.0.0.1, and what leads there.
loopback=(127.0.0.1 127.1 0x7f.1 0x7f000001 0177.0.0.1 017700000001
	2130706433 %31%32%37.0.0.1 '[::ffff:127.0.0.1]' '[::ffff:7f00:1]'
	'[0:0:0:0:0:ffff:7f00:1]' '[::127.0.0.1]' '[64:ff9b::7f00:1]'
	'[2002:7f00:1::]' '[::1]' '[::]' 0.0.0.0 0 localhost LocalHost.
	a.localhost)

@test "no way to write an address gets past it, in a list or a redirect" {
	local host n=${#loopback[@]} before strategy

	for host in "${loopback[@]}"; do
		echo "http://$host:$ORIGIN_PORT/empty"
		echo "$SENDER/redirect/1?to=http://$host:$ORIGIN_PORT/empty"
	done >list
	before=$(connections)
	for strategy in async serial fork process-pool thread green; do
		fetch -s "$strategy" list
		[ "$status" -eq 1 ]
		[ "$(ended "$denied")" -eq $((2 * n)) ]
		[ "$(ended ".num_redirects == 1")" -eq "$n" ]
	done
	[ "$(connections)" -eq $((before + 1)) ]
	# They do lead there: IPv4 at least, and the names.
	run "$FETCHALL" --quiet --json --retry 0 --max-time 5s list
	(($(connections) > before + 20))
}

@test "what may be read as an address is refused, if it is not denied" {
	local before

	before=$(connections)
	printf "http://%s:$ORIGIN_PORT/\n" １２７.0.0.1 127。0。0。1 ①②⑦.⓪.⓪.① \
		０x7f.1 ²130706433 127.0.0.1. 127.0.0.1%00.a.test 1.0x7f000001 \
		0x7f.0.0.1.. >list
	fetch --retry 0 --dns-servers 127.0.0.1:1 list
	[ "$status" -eq 1 ]
	jq -c '[.url, .error_class, .errormsg]' <<<"$output"
	[ "$(ended '.num_connects == 0 and (.error_class | IN("policy",
		"input", "dns", "timeout"))')" -eq 9 ]
	[ "$(connections)" -eq $((before + 1)) ]
}

@test "private, metadata and other special addresses are refused at once" {
	printf 'http://%s/\n' 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 \
		100.64.0.1 '[fe80::1]' '[fd00::1]' '[::ffff:169.254.169.254]' \
		'[64:ff9b::a00:1]' 255.255.255.255 224.0.0.1 >list
	fetch list
	[ "$status" -eq 1 ]
	[ "$(ended "$denied")" -eq 11 ]
	[[ $output == *'"errormsg":"10.0.0.1 is not public (10.0.0.0/8)"'* ]]
	[[ $stderr == *"11 failed (policy 11)"* ]]
}

@test "a name is what its addresses are; those denied are passed over" {
	local before strategy

	need dnsmasq
	printf '%s\n' '127.0.0.2 mixed.test' '127.0.0.1 mixed.test' \
		'10.0.0.1 mixed.test' '::1 mixed.test' >hosts
	start_dnsmasq "addn-hosts=$PWD/hosts" address=/private.test/10.0.0.1 \
		address=/here.test/127.0.0.1 address=/six.test/::1 \
		cname=alias.test,mixed.test address=/mapped.test/::ffff:7f00:1
	for host in private.test here.test six.test mapped.test; do
		echo "http://$host:$ORIGIN_PORT/"
		echo "$SENDER/redirect/1?to=http://$host:$ORIGIN_PORT/"
	done >list
	for host in mixed.test alias.test; do
		echo "http://$host:${SENDER##*:}/bytes/1"
	done >>list
	before=$(connections)
	for strategy in async serial fork process-pool; do
		fetch -s "$strategy" --dns-servers "$DNS_SERVER" list
		[ "$status" -eq 1 ]
		[ "$(ended "$denied")" -eq 8 ]
		[ "$(ended '.ok and .remote_ip == "127.0.0.2"')" -eq 2 ]
	done
	[ "$(connections)" -eq $((before + 1)) ]
}

@test "connect(2) is called for none of it" {
	local strategy trace

	need strace dnsmasq
	strace -qq -o trace true || skip "nothing can be traced here"
	start_dnsmasq address=/private.test/10.0.0.1
	for host in "${loopback[@]}" private.test 10.0.0.1; do
		echo "$SENDER/redirect/1?to=http://$host:$ORIGIN_PORT/"
	done >list
	for strategy in async serial fork process-pool; do
		# Leaks cannot be looked for while another traces.
		ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 \
			run timeout 120 strace -f -qq -e trace=connect \
			-o trace "$FETCHALL" -s "$strategy" --public-only \
			--allow-net 127.0.0.2 --quiet --json --dns-servers \
			"$DNS_SERVER" list
		[ "$(ended "$denied")" -eq $((${#loopback[@]} + 2)) ]
		trace=$(<trace)
		[[ $trace == *"htons(${SENDER##*:})"* ]]
		[[ $trace != *"htons($ORIGIN_PORT)"* ]]
		[[ $trace != *10.0.0.1* ]]
	done
}

@test "a name that leads elsewhere when it is asked for again is denied" {
	start_responder
	# Answers hold for 5 s at least.
	run -1 timeout 60 "$FETCHALL" --quiet --json --dns-servers \
		"$DNS_SERVER" --retry 1 --retry-delay 6s --retry-on 503 \
		--deny-net 127.0.0.2 \
		"http://rebind-1.test:$ORIGIN_PORT/flaky/x/9"
	[ "$(ended '.attempt == 1 and .response_code == 503')" -eq 1 ]
	[ "$(ended '.attempt == 2 and .final and .error_class == "policy" and
		.errormsg == "127.0.0.2 is denied (--deny-net 127.0.0.2/32)" and
		.num_connects == 0')" -eq 1 ]
}

@test "--resolve and the hosts file are no way around it" {
	local before

	before=$(connections)
	fetch --resolve "a.test:$ORIGIN_PORT:127.0.0.1" \
		--resolve "*:80:10.0.0.1,::1" \
		--resolve "[2001:4860::1]:$ORIGIN_PORT:127.0.0.1" \
		"http://a.test:$ORIGIN_PORT/" http://b.test/ http://8.8.8.8/ \
		"http://[2001:4860::1]:$ORIGIN_PORT/"
	[ "$(ended "$denied")" -eq 4 ]
	[ "$(connections)" -eq $((before + 1)) ]
	# What --resolve says counts, not what is written.
	fetch --resolve "10.0.0.1:${SENDER##*:}:127.0.0.2" \
		"http://10.0.0.1:${SENDER##*:}/bytes/1"
	[ "$status" -eq 0 ]
	need unshare
	echo "127.0.0.1 hosted.test" >hosts
	unshare --mount --map-root-user mount --bind hosts /etc/hosts ||
		skip "no mounts of our own"
	run -1 unshare --mount --map-root-user bash -c '
		mount --bind hosts /etc/hosts && exec "$@"' - \
		"$FETCHALL" --quiet --json --public-only \
		"http://hosted.test:$ORIGIN_PORT/"
	[ "$(ended "$denied")" -eq 1 ]
}

@test "--deny-net alone denies what it names; the smallest net decides" {
	run -1 --separate-stderr "$FETCHALL" --json --deny-net 127.0.0.0/8 \
		--allow-net 127.0.0.2 "$SENDER/bytes/1" \
		"http://127.0.0.1:$ORIGIN_PORT/" "http://0.0.0.0:$ORIGIN_PORT/"
	[ "$(ended .ok)" -eq 1 ]
	[ "$(ended "$denied")" -eq 2 ]
	[[ $output == *"0.0.0.0 leads to 127.0.0.1, which is denied"* ]]
	run -0 "$FETCHALL" --quiet --deny-net 10.0.0.0/8 "$SENDER/bytes/1"
	run -0 "$FETCHALL" --quiet --deny-net 0.0.0.0/0 --allow-net 127.0.0.0/8 \
		--deny-net 127.0.0.1 "$SENDER/bytes/1"
	printf '%s\n' 'public-only = yes' 'allow-net = 127.0.0.2' >file
	run -0 "$FETCHALL" --quiet --config file "$SENDER/bytes/1"
	run -1 "$FETCHALL" --quiet --config file "$ORIGIN_URL/bytes/1"
	# Compared runs have it as well.
	run -1 "$FETCHALL" --public-only -s serial,async --results records \
		"$SENDER/bytes/1"
	output=$(<records)
	[ "$(ended "$denied")" -eq 2 ]
}

@test "with a proxy or a Unix socket it could not be held: status 2" {
	local option

	for option in '-x http://127.0.0.1:1' '--unix-socket s'; do
		run -2 --separate-stderr "$FETCHALL" --public-only $option \
			http://x.test/
		[[ $stderr == *"error: --public-only "* ]]
		echo 'deny-net = 10.0.0.0/8' >file
		run -2 --separate-stderr "$FETCHALL" --config file $option \
			http://x.test/
		[[ $stderr == *"error: --deny-net "* ]]
	done
}
