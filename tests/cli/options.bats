#!/usr/bin/env bats
# What is typed and what is in config files: help, refusals, precedence, and
# what the program prints about itself.

load helpers

setup() {
	own_folder
}

fetchall() {
	timeout 60 "$FETCHALL" "$@" </dev/null
}

# setting NAME OPTION...: the value that the run would have.
setting() {
	local name=$1

	shift
	fetchall "$@" --dump=config |
		sed -n "s/^#* *$name = //p" | head -1
}

@test "an unknown option names the nearest and is status 2" {
	run -2 fetchall --concurency 5
	[[ $output == *"'--concurency'"*"'--concurrency'"* ]] ||
		[[ $output == *concurency*"did you mean"*concurrency* ]]
	run -2 fetchall --no-such-option-at-all
	run -2 fetchall -Q
	[[ $output == *Q* ]]
	run -2 fetchall -c
	run -2 fetchall --quiet=5
}

@test "an unknown strategy or format names the nearest and is status 2" {
	run -2 fetchall -s seriel /dev/null
	[[ $output == *"did you mean 'serial'"* ]]
	run -2 fetchall --format jsom /dev/null
	[[ $output == *json* ]]
}

@test "values that cannot be are status 2, and say what is accepted" {
	local arguments

	for arguments in '-c 0' '-c abc' '-c -5' '-c 1000001' '-c 5x' \
		'--max-time soon' '--max-body 5q' '--retry-on sometimes' \
		'--dns-servers nobody' '--resolve nonsense' '-4 -6' \
		'-I -d x' '--key a' '--proto-default ftp' '-b a' '-H a' \
		'--columns no_such_field' '--json -w x' '-X a,b' \
		'--dump=nonsense' '--speed-time 1ms'; do
		run timeout 60 "$FETCHALL" $arguments /dev/null
		echo "$arguments: $status $output"
		[ "$status" -eq 2 ]
		[[ $output == "fetchall: error: "* ]]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "nothing at all on a terminal is a short help and status 2" {
	need script
	run -2 timeout 20 script -qec "'$FETCHALL'" /dev/null </dev/null
	[[ $output == *Usage:*fetchall* ]]
	[[ $output == *--help* ]]
	[ "${#lines[@]}" -le 20 ]
}

@test "progress is drawn on a terminal and wiped" {
	need script
	start_origin
	run -0 timeout 20 script -qec "'$FETCHALL' --results out \
		$ORIGIN_URL/delay/600" /dev/null </dev/null
	stop_all
	[[ $output == *$'\r'* ]]
	[[ $output == *"1 URL: 1 ok"* ]]
}

@test "--help has every topic it lists; another is status 2" {
	local topic topics

	run -0 fetchall --help
	[[ $output == "Usage: fetchall"* ]]
	[[ $output == *--strategy*--results* ]]
	topics=$(tr '\n' ' ' <<<"$output" |
		sed 's/.*Help by topic: \(.*\), or the name.*/\1/; s/,/ /g')
	[ "$(wc -w <<<"$topics")" -gt 8 ]
	for topic in $topics strategy -c serial retry; do
		run -0 fetchall "--help=$topic"
		[ "${#lines[@]}" -gt 0 ]
	done
	run -2 fetchall --help=nonsense
	run -2 fetchall --help=strategie
	[[ $output == *strategies* ]] || [[ $output == *strategy* ]]
}

@test "help has no line that is wider than a terminal" {
	fetchall --help=all >page
	fetchall --help >>page
	fetchall --help=strategies >>page
	# The default of --retry-on is one long word.
	awk 'length > 80 && !/dns,timeout,reset/ { print; exit 1 }' page
}

@test "--help=stages has every stage, with its argument and fields" {
	run -0 fetchall --help=stages
	[[ $output == *"  sha256 "* ]]
	[[ $output == *"  gzip[:LEVEL] "* ]]
	[[ $output == *"  pow:A,B "* ]]
	[[ $output == *"Fields: sha256 ("* ]]
	run -0 fetchall --help=fields
	[[ $output == *"  wc_lines "*"With --post wc only."* ]]
	run -0 fetchall --help=gzip
	[[ $output == *"gzip[:LEVEL]"* ]]
	run -0 fetchall --help=pools
	[[ $output == *thread*process*inline* ]]
	run -0 fetchall --dump=man
	[[ $output == *".SH STAGES"*".SH POOLS"* ]]
}

@test "stages are completed behind --post" {
	fetchall --dump=bash >completion
	run -0 bash -c '. ./completion; COMP_WORDS=(fetchall --post sha)
		COMP_CWORD=2 _fetchall; echo "${COMPREPLY[@]}"'
	[ "$output" = sha256 ]
	run -0 bash -c '. ./completion; COMP_WORDS=(fetchall --exec sha)
		COMP_CWORD=2 _fetchall; echo "${COMPREPLY[@]}"'
	[ -z "$output" ]
}

@test "a stage that is none, or a bad argument, ends before any request" {
	start_origin
	run -2 --separate-stderr fetchall --post sha25 "$ORIGIN_URL/"
	[[ $stderr == *"did you mean 'sha256'"* ]]
	[[ $stderr == *crc32*gzip* ]]
	run -2 --separate-stderr fetchall --post pow:7 "$ORIGIN_URL/"
	[[ $stderr == *"--post pow:"* ]]
	run -2 --separate-stderr fetchall --post wc --columns wc_line \
		"$ORIGIN_URL/"
	[[ $stderr == *"did you mean 'wc_lines'"* ]]
	run -2 --separate-stderr fetchall --columns wc_lines "$ORIGIN_URL/"
	[[ $stderr == *"--columns: column 'wc_lines' comes with --post wc"* ]]
	run -2 --separate-stderr fetchall -w '%{time_post}' "$ORIGIN_URL/"
	[[ $stderr == *"column 'time_post' comes with --post" ]]
	[ -z "$output" ]
	stop_all
}

@test "--version names the libraries" {
	run -0 fetchall --version
	[[ ${lines[0]} == "fetchall "* ]]
	[[ $output == *libcurl*c-ares*libevent* ]]
	for name in jansson xxhash zstd gmp brotli libxml2 pcre2; do
		[[ ${lines[1]} =~ ^"Optional libraries: ".*with(out)?" $name" ]]
	done
}

@test "completion parses in its shell and knows every option" {
	local name shell

	for shell in bash zsh fish; do
		fetchall --dump=$shell >completion.$shell
		for name in strategy concurrency results retry-on; do
			grep -q -e "$name" completion.$shell
		done
		if command -v $shell >/dev/null; then
			$shell -n completion.$shell
		fi
	done
	run -0 bash -c '. ./completion.bash; complete -p fetchall'
}

@test "the manual is a whole page" {
	local section

	run -0 fetchall --dump=man
	[[ ${lines[1]} == ".TH FETCHALL 1 "*"fetchall "[0-9]* ]]
	for section in NAME SYNOPSIS OPTIONS STRATEGIES FIELDS "EXIT STATUS" \
	    FILES; do
		[ "$(grep -c "^.SH $section\$" <<<"$output")" -eq 1 ]
	done
	[[ $output != *@VERSION@* && $output != *@SECTIONS@* ]]
	if command -v groff >/dev/null; then
		[ -z "$(groff -man -Tutf8 -wall -Wbreak -z 2>&1 <<<"$output")" ]
	fi
}

@test "--dump=config is read back as it was, and keeps secrets" {
	fetchall -c 7 -s serial,async --max-body 3MiB --retry-delay 250ms \
		--resolve 'a.test:1:127.0.0.1' --resolve '*:2:127.0.0.1' \
		--no-location -w '%{url}\n\t' -A 'a "b\c" # d' \
		--dump=config >first
	[ "$(setting concurrency --config first)" = 7 ]
	[ "$(grep -c '^resolve = ' first)" -eq 2 ]
	fetchall --no-config --config first --dump=config >second
	cmp first second
	fetchall --dump=config >defaults
	run ! cmp -s first defaults
	run -0 fetchall -u me:hidden -H 'A: hidden' -b a=hidden \
		-x http://me:hidden@a/ --dump=config
	[[ $output != *hidden* ]]
}

@test "the command line wins over --config, that over ~/.config" {
	mkdir -p .config/fetchall
	printf 'concurrency = 3\nretry = 4\nmax-redirs = 5\n' \
		>.config/fetchall/config
	printf 'concurrency = 6\nretry = 7\n' >mine
	[ "$(setting concurrency)" = 3 ]
	[ "$(setting concurrency --config mine)" = 6 ]
	[ "$(setting concurrency --config mine -c 8)" = 8 ]
	[ "$(setting concurrency -c 8 --config mine)" = 8 ]
	[ "$(setting retry --config mine -c 8)" = 7 ]
	[ "$(setting max-redirs --config mine)" = 5 ]
	[ "$(setting concurrency --no-config)" = 64 ]
	mkdir -p xdg/fetchall
	echo 'concurrency = 9' >xdg/fetchall/config
	[ "$(XDG_CONFIG_HOME=$PWD/xdg setting concurrency)" = 9 ]
}

@test "a config file's mistakes are told with file and line" {
	local line

	for line in 'concurency = 5' 'concurrency = x' 'concurrency' \
		'concurrency = 0' 'config = other' 'help = yes' \
		'location = perhaps' 'header = "A: b'; do
		printf '# a comment\n\n%s\n' "$line" >config
		run fetchall --config config /dev/null
		echo "$line: $status $output"
		[ "$status" -eq 2 ]
		[[ $output == *config*3* ]]
	done
	run fetchall --config missing /dev/null
	[ "$status" -ge 2 ]
	[[ $output == *missing* ]]
}

@test "help comes even where the config file is broken" {
	mkdir -p .config/fetchall
	echo 'broken' >.config/fetchall/config
	run -0 fetchall --help
	run -0 fetchall --version
	run -2 fetchall /dev/null
	run -0 fetchall --no-config /dev/null
}

@test "what was typed for nothing is refused, but not what a file says" {
	local option

	for option in '-j 3' '--pool inline'; do
		run -2 --separate-stderr fetchall $option --dry-run http://x/
		[[ $stderr == *" is for stages: there is no --post" ]]
		run -2 fetchall $option -O --dry-run http://x/
		fetchall $option -p wc --dry-run http://x/
		fetchall $option --compressed --dry-run http://x/
	done
	run -2 --separate-stderr fetchall --buffer 2MiB --dry-run http://x/
	[[ $stderr == *" is for bodies: there is no --save and no --post" ]]
	for option in '-p wc' --compressed -O '-o %{seq}'; do
		fetchall --buffer 2MiB $option --dry-run http://x/
	done
	for option in '--output-dir x' '--existing refuse' \
		--content-disposition --fold-case; do
		run -2 --separate-stderr fetchall $option -p wc --dry-run \
			http://x/
		[[ $stderr == *" is for files: there is no --save and no "* ]]
		fetchall $option -O --dry-run http://x/
		fetchall $option -o '%{seq}' --dry-run http://x/
	done
	[ ! -e x ]
	run -2 --separate-stderr fetchall --allow-net ::1 --dry-run http://x/
	[[ $stderr == *"--allow-net makes exceptions from --public-only"* ]]
	printf '%s\n' 'jobs = 3' 'allow-net = ::1' >file
	fetchall --config file --dry-run http://x/
	run -2 --separate-stderr fetchall -s serial,async --summary json \
		http://127.0.0.1:1/
	[[ $stderr == *"--summary json is of one run"*--export-json* ]]
	run -2 --separate-stderr fetchall -p wc -j 1,2,4 http://x/
	[[ $stderr == *"--jobs: '1,2,4' is more than one number: "* ]]
}

@test "what a config file says and nobody can do names its line" {
	local option

	for option in 'strategy = nope' 'columns = nope' 'retry-on = nope'; do
		printf '\n%s\n' "$option" >file
		run -2 --separate-stderr fetchall --config file http://x/
		[[ $stderr == *"error: file: line 2: --${option%% *}: "*nope* ]]
		run -2 --separate-stderr fetchall --config file \
			--"${option%% *}" nope2 http://x/
		[[ $stderr == *"error: --${option%% *}: "*nope2* ]]
	done
	echo 'post = gzip:99' >file
	run -2 --separate-stderr fetchall --config file http://x/
	[[ $stderr == *"error: file: --post gzip: "* ]]
	echo 'deny-net = nope' >file
	run -2 --separate-stderr fetchall --config file http://x/
	[[ $stderr == *"error: file: --deny-net: 'nope' is no net"* ]]
}
