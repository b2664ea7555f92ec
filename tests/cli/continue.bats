#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --continue: what was fetched of a body is not fetched again, however the run
# ended, and what comes of it is the server's file byte for byte.

load helpers

setup_file() {
	start_origin
}

teardown_file() {
	stop_all
}

setup() {
	need curl jq
	cd "$BATS_TEST_TMPDIR" || return 1
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	key=$BATS_TEST_NUMBER
}

teardown() {
	[ -z "$run_pid" ] || kill -KILL "$run_pid" 2>/dev/null || true
	stop_all
}

# alphabet N [AHEAD]: the body of /range, or the other one.
alphabet() {
	python3 -c '
import string, sys
n, ahead = int(sys.argv[1]), int(sys.argv[2])
text = string.ascii_lowercase[ahead:] + string.ascii_lowercase[:ahead]
sys.stdout.write((text * (n // 26 + 1))[:n])' "$1" "${2:-0}"
}

# keep STATUS OPTION...: one run; its records are in `out`.
keep() {
	local status=$1

	shift
	run "-$status" --separate-stderr timeout 60 "$FETCHALL" -O --continue \
		--output-dir dir --results out --retry 0 "$@"
}

# The final record's field.
field() {
	jq -r "select(.final) | .$1" out
}

# files: what there is, one name a line.
files() {
	find dir ! -type d | sort
}

# grown N: waits until a part has N bytes.
grown() {
	local i part size

	for ((i = 0; i < 1000; i++)); do
		part=$(find dir -name '*.part' 2>/dev/null || true)
		size=$(stat -c %s "$part" 2>/dev/null || echo 0)
		[ "${size:-0}" -lt "$1" ] || return 0
		kill -0 "$run_pid" || return 1
		sleep 0.02
	done
	return 1
}

# sent: how many bytes the server has sent.
sent() {
	curl -sS "$ORIGIN_URL/stats" | jq .bytes_sent
}

# killed OPTION...: a run that is killed as soon as its part has $grown bytes.
killed() {
	"$FETCHALL" -O --continue --output-dir dir "$@" >/dev/null 2>&1 \
		</dev/null 3>&- &
	run_pid=$!
	grown "$grown"
	kill -KILL "$run_pid"
	wait "$run_pid" || true
	run_pid=
}

@test "after kill -9 only the rest is asked for" {
	grown=15000000
	for strategy in async thread fork process-pool; do
		url="$ORIGIN_URL/range/$strategy/20000000?cut=15000000&hang=1"
		killed -s "$strategy" "$url"
		before=$(sent)
		# A child that had no time to die is waited for.
		keep 0 -s "$strategy" --retry 5 "$url"
		after=$(sent)
		((after - before >= 5000001 && after - before < 5010000))
		[ "$(field size_download)" -eq 5000001 ]
		[ "$(field response_code)" -eq 206 ]
		cmp <(alphabet 20000000) "$(field filename_effective)"
		[ "$(files | wc -l)" -eq 1 ]
		rm -r dir
	done
}

@test "nginx: killed again and again, whole in the end" {
	need nginx
	mkdir www
	head -c 8000000 /dev/urandom >www/big
	start_nginx "$PWD/www" "limit_rate 2m;"
	for grown in 3000000 6000000; do
		killed "$NGINX_URL/big"
	done
	[ "$(files | grep -c '/big.part$')" -eq 1 ]
	had=$(stat -c %s dir/*/big.part)
	keep 0 "$NGINX_URL/big"
	[ "$(field size_download)" -eq $((8000000 - had + 1)) ]
	cmp www/big dir/*/big
	[ "$(files | wc -l)" -eq 1 ]
	[ "$(stat -c %Y www/big)" -eq "$(stat -c %Y dir/*/big)" ]
}

@test "nginx: a file that changed meanwhile is begun again" {
	need nginx
	mkdir www
	head -c 6000000 /dev/urandom >www/big
	start_nginx "$PWD/www" "limit_rate 2m;"
	grown=3000000
	killed "$NGINX_URL/big"
	head -c 6000000 /dev/urandom >www/big.new
	touch -d '10 seconds' www/big.new
	mv www/big.new www/big
	keep 0 "$NGINX_URL/big"
	[ "$(field response_code)" -eq 200 ]
	[ "$(field size_download)" -eq 6000000 ]
	cmp www/big dir/*/big
	[ "$(files | wc -l)" -eq 1 ]
}

@test "nginx: by Last-Modified, and not while that is young" {
	need nginx
	mkdir www
	head -c 6000000 /dev/urandom >www/big
	start_nginx "$PWD/www" "etag off; limit_rate 2m;"
	"$FETCHALL" -O --continue --output-dir dir --max-time 1.2 --retry 0 \
		"$NGINX_URL/big" >/dev/null 2>&1 || true
	[ -z "$(files)" ]
	touch -d 2020-02-02 www/big
	grown=3000000
	killed "$NGINX_URL/big"
	keep 0 "$NGINX_URL/big"
	[ "$(field response_code)" -eq 206 ]
	cmp www/big dir/*/big
}

@test "a part that was whole is taken as it is" {
	url="$ORIGIN_URL/range/$key/3000000?cut=3000000"
	keep 1 "$url"
	[ "$(field error_class)" = body ]
	keep 0 "$url"
	[ "$(field size_download)" -eq 1 ]
	cmp <(alphabet 3000000) "$(field filename_effective)"
	[ "$(files | wc -l)" -eq 1 ]
}

@test "with --state, too" {
	{
		seq -f "$ORIGIN_URL/bytes/%g" 50
		echo "$ORIGIN_URL/range/$key/9000000?cut=8000000&hang=1"
	} >list
	grown=8000000
	killed --state state --results records list
	keep 0 --state state --results records list
	jq -se 'map(select(.ok) | .seq) | sort == [range(1; 52)]' records
	jq -se 'map(select(.size_download == 1000001)) | length == 1' records
	[ "$(files | wc -l)" -eq 51 ]
	cmp <(alphabet 9000000) dir/*/range/*/*
}

@test "stages get the whole body, in any pool" {
	want=$(alphabet 3000000 | sha256sum | cut -d' ' -f1)
	for pool in inline thread process; do
		for strategy in async fork process-pool; do
			url="$ORIGIN_URL/range/$pool-$strategy/3000000"
			url+="?cut=2000000"
			keep 1 "$url"
			keep 0 -s "$strategy" --pool "$pool" -p sha256 "$url"
			[ "$(field sha256)" = "$want" ]
			[ "$(field response_code)" -eq 206 ]
			[ "$(files | wc -l)" -eq 1 ]
			cmp <(alphabet 3000000) "$(files)"
			rm -r dir
		done
	done
	# What they make of it is the file; the part has done its duty.
	url="$ORIGIN_URL/range/$key/3000000?cut=2000000"
	keep 1 -p gzip "$url"
	keep 0 -p gzip "$url"
	[ "$(field response_code)" -eq 206 ]
	[ "$(files | wc -l)" -eq 1 ]
	cmp <(alphabet 3000000) <(gunzip <"$(files)")
}

@test "a failure leaves the part for another time" {
	need nginx
	mkdir www
	head -c 6000000 /dev/urandom >www/big
	start_nginx "$PWD/www" "limit_rate 2m;"
	grown=3000000
	killed "$NGINX_URL/big"
	mv www/big hidden
	keep 1 "$NGINX_URL/big"
	[ "$(field response_code)" -eq 404 ]
	[ "$(files | wc -l)" -eq 2 ]
	mv hidden www/big
	keep 0 "$NGINX_URL/big"
	[ "$(field response_code)" -eq 206 ]
	cmp www/big dir/*/big
}

@test "a part that another process has fails its URL" {
	need flock
	url="$ORIGIN_URL/range/$key/3000000?cut=2000000"
	keep 1 "$url"
	part=$(find dir -name '*.part')
	sum=$(sha256sum "$part")
	exec {lock}<>"$part"
	flock "$lock"
	keep 1 "$url"
	[ "$(field error_class)" = local ]
	[ "$(field error_detail)" = in_use ]
	[[ "$(field errormsg)" == *".part: in use by another process" ]]
	[ "$sum" = "$(sha256sum "$part")" ]
	exec {lock}<&-
	keep 0 "$url"
	[ "$(field response_code)" -eq 206 ]
}

@test "what lies in the place of a part is not touched" {
	url="$ORIGIN_URL/range/$key/3000000"
	keep 0 "$url"
	name=$(files)
	rm "$name"
	echo precious >precious
	ln -s "$PWD/precious" "$name.part"
	keep 1 "$url"
	[ "$(field error_detail)" = write_refused ]
	[ -L "$name.part" ]
	[ ! -e "$name" ]
	ln -f precious "$name.part"
	keep 1 "$url"
	[[ "$(field errormsg)" == *"several names"* ]]
	# Of another program: it keeps it, and we need none.
	rm "$name.part"
	echo theirs >"$name.part"
	keep 0 "$url"
	cmp <(alphabet 3000000) "$name"
	[ "$(cat "$name.part")" = theirs ]
	[ "$(cat precious)" = precious ]
}

@test "a whole file is there already, whatever is left of its part" {
	url="$ORIGIN_URL/range/$key/3000000?cut=2000000"
	keep 1 "$url"
	name=$(find dir -name '*.part')
	name=${name%.part}
	echo whole >"$name"
	keep 0 "$url"
	[ "$(field skipped)" = true ]
	[ "$(cat "$name")" = whole ]
	[ "$(files | wc -l)" -eq 1 ]
	rm "$name"
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	keep 1 "$url"
	echo whole >"$name"
	keep 0 --existing overwrite "$url"
	[ "$(field response_code)" -eq 206 ]
	cmp <(alphabet 3000000) "$name"
	[ "$(files | wc -l)" -eq 1 ]
}

@test "without --continue nothing is left" {
	run -1 "$FETCHALL" -O --output-dir dir --retry 0 \
		"$ORIGIN_URL/range/$key/3000000?cut=2000000"
	[ -z "$(files)" ]
}

@test "-C - is curl's way to say it" {
	run -1 "$FETCHALL" -O -C - --output-dir dir --retry 0 \
		"$ORIGIN_URL/range/$key/3000000?cut=2000000"
	[ "$(files | wc -l)" -eq 2 ]
}

@test "what does not go together is refused" {
	url=$ORIGIN_URL/empty
	refused() {
		run -2 --separate-stderr "$FETCHALL" "$@"
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	}
	refused --continue "$url"
	[[ $stderr == *"there is no --save"* ]]
	refused -O --continue --warc-file archive "$url"
	[[ $stderr == *"--warc"* ]]
	refused -o '%{sha256}' --continue "$url"
	[[ $stderr == *"wait for the reply"* ]]
	refused -O --continue --content-disposition "$url"
	refused -O --continue --compressed "$url"
	[[ $stderr == *"--compressed"* ]]
	refused -O --continue -d x "$url"
	refused -O --continue -X PUT "$url"
	refused -O --continue -I "$url"
	refused -O -C 5 "$url"
	[ ! -e archive.warc.gz ]
}
