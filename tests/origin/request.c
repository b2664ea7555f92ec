/* SPDX-License-Identifier: MIT */
/*
 * The test server's request reader, on requests good and bad: the outcome
 * must be the same wherever the bytes are cut.
 */
#include "config.h"

#include "unit.h"

#include "base/mem.h"
#include "origin/request.h"

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST

struct good {
	const char *note;
	const char *text;
	const char *method, *path, *query, *body;
	int keep_alive;
};

struct bad {
	const char *note;
	const char *text;
	int status;
};

static const struct good goods[] = {
	{ "the smallest HTTP/1.0", "GET / HTTP/1.0\r\n\r\n",
	  "GET", "/", "", "", 0 },
	{ "1.0 that asks to stay",
	  "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
	  "GET", "/", "", "", 1 },
	{ "1.1 stays", GET "\r\n", "GET", "/", "", "", 1 },
	{ "1.1 that asks to close", GET "connection: x , CLOSE\r\n\r\n",
	  "GET", "/", "", "", 0 },
	{ "a query", "GET /a/b?c=d&e?f HTTP/1.1\r\n" HOST "\r\n",
	  "GET", "/a/b", "c=d&e?f", "", 1 },
	{ "an empty query", "GET /a? HTTP/1.1\r\n" HOST "\r\n",
	  "GET", "/a", "", "", 1 },
	{ "a target as a proxy gets it",
	  "GET http://h:1/p?q HTTP/1.1\r\n" HOST "\r\n",
	  "GET", "/p", "q", "", 1 },
	{ "the same without a path", "GET HTTPS://h?q HTTP/1.1\r\n" HOST "\r\n",
	  "GET", "/", "q", "", 1 },
	{ "the star", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	  "OPTIONS", "*", "", "", 1 },
	{ "a byte above ASCII in the target",
	  "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n",
	  "GET", "/\xc3\xa4", "", "", 1 },
	{ "an empty line before", "\r\n\r\n" GET "\r\n",
	  "GET", "/", "", "", 1 },
	{ "an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
	  "GET", "/", "", "", 1 },
	{ "blanks and tabs around a value",
	  "GET / HTTP/1.1\r\nHost: \t a \t\r\nX:\r\n\r\n",
	  "GET", "/", "", "", 1 },
	{ "a body",
	  "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab\r\nc",
	  "POST", "/", "", "ab\r\nc", 1 },
	{ "an empty body", "POST / HTTP/1.1\r\n" HOST
	  "CONTENT-LENGTH: 000\r\n\r\n", "POST", "/", "", "", 1 },
	{ "chunks", "POST / HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: Chunked\r\n\r\n"
	  "3\r\nabc\r\n0B;x=\"y\"\r\ndefghijklmn\r\n0\r\n\r\n",
	  "POST", "/", "", "abcdefghijklmn", 1 },
	{ "trailers", "POST / HTTP/1.1\r\n" HOST
	  "Transfer-Encoding: chunked\r\n\r\n"
	  "1\r\na\r\n000\r\nX: y\r\nZ:\r\n\r\n",
	  "POST", "/", "", "a", 1 },
};

static const struct bad bads[] = {
	{ "a TLS hello", "\x16\x03\x01", 400 },
	{ "a blank first", " GET / HTTP/1.1\r\n", 400 },
	{ "a bare LF", "GET / HTTP/1.1\n", 400 },
	{ "a bare LF in the headers", GET "\n", 400 },
	{ "no version", "GET /\r\n", 400 },
	{ "two blanks", "GET  / HTTP/1.1\r\n", 400 },
	{ "a blank in the target", "GET /a b HTTP/1.1\r\n", 400 },
	{ "a blank at the end", "GET / HTTP/1.1 \r\n", 400 },
	{ "no HTTP", "GET / FTP/1.1\r\n", 400 },
	{ "HTTP/2", "PRI * HTTP/2.0\r\n", 505 },
	{ "HTTP/1.2", "GET / HTTP/1.2\r\n", 505 },
	{ "a long method", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n",
	  400 },
	{ "a colon in the method", "G:T / HTTP/1.1\r\n", 400 },
	{ "a target that is no path", "GET a HTTP/1.1\r\n", 400 },
	{ "a tunnel", "CONNECT h:443 HTTP/1.1\r\n", 400 },
	{ "a fragment", "GET /a#b HTTP/1.1\r\n", 400 },
	{ "a tab in the target", "GET /a\tb HTTP/1.1\r\n", 400 },
	{ "a CR in the target", "GET /a\rb HTTP/1.1\r\n", 400 },
	{ "no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400 },
	{ "two Hosts", GET HOST, 400 },
	{ "no colon", GET "X\r\n", 400 },
	{ "no name", GET ": y\r\n", 400 },
	{ "a blank before the colon", GET "X : y\r\n", 400 },
	{ "a folded line", GET "X: y\r\n z\r\n", 400 },
	{ "a stray CR", GET "X: y\rz\r\n", 400 },
	{ "a control character", GET "X: \x01\r\n", 400 },
	{ "a length below zero", GET "Content-Length: -1\r\n", 400 },
	{ "a length with a plus", GET "Content-Length: +1\r\n", 400 },
	{ "a length in hex", GET "Content-Length: 0x1\r\n", 400 },
	{ "an empty length", GET "Content-Length:\r\n", 400 },
	{ "a list of lengths", GET "Content-Length: 1, 1\r\n", 400 },
	{ "two lengths", GET "Content-Length: 1\r\nContent-Length: 1\r\n",
	  400 },
	{ "a length that wraps round 64 bits",
	  GET "Content-Length: 18446744073709551617\r\n", 400 },
	{ "a length too large", GET "Content-Length: 8388609\r\n", 413 },
	{ "length and chunks", GET "Content-Length: 1\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n", 400 },
	{ "chunks in HTTP/1.0",
	  "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400 },
	{ "an unknown coding", GET "Transfer-Encoding: gzip, chunked\r\n",
	  501 },
	{ "two codings", GET "Transfer-Encoding: chunked\r\n"
	  "Transfer-Encoding: chunked\r\n", 400 },
	{ "an empty chunk size", GET "Transfer-Encoding: chunked\r\n\r\n\r\n",
	  400 },
	{ "a bad chunk size", GET "Transfer-Encoding: chunked\r\n\r\ng\r\n",
	  400 },
	{ "a chunk that wraps round 64 bits", GET
	  "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n", 400 },
	{ "a chunk too large", GET
	  "Transfer-Encoding: chunked\r\n\r\n800001\r\n", 413 },
	{ "a chunk longer than its size", GET
	  "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400 },
};

/* Reads text in two pieces, the first of `cut` bytes; 0: byte by byte. */
static size_t
read_cut(struct request *req, const char *text, size_t len, size_t cut)
{
	size_t used = 0, piece, n;

	while (used < len) {
		piece = cut == 0 ? 1 : used < cut ? cut - used : len - used;
		n = request_read(req, text + used, piece);
		used += n;
		if (n < piece)
			break;
	}
	return used;
}

static void
check_good(const struct good *good, struct request *req, size_t cut)
{
	/* What follows must be left alone. */
	static const char next[] = GET "\r\n";
	size_t len = strlen(good->text), used;
	char *text = mem_alloc(len + sizeof next);

	memcpy(text, good->text, len);
	memcpy(text + len, next, sizeof next);
	used = read_cut(req, text, len + sizeof next - 1, cut);

	if (req->state != REQUEST_DONE)
		fail_msg("%s, cut at %zu: refused: %s", good->note, cut,
			req->fault == NULL ? "not whole" : req->fault);
	assert_int_equal(used, len);
	assert_string_equal(req->method, good->method);
	assert_string_equal(req->path, good->path);
	assert_string_equal(req->query, good->query);
	assert_string_equal(buf_text(&req->body), good->body);
	assert_int_equal(req->keep_alive, good->keep_alive);
	assert_int_equal(req->expects, 0);
	request_clear(req);
	free(text);
}

static void
request_reads_good_ones_however_cut(void **state)
{
	struct request req;
	size_t i, cut;

	(void)state;
	request_init(&req);
	for (i = 0; i < sizeof goods / sizeof *goods; i++)
		for (cut = 0; cut <= strlen(goods[i].text); cut++)
			check_good(&goods[i], &req, cut);
	request_release(&req);
}

static void
check_bad(const struct bad *bad, struct request *req, size_t cut)
{
	read_cut(req, bad->text, strlen(bad->text), cut);
	if (req->state != REQUEST_BAD)
		fail_msg("%s, cut at %zu: let through", bad->note, cut);
	if (req->status != bad->status)
		fail_msg("%s, cut at %zu: %d", bad->note, cut, req->status);
	assert_non_null(req->fault);
	/* It stays so. */
	assert_int_equal(request_read(req, GET, strlen(GET)), 0);
	request_clear(req);
}

static void
request_refuses_bad_ones_however_cut(void **state)
{
	struct request req;
	size_t i, cut;

	(void)state;
	request_init(&req);
	for (i = 0; i < sizeof bads / sizeof *bads; i++)
		for (cut = 0; cut <= strlen(bads[i].text); cut++)
			check_bad(&bads[i], &req, cut);
	request_release(&req);
}

static void
request_refuses_nul_bytes(void **state)
{
	static const char line[] = "GET /\0 HTTP/1.1\r\n";
	static const char name[] = GET "X\0Y: z\r\n";
	static const char value[] = GET "X: \0\r\n";
	struct request req;

	(void)state;
	request_init(&req);
	request_read(&req, line, sizeof line - 1);
	assert_int_equal(req.state, REQUEST_BAD);
	request_clear(&req);
	request_read(&req, name, sizeof name - 1);
	assert_int_equal(req.state, REQUEST_BAD);
	request_clear(&req);
	request_read(&req, value, sizeof value - 1);
	assert_int_equal(req.state, REQUEST_BAD);
	request_release(&req);
}

/* Feeds `start`, then `piece` until the reader has had enough. */
static int
status_of_endless(const char *start, const char *piece)
{
	struct request req;
	size_t fed = 0;
	int status;

	request_init(&req);
	request_read(&req, start, strlen(start));
	while (req.state != REQUEST_BAD && fed < 2 * REQUEST_HEAD_MAX) {
		request_read(&req, piece, strlen(piece));
		fed += strlen(piece);
	}
	assert_true(req.head.len <= REQUEST_HEAD_MAX);
	status = req.state == REQUEST_BAD ? req.status : 0;
	request_release(&req);
	return status;
}

static void
request_has_a_ceiling_for_everything(void **state)
{
	(void)state;
	assert_int_equal(status_of_endless("GET /", "a"), 414);
	assert_int_equal(status_of_endless(GET, "X: y\r\n"), 431);
	assert_int_equal(status_of_endless(GET "X: ", "y"), 431);
	assert_int_equal(status_of_endless(
		GET "Transfer-Encoding: chunked\r\n\r\n0;", "x"), 431);
	assert_int_equal(status_of_endless(
		GET "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"),
		431);
}

static void
request_refuses_a_target_beyond_its_ceiling(void **state)
{
	size_t len = REQUEST_TARGET_MAX;
	char *target = mem_alloc(len + 1), *text;
	struct request req;

	(void)state;
	memset(target, 'a', len);
	target[0] = '/';
	target[len] = '\0';
	text = mem_printf("GET %s HTTP/1.1\r\n", target);
	request_init(&req);
	request_read(&req, text, strlen(text));
	assert_int_equal(req.state, REQUEST_BAD);
	assert_int_equal(req.status, 414);
	request_release(&req);
	free(text);
	free(target);
}

static void
request_bounds_a_body_of_many_chunks(void **state)
{
	static const char start[] = GET "Transfer-Encoding: chunked\r\n\r\n";
	static char chunk[0x10000 + 9] = "10000\r\n";
	struct request req;
	size_t n;

	(void)state;
	memset(chunk + 7, 'x', 0x10000);
	chunk[sizeof chunk - 2] = '\r';
	chunk[sizeof chunk - 1] = '\n';
	request_init(&req);
	request_read(&req, start, sizeof start - 1);
	for (n = 0; n < REQUEST_BODY_MAX / 0x10000; n++)
		request_read(&req, chunk, sizeof chunk);
	assert_int_equal(req.state, REQUEST_CHUNK_SIZE);
	assert_int_equal(req.body.len, REQUEST_BODY_MAX);
	request_read(&req, "1\r\n", 3);
	assert_int_equal(req.status, 413);
	request_release(&req);
}

static void
request_says_when_the_client_waits_to_send(void **state)
{
	static const char text[] =
		GET "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n";
	static const char bare[] = GET "Expect: 100-continue\r\n\r\n";
	static const char old[] = "GET / HTTP/1.0\r\n"
		"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n";
	struct request req;

	(void)state;
	request_init(&req);
	request_read(&req, text, sizeof text - 1);
	assert_int_equal(req.state, REQUEST_BODY);
	assert_int_equal(req.expects, 1);
	request_clear(&req);
	request_read(&req, bare, sizeof bare - 1);
	assert_int_equal(req.state, REQUEST_DONE);
	assert_int_equal(req.expects, 0);
	request_clear(&req);
	request_read(&req, old, sizeof old - 1);
	assert_int_equal(req.expects, 0);
	request_release(&req);
}

static void
request_finds_a_header_in_any_case(void **state)
{
	static const char text[] = "GET /X: HTTP/1.1\r\nHost: a\r\n"
		"Cookie:  b=c; d \r\ncookie: second\r\nEmpty:\r\n\r\n";
	struct request req;
	const char *value;
	size_t len;

	(void)state;
	request_init(&req);
	request_read(&req, text, sizeof text - 1);
	value = request_header(&req, "COOKIE", &len);
	assert_int_equal(len, 6);
	assert_memory_equal(value, "b=c; d", 6);
	assert_non_null(request_header(&req, "empty", &len));
	assert_int_equal(len, 0);
	assert_null(request_header(&req, "cook", &len));
	assert_null(request_header(&req, "GET /X", &len));
	request_release(&req);
}

static void
request_keeps_the_head_as_it_came(void **state)
{
	static const char text[] = "GET /a?b HTTP/1.1\r\nhOsT:  a\r\n\r\n";
	struct request req;

	(void)state;
	request_init(&req);
	read_cut(&req, text, sizeof text - 1, 0);
	assert_string_equal(buf_text(&req.head), text);
	request_release(&req);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(request_reads_good_ones_however_cut),
	cmocka_unit_test(request_refuses_bad_ones_however_cut),
	cmocka_unit_test(request_refuses_nul_bytes),
	cmocka_unit_test(request_has_a_ceiling_for_everything),
	cmocka_unit_test(request_refuses_a_target_beyond_its_ceiling),
	cmocka_unit_test(request_bounds_a_body_of_many_chunks),
	cmocka_unit_test(request_says_when_the_client_waits_to_send),
	cmocka_unit_test(request_finds_a_header_in_any_case),
	cmocka_unit_test(request_keeps_the_head_as_it_came),
};

UNIT_MAIN("origin/request", tests)
