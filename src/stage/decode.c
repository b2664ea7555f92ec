/* SPDX-License-Identifier: MIT */
/*
 * decode -- takes the content codings off a body, as Content-Encoding says.
 *
 * libcurl could do this while receiving, but then its ceilings count what came
 * over the wire, and a few kilobytes become gigabytes in the event loop. Here
 * the body stays packed until a worker has time for it, comes out in pieces of
 * 64 KiB, and stops at a ceiling and at a ratio. Both hold for every layer of
 * several: one that unpacks to a lot which the next one makes nothing of costs
 * as much time.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "opt/opt.h"
#include "stage/coding.h"
#include "stage/family.h"

#define DECODE_LAYERS_MAX 5	/* as libcurl */
#define DECODE_PIECE 65536
#define DECODE_FREE (1024 * 1024)	/* came out before the ratio counts */
#define DECODE_NAME_SHOWN 32

struct decode_settings {
	uint64_t ratio;		/* 0: any */
};

struct decode_plan {
	uint64_t max;		/* bytes, 0: any number */
	uint64_t ratio;
};

/* A coding to take off, and what came out of it so far. */
struct decode_layer {
	struct coding *coding;
	enum coding_state state;
	uint64_t decoded;
	uint8_t out[DECODE_PIECE];
};

struct decode {
	const struct decode_plan *plan;
	struct decode_layer *layers[DECODE_LAYERS_MAX];	/* made when needed */
	size_t n;		/* the first is taken off first */
	uint64_t encoded;	/* bytes the first layer has read */
	uint64_t passed;
};

enum decode_column { DECODE_SIZE };

static const struct column decode_columns[] = {
	[DECODE_SIZE] = STAGE_COLUMN(U64, "size_decoded",
		"bytes of the body without its Content-Encoding"),
};

static const struct opt decode_rows[] = {
	{ .name = "decode-ratio", .type = &opt_count,
		.off = OPT_AT(struct decode_settings, ratio, uint64_t),
		.arg = "N", .dflt = "200", .flags = OPT_EXPERT,
		.brief = "give up bodies that unpack to over N times",
		.notes = "Counts once 1 MiB came out, for all codings of a "
			"body together. Web pages reach 20, long logs and "
			"tables 50; a gzip bomb has 229 (gzip -1) to 1030, one "
			"of zstd 30000. 0 is any ratio; --max-body holds all "
			"the same." },
};

static const struct opt_set decode_opts = {
	.name = "decode",
	.title = "Stage decode",
	OPT_ROWS(decode_rows),
	.settings_size = sizeof(struct decode_settings),
};

/* --- what can go wrong --- */

static int
decode_bad(struct stage_call *call, const char *detail)
{
	call->error_class = ERROR_BODY;
	call->detail = detail;
	return -1;
}

/* Counts n more bytes out of a layer. */
static int
decode_count(const struct decode *decode, struct decode_layer *layer,
	size_t n, struct stage_call *call, struct err *err)
{
	const struct decode_plan *plan = decode->plan;
	char shown[UNITS_TEXT];

	layer->decoded += n;
	if (plan->max > 0 && layer->decoded > plan->max) {
		err_set(err, ERR_FAILED, "the body unpacks to more than %s"
			" (decode:SIZE, or --max-body)", units_print_size(plan->max, shown));
		return decode_bad(call, "limit");
	}
	if (plan->ratio > 0 && layer->decoded > DECODE_FREE &&
	    layer->decoded / plan->ratio > decode->encoded) {
		err_set(err, ERR_FAILED, "the body unpacks to more than %llu"
			" times its size (--decode-ratio)",
			(unsigned long long)plan->ratio);
		return decode_bad(call, "ratio");
	}
	return 0;
}

/* --- the layers --- */

/*
 * Sends bytes through the layers from `at` on: as deep as there are layers,
 * whatever the bytes are.
 */
static int
decode_push(struct decode *decode, size_t at, const uint8_t *p, size_t n,
	struct stage_call *call, struct err *err)
{
	struct decode_layer *layer;
	struct coding_io io = { .in = p, .n_in = n };
	size_t made;

	if (at == decode->n) {
		decode->passed += n;
		return stage_pass(call, p, n, err);
	}
	layer = decode->layers[at];
	do {
		io.out = layer->out;
		io.n_out = sizeof layer->out;
		n = io.n_in;
		layer->state = coding_step(layer->coding, &io);
		if (layer->state == CODING_BROKEN) {
			err_set(err, ERR_FAILED, "the body is not what"
				" Content-Encoding says, or is damaged");
			return decode_bad(call, "encoding");
		}
		if (at == 0)
			decode->encoded += n - io.n_in;
		made = sizeof layer->out - io.n_out;
		if (decode_count(decode, layer, made, call, err) != 0 ||
		    stage_stopped(call, err) != 0 ||
		    (made > 0 && decode_push(decode, at + 1, layer->out, made,
			call, err) != 0))
			return -1;
		/* Full room may mean that there is more to come out. */
	} while (io.n_in > 0 || io.n_out == 0);
	return 0;
}

static int
decode_unknown(const char *name, size_t len, struct stage_call *call,
	struct err *err)
{
	const char *library = coding_missing(name, len);
	int shown = (int)(len < DECODE_NAME_SHOWN ? len : DECODE_NAME_SHOWN);

	if (library != NULL)
		err_set(err, ERR_FAILED, "content coding '%.*s': this fetchall"
			" was built without %s", shown, name, library);
	else
		err_set(err, ERR_FAILED, "content coding '%.*s' is none that"
			" fetchall knows", shown, name);
	return decode_bad(call, "encoding");
}

static int
decode_add(struct decode *decode, const char *name, size_t len,
	struct stage_call *call, struct err *err)
{
	struct decode_layer *layer;
	struct coding *coding;

	for (; len > 0 && (*name == ' ' || *name == '\t'); len--)
		name++;
	if (len == 0 || (len == strlen("identity") &&
	    strncasecmp(name, "identity", len) == 0))
		return 0;
	if (decode->n == DECODE_LAYERS_MAX) {
		err_set(err, ERR_FAILED, "more than %d content codings",
			DECODE_LAYERS_MAX);
		return decode_bad(call, "encoding");
	}
	coding = coding_new(name, len);
	if (coding == NULL)
		return decode_unknown(name, len, call, err);
	if (decode->layers[decode->n] == NULL)
		decode->layers[decode->n] = mem_alloc(sizeof *layer);
	layer = decode->layers[decode->n++];
	layer->coding = coding;
	layer->state = CODING_GOES_ON;
	layer->decoded = 0;
	return 0;
}

/* Reads "gzip, br" from its end, since the last was put on last. */
static int
decode_read(struct decode *decode, const char *list, struct stage_call *call,
	struct err *err)
{
	size_t end = strlen(list);
	size_t at = end;	/* where the word begins */

	for (;; at--) {
		if (at > 0 && list[at - 1] != ',')
			continue;
		while (end > at && strchr(" \t", list[end - 1]) != NULL)
			end--;
		if (decode_add(decode, list + at, end - at, call, err) != 0)
			return -1;
		if (at == 0)
			return 0;
		end = at - 1;
	}
}

/* --- the stage --- */

static int
decode_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	const struct decode_settings *chosen = settings;
	struct decode_plan plan = { 0 };

	if (arg != NULL && units_size(arg, &plan.max) != 0)
		return err_set(err, ERR_USAGE, "'%.64s' is no SIZE; try"
			" decode:4MiB", arg);
	plan.ratio = chosen->ratio;
	*ret_plan = mem_dup(&plan, sizeof plan);
	return 0;
}

static int
decode_start(const void *plan, void **ret_self, struct err *err)
{
	struct decode *decode = mem_array(1, sizeof *decode);

	(void)err;
	decode->plan = plan;
	*ret_self = decode;
	return 0;
}

static void
decode_clear(struct decode *decode)
{
	while (decode->n > 0)
		coding_free(decode->layers[--decode->n]->coding);
	decode->encoded = 0;
	decode->passed = 0;
}

static void
decode_stop(void *self)
{
	struct decode *decode = self;
	size_t i;

	decode_clear(decode);
	for (i = 0; i < DECODE_LAYERS_MAX; i++)
		free(decode->layers[i]);
	free(decode);
}

static int
decode_begin(void *self, struct stage_call *call, struct err *err)
{
	struct decode *decode = self;
	const char *list = call->page->content_encoding;

	decode_clear(decode);
	return list != NULL ? decode_read(decode, list, call, err) : 0;
}

static int
decode_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	return n > 0 ? decode_push(self, 0, p, n, call, err) : 0;
}

static int
decode_end(void *self, struct stage_call *call, struct err *err)
{
	struct decode *decode = self;
	size_t i;

	/* An empty body is fine: servers send the header with those, too. */
	for (i = 0; i < decode->n && decode->encoded > 0; i++)
		if (decode->layers[i]->state != CODING_WHOLE) {
			err_set(err, ERR_FAILED,
				"the encoded body ended early");
			return decode_bad(call, "encoding");
		}
	value_set_u64(&call->values[DECODE_SIZE], decode->passed);
	decode_clear(decode);
	return 0;
}

const struct stage stage_decode = {
	.name = "decode",
	.arg = "[SIZE]",
	.brief = "undo Content-Encoding; --compressed puts it first",
	.notes = "Knows gzip, deflate, br and zstd (the last two where the "
		"libraries were there), up to five of them on one another. "
		"Other codings, damaged bodies and ones that end early fail "
		"with class body, detail encoding; what unpacks to more than "
		"SIZE (--max-body with --compressed) fails with detail limit, "
		"and see --decode-ratio. Several gzip members in a row are one "
		"body; other bytes behind the end of one are ignored, as in "
		"browsers, except by zstd. A body without Content-Encoding "
		"passes as it is.",
	.caps = STAGE_REPLACES,
	STAGE_COLUMNS(decode_columns),
	.opts = &decode_opts,
	.open = decode_open,
	.close = free,
	.start = decode_start,
	.stop = decode_stop,
	.begin = decode_begin,
	.feed = decode_feed,
	.end = decode_end,
};
