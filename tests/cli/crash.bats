#!/usr/bin/env bats
# Runs that are killed at random instants until they are through: nothing is
# lost, nothing is done twice, nothing is half there. CRASH_KILLS=200 takes a
# few minutes.

load helpers

setup() {
	need python3
}

# crash KILLS URLS [--parts] [-- OPTION...]
crash() {
	local kills=$1 urls=$2

	shift 2
	timeout 280 python3 "$srcdir/cli/crash.py" --kills "$kills" \
		--urls "$urls" "$@"
}

@test "kill -9 at random instants of a run of 2,000 URLs" {
	crash "${CRASH_KILLS:-40}" 2000
}

@test "kill -9 with processes and threads" {
	crash 6 300 -- -s process-pool
	crash 6 300 -- -s fork
	crash 6 300 -- -s thread-pool
}

@test "kill -9 with stages" {
	crash 6 300 -- --post sha256 --pool process
	crash 6 300 -- --post sha256 --pool inline -s process-pool --compressed
}

@test "kill -9 with --sync, and with an archive of many files" {
	crash 6 300 -- --sync
	crash 6 300 -- --warc-max-size 50k
}

@test "kill -9 with --continue: parts are beginnings, and are gone on with" {
	crash 8 300 --parts
}
