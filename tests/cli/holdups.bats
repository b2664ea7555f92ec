#!/usr/bin/env bats
# The summary says what of this machine held a run back, and nothing where
# nothing did.

load helpers

setup() {
	need jq
	cd "$BATS_TEST_TMPDIR" || return 1
	start_origin
}

teardown() {
	stop_all
}

# limit NAME: that share of the last run's JSON summary, in percent.
limit() {
	jq ".limits.$1 * 100 | floor" <<<"$stderr"
}

@test "a list that comes slowly" {
	slowly() {
		for i in {1..20}; do
			echo "$ORIGIN_URL/empty?$i"
			sleep 0.02
		done | "$FETCHALL" --format none "$@"
	}
	run -0 --separate-stderr slowly
	[[ $stderr == *"held back by this client: the list came too slowly"* ]]
	run -0 --separate-stderr slowly --summary json
	[ "$(limit list)" -ge 50 ]
	[ "$(limit writer)" -eq 0 ]
}

@test "a reader of the records that takes its time" {
	for i in {1..20000}; do echo "$ORIGIN_URL/empty?$i"; done >list
	slowly() {
		"$FETCHALL" --json "$@" list | (
			sleep 1
			cat >/dev/null
		)
	}
	run -0 --separate-stderr slowly --summary json
	[ "$(limit writer)" -ge 5 ]
}

@test "names that are long in coming" {
	port=${ORIGIN_URL##*:}
	for i in {1..30}; do echo "http://n$i.late.test:$port/empty"; done >list
	# Somebody listens there, and never answers.
	spawn "$PWD/log" python3 -c '
import socket, sys, time
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print(udp.getsockname()[1], file=open("port.new", "w"))
import os
os.rename("port.new", "port")
time.sleep(60)'
	server_pids+=("$spawned_pid")
	until [ -s port ]; do sleep 0.02; done
	run -1 --separate-stderr "$FETCHALL" -c 10 --dns-timeout 300ms \
		--retry 0 --dns-servers "127.0.0.1:$(<port)" --format none list
	[[ $stderr == *"names were waited for (DNS)"* ]]
}

@test "stages that have more to do than they can" {
	for i in {1..40}; do echo "$ORIGIN_URL/bytes/200k?$i"; done >list
	run -0 --separate-stderr "$FETCHALL" -c 4 -j 1 --buffer 1MiB \
		--post sleep:20 --format none list
	[[ $stderr == *"the stages had enough to do"* ]]
}

@test "fewer open files than were asked for" {
	low() {
		ulimit -n 100
		"$FETCHALL" -c 500 --format none "$ORIGIN_URL/empty"
	}
	run -0 --separate-stderr low
	[[ $stderr == *"open files ("*" at a time instead of 500"* ]]
}

@test "a server that is slow is not our fault" {
	run -0 --separate-stderr "$FETCHALL" --format none \
		"$ORIGIN_URL/delay/400"
	[[ $stderr != *"held back"* ]]
}
