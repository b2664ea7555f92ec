/* SPDX-License-Identifier: MIT */
/*
 * wc -- lines, words and bytes, as POSIX has wc(1) count them in the C
 * locale: a line is a newline, a word is what is between white space. (GNU's
 * wc before 9.5 passes over words without one printable ASCII character.)
 */
#include "config.h"

#include "base/mem.h"
#include "stage/family.h"

enum { WC_LINES, WC_WORDS, WC_BYTES };

static const struct column wc_columns[] = {
	[WC_LINES] = STAGE_COLUMN(U64, "wc_lines", "newlines in the body"),
	[WC_WORDS] = STAGE_COLUMN(U64, "wc_words", "words in the body"),
	[WC_BYTES] = STAGE_COLUMN(U64, "wc_bytes", "bytes of the body"),
};

struct wc {
	uint64_t lines, words, bytes;
	unsigned in_word;	/* the last byte was part of one */
};

/* isspace() of the C locale, whatever the locale is. */
static const unsigned char wc_space[256] = {
	[' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\v'] = 1, ['\f'] = 1, ['\r'] = 1,
};

static int
wc_start(const void *plan, void **ret_self, struct err *err)
{
	(void)plan, (void)err;
	*ret_self = mem_array(1, sizeof(struct wc));
	return 0;
}

static int
wc_begin(void *self, struct stage_call *call, struct err *err)
{
	(void)call, (void)err;
	*(struct wc *)self = (struct wc){ 0 };
	return 0;
}

static int
wc_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct wc *wc = self;
	const unsigned char *at = p, *end = at + n;
	uint64_t lines = 0, words = 0;
	unsigned in_word = wc->in_word, was_in_word;

	(void)call, (void)err;
	/* Sums and no branches: text has no pattern to predict. */
	for (; at < end; at++) {
		was_in_word = in_word;
		in_word = !wc_space[*at];
		words += in_word & !was_in_word;
		lines += *at == '\n';
	}
	wc->lines += lines;
	wc->words += words;
	wc->bytes += n;
	wc->in_word = in_word;
	return 0;
}

static int
wc_end(void *self, struct stage_call *call, struct err *err)
{
	const struct wc *wc = self;

	(void)err;
	value_set_u64(&call->values[WC_LINES], wc->lines);
	value_set_u64(&call->values[WC_WORDS], wc->words);
	value_set_u64(&call->values[WC_BYTES], wc->bytes);
	return 0;
}

const struct stage stage_wc = {
	.name = "wc",
	.brief = "lines, words and bytes, as wc(1) counts them",
	.notes = "A word is what is between white space, of any bytes.",
	STAGE_COLUMNS(wc_columns),
	.start = wc_start,
	.stop = free,
	.begin = wc_begin,
	.feed = wc_feed,
	.end = wc_end,
};
