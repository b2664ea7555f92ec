#!/usr/bin/env bats
# Names by the thousand, servers that are dead, slow or odd: each name ends in
# the right class, none is lost, and nothing is asked more often than it must.

load helpers

setup() {
	need jq
	own_folder
	start_origin
}

teardown() {
	stop_all
}

# fetch_list [OPTION...]: the names in the file `names`; sets output (records)
# and stderr (the summary as JSON).
fetch_list() {
	sed "s|.*|http://&:$ORIGIN_PORT/empty|" names >list
	run --separate-stderr timeout 120 "$FETCHALL" --json --summary json \
		--dns-servers "$DNS_SERVER" "$@" list
	echo "status $status: $stderr"
}

# ended CLASS DETAIL: how many URLs of the last run did so.
ended() {
	jq -s --arg class "$1" --arg detail "$2" 'map(select(.final and
		(.error_class // "") == $class and
		(.error_detail // "") == $detail)) | length' <<<"$output"
}

# start_mute: a server that never says anything, and how many questions it was
# asked is in the file `asked`; sets MUTE_SERVER.
start_mute() {
	spawn "$PWD/mute.log" python3 -c '
import os, socket
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
def put(name, value):
    with open(name + ".new", "w") as file:
        file.write(str(value))
    os.rename(name + ".new", name)
put("asked", 0)
put("mute", udp.getsockname()[1])
n = 0
while udp.recv(2000):
    n += 1
    put("asked", n)'
	server_pids+=("$spawned_pid")
	until [ -s mute ]; do sleep 0.02; done
	MUTE_SERVER=127.0.0.1:$(<mute)
}

@test "thousands of names, some of which do not exist, all end as they should" {
	need dnsmasq
	for ((i = 0; i < 5000; i++)); do
		((i % 10)) && echo "127.0.0.1 n$i.test" >&3
		echo "n$i.test"
	done >names 3>hosts
	start_dnsmasq "addn-hosts=$PWD/hosts" local=/test/
	fetch_list -c 200 --dns-concurrency 32
	[ "$status" -eq 1 ]
	[ "$(ended "" "")" -eq 4500 ]
	[ "$(ended dns nxdomain)" -eq 500 ]
	# Each was asked for once: nothing was lost on the way.
	[ "$(jq .names_asked <<<"$stderr")" -eq 5000 ]
	[ "$(jq -s 'map(select(.attempt > 1)) | length' <<<"$output")" -eq 0 ]
}

@test "an answer of 400 addresses comes by TCP" {
	need dnsmasq
	for ((i = 0; i < 400; i++)); do
		echo "127.0.$((i / 250)).$((i % 250 + 1)) many.test"
	done >hosts
	start_dnsmasq "addn-hosts=$PWD/hosts" local=/test/
	echo many.test >names
	fetch_list --connect-timeout 5s
	# Whichever six of them it takes, each is this machine; the origin
	# listens on one.
	[ "$(jq -r '.error_class' <<<"$output")" != dns ]
	[ "$(jq .names_asked <<<"$stderr")" -eq 1 ]
	start_origin --address 0.0.0.0
	fetch_list
	[ "$status" -eq 0 ]
}

@test "aliases are followed to their end, if they have one" {
	need dnsmasq
	local lines=(host-record=a9.test,127.0.0.1) i

	for i in {0..8}; do
		lines+=("cname=a$i.test,a$((i + 1)).test")
	done
	start_dnsmasq "${lines[@]}" cname=b.test,nowhere.test local=/test/
	printf '%s\n' a0.test b.test >names
	fetch_list
	[ "$(ended "" "")" -eq 1 ]
	(($(ended dns nxdomain) + $(ended dns nodata) == 1))
	start_responder
	printf '%s\n' chain-8.test loop.test loop-2.test >names
	fetch_list
	[ "$(ended "" "")" -eq 1 ]
	[ "$(ended dns nodata)" -eq 2 ]
}

@test "a truncated answer whose TCP nobody takes is no address" {
	start_responder
	printf 'cut-%d.test\n' {1..20} >names
	fetch_list --retry 0 --dns-timeout 500ms
	[ "$status" -eq 1 ]
	(($(ended dns noserver) + $(ended timeout resolve) == 20))
}

@test "a dead first server is asked a few times and costs no name" {
	start_responder
	start_mute
	printf 'v4.n%d.test\n' {1..1000} >names
	DNS_SERVER=$MUTE_SERVER,$DNS_SERVER
	fetch_list -c 100 --dns-timeout 2s
	[ "$status" -eq 0 ]
	[ "$(ended "" "")" -eq 1000 ]
	echo "asked the dead one $(<asked) times"
	# What was begun before it was known, and that twice, with AAAA.
	[ "$(<asked)" -gt 0 ]
	[ "$(<asked)" -le 400 ]
}

@test "servers that are all dead cost their time once" {
	start_mute
	printf 'n%d.test\n' {1..400} >names
	DNS_SERVER=$MUTE_SERVER
	fetch_list -c 50 --dns-concurrency 10 --dns-timeout 10s --retry 0
	[ "$status" -eq 1 ]
	[ "$(ended timeout resolve)" -eq 400 ]
	# With 10 s for each it would be 400 s; it is some 20.
	echo "asked it $(<asked) times"
	[ "$(<asked)" -ge 10 ]
	[ "$(<asked)" -le 600 ]
}

@test "names at the limits of length and with odd letters" {
	local label=$(printf 'a%.0s' {1..63}) long

	long=v4$label
	long=${long:0:63}.$label.$label.${label:0:61}
	[ "${#long}" -eq 253 ]
	start_responder
	printf '%s\n' "$long" "$long." v4_under-score.test V4.TEST. >names
	fetch_list
	[ "$(ended "" "")" -eq 4 ]
	printf '%s\n' "${long}a" "v4.${label}a.test" 'v4..test' \
		'v4!$&.test' "v4'.test" >names
	fetch_list
	[ "$status" -eq 1 ]
	jq -c '[.url, .error_class, .error_detail, .errormsg]' <<<"$output"
	(($(ended dns badname) + $(ended input "") == 5))
	# Nobody was asked for those.
	[ "$(tail -n 1 <<<"$stderr" | jq .names_asked)" -eq 0 ]
}

@test "a hosts file of 50,000 lines is read once and asked first" {
	need unshare
	for ((i = 0; i < 50000; i++)); do
		echo "127.0.0.1 ads-$i.test"
	done >hosts
	for ((i = 0; i < 500; i++)); do echo "ads-$((i * 99)).test"; done >names
	unshare --mount --map-root-user mount --bind hosts /etc/hosts ||
		skip "no mounts of our own"
	sed "s|.*|http://&:$ORIGIN_PORT/empty|" names >list
	run -0 --separate-stderr unshare --mount --map-root-user bash -c '
		mount --bind hosts /etc/hosts && exec "$@"' - \
		python3 "$BATS_TEST_DIRNAME/opens.py" hosts opens \
		"$FETCHALL" --json --summary json -c 50 \
		--dns-servers 127.0.0.1:1 list
	[ "$(ended "" "")" -eq 500 ]
	[ "$(jq .names_asked <<<"$stderr")" -eq 0 ]
	[ "$(<opens)" -eq 1 ]
}

@test "an attempt that is made again asks again, once for all who do" {
	start_responder
	for ((i = 0; i < 50; i++)); do echo servfail.test; done >names
	fetch_list --retry 1 --retry-delay 300ms
	[ "$status" -eq 1 ]
	[ "$(ended dns servfail)" -eq 50 ]
	[ "$(jq .attempts <<<"$stderr")" -eq 100 ]
	[ "$(jq .names_asked <<<"$stderr")" -ge 2 ]
	[ "$(jq .names_asked <<<"$stderr")" -le 10 ]
	# What does not exist is not tried again at all.
	echo nx.test >names
	fetch_list
	[ "$(jq .names_asked <<<"$stderr")" -eq 1 ]
}
