#!/usr/bin/env bats
# A small run is killed at, or refused, each of the calls by which it changes
# files. Here it is some of them; FAULT_STEP=1 takes some ten minutes.

load helpers

setup() {
	need python3
	export STRIKE_SO=$builddir/cli/strike.so
	LD_PRELOAD=$STRIKE_SO "$FETCHALL" --version >/dev/null 2>&1 ||
		skip "nothing can be preloaded into this build"
}

# faults STEP SERIES...
faults() {
	local step=${FAULT_STEP:-$1}

	shift
	timeout "${TEST_SECONDS:-280}" python3 "$srcdir/cli/faults.py" \
		--step "$step" "$@"
}

@test "killed at, or refused, a call: the next run completes it" {
	faults 37 run
}

@test "the same with --sync" {
	faults 59 sync
}

@test "the same with worker processes" {
	faults 53 processes
}

@test "the same while records are replaced (--retry-failed)" {
	faults 17 retry-failed
}

@test "what only close() says of the records is told, and status 3" {
	local n

	own_folder
	start_origin
	for ((n = 1; n < 50; n++)); do
		rm -f struck
		status=0
		STRIKE=close:$n STRIKE_LOG=struck LD_PRELOAD=$STRIKE_SO \
			"$FETCHALL" --results records "$ORIGIN_URL/bytes/1" \
			2>err || status=$?
		! grep -q records struck || break
	done
	stop_all
	cat struck err
	[ "$status" -eq 3 ]
	grep -q 'records: Disk quota exceeded' err
}
