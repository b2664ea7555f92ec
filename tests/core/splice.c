/* SPDX-License-Identifier: MIT */
/*
 * A file without some of its bytes, whatever the spans are in relation to the
 * blocks it is read in.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "core/splice.h"
#include "unit.h"

#define BLOCK (256U << 10)

struct files {
	int from, to;
	unsigned char *bytes;	/* of from */
	size_t n;
};

static void
files_open(struct files *files, size_t n)
{
	uint32_t x = 1;
	size_t i;

	files->from = memfd_create("from", MFD_CLOEXEC);
	files->to = memfd_create("to", MFD_CLOEXEC);
	files->bytes = mem_alloc(n + 1);
	files->n = n;
	for (i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		files->bytes[i] = (unsigned char)(x >> 24);
	}
	assert_int_equal(write_all(files->from, files->bytes, n), 0);
}

static void
files_close(struct files *files)
{
	close(files->from);
	close(files->to);
	free(files->bytes);
}

/* `to` is the first `end` bytes less the spans. */
static void
assert_spliced(const struct files *files, uint64_t end,
	const struct splice_span *spans, size_t n)
{
	unsigned char *wanted = mem_alloc(files->n + 1);
	unsigned char *found = mem_alloc(files->n + 1);
	size_t at = 0, len = 0, i;

	for (i = 0; i <= n; i++) {
		size_t stop = i < n ? (size_t)spans[i].offset : (size_t)end;

		memcpy(wanted + len, files->bytes + at, stop - at);
		len += stop - at;
		at = i < n ? stop + (size_t)spans[i].len : stop;
	}
	assert_int_equal(pread(files->to, found, files->n + 1, 0), len);
	assert_memory_equal(found, wanted, len);
	free(wanted);
	free(found);
}

static void
what_is_in_a_span_goes_and_the_rest_stays(void **state)
{
	static const struct {
		const char *note;
		size_t size;
		uint64_t end;
		struct splice_span spans[4];
		size_t n;
	} cases[] = {
		{ "nothing", 0, 0, { { 0, 0 } }, 0 },
		{ "no span", 10, 10, { { 0, 0 } }, 0 },
		{ "all of it", 10, 10, { { 0, 10 } }, 1 },
		{ "the beginning", 10, 10, { { 0, 3 } }, 1 },
		{ "the end", 10, 10, { { 7, 3 } }, 1 },
		{ "a tail behind the end", 20, 10, { { 2, 2 } }, 1 },
		{ "neighbours", 10, 10, { { 2, 2 }, { 4, 3 } }, 2 },
		{ "across two blocks", 2 * BLOCK, 2 * BLOCK,
			{ { BLOCK - 5, 10 } }, 1 },
		{ "up to a block's end, and from one", 3 * BLOCK, 3 * BLOCK,
			{ { BLOCK - 5, 5 }, { 2 * BLOCK, 1 } }, 2 },
		{ "longer than a block", 4 * BLOCK, 4 * BLOCK - 1,
			{ { 3, 1 }, { 100, 3 * BLOCK }, { 4 * BLOCK - 2, 1 } },
			3 },
	};
	struct files files;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		files_open(&files, cases[i].size);
		if (splice_copy(files.from, cases[i].end, cases[i].spans,
		    cases[i].n, files.to, "from", &err) != 0)
			fail_msg("%s: %s", cases[i].note, err.text);
		assert_spliced(&files, cases[i].end, cases[i].spans,
			cases[i].n);
		files_close(&files);
	}
}

static void
many_short_spans_are_many_short_stretches(void **state)
{
	static struct splice_span spans[30000];
	const size_t n = sizeof spans / sizeof *spans;
	struct files files;
	uint64_t at = 0;
	size_t i;

	(void)state;
	files_open(&files, 3 * BLOCK);
	for (i = 0; i < n; i++) {
		spans[i] = (struct splice_span){ at + i % 17, 1 + i % 7 };
		at = spans[i].offset + spans[i].len;
	}
	assert_true(at < files.n);
	assert_int_equal(splice_copy(files.from, files.n, spans, n, files.to,
		"from", NULL), 0);
	assert_spliced(&files, files.n, spans, n);
	files_close(&files);
}

static void
what_is_missing_or_full_is_an_error(void **state)
{
	struct files files;
	struct err err;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	files_open(&files, 10);
	assert_int_equal(splice_copy(files.from, 11, NULL, 0, files.to, "from",
		&err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text,
		"from: shorter than the 11 bytes that were written");
	assert_int_equal(splice_copy(files.from, 10, NULL, 0, full, "from",
		&err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text,
		"copying from: No space left on device");
	assert_int_equal(splice_copy(-1, 10, NULL, 0, files.to, "from", &err),
		-1);
	close(full);
	files_close(&files);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_in_a_span_goes_and_the_rest_stays),
	cmocka_unit_test(many_short_spans_are_many_short_stretches),
	cmocka_unit_test(what_is_missing_or_full_is_an_error),
};

UNIT_MAIN("core/splice", tests)
