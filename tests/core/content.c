/* SPDX-License-Identifier: MIT */
/*
 * content -- what a reader gets of a body, wherever the body is and however
 * it was sent.
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/content.h"
#include "unit.h"

#define MIB ((size_t)1 << 20)

static int
gather(void *arg, const void *p, size_t n, struct err *err)
{
	(void)err;
	assert_true(n > 0 && n <= MIB);
	return buf_add(arg, p, n);
}

static int
refuse(void *arg, const void *p, size_t n, struct err *err)
{
	(void)p;
	(void)n;
	++*(int *)arg;
	return err_set(err, ERR_CLOSED, "no more");
}

/* A body of these bytes, in memory or, where that is short, in a file. */
struct rig {
	struct budget *budget;
	struct body_store *store;
	struct body *body;
};

static void
rig_open(struct rig *rig, uint64_t memory, const char *p, size_t n)
{
	size_t at, part;

	rig->budget = budget_new(memory, 1, NULL);
	rig->store = body_store_new(&(struct body_store_args){
		.budget = rig->budget, .n = 1,
	}, NULL);
	rig->body = body_new(rig->store);
	for (at = 0; at < n; at += part) {
		part = n - at < 16000 ? n - at : 16000;
		assert_int_equal(body_write(rig->body, p + at, part), 0);
	}
}

static void
rig_close(struct rig *rig)
{
	body_free(rig->body);
	body_store_free(rig->store);
	budget_free(rig->budget);
}

/* Frames of all sizes, up to more than is read at a time. */
static void
frame(struct buf *out, const char *p, size_t n)
{
	size_t at, part, step = 1;

	for (at = 0; at < n; at += part, step = step * 3 + 1) {
		part = n - at < step ? n - at : step;
		buf_printf(out, "%zx\r\n", part);
		buf_add(out, p + at, part);
		buf_add_text(out, "\r\n");
	}
	buf_add_text(out, "0\r\n\r\n");
}

static void
the_reader_gets_what_was_meant(void **state)
{
	static const size_t sizes[] = { 0, 1, 4096, MIB - 1, MIB, MIB + 1,
		5 * MIB + 77 };
	static const uint64_t memories[] = { 16 * MIB, 4096 };
	char *p = mem_array(6 * MIB, 1);
	struct buf sent, got;
	struct rig rig;
	size_t i, k;
	int chunked;

	(void)state;
	for (i = 0; i < 6 * MIB; i++)
		p[i] = (char)(i * 7 + i / 4096);
	buf_init(&sent, 16 * MIB);
	buf_init(&got, 16 * MIB);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (k = 0; k < 4; k++) {
			chunked = k & 1;
			buf_clear(&sent);
			buf_clear(&got);
			if (chunked)
				frame(&sent, p, sizes[i]);
			else
				buf_add(&sent, p, sizes[i]);
			rig_open(&rig, memories[k / 2], sent.data, sent.len);
			assert_int_equal(content_read(rig.body, chunked,
				gather, &got, NULL), 0);
			assert_int_equal(got.len, sizes[i]);
			assert_memory_equal(buf_text(&got), p, sizes[i]);
			rig_close(&rig);
		}
	buf_release(&sent);
	buf_release(&got);
	free(p);
}

static void
a_reader_that_fails_is_asked_no_more(void **state)
{
	const char *sent[] = { "abc", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n" };
	struct rig rig;
	struct err err;
	int chunked, asked;

	(void)state;
	for (chunked = 0; chunked < 2; chunked++) {
		asked = 0;
		rig_open(&rig, MIB, sent[chunked], strlen(sent[chunked]));
		assert_int_equal(content_read(rig.body, chunked, refuse,
			&asked, &err), -1);
		assert_int_equal(err.code, ERR_CLOSED);
		assert_int_equal(asked, 1);
		rig_close(&rig);
	}
}

static void
what_is_not_the_coding_is_an_error(void **state)
{
	struct rig rig;
	struct buf got;
	struct err err;

	(void)state;
	buf_init(&got, MIB);
	rig_open(&rig, MIB, "2\r\nab\r\nzz\r\n", 12);
	assert_int_equal(content_read(rig.body, 1, gather, &got, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	rig_close(&rig);
	buf_release(&got);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_reader_gets_what_was_meant),
	cmocka_unit_test(a_reader_that_fails_is_asked_no_more),
	cmocka_unit_test(what_is_not_the_coding_is_an_error),
};

UNIT_MAIN("core/content", tests)
