/* SPDX-License-Identifier: MIT */
/*
 * coproc -- one command per worker that answers for all its bodies: a script
 * with a slow start is started once instead of once a body.
 *
 * It gets a line of JSON that says how long the body is, then the body, and
 * answers with one line. A line that nobody asked for would be taken for the
 * next body's answer, so a command that wrote one is ended and started anew.
 */
#include "config.h"

#include "stage/family.h"

#ifdef HAVE_JANSSON

#include <assert.h>
#include <jansson.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/command.h"
#include "base/mem.h"
#include "base/talk.h"
#include "base/units.h"
#include "base/utf8.h"
#include "core/ndjson.h"
#include "opt/opt.h"

#define COPROC_TRIES 2		/* with the same body */
#define COPROC_ANSWER_MAX 65536
#define COPROC_HEADER_MAX (16u * 1024 * 1024)
#define COPROC_LAST_US (2 * CLOCK_SECOND)	/* to end after all bodies */

struct coproc_settings {
	int64_t timeout;
	int shell;
};

struct coproc_plan {
	struct command command;
	int64_t timeout_us;
};

/* A worker's. */
struct coproc {
	const struct coproc_plan *plan;
	struct talk talk;
	struct ndjson *ndjson;
	struct buf header;
};

/* The header is a record with columns of its own. */
#define COPROC_FIELD(kind, ctype, field, title) \
	{ .name = title, .type = COLUMN_##kind, \
		.off = OPT_AT(struct result, field, ctype) }

/* clang-format off */
static const struct column coproc_fields[] = {
	COPROC_FIELD(U64, uint64_t, seq, "seq"),
	COPROC_FIELD(TEXT, char *, url, "url"),
	COPROC_FIELD(U64, uint64_t, response_code, "status"),
	COPROC_FIELD(TEXT, char *, content_type, "content_type"),
	COPROC_FIELD(U64, uint64_t, size_download, "length"),
	{ .name = "escaped", .type = COLUMN_ESCAPED },
};
/* clang-format on */

#define COPROC_FIELDS (sizeof coproc_fields / sizeof *coproc_fields)

static int
coproc_cancelled(const void *arg)
{
	return stage_cancelled(arg);
}

static int
coproc_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	const struct coproc_settings *own = settings;
	struct coproc_plan *plan = mem_array(1, sizeof *plan);

	if (command_open(&plan->command, arg != NULL ? arg : "", own->shell,
	    own->shell ? NULL : "a word of the shell needs --coproc-shell",
	    err) != 0) {
		free(plan);
		return -1;
	}
	plan->timeout_us = own->timeout;
	*ret_plan = plan;
	return 0;
}

static void
coproc_close(void *arg)
{
	struct coproc_plan *plan = arg;

	command_release(&plan->command);
	free(plan);
}

static int
coproc_start(const void *plan, void **ret_self, struct err *err)
{
	struct coproc *coproc = mem_array(1, sizeof *coproc);
	const struct column *items[COPROC_FIELDS];
	struct column_list fields = { .items = items, .n = COPROC_FIELDS };
	size_t i;

	(void)err;
	for (i = 0; i < COPROC_FIELDS; i++)
		items[i] = &coproc_fields[i];
	coproc->plan = plan;
	coproc->ndjson = ndjson_new(&fields);
	talk_init(&coproc->talk, COPROC_ANSWER_MAX);
	buf_init(&coproc->header, COPROC_HEADER_MAX);
	coproc->talk.cancelled = coproc_cancelled;
	*ret_self = coproc;
	return 0;
}

/* The end of its input tells the command that there is no more. When the run
 * is being ended it gets no time, which the last call still tells. */
static void
coproc_stop(void *self)
{
	struct coproc *coproc = self;
	struct talk *talk = &coproc->talk;

	if (talk->spawn.pid != 0) {
		talk->until_us = clock_us() + COPROC_LAST_US;
		spawn_close(&talk->spawn.in);
		talk_run(talk, NULL, 0, TALK_EXIT);
	}
	talk_release(talk);
	ndjson_free(coproc->ndjson);
	buf_release(&coproc->header);
	free(coproc);
}

static int
coproc_make_header(struct coproc *coproc, const struct stage_page *page,
	size_t n, struct err *err)
{
	/* The texts are only read. */
	struct result result = {
		.seq = page->seq,
		.url = (char *)(uintptr_t)page->url,
		.response_code = (uint64_t)page->response_code,
		.content_type = (char *)(uintptr_t)page->content_type,
		.size_download = n,
	};

	buf_clear(&coproc->header);
	if (ndjson_add(coproc->ndjson, &result, &coproc->header) != 0 ||
	    buf_add_char(&coproc->header, '\n') != 0)
		return err_set(err, ERR_SYSTEM, "the URL is too long for %s",
			coproc->plan->command.argv[0]);
	return 0;
}

/* Sees to it that a command runs that waits for a body. */
static int
coproc_ready(struct coproc *coproc, struct err *err)
{
	struct talk *talk = &coproc->talk;

	buf_clear(&talk->out);
	if (talk_quiet(talk))
		return 0;
	return talk_start(talk, &coproc->plan->command, environ, err);
}

static enum talk_end
coproc_ask(struct coproc *coproc, const void *p, size_t n)
{
	struct talk *talk = &coproc->talk;
	enum talk_end end;

	talk->until_us = clock_us() + coproc->plan->timeout_us;
	end = talk_run(talk, coproc->header.data, coproc->header.len,
		TALK_SENT);
	if (end == TALK_DONE)
		end = talk_run(talk, p, n, TALK_LINE);
	return end;
}

/* What an end without an answer is for the record. */
static int
coproc_fail(struct coproc *coproc, struct stage_call *call, enum talk_end end,
	int status, struct err *err)
{
	const struct coproc_plan *plan = coproc->plan;
	char shown[UNITS_TEXT];

	if (end == TALK_CANCELLED)
		return stage_stopped(call, err);
	if (end == TALK_LATE) {
		call->detail = "command_timeout";
		return err_set(err, ERR_SYSTEM, "%s did not answer within "
			"%s", plan->command.argv[0],
			units_show_time(plan->timeout_us, shown));
	}
	call->detail = WIFSIGNALED(status) ? "signal" :
		status != 0 ? "status" : "answer";
	return talk_explain(&coproc->talk, &plan->command, status, err);
}

/* Asks, and once more when the command ends instead of answering. */
static int
coproc_insist(struct coproc *coproc, struct stage_call *call, const void *p,
	size_t n, struct err *err)
{
	enum talk_end end;
	int try = 0, status;

	do {
		if (coproc_ready(coproc, err) != 0)
			return -1;
		end = coproc_ask(coproc, p, n);
		if (end == TALK_DONE)
			return 0;
		status = talk_stop(&coproc->talk);
	} while (++try < COPROC_TRIES && end == TALK_EXITED);
	return coproc_fail(coproc, call, end, status, err);
}

static int
coproc_is_object(const char *p, size_t n)
{
	/* Numbers are never used; as doubles they cannot be too big. */
	json_t *answer = json_loadb(p, n, JSON_ALLOW_NUL |
		JSON_DECODE_INT_AS_REAL, NULL);
	int is = json_is_object(answer);

	json_decref(answer);
	return is;
}

static int
coproc_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Appends the character at p and returns how many bytes it has. */
static size_t
coproc_add_character(struct buf *ascii, const char *p, size_t n)
{
	uint32_t code = 0;
	size_t len = utf8_decode(p, n, &code);

	assert(len > 0);	/* jansson took it for UTF-8 */
	if (code < 0x7f) {
		buf_add_char(ascii, coproc_blank(*p) ? ' ' : *p);
	} else if (code < 0x10000) {
		buf_printf(ascii, "\\u%04x", code);
	} else {
		buf_printf(ascii, "\\u%04x\\u%04x",
			0xd800 | (code - 0x10000) >> 10,
			0xdc00 | (code & 0x3ff));
	}
	return len;
}

/*
 * JSON without blanks around it and in ASCII, else as it was: what is beyond
 * ASCII is in strings, which know \uXXXX, and a tab or CR is a blank.
 */
static char *
coproc_ascii(const char *p, size_t n)
{
	struct buf ascii;
	size_t len;

	buf_init(&ascii, 6 * n);
	for (; n > 0; p += len, n -= len)
		len = coproc_add_character(&ascii, p, n);
	return buf_take(&ascii);
}

/* The one line that `out` should hold; NULL: something else. */
static char *
coproc_answer(const struct buf *out)
{
	const char *p = out->data;
	size_t n = out->len;

	if (n == 0 || memchr(p, '\n', n) != p + n - 1)
		return NULL;
	while (n > 0 && coproc_blank(p[n - 1]))
		n--;
	for (; n > 0 && coproc_blank(*p); n--)
		p++;
	return coproc_is_object(p, n) ? coproc_ascii(p, n) : NULL;
}

/* Why what it wrote is no answer. */
static int
coproc_refuse(const struct coproc *coproc, struct stage_call *call,
	struct err *err)
{
	const struct talk *talk = &coproc->talk;
	const char *name = coproc->plan->command.argv[0];

	call->detail = "answer";
	if (talk->cut && memchr(talk->out.data, '\n', talk->out.len) == NULL)
		return err_set(err, ERR_SYSTEM, "the answer of %s is longer "
			"than 64 KiB", name);
	return err_set(err, ERR_SYSTEM, "%s did not answer with one line that "
		"is a JSON object", name);
}

static int
coproc_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct coproc *coproc = self;
	char *answer;

	coproc->talk.arg = call;
	if (coproc_make_header(coproc, call->page, n, err) != 0 ||
	    coproc_insist(coproc, call, p, n, err) != 0)
		return -1;
	answer = coproc->talk.cut ? NULL : coproc_answer(&coproc->talk.out);
	if (answer == NULL) {
		talk_stop(&coproc->talk);
		return coproc_refuse(coproc, call, err);
	}
	value_set_text(&call->values[0], answer);
	return 0;
}

static const struct column coproc_columns[] = {
	STAGE_COLUMN(JSON, "coproc", "the command's answer, a JSON object"),
};

/* clang-format off */
static const struct opt coproc_rows[] = {
	{ .name = "coproc-timeout", .type = &opt_time,
	  .off = OPT_AT(struct coproc_settings, timeout, int64_t),
	  .arg = "TIME", .dflt = "60s", .min = 1000,
	  .max = UINT64_C(365) * 86400 * 1000000,
	  .brief = "longest time for an answer of coproc's command",
	  .notes = "A command that takes longer is killed, the record fails "
		"(exec, command_timeout), and the next body gets a new "
		"command." },
	{ .name = "coproc-shell", .type = &opt_flag,
	  .off = OPT_AT(struct coproc_settings, shell, int),
	  .brief = "run coproc's command by /bin/sh -c" },
};
/* clang-format on */

static const struct opt_set coproc_set = {
	.name = "coproc", .title = "Stage coproc",
	OPT_ROWS(coproc_rows), .settings_size = sizeof(struct coproc_settings),
};

#else
STAGE_WITHOUT("jansson", "libjansson-dev")
#endif

const struct stage stage_coproc = {
	.name = "coproc",
	.arg = "CMD",
	.brief = "hands bodies to a command that keeps running",
	.notes = "Each worker starts CMD once, with its first body. For each "
		"body the command reads a line such as {\"seq\":1,\"url\":"
		"\"http://a.example/\",\"status\":200,\"content_type\":"
		"\"text/html\",\"length\":648,\"escaped\":false} and then "
		"`length` bytes, and answers with one line that is a JSON "
		"object of up to 64 KiB, which is the column coproc. It must "
		"not hold that line back in a buffer, and ends when its input "
		"does. One that ends early is started anew, with the same body "
		"once. CMD is split as exec's is. Of its standard error only "
		"the last line is kept, for the errormsg when it fails.",
	.caps = STAGE_WHOLE | STAGE_COMMANDS,
#ifdef HAVE_JANSSON
	STAGE_COLUMNS(coproc_columns),
	.opts = &coproc_set,
	.open = coproc_open,
	.close = coproc_close,
	.start = coproc_start,
	.stop = coproc_stop,
	.feed = coproc_feed,
#else
	.open = stage_without,
#endif
};
