#!/usr/bin/env bats
# Runs that go on where another ended, or refuse to, from the command line.
# What survives a kill is in crash.bats and faults.bats.

load helpers

setup_file() {
	need curl jq python3
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	export HOME=$BATS_TEST_TMPDIR
	unset XDG_CONFIG_HOME
	mkdir "$BATS_TEST_TMPDIR/run"
	cd "$BATS_TEST_TMPDIR/run" || return 1
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	everything=(-O --output-dir out --warc-file a --results records)
}

teardown() {
	stop_all
}

# go ARGUMENT...: fetchall with the state.
go() {
	timeout 60 "$FETCHALL" --no-progress --retry 0 --state state "$@"
}

requests() {
	curl -sS "$ORIGIN_URL/stats" | jq .requests
}

# All that a run may have touched. (SQLite leaves an empty log beside a state
# that was refused.)
snapshot() {
	find . ! -name state-wal -printf '%p %y %m\n' | sort
	find . -type f -size +0 -exec sha256sum {} + | sort
}

# refused STATUS TEXT ARGUMENT...: within a second (a busy machine is given
# more), with one sentence that holds TEXT, and nothing is touched.
refused() {
	local status=$1 text=$2 before

	shift 2
	before=$(snapshot)
	run "-$status" --separate-stderr timeout 10 "$FETCHALL" --no-progress \
		--retry 0 --state state "$@"
	echo "$stderr"
	[[ $stderr == *"$text"* ]]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[ "$(snapshot)" = "$before" ]
	[ "$(requests)" -eq 0 ]
}

# A list of 30 URLs, of which one fails; all of them are done, and going on
# with it ends with status 1 again.
begin() {
	seq -f "$ORIGIN_URL/bytes/%g" 29 >list
	echo "$ORIGIN_URL/status/404" >>list
	run -1 go "${everything[@]}" list
	[ "$(requests)" -eq 30 ]
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
}

@test "another list is refused, from a file and from standard input" {
	begin
	sed '3s/bytes/chunked/' list >../other
	head -n 20 list >../shorter
	cp records a.warc.gz a.cdxj ..
	for other in ../other ../shorter; do
		refused 2 "the list is not the one" "${everything[@]}" $other
		# What cannot be read twice is compared as it is read.
		run -2 --separate-stderr timeout 10 "$FETCHALL" --quiet \
			--state state "${everything[@]}" - < <(cat $other)
		[[ $stderr == *"the list is not the one"* ]]
		[ "$(requests)" -eq 0 ]
		for file in records a.warc.gz a.cdxj; do
			cmp $file ../$file
		done
	done
	# The same one is fine, wherever it comes from.
	run -1 go "${everything[@]}" - < <(cat list)
	[ "$(requests)" -eq 0 ]
}

@test "a longer list goes on with what is new" {
	begin
	seq -f "$ORIGIN_URL/bytes/%g" 101 105 >>list
	run -1 go "${everything[@]}" list
	[ "$(requests)" -eq 5 ]
	jq -se 'map(.seq) | sort == [range(1; 36)]' records
	[ "$(find out -type f | wc -l)" -eq 34 ]
	python3 "$srcdir/cli/warc.py" check a.warc.gz a.cdxj
}

@test "options that say what is done must be the same" {
	begin
	while read -r option _; do
		refused 2 "${option%%=*}" "${everything[@]}" "--$option" list
	done <<-END
		input-format=ndjson
		proto-default=https
		request=POST
		head
		post=wc
		compressed
		format=csv
		columns=seq,ok
		write-out=%{url}
		content-disposition
		fold-case
		warc-file=b
		warc-max-size=1M
		warc-compression=zstd
		results=other
		output-dir=elsewhere
	END
	refused 2 "save=" -o '%{seq}' --output-dir out --warc-file a \
		--results records list
	refused 2 "save=" --warc-file a --results records list
	refused 2 "warc-file=" -O --output-dir out --results records list
	refused 2 "results=" -O --output-dir out --warc-file a list
	# How it is done may change.
	run -1 go "${everything[@]}" -s serial -c 3 --retry 2 --max-time 9s \
		--sync --quiet list
	[ "$(requests)" -eq 0 ]
}

@test "what is no state, or a damaged or another format's, is refused" {
	begin
	mkdir ../kept
	cp -p state ../kept/state
	# Its format is at byte 60, big-endian.
	printf '\0\0\0\143' | dd of=state bs=1 seek=60 conv=notrunc status=none
	refused 2 "has format 99" "${everything[@]}" list
	cp -p ../kept/state state
	dd if=/dev/zero of=state bs=4096 seek=1 count=1 conv=notrunc \
		status=none
	refused 2 "is damaged" "${everything[@]}" list
	head -c 6000 ../kept/state >state
	refused 2 "is damaged" "${everything[@]}" list
	seq 1000 >state
	refused 2 "no state of a run" "${everything[@]}" list
	rm state
	mkdir state
	refused 2 "is a folder" "${everything[@]}" list
	rmdir state
	mkfifo state
	refused 2 "is no file" "${everything[@]}" list
	rm state
	refused 3 "No such file or directory" --state nowhere/state \
		"${everything[@]}" list
	cp -p ../kept/state state
	run -1 go "${everything[@]}" list
}

@test "a state that may not be read is told" {
	[ "$(id -u)" != 0 ] || skip "root may read everything"
	begin
	chmod 0 state
	refused 3 "Permission denied" "${everything[@]}" list
}

@test "a state in use is refused, and its run comes to its end" {
	seq -f "$ORIGIN_URL/delay/100/%g" 30 >list
	go -c 1 "${everything[@]}" --quiet list 3>&- &
	server_pids+=($!)
	until [ -s records ]; do
		kill -0 $!
	done
	run -2 --separate-stderr timeout 10 "$FETCHALL" --state state \
		"${everything[@]}" list
	[[ $stderr == *"in use by another process"* ]]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	wait $!
	jq -se 'map(.seq) | sort == [range(1; 31)]' records
	[ "$(requests)" -eq 30 ]
}

@test "outputs that lost something are told, and are not written to" {
	begin
	for file in records a.warc.gz a.cdxj; do
		cp -p $file ../kept
		truncate -s -1 $file
		refused 3 "$file" "${everything[@]}" list
		rm $file
		refused 3 "$file" "${everything[@]}" list
		cp -p ../kept $file
	done
	run -1 go "${everything[@]}" list
}

@test "what was added to outputs is cut off" {
	begin
	for file in records a.warc.gz a.cdxj; do
		cp $file ../$file
		echo '{"torn":' >>$file
	done
	run -1 go "${everything[@]}" list
	for file in records a.warc.gz a.cdxj; do
		cmp $file ../$file
	done
}

@test "a state that is used three times goes on in the same way" {
	seq -f "$ORIGIN_URL/bytes/%g" 30 >list
	run -0 go "${everything[@]}" list
	seq -f "$ORIGIN_URL/bytes/%g" 31 50 >>list
	cp -r . ../first
	for i in 1 2 3; do
		rm -rf ./*
		cp -r ../first/. .
		curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
		run -0 go "${everything[@]}" list
		[ "$(requests)" -eq 20 ]
		jq -se 'map(.seq) | sort == [range(1; 51)]' records
		[ "$(find out -type f | wc -l)" -eq 50 ]
		python3 "$srcdir/cli/warc.py" check a.warc.gz a.cdxj
	done
}

# Records of the first are not in the files of the second.
@test "outputs that are another run's are not taken for this one's" {
	begin
	refused 3 "a.warc.gz" --state ../another "${everything[@]}" list
}

@test "Ctrl-C and SIGTERM leave a state to go on with" {
	seq -f "$ORIGIN_URL/delay/40/%g" 60 >list
	for signal in INT TERM; do
		env --default-signal=INT,TERM "$FETCHALL" --state state -c 4 \
			"${everything[@]}" --quiet list 2>says 3>&- &
		pid=$!
		server_pids+=($pid)
		n=$(wc -l <records 2>/dev/null) || n=0
		until [ "$(wc -l 2>/dev/null <records)" -gt "$n" ] \
			2>/dev/null; do
			kill -0 "$pid"
		done
		kill -$signal "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq $([ $signal = INT ] && echo 130 || echo 143) ]
		jq -s . records >/dev/null
	done
	run -0 go "${everything[@]}" list
	jq -se 'map(select(.final)) | all(.ok) and
		(map(.seq) | sort == [range(1; 61)])' records
	# What was cut off is the only thing that was begun twice.
	[ "$(requests)" -le 68 ]
	python3 "$srcdir/cli/warc.py" check a.warc.gz a.cdxj
}

@test "--first leaves the rest to do, and --deadline what it left out" {
	seq -f "$ORIGIN_URL/delay/30/%g" 40 >list
	run -0 go -c 2 --first "${everything[@]}" list
	n=0
	until timeout 60 "$FETCHALL" --state state -c 4 --deadline 200ms \
		--quiet "${everything[@]}" list; do
		n=$((n + 1))
		[ "$n" -lt 50 ]
	done
	jq -se 'map(select(.final)) | all(.ok) and
		(map(.seq) | sort == [range(1; 41)])' records
	[ "$(find out -type f | wc -l)" -eq 40 ]
}

@test "--retry-failed replaces the records of what failed, in all formats" {
	for format in json csv lines; do
		curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
		rm -rf state* records out
		for i in $(seq 20); do
			echo "$ORIGIN_URL/bytes/$i"
			[ $((i % 4)) -ne 0 ] || echo "$ORIGIN_URL/flaky/$i/1"
		done >list
		echo "$ORIGIN_URL/status/404" >>list
		run -1 go -O --output-dir out --format $format \
			--results records list
		[ "$(requests)" -eq 26 ]
		# Not asked for: nothing is done.
		run -1 go -O --output-dir out --format $format \
			--results records list
		[ "$(requests)" -eq 26 ]
		run -1 go -O --output-dir out --format $format \
			--results records --retry-failed list
		[ "$(requests)" -eq 32 ]
		case $format in
		json)
			jq -se 'map(select(.ok)) | length == 25' records
			jq -se 'map(.seq) | sort == [range(1; 27)]' records
			;;
		csv)
			[ "$(head -n 1 records | cut -c 1-4)" = seq, ]
			[ "$(grep -c '^seq,' records)" -eq 1 ]
			[ "$(tail -n +2 records | tr -d '\r' | cut -d, -f1 |
				sort -n | tr '\n' ' ')" = "$(seq -s ' ' 26) " ]
			;;
		lines)
			[ "$(wc -l <records)" -eq 26 ]
			[ "$(grep -c flaky records)" -eq 5 ]
			[ "$(grep -c "^503 " records)" -eq 0 ]
			;;
		esac
		[ "$(find out -type f | wc -l)" -eq 25 ]
		# One is left.
		run -1 go -O --output-dir out --format $format \
			--results records --retry-failed list
		[ "$(requests)" -eq 33 ]
	done
}

@test "--retry-failed refuses what --state alone does, before it writes" {
	begin
	sed '3s/bytes/chunked/' list >../other
	refused 2 "the list is not the one" "${everything[@]}" --retry-failed \
		../other
	refused 2 "head" "${everything[@]}" --retry-failed -I list
	run -2 --separate-stderr "$FETCHALL" --retry-failed list
	[[ $stderr == *--state* ]]
}

@test "what cannot be gone on with is refused together with --state" {
	seq -f "$ORIGIN_URL/bytes/%g" 3 >list
	refused 2 "--cat" --cat list
	refused 2 "--state" -n 5 list
	refused 2 "--state" -z 1s list
	refused 2 "--state" -s all list
	refused 2 "--state" -s serial,async list
	refused 2 "--state" --runs 3 list
}

@test "records of the same name in another folder are not cut" {
	printf "$ORIGIN_URL/bytes/%d\n" 1 2 3 4 >list
	mkdir here there
	(
		cd here
		"$FETCHALL" --quiet --state state --results r.json ../list
	)
	(
		cd there
		"$FETCHALL" --quiet --results r.json ../list ../list
	)
	before=$(sha256sum there/r.json)
	cd there
	run -3 "$FETCHALL" --quiet --state ../here/state --results r.json \
		../list
	[[ $output == *"is not the file that the state knows"* ]]
	cd ..
	[ "$(sha256sum there/r.json)" = "$before" ]
}
