#!/usr/bin/env bats
# Bodies in files: whole, under the right name, once; and what becomes of them
# where something is in the way.

load helpers

setup_file() {
	need curl jq python3
	export RAW=$BATS_FILE_TMPDIR/raw SITE=$BATS_FILE_TMPDIR/site
	mkdir "$RAW"
	start_origin --raw-dir "$RAW"
	make_site
	[ -z "$NGINX" ] || start_nginx "$SITE"
}

teardown_file() {
	stop_all
}

setup() {
	own_folder
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	host=127.0.0.1+$ORIGIN_PORT
	strategies="serial async green thread thread-pool fork process-pool"
}

teardown() {
	stop_all
}

# A site whose mirror is itself.
make_site() {
	local i

	mkdir -p "$SITE/a/b/c" "$SITE/empty-one"
	echo start >"$SITE/index.html"
	echo folder >"$SITE/a/index.html"
	echo page >"$SITE/a/page.html"
	: >"$SITE/a/b/none"
	head -c 3145729 /dev/urandom >"$SITE/a/b/c/large.bin"
	head -c 1048576 /dev/urandom >"$SITE/a/b/c/mebi.bin"
	for ((i = 0; i < 200; i++)); do
		printf '%*s\n' $((i * 37)) "$i" >"$SITE/a/b/$i.txt"
	done
	rmdir "$SITE/empty-one"
	find "$SITE" -type f -exec touch -d '2001-02-03 04:05:06 UTC' {} +
}

# fetch ARGUMENT...: fetchall with a limit on its time.
fetch() {
	timeout 60 "$FETCHALL" --quiet "$@"
}

# fields NAME...: columns of the records in $output, a line each.
fields() {
	local query

	query=$(printf '.%s|tostring),(' "$@")
	jq -r "[(${query%,(}] | join(\" \")" <<<"$output"
}

# tree FOLDER: its files with sizes.
tree() {
	find "$1" -type f -printf '%P %s\n' | LC_ALL=C sort
}

# until COMMAND...: within ten seconds.
until_true() {
	local i

	for ((i = 0; i < 500; i++)); do
		! "$@" || return 0
		sleep 0.02
	done
	echo "not within ten seconds: $*" >&2
	return 1
}

# asked: how many requests came.
asked() {
	curl -sS "$ORIGIN_URL/stats" | jq .requests
}

# with_disk SIZE COMMAND: a bash of its own in the folder `disk`, which is a
# file system of that size nobody else sees.
with_disk() {
	unshare -m true 2>/dev/null || skip "no mounts for this user"
	mkdir -p disk
	unshare -m bash -c 'mount -t tmpfs -o "size=$1" none disk && cd disk &&
		eval "$2"' - "$1" "$2"
}

# --- what is kept

@test "a mirror is the site, with every strategy" {
	need nginx
	(cd "$SITE" && find . -type f -printf '%P\n') |
		sed -e "s|^|$NGINX_URL/|" -e 's|/index.html$|/|' >list
	for strategy in $strategies; do
		run -0 fetch -s "$strategy" -c 20 --format none -O \
			--output-dir "out-$strategy" list
		diff -r "$SITE" "out-$strategy/127.0.0.1+$NGINX_PORT"
		# And as old, with nothing beside it.
		[ "$(find "out-$strategy" -type f -printf '%T@\n' | sort -u)" \
			= 981173106.0000000000 ]
		[ "$(find "out-$strategy" | wc -l)" -eq \
			$(($(find "$SITE" | wc -l) + 1)) ]
		rm -r "out-$strategy"
	done
}

@test "a body is the same file, chunked, compressed, behind redirects" {
	for strategy in $strategies; do
		run -0 fetch -s "$strategy" --format none -O --output-dir o \
			--compressed "$ORIGIN_URL/bytes/3MiB" \
			"$ORIGIN_URL/chunked/3MiB" "$ORIGIN_URL/gzip/5000" \
			"$ORIGIN_URL/redirect/2?to=/bytes/10"
		cmp "o/$host/bytes/3MiB" "o/$host/chunked/3MiB"
		cmp "o/$host/gzip/5000" <(head -c 5000 /dev/zero)
		[ "$(cat "o/$host/redirect/"2*)" = abcdefghij ]
		[ "$(tree o | wc -l)" -eq 4 ]
		rm -r o
	done
}

@test "a record says where its file is" {
	run -0 fetch --json -O "$ORIGIN_URL/bytes/1"
	[ "$(fields filename_effective skipped)" = "$host/bytes/1 false" ]
	[ -f "$host/bytes/1" ]
	run -0 fetch --json -O --output-dir o/p "$ORIGIN_URL/bytes/1"
	[ "$(fields filename_effective)" = "o/p/$host/bytes/1" ]
	run -0 fetch --json -o '%{seq}%{type_ext}' --output-dir "$PWD/q/" \
		"$ORIGIN_URL/bytes/1"
	[ -f "$(fields filename_effective)" ]
}

@test "a template's fields are filled; the same body is one file" {
	run -0 fetch --format none --output-dir o \
		-o '%{seq}/%{scheme}-%{host}-%{stem}%{ext}' \
		"$ORIGIN_URL/echo/x.txt" "$ORIGIN_URL/echo/y"
	[ "$(tree o | sed 's/ .*//')" = "1/http-127.0.0.1-x.txt
2/http-127.0.0.1-y" ]
	run -0 fetch --format none -o '%{sha256}' --output-dir p \
		"$ORIGIN_URL/bytes/26" "$ORIGIN_URL/chunked/26" \
		"$ORIGIN_URL/bytes/26?again"
	[ "$(ls p)" = "$(printf abcdefghijklmnopqrstuvwxyz | sha256sum |
		cut -d ' ' -f 1)" ]
}

@test "what fails, and what has no body, is no file" {
	printf "$ORIGIN_URL/%s\n" status/404 status/500 status/304 status/204 \
		cut 'cut?chunked=1' 'reset?bytes=100' redirect-loop \
		bytes/2000 >list
	run -1 fetch --format none --max-body 1000 -O --output-dir o list
	[ -z "$(tree o)" ]
	run -0 fetch --format none -I -O --output-dir o "$ORIGIN_URL/bytes/10"
	[ -z "$(tree o)" ]
	# Nor does it touch the one that is there.
	mkdir -p "o/$host/status"
	echo good >"o/$host/status/304"
	run -0 fetch --format none --existing overwrite -O --output-dir o \
		"$ORIGIN_URL/status/304"
	[ "$(cat "o/$host/status/304")" = good ]
}

@test "--no-fetch has nothing to save; an empty folder's name is none" {
	run -2 --separate-stderr fetch --no-fetch -p wc -O http://h/
	[[ $stderr == *"--no-fetch: there are no bodies that could be kept"* ]]
	run -2 --separate-stderr fetch -O --output-dir '' http://h/
	[[ $stderr == *"--output-dir is empty"* ]]
	touch file
	run -3 --separate-stderr fetch -O --output-dir file http://h/
	[[ $stderr == *"--output-dir: file: Not a directory"* ]]
	run -2 --separate-stderr fetch -O -o x http://h/
	[[ $stderr == *"--save and --output name files in two ways"* ]]
	run -2 --separate-stderr fetch -o '../%{seq}' http://h/
	[[ $stderr == *"--output"* ]]
	run -2 --separate-stderr fetch -o '%{sek}' http://h/
	[[ $stderr == *"seq"* ]]
}

# --- files from before

@test "--existing: skipped without a request, replaced, or refused" {
	fetch --format none -O --output-dir o "$ORIGIN_URL/bytes/5"
	echo mine >"o/$host/bytes/5"
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null

	run -0 --separate-stderr timeout 60 "$FETCHALL" --json -O \
		--output-dir o "$ORIGIN_URL/bytes/5" "$ORIGIN_URL/bytes/6"
	[ "$(fields seq ok skipped response_code filename_effective | sort)" \
		= "1 true true 0 o/$host/bytes/5
2 true false 200 o/$host/bytes/6" ]
	[[ $stderr == *"2 URLs: 2 ok, 1 of them skipped, 0 failed"* ]]
	[ "$(asked)" -eq 1 ]
	[ "$(cat "o/$host/bytes/5")" = mine ]

	run -1 fetch --json --existing refuse -O --output-dir o \
		"$ORIGIN_URL/bytes/5" "$ORIGIN_URL/bytes/7"
	[ "$(fields seq ok error_class error_detail errormsg | sort)" = \
		"1 false local write_refused o/$host/bytes/5 exists
2 true null null null" ]
	[ "$(asked)" -eq 2 ]
	[ "$(cat "o/$host/bytes/5")" = mine ]

	run -0 fetch --json --existing overwrite -O --output-dir o \
		"$ORIGIN_URL/bytes/5"
	[ "$(fields ok skipped)" = "true false" ]
	[ "$(asked)" -eq 3 ]
	[ "$(cat "o/$host/bytes/5")" = abcde ]
	[ "$(tree o | wc -l)" -eq 3 ]
}

@test "a URL that is listed often does not meet its own file" {
	yes "$ORIGIN_URL/bytes/10" | head -3000 >list
	for existing in skip refuse; do
		run -0 fetch -c 2 --json --existing $existing -O \
			--output-dir $existing list
		[ "$(fields ok skipped | sort | uniq -c | tr -s ' ')" = \
			" 3000 true false" ]
		[ "$(tree $existing | wc -l)" -eq 1 ]
	done
}

@test "a second run of a mirror asks for nothing" {
	for ((i = 0; i < 300; i++)); do
		echo "$ORIGIN_URL/bytes/$i"
	done >list
	fetch --format none -O --output-dir o list
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
	for strategy in async serial process-pool; do
		run -0 fetch -s $strategy --json -O --output-dir o list
		[ "$(fields skipped ok | sort | uniq -c | tr -s ' ')" = \
			" 300 true true" ]
	done
	[ "$(asked)" -eq 0 ]
}

@test "one name for two URLs: each has its own file, in any order" {
	printf "$ORIGIN_URL/bytes/%d?x=%d\n" 10 1 10 2 20 3 >list
	fetch --format none -o '%{basename}' --output-dir o list
	[ "$(tree o | wc -l)" -eq 3 ]
	tac list >tsil
	for strategy in $strategies; do
		fetch -s "$strategy" --format none -o '%{basename}' \
			--output-dir "p-$strategy" tsil
		diff -r o "p-$strategy"
	done
	# The same URL twice is one file.
	cat list list >twice
	run -0 fetch --format none -o '%{basename}' --output-dir q twice
	diff -r o q
}

@test "--fold-case: a and A are two files where case does not count, too" {
	printf "$ORIGIN_URL/echo/%s\n" a A b/c B/c README readme >list
	run -0 fetch --format none -O --output-dir o list
	[ "$(tree o | tr A-Z a-z | cut -d' ' -f1 | sort -u | wc -l)" -eq 3 ]
	for strategy in serial async; do
		run -0 fetch -s $strategy --format none --fold-case -O \
			--output-dir "f-$strategy" list
		[ "$(tree "f-$strategy" | tr A-Z a-z | cut -d' ' -f1 |
			sort -u | wc -l)" -eq 6 ]
	done
	diff -r f-serial f-async
	# What has no capitals is called as ever.
	cmp "o/$host/echo/a" "f-async/$host/echo/a"
	run -2 --separate-stderr fetch --fold-case http://h/
	[[ $stderr == *"--fold-case is for files"* ]]
}

@test "a file and a folder of one name are both kept" {
	printf "$ORIGIN_URL/echo/%s\n" a a/b a/b/c a/ >list
	for strategy in serial async; do
		run -0 fetch -s "$strategy" --json -O --output-dir o list
		[ "$(tree o | wc -l)" -eq 4 ]
		while read -r file url; do
			grep -q "^GET ${url#"$ORIGIN_URL"} " "$file"
		done < <(fields filename_effective url)
		# The next run finds them all.
		run -0 fetch --json -O --output-dir o list
		[ "$(fields skipped | sort -u)" = true ]
		rm -r o
		tac list >tsil
		mv tsil list
	done
}

# --- names

# safe_tree FOLDER: no name in it could be misread, by a shell, a terminal or
# another system.
safe_tree() {
	! find "$1" -mindepth 1 -printf '%f\n' |
		LC_ALL=C grep -v '^[A-Za-z0-9_@%+,=~-][A-Za-z0-9._+=,~%@-]*$'
	[ -z "$(find "$1" ! -type f ! -type d)" ]
}

@test "URLs of an enemy's stay below the folder" {
	mkdir in
	printf "$ORIGIN_URL/echo/%s\n" '../../x' '..%2f..%2fx' '%2e%2e/%2e%2e/x' \
		'.bashrc' '-rf' 'a%00b' 'a%0ab' '%1b%5b31m' 'con' 'a.' 'a ' \
		"\$(touch%20pwned)" ';x' 'x|y' 'a\\b' '....//x' '%c3%a9' \
		'%ff%fe' '.' '..' '?../../x' '?/etc/passwd' '~root/x' \
		'a.part' '@tmp-1-1' 'C:%5cx' '%e2%80%aex' >in/list
	cd in
	run fetch --format none -O --output-dir o list
	cd ..
	[ "$(ls)" = in ]
	[ "$(ls in)" = $'list\no' ]
	[ "$(ls in/o)" = "$host" ]
	safe_tree in/o
	[ "$(tree in/o | wc -l)" -gt 20 ]
}

@test "NDJSON names that lead out or a terminal obeys are refused, each alone" {
	run fetch --dry-run --input-format ndjson /dev/null
	[[ $output != *"without jansson"* ]] || skip "${lines[0]}"
	mkdir in
	for name in ../x /tmp/x a/../../x .. . a//b a/ '' \
		'a\u001b[2Jb' 'a\nb' '\u009b' 'a\u202eb'; do
		echo "{\"url\":\"$ORIGIN_URL/bytes/1\",\"output\":\"$name\"}"
	done >in/list
	echo "{\"url\":\"$ORIGIN_URL/bytes/1\",\"output\":\"d/good\"}" >>in/list
	cd in
	run -1 fetch --json --input-format ndjson --output-dir o list
	cd ..
	[ "$(tree in/o)" = "d/good 1" ]
	[ "$(ls)" = in ]
	[ "$(fields ok error_class | grep -c '^true')" -eq 1 ]
	# Nobody was asked for what could not be kept.
	[ "$(asked)" -eq 1 ]
}

@test "names of 255 bytes and more are kept short, and found again" {
	for n in 200 249 250 251 255 256 300 2000; do
		printf "$ORIGIN_URL/echo/%0${n}d\n" 1
		printf "$ORIGIN_URL/echo/%0${n}d.html\n" 1
		printf "$ORIGIN_URL/echo/%0${n}d/x\n" 2
		printf "$ORIGIN_URL/echo/x?%0${n}d\n" 3
	done >list
	run -0 fetch --format none -O --output-dir o list
	[ "$(tree o | wc -l)" -eq 32 ]
	[ "$(find o -printf '%f\n' | awk 'length > m { m = length }
		END { print m }')" -le 255 ]
	run -0 fetch --json -O --output-dir o list
	[ "$(fields skipped | sort -u)" = true ]
	# Also what the user asked for.
	run -0 fetch --json --output-dir p -o "$(printf %0256d 1)%{seq}" \
		"$ORIGIN_URL/bytes/1"
	[ "$(tree p | wc -l)" -eq 1 ]
}

@test "what Content-Disposition suggests is cleaned, and only where asked" {
	local last=0

	for name in '../../x' '/etc/passwd' '..' '.' '' '.bashrc' '-rf' \
		$'a\033[31mb' 'C:\\x' 'con' 'a/b' '%2e%2e%2fx' \
		"$(printf %0400d 1)" 'good.pdf'; do
		printf 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n' >"$RAW/cd$last"
		printf 'Content-Disposition: attachment; filename="%s"\r\n' \
			"$name" >>"$RAW/cd$last"
		printf '\r\nx' >>"$RAW/cd$last"
		echo "$ORIGIN_URL/raw/cd$((last++))"
	done >list
	printf 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n%s\r\n\r\nx' \
		"Content-Disposition: attachment; filename*=UTF-8''%2e%2e%2f%00x" \
		>"$RAW/cd$last"
	echo "$ORIGIN_URL/raw/cd$((last++))" >>list
	mkdir in
	cd in
	run -0 fetch --format none --content-disposition -O --output-dir o \
		../list
	safe_tree o
	[ "$(tree o | wc -l)" -eq "$last" ]
	[ "$(ls "o/$host/raw" | wc -l)" -eq "$last" ]
	ls "o/$host/raw" | grep -q '^good~[0-9a-f]*\.pdf$'
	[ "$(ls)" = o ]
	run -0 fetch --format none -O --output-dir p ../list
	[ "$(ls "p/$host/raw" | sed 's/[0-9]*$//' | sort -u)" = cd ]
}

# --- what lies in the way

@test "symbolic links in the folder are not followed" {
	local existing

	mkdir -p "o/$host/bytes" outside
	echo precious >outside/file
	ln -s "$PWD/outside/file" "o/$host/bytes/1"
	ln -s "$PWD/outside/none" "o/$host/bytes/2"
	ln -s "$PWD/outside" "o/$host/echo"
	mkfifo "o/$host/bytes/3"
	find o outside >before
	for existing in skip overwrite refuse; do
		run -1 fetch --json --existing $existing -O --output-dir o \
			"$ORIGIN_URL/bytes/"{1,2,3} "$ORIGIN_URL/echo/x"
		[ "$(fields ok error_class error_detail | sort -u)" = \
			"false local write_refused" ]
		[ "$(grep -c 'symbolic link' <<<"$output")" -eq 3 ]
		[ "$(cat outside/file)" = precious ]
		find o outside | diff before -
	done
	[ "$(asked)" -eq 0 ]
	# The output folder itself may be one: the user said so.
	ln -s outside there
	run -0 fetch --format none -O --output-dir there "$ORIGIN_URL/bytes/4"
	[ -f "outside/$host/bytes/4" ]
}

@test "a file where a folder should be makes way or is told" {
	mkdir o
	echo mine >"o/$host"
	run -0 fetch --json -O --output-dir o "$ORIGIN_URL/bytes/4"
	[ "$(fields filename_effective)" = "o/$host@/bytes/4" ]
	[ "$(cat "o/$host")" = mine ]
	[ "$(cat "o/$host@/bytes/4")" = abcd ]
	# Above the output folder nothing makes way.
	run -3 --separate-stderr fetch --json -O --output-dir "o/$host/x" \
		"$ORIGIN_URL/bytes/1"
	[[ $stderr == *": o/$host/x: Not a directory"* ]]
	[ -z "$output" ]
	[ "$(asked)" -eq 1 ]
}

# next URL: to the run that reads the list `says`, which waits for more.
next() {
	echo "$1" >&7
}

@test "folders that are removed during the run are made again" {
	for strategy in async thread-pool process-pool; do
		mkfifo says
		timeout 60 "$FETCHALL" -s $strategy --quiet --json -O \
			--output-dir o --results records says 3>&- 7>&- &
		exec 7>says
		next "$ORIGIN_URL/bytes/1"
		until_true [ -f "o/$host/bytes/1" ]
		rm -r "o/$host"
		next "$ORIGIN_URL/bytes/2"
		next "$ORIGIN_URL/bytes/3MiB"
		until_true [ -f "o/$host/bytes/2" ]
		until_true [ -f "o/$host/bytes/3MiB" ]
		# Without the output folder itself each URL fails.
		rm -r o
		next "$ORIGIN_URL/bytes/4"
		exec 7>&-
		status=0
		wait $! || status=$?
		[ "$status" -eq 1 ]
		[ ! -e o ]
		[ "$(jq -c '[.seq, .ok]' records | sort | tr -d '\n')" = \
			'[1,true][2,true][3,true][4,false]' ]
		[[ $(jq -r 'select(.seq == 4) | .errormsg' records) == \
			*": No such file or directory" ]]
		rm says records
	done
}

# --- what the system refuses

# whole_files FOLDER SIZE: each file there has that size.
whole_files() {
	[ -z "$(find "$1" -type f ! -size "$2c")" ]
	[ -z "$(find "$1" -name '@tmp*' -o -name '*.part')" ]
}

@test "a full disk ends the run; what has a name is whole, the rest to do" {
	local size strategy

	for size in 100000 1500000; do
		for ((i = 0; i < 60; i++)); do
			echo "$ORIGIN_URL/bytes/$size?$i"
		done >list
		for strategy in async thread-pool process-pool; do
			rm -f records says
			status=0
			with_disk 4m "timeout 60 \"$FETCHALL\" -s $strategy \
				-c 4 --quiet --json -O --output-dir o \
				--results ../records ../list 2>../says
				echo \$? >../status
				find o -type f -printf '%s %P\n' >../files
				cp -r o ../kept"
			[ "$(cat status)" -eq 3 ]
			cat says
			grep -q 'No space left on device' says
			whole_files kept $size
			# Each record of a file has one.
			[ "$(jq -r 'select(.ok) | .seq' records | wc -l)" -eq \
				"$(wc -l <files)" ]
			[ "$(jq -r 'select(.ok | not) | select(.final) | .seq' \
				records | wc -l)" -eq 0 ]
			# The same once more, with room.
			rm records
			mv kept o
			run -0 fetch -s $strategy -O --output-dir o --json \
				--results records list
			[ "$(find o -type f | wc -l)" -eq 60 ]
			whole_files o $size
			rm -r o records
		done
	done
}

@test "the same where stages make what is kept" {
	for ((i = 0; i < 40; i++)); do
		echo "$ORIGIN_URL/gzip/300000?$i"
	done >list
	for args in '-s async' '-s async --pool process' \
		'-s process-pool --pool inline'; do
		with_disk 4m "timeout 60 \"$FETCHALL\" $args -c 4 --quiet \
			--compressed --json -O --output-dir o \
			--results ../records ../list 2>../says
			echo \$? >../status
			find o -type f ! -size 300000c >../half"
		cat says
		[ "$(cat status)" -eq 3 ]
		grep -q 'No space left on device' says
		[ ! -s half ]
		[ "$(jq -r 'select(.ok | not) | select(.final) | .seq' \
			records | wc -l)" -eq 0 ]
		rm records
	done
}

@test "a limit on the size of files fails what is larger" {
	run -1 --separate-stderr bash -c 'ulimit -f 100; exec "$@"' - \
		timeout 60 "$FETCHALL" --quiet --json -O --output-dir o \
		"$ORIGIN_URL/bytes/"{200000,3MiB,1000}
	[ "$(fields seq ok error_class error_detail | sort)" = \
		"1 false local write_refused
2 false local write_refused
3 true null null" ]
	[ "$(grep -c 'File too large' <<<"$output")" -eq 2 ]
	[ "$(tree o)" = "$host/bytes/1000 1000" ]
}

@test "a read-only folder ends the run before it loses anything" {
	for ((i = 0; i < 50; i++)); do
		echo "$ORIGIN_URL/bytes/$((i % 2 * 2000000 + 10))?$i"
	done >list
	with_disk 4m "mkdir o && mount -o remount,ro disk . &&
		timeout 60 \"$FETCHALL\" -c 2 --quiet --json -O --output-dir o \
			--results ../records ../list 2>../says
		echo \$? >../status
		timeout 60 \"$FETCHALL\" --quiet -O --output-dir new \
			../list 2>>../says
		echo \$? >>../status"
	cat says
	[ "$(tr '\n' ' ' <status)" = "3 3 " ]
	[ "$(grep -c ': Read-only file system' says)" -eq 2 ]
	[ "$(jq -r 'select(.ok or .final) | .seq' records | wc -l)" -eq 0 ]
}

@test "few descriptors, large bodies, many folders: slower, and all are kept" {
	for ((i = 0; i < 40; i++)); do
		echo "$ORIGIN_URL/bytes/2MiB?$i"
	done >list
	for n in 32 64 128; do
		for strategy in async serial green thread-pool process-pool; do
			run -0 bash -c 'ulimit -n "$1"; shift; exec "$@"' - \
				$n timeout 60 "$FETCHALL" -s $strategy \
				--quiet --format none -o '%{seq}/%{path}' \
				--output-dir o list
			[ "$(find o -type f | wc -l)" -eq 40 ]
			whole_files o 2097152
			rm -r o
		done
	done
}

# --- ends

@test "whatever ends a run, no half file has a name" {
	for signal in KILL TERM; do
		for strategy in async thread-pool process-pool; do
			timeout 60 "$FETCHALL" -s $strategy --quiet -O \
				--output-dir o --results records \
				"$ORIGIN_URL/bytes/10" "$ORIGIN_URL/endless" \
				"$ORIGIN_URL/drip?bytes=10000&ms=100" 3>&- &
			pid=$!
			until_true [ -f "o/$host/bytes/10" ]
			until_true pgrep -P $pid >child
			kill -$signal "$(head -n 1 child)"
			wait $pid || true
			[ "$(tree o)" = "$host/bytes/10 10" ]
			rm -r o records
		done
	done
}
