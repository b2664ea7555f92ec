/* SPDX-License-Identifier: MIT */
/*
 * The chunked coding: its content however the bytes are cut, what is not the
 * coding, and where it ends.
 */
#include "config.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/chunks.h"
#include "unit.h"

enum end { WHOLE, SHORT, BAD };

static const struct {
	const char *note;
	const char *coded;
	const char *content;
	enum end end;
	const char *behind;	/* what is left when it is whole */
} cases[] = {
	{ "one chunk", "3\r\nabc\r\n0\r\n\r\n", "abc", WHOLE, "" },
	{ "several", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", WHOLE, "" },
	{ "none", "0\r\n\r\n", "", WHOLE, "" },
	{ "zero in many digits", "3\r\nabc\r\n0000000000000000\r\n\r\n",
		"abc", WHOLE, "" },
	{ "digits of either case", "a\r\n0123456789\r\nA\r\n0123456789\r\n"
		"0\r\n\r\n", "01234567890123456789", WHOLE, "" },
	{ "leading zeroes", "0000000000000003\r\nabc\r\n0\r\n\r\n", "abc",
		WHOLE, "" },
	{ "content that looks like framing", "7\r\n0\r\n\r\n1\n\r\n"
		"0\r\n\r\n", "0\r\n\r\n1\n", WHOLE, "" },
	{ "extensions", "3;a=b;c=\"d\"\r\nabc\r\n0;x\r\n\r\n", "abc", WHOLE,
		"" },
	{ "blanks behind the size", "3  \r\nabc\r\n0\t\r\n\r\n", "abc", WHOLE,
		"" },
	{ "trailers", "3\r\nabc\r\n0\r\nA: b\r\nC:\r\n\r\n", "abc", WHOLE,
		"" },
	{ "LF alone", "3\nabc\n0\nA: b\n\n", "abc", WHOLE, "" },
	{ "CRs in front of a chunk's LF", "3\r\r\nabc\r\r\n0\r\n\r\n", "abc",
		WHOLE, "" },
	{ "bytes behind the end", "3\r\nabc\r\n0\r\n\r\nHTTP/1.1", "abc",
		WHOLE, "HTTP/1.1" },
	{ "an end of line too many", "0\r\n\r\n\r\n", "", WHOLE, "\r\n" },
	{ "nothing yet", "", "", SHORT, NULL },
	{ "cut within a size", "1", "", SHORT, NULL },
	{ "cut within a chunk", "3\r\nab", "ab", SHORT, NULL },
	{ "cut behind a chunk", "3\r\nabc", "abc", SHORT, NULL },
	{ "cut within a chunk's end", "3\r\nabc\r", "abc", SHORT, NULL },
	{ "cut before the last chunk", "3\r\nabc\r\n", "abc", SHORT, NULL },
	{ "cut before the trailers", "3\r\nabc\r\n0\r\n", "abc", SHORT,
		NULL },
	{ "cut within them", "0\r\nA: b", "", SHORT, NULL },
	{ "cut behind them", "0\r\nA: b\r\n", "", SHORT, NULL },
	{ "cut within the last line", "0\r\n\r", "", SHORT, NULL },
	{ "the longest chunk there can be", "7fffffffffffffff\r\nabc", "abc",
		SHORT, NULL },
	{ "one more", "8000000000000000\r\nabc", "", BAD, NULL },
	{ "the largest of 16 digits", "ffffffffffffffff\r\nabc", "", BAD,
		NULL },
	{ "17 digits", "00000000000000003\r\nabc", "", BAD, NULL },
	{ "a size around 2^64", "10000000000000003\r\nabc", "", BAD, NULL },
	{ "no size", "\r\nabc\r\n0\r\n\r\n", "", BAD, NULL },
	{ "no coding at all", "hello", "", BAD, NULL },
	{ "a sign", "+3\r\nabc\r\n", "", BAD, NULL },
	{ "below zero", "-3\r\nabc\r\n", "", BAD, NULL },
	{ "a blank before the size", " 3\r\nabc\r\n", "", BAD, NULL },
	{ "no digit is an extension", "0x3\r\n\r\n", "", WHOLE, "" },
	{ "just behind the digits", "g\r\n", "", BAD, NULL },
	{ "a chunk that is too long", "3\r\nabcd\r\n0\r\n\r\n", "abc", BAD,
		NULL },
	{ "a chunk that is too short", "4\r\nabc\r\n0\r\n\r\n", "abc\r", WHOLE,
		"" },
	{ "half an end behind it", "3\r\nabc\rX", "abc", BAD, NULL },
	{ "a CR within a trailer", "0\r\nA: b\rc\r\n\r\n", "", BAD, NULL },
	{ "a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "", WHOLE, "" },
	{ "a trailer that is none", "0\r\nabc\r\n\r\n", "", BAD, NULL },
	{ "half an empty line", "0\r\n\rX", "", BAD, NULL },
};

#define CASES (sizeof cases / sizeof *cases)

/* What reading came to. */
struct got {
	struct buf content;
	enum end end;
	size_t used;
};

/*
 * One piece, in a block of its own size, so that a sanitizer sees what reads
 * behind it.
 */
static int
feed(struct chunks *chunks, const char *p, size_t n, struct got *got)
{
	char *piece = mem_dup(p, n);
	const void *span;
	size_t at = 0, len;
	int rc;

	while ((rc = chunks_next(chunks, piece, n, &at, &span, &len)) == 1) {
		assert_true(len > 0 && len <= at && at <= n);
		assert_ptr_equal((const char *)span + len, piece + at);
		buf_add(&got->content, span, len);
	}
	got->used += at;
	free(piece);
	return rc;
}

/* Reads n bytes that are cut into pieces, each `piece` long, the first one
 * `first`. */
static struct got
get(const char *p, size_t n, size_t first, size_t piece)
{
	struct got got = { .end = SHORT };
	struct chunks chunks;
	size_t at, len;

	buf_init(&got.content, 1 << 20);
	chunks_init(&chunks);
	for (at = 0; at < n && !chunks_whole(&chunks); at += len) {
		len = at == 0 ? first : piece;
		if (len > n - at)
			len = n - at;
		if (feed(&chunks, p + at, len, &got) != 0) {
			got.end = BAD;
			/* It stays so. */
			assert_int_equal(feed(&chunks, "0\r\n\r\n", 5, &got),
				-1);
			break;
		}
	}
	if (chunks_whole(&chunks))
		got.end = WHOLE;
	return got;
}

static void
expect(size_t i, size_t first, size_t piece)
{
	const char *coded = cases[i].coded;
	struct got got = get(coded, strlen(coded), first, piece);

	if (got.end != cases[i].end ||
	    got.content.len != strlen(cases[i].content) ||
	    memcmp(buf_text(&got.content), cases[i].content,
	    got.content.len) != 0)
		fail_msg("%s, cut at %zu and each %zu: end %d, \"%s\"",
			cases[i].note, first, piece, (int)got.end,
			buf_text(&got.content));
	if (got.end == WHOLE)
		assert_string_equal(coded + got.used, cases[i].behind);
	buf_release(&got.content);
}

static void
content_is_the_same_however_it_is_cut(void **state)
{
	size_t i, n, first, piece;

	(void)state;
	for (i = 0; i < CASES; i++) {
		n = strlen(cases[i].coded) + 1;
		for (first = 1; first <= n; first++)
			for (piece = 1; piece <= n; piece++)
				expect(i, first, piece);
	}
}

static void
bytes_of_any_value_are_content(void **state)
{
	char coded[256 + 16];
	struct got got;
	size_t i, n;

	(void)state;
	n = (size_t)snprintf(coded, sizeof coded, "100\r\n");
	for (i = 0; i < 256; i++)
		coded[n++] = (char)i;
	memcpy(coded + n, "\r\n0\r\n\r\n", 7);
	got = get(coded, n + 7, 3, 7);
	assert_int_equal(got.end, WHOLE);
	assert_int_equal(got.content.len, 256);
	assert_memory_equal(got.content.data, coded + 5, 256);
	buf_release(&got.content);
}

/* 64 MiB of each, in as much memory as struct chunks has. */
static void
endless_lines_are_skipped(void **state)
{
	static const char *const starts[] = { "3;", "0\r\nA: " };
	static char line[65536];
	struct got got = { .used = 0 };
	struct chunks chunks;
	size_t i, k;

	(void)state;
	memset(line, 'x', sizeof line);
	buf_init(&got.content, 0);
	for (i = 0; i < 2; i++) {
		chunks_init(&chunks);
		assert_int_equal(feed(&chunks, starts[i], strlen(starts[i]),
			&got), 0);
		for (k = 0; k < 1024; k++)
			assert_int_equal(feed(&chunks, line, sizeof line,
				&got), 0);
		assert_false(chunks_whole(&chunks));
	}
	buf_release(&got.content);
}

/* A copy is where to go on from: what was not written is read again. */
static void
a_copy_is_a_place_to_come_back_to(void **state)
{
	static const char coded[] = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
	struct chunks chunks, kept;
	struct got got = { .used = 0 };

	(void)state;
	buf_init(&got.content, 100);
	chunks_init(&chunks);
	assert_int_equal(feed(&chunks, coded, 13, &got), 0);
	kept = chunks;
	assert_int_equal(feed(&chunks, coded + 13, 6, &got), 0);
	assert_string_equal(buf_text(&got.content), "abcdefg");
	buf_cut(&got.content, 5);
	chunks = kept;
	assert_int_equal(feed(&chunks, coded + 13, sizeof coded - 14, &got),
		0);
	assert_true(chunks_whole(&chunks));
	assert_string_equal(buf_text(&got.content), "abcdefg");
	buf_release(&got.content);
}

static unsigned
fuzz_next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(*seed >> 33);
}

/* Lines that are nearly right: what comes of them does not depend on how they
 * are cut, and content is never more than there are bytes. */
static void
garbled_bytes_do_no_harm(void **state)
{
	static const char *const parts[] = { "0", "1", "3", "a", "F", "\r",
		"\n", "\r\n", "\r\n\r\n", ";", " ", "x", "abc", "3\r\nabc\r\n",
		"0\r\n", "0\r\n\r\n", "7fffffffffffffff", "\x80" };
	struct got whole, cut;
	uint64_t seed = 1;
	struct buf coded;
	int i, k;

	(void)state;
	buf_init(&coded, 1 << 16);
	for (i = 0; i < 100000; i++) {
		buf_clear(&coded);
		for (k = 1 + (int)(fuzz_next(&seed) % 12); k > 0; k--)
			buf_add_text(&coded, parts[fuzz_next(&seed) %
				(sizeof parts / sizeof *parts)]);
		whole = get(coded.data, coded.len, coded.len, 1);
		cut = get(coded.data, coded.len,
			1 + fuzz_next(&seed) % 4, 1 + fuzz_next(&seed) % 4);
		assert_int_equal(whole.end, cut.end);
		assert_int_equal(whole.used, cut.used);
		assert_true(whole.used <= coded.len);
		assert_true(whole.content.len <= whole.used);
		assert_int_equal(whole.content.len, cut.content.len);
		assert_string_equal(buf_text(&whole.content),
			buf_text(&cut.content));
		buf_release(&whole.content);
		buf_release(&cut.content);
	}
	buf_release(&coded);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(content_is_the_same_however_it_is_cut),
	cmocka_unit_test(bytes_of_any_value_are_content),
	cmocka_unit_test(endless_lines_are_skipped),
	cmocka_unit_test(a_copy_is_a_place_to_come_back_to),
	cmocka_unit_test(garbled_bytes_do_no_harm),
};

UNIT_MAIN("net/chunks", tests)
