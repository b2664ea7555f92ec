# helpers.bash -- servers for the bats tests: `load helpers` (from another
# folder: `load ../cli/helpers`).
#
# Each start_ function returns when its server answers, sets variables that
# say where (exported, so that setup_file can start it for a whole file), and
# is ended by stop_all in teardown or teardown_file of the same level. Should
# the shell die first, the kernel ends them with it. Nothing listens outside
# loopback and all files are in bats' own temporary folder.

bats_require_minimum_version 1.5.0
# What asks the servers must not ask a proxy.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

: "${FETCHALL:=fetchall}" "${FETCHALL_ORIGIN:=fetchall-origin}"
: "${NGINX:=$(PATH=$PATH:/usr/sbin command -v nginx || true)}"
: "${DNSMASQ:=$(PATH=$PATH:/usr/sbin command -v dnsmasq || true)}"

server_pids=()
pid=

# need nginx|dnsmasq|PROGRAM...: skips the test where one is missing.
need() {
	local program

	for program; do
		case $program in
		nginx) [ -n "$NGINX" ] || skip "nginx is not installed" ;;
		dnsmasq) [ -n "$DNSMASQ" ] || skip "dnsmasq is not installed" ;;
		*)
			command -v "$program" >/dev/null ||
				skip "$program is not installed"
			;;
		esac
	done
}

# server_dir: a new folder that bats removes: the test's own, or the file's
# while in setup_file.
server_dir() {
	mktemp -d "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/server.XXXXXX"
}

# free_port: a port of 127.0.0.1 that is free for TCP and UDP now. Somebody
# may take it before it is used, so starters try again with another.
free_port() {
	python3 -c '
import socket
while True:
    with socket.socket() as tcp, \
            socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        try:
            udp.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
'
}

# spawn LOG COMMAND...: in the background, ended with this shell; sets
# spawned_pid. bats waits for whoever holds its descriptor 3.
spawn() {
	local log=$1

	shift
	setpriv --pdeathsig TERM "$@" >"$log" 2>&1 </dev/null 3>&- &
	spawned_pid=$!
}

# wait_port PID PORT: until it accepts connections; fails when the process
# ends first or after ten seconds.
wait_port() {
	local i

	for ((i = 0; i < 500; i++)); do
		kill -0 "$1" 2>/dev/null || return 1
		if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
			# It may be another's: ours would have ended by now.
			sleep 0.02
			kill -0 "$1" 2>/dev/null && return 0
			return 1
		fi
		sleep 0.02
	done
	return 1
}

# stop PID: asks, and after five seconds insists.
stop() {
	local i

	kill "$1" 2>/dev/null || true
	for ((i = 0; i < 250; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.02
	done
	kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

stop_all() {
	local pid

	for pid in "${server_pids[@]}"; do
		stop "$pid"
	done
	server_pids=()
}

# --- fetchall

# own_folder: the test's own, as current folder and as home: nobody's own
# configuration is read.
own_folder() {
	export HOME=$BATS_TEST_TMPDIR
	unset XDG_CONFIG_HOME
	cd "$BATS_TEST_TMPDIR" || return 1
}

# is_sanitized: which is slower, and needs memory of its own.
is_sanitized() {
	grep -q -e __asan_init -e __tsan_init "$FETCHALL"
}

# soon_ms: within how many ms of a signal fetchall has ended. A second is
# promised; a machine under load gets some more, a sanitizer more than that.
soon_ms() {
	if is_sanitized; then echo 4000; else echo 1500; fi
}

# start ARGUMENT...: fetchall in the background, its records in out; sets pid
# and begun. A shell makes what it starts so ignore SIGINT.
start() {
	begun=${EPOCHREALTIME/./}
	env --default-signal=INT "$FETCHALL" "$@" >out 2>err 3>&- &
	pid=$!
}

# finish: waits for pid; sets status and took_ms, since `begun`.
finish() {
	status=0
	wait "$pid" || status=$?
	pid=
	took_ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
	echo "status $status after $took_ms ms: $(<err)"
}

# end_by SIGNAL...: sends them to pid and finishes; took_ms is from the first.
end_by() {
	local signal

	begun=${EPOCHREALTIME/./}
	for signal; do
		kill "-$signal" "$pid"
		sleep 0.05
	done
	finish
}

# kill_started: what a test that failed did not wait for.
kill_started() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
}

# --- fetchall-origin

# start_origin [OPTION...]: sets ORIGIN_PORT and ORIGIN_URL (without a slash
# at the end).
start_origin() {
	local dir log line

	dir=$(server_dir)
	log=$dir/log
	mkfifo "$dir/says"
	"$FETCHALL_ORIGIN" --with-parent --port 0 "$@" \
		>"$dir/says" 2>"$log" </dev/null 3>&- &
	server_pids+=($!)
	# Its first line has the address; there is nothing to read if it ends.
	exec {ORIGIN_SAYS}<"$dir/says"
	if ! read -r -t 10 -u "$ORIGIN_SAYS" line ||
		! [[ $line =~ http://[^[:space:]/]+:([0-9]+) ]]; then
		echo "fetchall-origin did not start: $line $(<"$log")" >&2
		return 1
	fi
	export ORIGIN_PORT=${BASH_REMATCH[1]}
	export ORIGIN_URL=${BASH_REMATCH[0]}
}

# wait_stat CONDITION: until fetchall-origin's counts meet it.
wait_stat() {
	local i

	for ((i = 0; i < 500; i++)); do
		curl -sS "$ORIGIN_URL/stats" | jq -e ".$1" >/dev/null &&
			return 0
		sleep 0.02
	done
	return 1
}

# calm_origin: it has nothing left to do, and counts from zero.
calm_origin() {
	wait_stat 'in_flight == 0'
	curl -sS "$ORIGIN_URL/stats/reset" >/dev/null
}

# --- nginx

# nginx_conf DIR PORT ROOT EXTRA TLS_PORT
nginx_conf() {
	local user=

	[ "$(id -u)" != 0 ] || user="user root;"
	cat <<-END
	$user
	worker_processes 1;
	daemon off;
	pid $1/pid;
	error_log $1/error.log;
	events { worker_connections 4096; }
	http {
		access_log off;
		default_type application/octet-stream;
		client_body_temp_path $1/body;
		proxy_temp_path $1/proxy;
		fastcgi_temp_path $1/fastcgi;
		uwsgi_temp_path $1/uwsgi;
		scgi_temp_path $1/scgi;
		keepalive_requests 1000000;
		server {
			listen 127.0.0.1:$2 backlog=4096;
			${5:+listen 127.0.0.1:$5 ssl http2;}
			${5:+ssl_certificate $1/cert.pem;}
			${5:+ssl_certificate_key $1/key.pem;}
			server_name localhost;
			root $3;
			$4
		}
	}
	END
}

# make_certificates DIR: ca.pem, and a certificate of that CA for localhost,
# the loopback addresses, a.test, b.test, c.test and NAME.host.test. (OpenSSL
# takes no wildcard right below a top-level domain.)
make_certificates() {
	local names="DNS:localhost,IP:127.0.0.1,IP:::1"

	names+=",DNS:a.test,DNS:b.test,DNS:c.test,DNS:*.host.test"

	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=test CA" \
		-keyout "$1/ca-key.pem" -out "$1/ca.pem" 2>"$1/openssl.log" &&
	openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" \
		-keyout "$1/key.pem" -out "$1/request.pem" \
		2>>"$1/openssl.log" &&
	openssl x509 -req -days 30 -in "$1/request.pem" -CA "$1/ca.pem" \
		-CAkey "$1/ca-key.pem" -CAcreateserial -out "$1/cert.pem" \
		-extfile <(echo "subjectAltName=$names") 2>>"$1/openssl.log"
}

# start_nginx [--tls] ROOT [LINES]: serves the folder ROOT; LINES go into the
# server block. Sets NGINX_PORT and NGINX_URL, with --tls also NGINX_TLS_PORT,
# NGINX_TLS_URL and CA_FILE.
start_nginx() {
	local dir tls="" tls_port="" port try

	if [ "$1" = --tls ]; then
		tls=yes
		shift
	fi
	dir=$(server_dir)
	[ -z "$tls" ] || make_certificates "$dir" || return
	for try in 1 2 3; do
		port=$(free_port)
		[ -z "$tls" ] || tls_port=$(free_port)
		nginx_conf "$dir" "$port" "$1" "${2:-}" "$tls_port" \
			>"$dir/nginx.conf"
		spawn "$dir/log" "$NGINX" -p "$dir" -c "$dir/nginx.conf" \
			-e "$dir/error.log"
		if wait_port "$spawned_pid" "$port"; then
			server_pids+=("$spawned_pid")
			export NGINX_PORT=$port NGINX_URL=http://127.0.0.1:$port
			[ -z "$tls" ] || export NGINX_TLS_PORT=$tls_port \
				NGINX_TLS_URL=https://localhost:$tls_port \
				CA_FILE=$dir/ca.pem
			return 0
		fi
		stop "$spawned_pid"
	done
	echo "nginx did not start: $(cat "$dir/log" "$dir/error.log")" >&2
	return 1
}

# --- dnsmasq

# start_dnsmasq [LINE...]: with these lines of configuration and nothing from
# the system; knows only what they say (address=/a.test/127.0.0.1) and refuses
# the rest. Sets DNS_PORT and DNS_SERVER.
start_dnsmasq() {
	local dir port try

	dir=$(server_dir)
	printf '%s\n' "$@" >"$dir/conf"
	for try in 1 2 3; do
		port=$(free_port)
		spawn "$dir/log" "$DNSMASQ" --keep-in-foreground \
			--conf-file="$dir/conf" --no-resolv --no-hosts \
			--pid-file --user="$(id -un)" --group="$(id -gn)" \
			--listen-address=127.0.0.1 --bind-interfaces \
			--port="$port" --log-facility=-
		if wait_port "$spawned_pid" "$port"; then
			server_pids+=("$spawned_pid")
			export DNS_PORT=$port DNS_SERVER=127.0.0.1:$port
			return 0
		fi
		stop "$spawned_pid"
	done
	echo "dnsmasq did not start: $(<"$dir/log")" >&2
	return 1
}

# start_responder: a server that misbehaves as tests/net/responder.h says. Sets
# DNS_SERVER.
start_responder() {
	local dir port

	[ -x "${builddir:-..}/net/responder" ] || skip "no responder was built"
	dir=$(server_dir)
	mkfifo "$dir/says"
	"${builddir:-..}/net/responder" >"$dir/says" </dev/null 3>&- &
	server_pids+=($!)
	exec 9<"$dir/says"
	read -r -t 10 -u 9 port
	DNS_SERVER=127.0.0.1:$port
}
