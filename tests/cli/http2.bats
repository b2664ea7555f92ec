#!/usr/bin/env bats
# HTTP/2: many requests on few connections, and what does not go with it.

load helpers

setup() {
	need nginx openssl jq
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir www
	head -c 3000000 /dev/urandom >www/large
	echo hello >www/file
	start_nginx --tls "$PWD/www" 'location /gone { return 410; }'
}

teardown() {
	stop_all
}

@test "a hundred requests at once share a connection, with async and green" {
	for i in {1..400}; do echo "$NGINX_TLS_URL/file?$i"; done >list
	for strategy in async green; do
		run -0 --separate-stderr "$FETCHALL" -s "$strategy" -c 100 \
			--http2 --cacert "$CA_FILE" --json list
		[ "$(jq -r .http_version <<<"$output" | sort -u)" = 2 ]
		[ "$(jq -s 'map(.num_connects) | add' <<<"$output")" -le 2 ]
		[ "$(jq -s 'map(select(.ok)) | length' <<<"$output")" -eq 400 ]
	done
}

@test "every other strategy speaks it, too" {
	for i in {1..20}; do echo "$NGINX_TLS_URL/file?$i"; done >list
	for strategy in serial thread thread-pool fork process-pool; do
		run -0 --separate-stderr "$FETCHALL" -s "$strategy" -c 4 \
			--http2 --cacert "$CA_FILE" --json list
		[ "$(jq -r .http_version <<<"$output" | sort -u)" = 2 ]
		[ "$(jq -s 'map(select(.ok)) | length' <<<"$output")" -eq 20 ]
	done
}

@test "http and servers without it are spoken to in HTTP/1.1" {
	start_origin
	run -0 --separate-stderr "$FETCHALL" --http2 -w '%{http_version}\n' \
		"$NGINX_URL/file" "$ORIGIN_URL/empty"
	[ "$(sort -u <<<"$output")" = 1.1 ]
}

@test "without it HTTP/1.1 is spoken to servers that can do better" {
	run -0 --separate-stderr "$FETCHALL" --cacert "$CA_FILE" \
		-w '%{http_version}\n' "$NGINX_TLS_URL/file"
	[ "$output" = 1.1 ]
}

@test "large bodies are whole, however small the buffer is" {
	for i in {1..40}; do echo "$NGINX_TLS_URL/large?$i"; done >list
	run -0 --separate-stderr "$FETCHALL" -c 40 --http2 --buffer 1MiB \
		--cacert "$CA_FILE" --post sha256 -w '%{sha256}\n' list
	[ "$(sort -u <<<"$output")" = \
		"$(sha256sum <www/large | cut -d ' ' -f 1)" ]
	run -0 --separate-stderr "$FETCHALL" -c 40 --http2 -O \
		--cacert "$CA_FILE" --output-dir out list
	[ "$(find out -type f -exec sha256sum {} + | cut -d ' ' -f 1 |
		sort -u)" = "$(sha256sum <www/large | cut -d ' ' -f 1)" ]
	[ "$(find out -type f | wc -l)" -eq 40 ]
}

@test "errors, redirects and limits are what they are with HTTP/1.1" {
	run -1 --separate-stderr "$FETCHALL" --http2 --cacert "$CA_FILE" \
		-w '%{response_code} %{error_class}\n' "$NGINX_TLS_URL/gone"
	[ "$output" = "410 http" ]
	run -1 --separate-stderr "$FETCHALL" --http2 --cacert "$CA_FILE" \
		--max-body 1000 --post wc -w '%{error_detail}\n' \
		"$NGINX_TLS_URL/large"
	[ "$output" = limit ]
	run -1 --separate-stderr "$FETCHALL" --http2 --retry 0 \
		-w '%{error_class} %{error_detail}\n' "$NGINX_TLS_URL/file"
	[ "$output" = "tls certificate" ]
}

@test "what does not go with it is refused" {
	run -2 --separate-stderr "$FETCHALL" --http2 --warc-file a \
		"$NGINX_TLS_URL/file"
	[[ $stderr == *"--warc-file keeps messages as they are sent"* ]]
	[ ! -e a.warc.gz ]
	run -2 --separate-stderr "$FETCHALL" --http2 --http1.1 http://h/
	[[ $stderr == *"exclude each other"* ]]
}

@test "without TLS every request is answered, whatever can be used again" {
	port=$(free_port)
	start_nginx "$PWD/www" "listen 127.0.0.1:$port http2;"
	for i in {1..30}; do echo "http://127.0.0.1:$port/file?$i"; done >list
	for strategy in async serial process-pool; do
		run -0 --separate-stderr "$FETCHALL" -s "$strategy" -c 4 \
			--http2-prior-knowledge --retry 0 \
			-w '%{response_code} %{http_version}\n' list
		[ "$(sort <<<"$output" | uniq -c | tr -s ' ')" = " 30 200 2" ]
	done
}
