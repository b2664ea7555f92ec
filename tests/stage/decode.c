/* SPDX-License-Identifier: MIT */
/*
 * decode -- what the libraries pack comes out as it was, for any cutting; what
 * is damaged, unknown or a bomb fails with its reason and passes on no more
 * than the ceiling.
 */
#include "config.h"

#include <zlib.h>

#include "base/mem.h"
#include "stage/coding.h"
#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define MIB ((size_t)1 << 20)

/* How zlib packs: gzip, with its own header, or bare. */
enum { AS_GZIP = 15 + 16, AS_ZLIB = 15, AS_RAW = -15 };

struct bytes {
	const void *p;
	size_t n;
};

/* Adds a packed stream to `out`. */
static void
pack_zlib(struct buf *out, const void *p, size_t n, int bits)
{
	z_stream stream = { 0 };
	size_t room;
	int rc;

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8,
		Z_DEFAULT_STRATEGY), Z_OK);
	room = deflateBound(&stream, n);
	stream.next_in = (unsigned char *)(uintptr_t)p;
	stream.avail_in = (unsigned)n;
	stream.next_out = (unsigned char *)buf_room(out, room);
	stream.avail_out = (unsigned)room;
	rc = deflate(&stream, Z_FINISH);
	assert_int_equal(rc, Z_STREAM_END);
	out->len += stream.total_out;
	deflateEnd(&stream);
}

static void
check_whole(struct trial *trial, const void *arg)
{
	const struct bytes *want = arg;

	if (trial->outcome.failed)
		fail_msg("%s", trial->outcome.errormsg);
	assert_int_equal(trial_u64(trial, "size_decoded"), want->n);
	assert_int_equal(trial->out.len, want->n);
	if (want->n > 0)
		assert_memory_equal(trial->out.data, want->p, want->n);
}

static void
assert_failed(const struct trial *trial, const char *detail, const char *words)
{
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_BODY);
	assert_string_equal(trial->outcome.detail, detail);
	if (strstr(trial->outcome.errormsg, words) == NULL)
		fail_msg("'%s', not '%s'", trial->outcome.errormsg, words);
	assert_null(trial_value(trial, "size_decoded"));
}

static void
check_broken(struct trial *trial, const void *arg)
{
	assert_failed(trial, "encoding", arg);
}

static void
zlib_streams_come_out_as_they_were(void **state)
{
	static const struct {
		const char *encoding;
		int bits;
	} cases[] = {
		{ "gzip", AS_GZIP }, { "x-gzip", AS_GZIP }, { "GZip", AS_GZIP },
		{ " gzip\t", AS_GZIP }, { "identity, gzip,,", AS_GZIP },
		{ "deflate", AS_ZLIB }, { "Deflate", AS_RAW },
	};
	static const size_t sizes[] = { 0, 1, 1000, 65536, 300000 };
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	struct buf packed;
	char *text;
	size_t i, k;

	(void)state;
	buf_init(&packed, 64 * MIB);
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		for (k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			print_message("%s\n", cases[i].encoding);
			text = trial_words(sizes[k]);
			buf_clear(&packed);
			pack_zlib(&packed, text, sizes[k], cases[i].bits);
			trial->page.content_encoding = cases[i].encoding;
			trial_run_cut(trial, packed.data, packed.len,
				check_whole, &(struct bytes){ text, sizes[k] });
			free(text);
		}
	buf_release(&packed);
	trial_free(trial);
}

static void
bodies_without_a_coding_pass_as_they_are(void **state)
{
	static const char *const encodings[] = {
		NULL, "", "identity", "Identity, identity", " , ,",
	};
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	char *text = trial_words(100000);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof encodings / sizeof *encodings; i++) {
		trial->page.content_encoding = encodings[i];
		trial_run_cut(trial, text, 100000, check_whole,
			&(struct bytes){ text, 100000 });
	}
	/* Servers say gzip of empty bodies, too. */
	trial->page.content_encoding = "gzip, br";
	if (strstr(coding_accept(), "br") == NULL)
		trial->page.content_encoding = "gzip";
	trial_run(trial, "", 0, TRIAL_WHOLE);
	check_whole(trial, &(struct bytes){ "", 0 });
	free(text);
	trial_free(trial);
}

static void
gzip_members_are_one_body_and_bytes_behind_are_ignored(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} behind[] = {
		{ "", 0 }, { "\0\0\0\0", 4 }, { "\x1f", 1 }, { "\x1f\x1f", 2 },
		{ "x\x1f\x8b", 3 },
	};
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	struct buf packed;
	char *text = trial_words(90000);
	size_t i, whole;

	(void)state;
	buf_init(&packed, 64 * MIB);
	pack_zlib(&packed, text, 30000, AS_GZIP);
	pack_zlib(&packed, "", 0, AS_GZIP);
	pack_zlib(&packed, text + 30000, 60000, AS_GZIP);
	whole = packed.len;
	trial->page.content_encoding = "gzip";
	for (i = 0; i < sizeof behind / sizeof *behind; i++) {
		buf_cut(&packed, whole);
		buf_add(&packed, behind[i].p, behind[i].n);
		trial_run_cut(trial, packed.data, packed.len, check_whole,
			&(struct bytes){ text, 90000 });
	}
	/* What begins like a member has to be one. */
	buf_cut(&packed, whole);
	buf_add(&packed, "\x1f\x8b", 2);
	trial_run_cut(trial, packed.data, packed.len, check_broken,
		"ended early");
	buf_add(&packed, "junk", 4);
	trial_run_cut(trial, packed.data, packed.len, check_broken,
		"not what Content-Encoding says");
	buf_clear(&packed);
	pack_zlib(&packed, text, 90000, AS_RAW);
	buf_add(&packed, "junk", 4);
	trial->page.content_encoding = "deflate";
	trial_run_cut(trial, packed.data, packed.len, check_whole,
		&(struct bytes){ text, 90000 });
	buf_release(&packed);
	free(text);
	trial_free(trial);
}

static void
codings_are_taken_off_from_the_last(void **state)
{
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	char *text = trial_words(50000);
	struct buf packed[6];
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		buf_init(&packed[i], 64 * MIB);
		pack_zlib(&packed[i], i > 0 ? packed[i - 1].data : text,
			i > 0 ? packed[i - 1].len : 50000,
			i % 2 ? AS_ZLIB : AS_GZIP);
	}
	trial->page.content_encoding = "gzip, deflate";
	trial_run_cut(trial, packed[1].data, packed[1].len, check_whole,
		&(struct bytes){ text, 50000 });
	trial->page.content_encoding = "deflate, gzip";
	trial_run_cut(trial, packed[1].data, packed[1].len, check_broken,
		"not what Content-Encoding says");
	trial->page.content_encoding = "gzip,deflate,gzip,deflate,gzip";
	trial_run_cut(trial, packed[4].data, packed[4].len, check_whole,
		&(struct bytes){ text, 50000 });
	trial->page.content_encoding = "gzip,deflate,gzip,deflate,gzip,deflate";
	trial_run_cut(trial, packed[5].data, packed[5].len, check_broken,
		"more than 5 content codings");
	for (i = 0; i < 6; i++)
		buf_release(&packed[i]);
	free(text);
	trial_free(trial);
}

static void
unknown_codings_fail(void **state)
{
	static const struct {
		const char *encoding, *words;
	} cases[] = {
		{ "compress", "content coding 'compress' is none" },
		{ "gzip compress", "'gzip compress' is none" },
		{ "gzi", "'gzi' is none" },
		{ "identityx", "'identityx' is none" },
		{ "bz2, gzip", "'bz2' is none" },
	};
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	static char list[100000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		trial->page.content_encoding = cases[i].encoding;
		trial_run(trial, "abc", 3, TRIAL_WHOLE);
		assert_failed(trial, "encoding", cases[i].words);
	}
	memset(list, 'x', sizeof list - 1);
	trial->page.content_encoding = list;
	trial_run(trial, "abc", 3, TRIAL_WHOLE);
	assert_failed(trial, "encoding", "xxx' is none");
	assert_in_range(strlen(trial->outcome.errormsg), 1, 100);
	trial_free(trial);
}

/* Every beginning of a stream is one that ends early; nothing else is said. */
static void
bodies_that_end_early_fail(void **state)
{
	static const struct {
		const char *encoding;
		int bits;
	} cases[] = {
		{ "gzip", AS_GZIP }, { "deflate", AS_ZLIB },
		{ "deflate", AS_RAW },
	};
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	struct buf packed;
	char *text = trial_words(300);
	size_t i, n;

	(void)state;
	buf_init(&packed, 64 * MIB);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&packed);
		pack_zlib(&packed, text, 300, cases[i].bits);
		trial->page.content_encoding = cases[i].encoding;
		for (n = 1; n < packed.len; n++) {
			trial_run(trial, packed.data, n, n % 7);
			assert_failed(trial, "encoding", "ended early");
		}
		/* and the next body is not spoiled */
		trial_run(trial, packed.data, packed.len, 5);
		check_whole(trial, &(struct bytes){ text, 300 });
	}
	buf_release(&packed);
	free(text);
	trial_free(trial);
}

static void
damaged_bodies_fail(void **state)
{
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	struct buf packed;
	char *text = trial_words(5000);

	(void)state;
	buf_init(&packed, 64 * MIB);
	pack_zlib(&packed, text, 5000, AS_GZIP);
	trial->page.content_encoding = "gzip";
	/* the CRC, then the length, then the data */
	packed.data[packed.len - 8] ^= 1;
	trial_run_cut(trial, packed.data, packed.len, check_broken, "damaged");
	packed.data[packed.len - 8] ^= 1;
	packed.data[packed.len - 4] ^= 1;
	trial_run_cut(trial, packed.data, packed.len, check_broken, "damaged");
	trial_run_cut(trial, text, 5000, check_broken, "damaged");
	trial->page.content_encoding = "deflate";
	trial_run_cut(trial, text, 5000, check_broken, "");
	buf_release(&packed);
	free(text);
	trial_free(trial);
}

/* --- bombs --- */

static void
a_bomb_stops_at_the_ceiling(void **state)
{
	struct trial *trial = trial_new_with(&stage_decode, "2MiB",
		"--decode-ratio", "0");
	char *zeros = mem_array(4 * MIB, 1);
	struct buf packed;
	static const size_t pieces[] = TRIAL_PIECES;
	size_t i;

	(void)state;
	buf_init(&packed, 64 * MIB);
	trial->page.content_encoding = "gzip";
	pack_zlib(&packed, zeros, 2 * MIB, AS_GZIP);
	trial_run_cut(trial, packed.data, packed.len, check_whole,
		&(struct bytes){ zeros, 2 * MIB });
	buf_clear(&packed);
	pack_zlib(&packed, zeros, 2 * MIB + 1, AS_GZIP);
	for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		trial_run(trial, packed.data, packed.len, pieces[i]);
		assert_failed(trial, "limit",
			"more than 2MiB (decode:SIZE, or --max-body)");
		assert_in_range(trial->out.len, MIB, 2 * MIB);
	}
	buf_release(&packed);
	free(zeros);
	trial_free(trial);
}

static void
a_bomb_stops_at_the_ratio(void **state)
{
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	char *zeros = mem_array(8 * MIB, 1);
	struct buf packed;

	(void)state;
	buf_init(&packed, 64 * MIB);
	trial->page.content_encoding = "gzip";
	/* Small ones are not worth a word. */
	pack_zlib(&packed, zeros, MIB, AS_GZIP);
	trial_run_cut(trial, packed.data, packed.len, check_whole,
		&(struct bytes){ zeros, MIB });
	buf_clear(&packed);
	pack_zlib(&packed, zeros, 8 * MIB, AS_GZIP);
	trial_run(trial, packed.data, packed.len, TRIAL_WHOLE);
	assert_failed(trial, "ratio", "more than 200 times its size"
		" (--decode-ratio)");
	assert_in_range(trial->out.len, 0, MIB + 65536);
	trial_run(trial, packed.data, packed.len, 1);
	assert_failed(trial, "ratio", "200 times");
	trial_free(trial);

	trial = trial_new_with(&stage_decode, NULL,
		"--decode-ratio", "0");
	trial->page.content_encoding = "gzip";
	trial_run(trial, packed.data, packed.len, TRIAL_WHOLE);
	check_whole(trial, &(struct bytes){ zeros, 8 * MIB });
	buf_release(&packed);
	free(zeros);
	trial_free(trial);
}

/* 64 MiB of zeros, packed twice, is some hundred bytes; and the outer layers
 * count, whatever the inner ones make of what they get. */
static void
ratios_of_layers_multiply(void **state)
{
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	char *zeros = mem_array(32 * MIB, 1);
	struct buf once, twice;

	(void)state;
	buf_init(&once, 64 * MIB);
	buf_init(&twice, 64 * MIB);
	pack_zlib(&once, zeros, 32 * MIB, AS_GZIP);
	pack_zlib(&twice, once.data, once.len, AS_GZIP);
	trial->page.content_encoding = "gzip, gzip";
	trial_run(trial, twice.data, twice.len, TRIAL_WHOLE);
	assert_failed(trial, "ratio", "200 times");
	assert_in_range(trial->out.len, 0, MIB + 65536);
	/* Behind the gzip stream within, zeros that come to nothing. */
	buf_clear(&once);
	pack_zlib(&once, "x", 1, AS_GZIP);
	buf_add(&once, zeros, 32 * MIB);
	buf_clear(&twice);
	pack_zlib(&twice, once.data, once.len, AS_GZIP);
	trial_run(trial, twice.data, twice.len, TRIAL_WHOLE);
	assert_failed(trial, "ratio", "200 times");
	buf_release(&once);
	buf_release(&twice);
	free(zeros);
	trial_free(trial);
}

/* --- the other libraries --- */

static void
brotli_streams_come_out_as_they_were(void **state)
{
	/* Packed by brotli 1.0.9: a line, 200,000 bytes of another one, and
	 * 10 MiB of zeros. */
	static const char hello[] = "\x8f\x09\x80hello, hello, hello\x0a\x03";
	static const unsigned char fox[] = {
		0x5f, 0x3f, 0x0d, 0x83, 0xdf, 0x48, 0xe9, 0x66, 0x2e, 0x6a,
		0x05, 0x33, 0x3a, 0x3c, 0x85, 0xf6, 0x96, 0x83, 0x4c, 0x72,
		0x5a, 0x8e, 0xb0, 0x4d, 0x47, 0x65, 0x81, 0x74, 0x6d, 0x4e,
		0x30, 0xe0, 0x01,
	};
	static const unsigned char bomb[] = {
		0x9f, 0xff, 0xff, 0x9f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40,
		0x20, 0xf7, 0xfe, 0x13,
	};
	/* A window of 2^30 bytes, which RFC 7932 does not know. */
	static const unsigned char large[] = {
		0x11, 0x5e, 0x4c, 0x00, 0xe0, 0x9f, 0x00, 0x08, 0x31, 0x02,
		0x00, 0x02,
	};
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	char *text = mem_array(200000, 1);
	size_t i;

	(void)state;
	trial->page.content_encoding = "br";
	if (strstr(coding_accept(), "br") == NULL) {
		trial_run(trial, hello, sizeof hello - 1, TRIAL_WHOLE);
		assert_failed(trial, "encoding", "without libbrotlidec");
		goto out;
	}
	trial_run_cut(trial, hello, sizeof hello - 1, check_whole,
		&(struct bytes){ "hello, hello, hello\n", 20 });
	for (i = 0; i < 200000; i++)
		text[i] = "the quick brown fox\n"[i % 20];
	trial_run_cut(trial, fox, sizeof fox, check_whole,
		&(struct bytes){ text, 200000 });
	for (i = 1; i < sizeof fox; i++) {
		trial_run(trial, fox, i, 2);
		assert_failed(trial, "encoding", "ended early");
	}
	trial_run_cut(trial, text, 200000, check_broken, "damaged");
	trial_run_cut(trial, large, sizeof large, check_broken, "damaged");
	trial_run(trial, bomb, sizeof bomb, TRIAL_WHOLE);
	assert_failed(trial, "ratio", "200 times");
	assert_in_range(trial->out.len, 0, MIB + 65536);
out:
	free(text);
	trial_free(trial);
}

#ifdef HAVE_ZSTD
static void
pack_zstd(struct buf *out, const void *p, size_t n, int window_log)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	ZSTD_inBuffer in = { p, n, 0 };
	ZSTD_outBuffer to = { .size = ZSTD_compressBound(n) };

	to.dst = buf_room(out, to.size);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, window_log);
	/* Not told the size, it cannot make the window smaller. */
	ZSTD_compressStream2(ctx, &to, &in, ZSTD_e_continue);
	assert_int_equal(ZSTD_compressStream2(ctx, &to, &in, ZSTD_e_end), 0);
	out->len += to.pos;
	ZSTD_freeCCtx(ctx);
}
#endif

static void
zstd_streams_come_out_as_they_were(void **state)
{
	struct trial *trial = trial_new_with(&stage_decode, NULL, NULL, NULL);
	char *text = trial_words(300000);
	struct buf packed;
	size_t n = 1, whole;

	(void)state;
	buf_init(&packed, 64 * MIB);
	trial->page.content_encoding = "zstd";
#ifdef HAVE_ZSTD
	pack_zstd(&packed, text, 200000, 0);
	whole = packed.len;
	pack_zstd(&packed, text + 200000, 100000, 23);
	trial_run_cut(trial, packed.data, packed.len, check_whole,
		&(struct bytes){ text, 300000 });
	for (n = 1; n < packed.len; n += 997)
		if (n != whole) {
			trial_run(trial, packed.data, n, 100);
			assert_failed(trial, "encoding", "ended early");
		}
	buf_add(&packed, "junk", 4);
	trial_run_cut(trial, packed.data, packed.len, check_broken, "damaged");
	buf_clear(&packed);
	pack_zstd(&packed, text, 100000, 24);
	trial_run_cut(trial, packed.data, packed.len, check_broken, "damaged");
	buf_clear(&packed);
	free(text);
	text = mem_array(16 * MIB, 1);
	pack_zstd(&packed, text, 16 * MIB, 0);
	trial_run(trial, packed.data, packed.len, TRIAL_WHOLE);
	assert_failed(trial, "ratio", "200 times");
	assert_in_range(trial->out.len, 0, MIB + 65536);
#else
	(void)n, (void)whole;
	trial_run(trial, "abc", 3, TRIAL_WHOLE);
	assert_failed(trial, "encoding", "without libzstd");
#endif
	buf_release(&packed);
	free(text);
	trial_free(trial);
}

/* Nothing but failures and bodies, whatever comes in; a sanitizer watches. */
static void
any_bytes_are_survived(void **state)
{
	static const char *const encodings[] = {
		"gzip", "deflate", "br", "zstd", "gzip, deflate, br, zstd",
	};
	struct trial *trial = trial_new_with(&stage_decode, "1MiB", NULL, NULL);
	uint32_t random = 11;
	struct buf packed;
	size_t i, k, n;

	(void)state;
	buf_init(&packed, 64 * MIB);
	for (i = 0; i < 2000; i++) {
		trial->page.content_encoding = encodings[i % 5];
		buf_clear(&packed);
		if (i % 3 == 0)
			pack_zlib(&packed, encodings, sizeof encodings,
				i % 5 == 0 ? AS_GZIP : AS_RAW);
		n = packed.len > 0 ? packed.len : random >> 24;
		for (k = 0; k < n; k++) {
			random = random * 1664525 + 1013904223;
			if (packed.len < n)
				buf_add_char(&packed, (char)(random >> 24));
			else if (random >> 27 == 0)
				packed.data[k] = (char)(random >> 16);
		}
		trial_run(trial, packed.data, n, i % 9);
		if (trial->outcome.failed)
			assert_int_equal(trial->outcome.error_class,
				ERROR_BODY);
		random++;
	}
	buf_release(&packed);
	trial_free(trial);
}

static void
a_size_that_is_none_is_refused(void **state)
{
	(void)state;
	trial_refuses(&stage_decode, "many", "'many' is no SIZE; try decode:4MiB");
	trial_refuses(&stage_decode, "", "'' is no SIZE");
}

static void
what_is_asked_for_is_what_can_be_decoded(void **state)
{
	static const char *const names[] = { "gzip", "deflate", "br", "zstd" };
	struct coding *coding;
	size_t i;

	(void)state;
	assert_ptr_equal(strstr(coding_accept(), "gzip, deflate"),
		coding_accept());
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		coding = coding_new(names[i], strlen(names[i]));
		assert_int_equal(coding != NULL,
			strstr(coding_accept(), names[i]) != NULL);
		assert_int_equal(coding == NULL,
			coding_missing(names[i], strlen(names[i])) != NULL);
		coding_free(coding);
	}
	assert_null(coding_missing("compress", 8));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(zlib_streams_come_out_as_they_were),
	cmocka_unit_test(bodies_without_a_coding_pass_as_they_are),
	cmocka_unit_test(gzip_members_are_one_body_and_bytes_behind_are_ignored),
	cmocka_unit_test(codings_are_taken_off_from_the_last),
	cmocka_unit_test(unknown_codings_fail),
	cmocka_unit_test(bodies_that_end_early_fail),
	cmocka_unit_test(damaged_bodies_fail),
	cmocka_unit_test(a_bomb_stops_at_the_ceiling),
	cmocka_unit_test(a_bomb_stops_at_the_ratio),
	cmocka_unit_test(ratios_of_layers_multiply),
	cmocka_unit_test(brotli_streams_come_out_as_they_were),
	cmocka_unit_test(zstd_streams_come_out_as_they_were),
	cmocka_unit_test(any_bytes_are_survived),
	cmocka_unit_test(a_size_that_is_none_is_refused),
	cmocka_unit_test(what_is_asked_for_is_what_can_be_decoded),
};

UNIT_MAIN("stage/decode", tests)
