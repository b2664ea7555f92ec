#!/usr/bin/env bats
# Archives hold what crossed the network: a recorder between the program and
# the server knows what that was, and a reader of our own that shares nothing
# with the writer says what the archive has.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq python3
	own_folder
}

teardown() {
	stop_all
}

# fetch ARGUMENT...: fetchall with a limit on its time.
fetch() {
	timeout 60 "$FETCHALL" --quiet "$@"
}

# warc COMMAND ARGUMENT...: the reader.
warc() {
	python3 "$srcdir/cli/warc.py" "$@"
}

# record PORT: a recorder in front of that port; sets RECORDED_URL. What the
# server says goes to the file `said`, what it is told to `said.sent`.
record() {
	local port

	mkfifo port
	spawn log sh -c 'exec "$@" >port' sh \
		python3 "$srcdir/cli/recorder.py" "$1" said
	server_pids+=("$spawned_pid")
	read -r -t 10 port <port
	RECORDED_URL=http://127.0.0.1:$port
}

# replayed FILE...: all replies of the archive, then all requests, compared
# with what was recorded. For runs that fetch one URL after the other.
replayed() {
	warc stream response "$@" | cmp - said
	warc stream request "$@" | cmp - said.sent
}

@test "what nginx sent is in the archive, byte for byte" {
	need nginx
	mkdir root
	head -c 3000000 /dev/urandom >root/noise
	seq 20000 >root/text
	seq 30000 >root/new
	: >root/empty
	start_nginx "$PWD/root" 'gzip on; gzip_types *; absolute_redirect off;
		location /old { return 301 /new; }'
	record "$NGINX_PORT"
	printf "$RECORDED_URL/%s\n" text noise empty old missing >list
	run -1 fetch -s serial -H 'Accept-Encoding: gzip' --warc-file a list
	[ "$(warc check a.warc.gz a.cdxj)" = \
		"warcinfo=1 response=6 revisit=0 request=6" ]
	replayed a.warc.gz
	warc head "$RECORDED_URL/text" a.warc.gz >head
	grep -qi '^Content-Encoding: gzip' head
	grep -qi '^Transfer-Encoding: chunked' head
	warc content "$RECORDED_URL/text" a.warc.gz | gzip -dc |
		cmp - root/text
	warc content "$RECORDED_URL/noise" a.warc.gz | gzip -dc |
		cmp - root/noise
}

@test "content that nginx sent before is replayed from where it was" {
	need nginx
	mkdir root
	seq 20000 >root/text
	cp root/text root/copy
	start_nginx "$PWD/root"
	printf "$NGINX_URL/%s\n" text copy 'text?again' >list
	fetch -s serial --warc-file a list
	[ "$(warc check a.warc.gz a.cdxj)" = \
		"warcinfo=1 response=1 revisit=2 request=3" ]
	warc body "$NGINX_URL/copy" a.warc.gz | cmp - root/text
	grep -c '"mime": "warc/revisit"' a.cdxj | grep -qx 2
}

@test "a run's replies in a row are the bytes that the server sent" {
	local strategy

	record "$ORIGIN_PORT"
	printf "$RECORDED_URL/%s\n" bytes/100 chunked/300000 gzip/5000 \
		redirect/1 status/404 empty bytes/1M bytes/0 \
		cookie?set=a=b >list
	for strategy in serial async; do
		: >said
		: >said.sent
		run -1 fetch -s "$strategy" -c 1 --retry 0 -d 'some data' \
			--warc-file "$strategy" list
		warc check "$strategy".warc.gz "$strategy".cdxj
		replayed "$strategy".warc.gz
	done
}

@test "all packings hold the same, on each strategy" {
	local kind strategy file

	printf "$ORIGIN_URL/%s\n" bytes/100 chunked/30000 bytes/1M redirect/2 \
		bytes/100 status/404 >list
	for kind in gzip zstd none; do
		"$FETCHALL" --version | grep -q 'without zstd' &&
			[ "$kind" = zstd ] && continue
		for strategy in serial thread-pool process-pool fork async; do
			run -1 fetch -s "$strategy" --warc-compression "$kind" \
				--warc-file "$kind-$strategy" list
			file=$(echo "$kind-$strategy".warc*)
			warc check "$file" "$kind-$strategy.cdxj"
			[ "$(warc list "$file" | grep -c '^re[sv]')" -eq 8 ]
		done
	done
	[ -f gzip-fork.warc.gz ]
	[ -f none-fork.warc ]
}

@test "files of a size are followed by others, and none is overwritten" {
	local i

	for i in {1..30}; do
		echo "$ORIGIN_URL/echo/$i"
	done >list
	run -0 fetch -H "X-Noise: $(head -c 600 /dev/urandom | base64 -w0)" \
		--warc-max-size 5k --warc-file a list
	[ -f a-00002.warc.gz ]
	warc check a-*.warc.gz a.cdxj
	sha256sum a* >sums
	run -3 fetch --warc-max-size 5k --warc-file a list
	[[ $output == *"a-00000.warc.gz: exists; "* ]]
	sha256sum --quiet -c sums
}

@test "credentials are in no archive unless asked for" {
	fetch -u user:geheim -b 'name=geheim' --warc-compression none \
		--warc-file a "$ORIGIN_URL/bytes/1"
	grep -aq '^Authorization: \**' a.warc
	grep -aq '^Cookie: \**' a.warc
	! grep -aq -e geheim -e "$(printf user:geheim | base64)" a.warc a.cdxj
	fetch -b 'name=geheim' --warc-compression none --warc-credentials \
		--warc-file b "$ORIGIN_URL/bytes/1"
	grep -aq '^Cookie: name=geheim' b.warc
	warc check a.warc a.cdxj
	warc check b.warc b.cdxj
}

@test "the index finds records, sorted or not" {
	local line offset length

	printf "$ORIGIN_URL/bytes/%d\n" {1..50} >list
	fetch --warc-file a list
	LC_ALL=C sort a.cdxj >index.cdxj
	warc check a.warc.gz index.cdxj
	line=$(grep -F "/bytes/42\"" index.cdxj)
	offset=$(jq -r .offset <<<"{${line#*\{}")
	length=$(jq -r .length <<<"{${line#*\{}")
	tail -c "+$((offset + 1))" a.warc.gz | head -c "$length" | gzip -dc |
		grep -aq "^WARC-Target-URI: $ORIGIN_URL/bytes/42"
}

@test "a disk that is full ends the run with whole records" {
	printf "$ORIGIN_URL/bytes/%d\n" {300000..300030} >list
	# In KiB; the program ignores SIGXFSZ.
	run -3 bash -c "ulimit -f 500; exec timeout 60 '$FETCHALL' -s serial \
		--json --warc-compression none --warc-file a --results out list"
	[[ $output == *"a.warc: File too large"* ]]
	run -0 warc check a.warc a.cdxj
	[[ $output == "warcinfo=1 response=1 "* ]]
	[ "$(jq -s 'map(select(.final)) | length' out)" -le 1 ]
}

@test "a long body is archived in flat memory" {
	timeout 60 "$FETCHALL" --no-progress --summary json --warc-file a \
		--warc-compression none --buffer 16MiB \
		"$ORIGIN_URL/bytes/400MiB" 2>summary
	warc check a.warc a.cdxj
	[ "$(jq -s '.[-1].memory_peak' summary)" -lt 100000000 ]
}
