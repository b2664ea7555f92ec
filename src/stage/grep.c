/* SPDX-License-Identifier: MIT */
/*
 * grep -- counts what a regular expression finds in the body, by PCRE2.
 *
 * The body is searched as a whole, since pages have no lines to speak of and
 * what is looked for often spans several. It is searched as bytes: pages come
 * in any character set, and to PCRE2 what is no UTF-8 would be an error, or a
 * check of the rest of the body at each match. A hostile page can make some
 * expressions take for ever, so there is a limit of steps for one match and
 * one of time for all of them.
 */
#include "config.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "opt/opt.h"
#include "stage/family.h"
#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

struct grep_settings {
	uint64_t steps;
	int64_t time_us;
};

static const struct opt grep_rows[] = {
	{ .name = "grep-steps", .type = &opt_count,
		.off = OPT_AT(struct grep_settings, steps, uint64_t),
		.arg = "N", .dflt = "10M", .min = 1000, .max = UINT32_MAX,
		.flags = OPT_EXPERT,
		.brief = "steps that finding one match may take",
		.notes = "PCRE2's match limit. A body that needs more fails "
			"with class exec, detail match_limit." },
	{ .name = "grep-time", .type = &opt_time,
		.off = OPT_AT(struct grep_settings, time_us, int64_t),
		.arg = "TIME", .dflt = "10s", .min = 1, .flags = OPT_EXPERT,
		.brief = "time that searching one body may take",
		.notes = "Looked at after each match. A body that needs more "
			"fails with class exec, detail match_limit." },
};

static const struct opt_set grep_opts = {
	.name = "grep",
	.title = "Stage grep",
	OPT_ROWS(grep_rows),
	.settings_size = sizeof(struct grep_settings),
};

enum grep_column { GREP_MATCHES, GREP_FIRST };

static const struct column grep_columns[] = {
	[GREP_MATCHES] = STAGE_COLUMN(U64, "grep_matches",
		"how often the expression of grep matches the body"),
	[GREP_FIRST] = STAGE_COLUMN(TEXT, "grep_first",
		"text of the first match, up to 200 bytes"),
};

#ifdef HAVE_PCRE2

#define GREP_FIRST_MAX 200
#define GREP_HEAP_KIB (16 * 1024)	/* of the interpreter */
#define GREP_STACK (1024 * 1024)	/* of code by the JIT compiler */

struct grep_plan {
	pcre2_code *code;
	struct grep_settings settings;
};

struct grep {
	const struct grep_plan *plan;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	int searched;		/* feed() was called for this body */
};

static void
grep_close(void *plan_)
{
	struct grep_plan *plan = plan_;

	pcre2_code_free(plan->code);
	free(plan);
}

static int
grep_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	struct grep_plan *plan;
	pcre2_code *code;
	PCRE2_SIZE offset;
	unsigned char text[128];
	int number;

	if (arg == NULL || *arg == '\0')
		return err_set(err, ERR_USAGE, "REGEX is missing; try"
			" 'grep:<title>'");
	code = pcre2_compile((PCRE2_SPTR)arg, PCRE2_ZERO_TERMINATED,
		PCRE2_NEVER_UTF, &number, &offset, NULL);
	if (code == NULL) {
		pcre2_get_error_message(number, text, sizeof text);
		return err_set(err, ERR_USAGE, "%s at offset %zu of"
			" '%.128s'", (const char *)text, offset, arg);
	}
	/* Where no page may be both written and run, it is interpreted. */
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	plan = mem_array(1, sizeof *plan);
	plan->code = code;
	plan->settings = *(const struct grep_settings *)settings;
	*ret_plan = plan;
	return 0;
}

static void
grep_stop(void *self)
{
	struct grep *grep = self;

	pcre2_match_context_free(grep->context);
	pcre2_match_data_free(grep->data);
	pcre2_jit_stack_free(grep->stack);
	free(grep);
}

static int
grep_start(const void *plan, void **ret_self, struct err *err)
{
	struct grep *grep = mem_array(1, sizeof *grep);

	grep->plan = plan;
	/* Only where the match is, not what its groups are. */
	grep->data = pcre2_match_data_create(1, NULL);
	grep->context = pcre2_match_context_create(NULL);
	if (grep->data == NULL || grep->context == NULL) {
		grep_stop(grep);
		return err_set(err, ERR_SYSTEM, "PCRE2: out of memory");
	}
	pcre2_set_match_limit(grep->context,
		(uint32_t)grep->plan->settings.steps);
	pcre2_set_heap_limit(grep->context, GREP_HEAP_KIB);
	/* NULL where there is no JIT compiler. */
	grep->stack = pcre2_jit_stack_create(32 * 1024, GREP_STACK, NULL);
	pcre2_jit_stack_assign(grep->context, NULL, grep->stack);
	*ret_self = grep;
	return 0;
}

static int
grep_begin(void *self, struct stage_call *call, struct err *err)
{
	struct grep *grep = self;

	(void)call, (void)err;
	grep->searched = 0;
	return 0;
}

static int
grep_failed(int number, struct stage_call *call, struct err *err)
{
	unsigned char text[128];

	pcre2_get_error_message(number, text, sizeof text);
	call->error_class = ERROR_EXEC;
	if (number == PCRE2_ERROR_MATCHLIMIT ||
	    number == PCRE2_ERROR_DEPTHLIMIT ||
	    number == PCRE2_ERROR_HEAPLIMIT ||
	    number == PCRE2_ERROR_JIT_STACKLIMIT)
		call->detail = "match_limit";
	return err_set(err, ERR_FAILED, "grep: %s", (const char *)text);
}

/* The text, cut where it gets long, but not within a character. */
static char *
grep_shorten(const char *p, size_t n)
{
	size_t len = n < GREP_FIRST_MAX ? n : GREP_FIRST_MAX;
	size_t back;

	for (back = 1; n > len && back < 4 && back < len; back++)
		if ((p[len - back] & 0xc0) == 0xc0) {
			if (utf8_decode(p + len - back, n - len + back, NULL) >
			    back)
				len -= back;
			break;
		}
	return mem_strndup(p, len);
}

/* Whether another match may be looked for. */
static int
grep_go_on(const struct grep *grep, int64_t begun, struct stage_call *call,
	struct err *err)
{
	if (stage_stopped(call, err) != 0)
		return -1;
	if (clock_us() - begun <= grep->plan->settings.time_us)
		return 0;
	call->error_class = ERROR_EXEC;
	call->detail = "match_limit";
	return err_set(err, ERR_FAILED, "grep: the search took longer than"
		" --grep-time");
}

/*
 * Where the next match may begin. Behind an empty one there may be one that is
 * not, at the same place; where \K made one of nothing, there is none.
 */
static size_t
grep_next(const struct grep *grep, uint32_t *options)
{
	const PCRE2_SIZE *match = pcre2_get_ovector_pointer(grep->data);
	int nothing = match[1] == pcre2_get_startchar(grep->data);

	*options = nothing && match[0] == match[1] ?
		PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
	return nothing && match[0] != match[1] ? match[1] + 1 : match[1];
}

/* Counts matches that do not overlap. */
static int
grep_search(struct grep *grep, const char *p, size_t n,
	struct stage_call *call, struct err *err)
{
	const PCRE2_SIZE *match = pcre2_get_ovector_pointer(grep->data);
	int64_t begun = clock_us();
	uint64_t count = 0;
	size_t at = 0;
	uint32_t options = 0;
	int rc;

	while (at <= n) {
		rc = pcre2_match(grep->plan->code, (PCRE2_SPTR)p, n, at,
			options, grep->data, grep->context);
		if (rc == PCRE2_ERROR_NOMATCH && options == 0)
			break;
		if (rc == PCRE2_ERROR_NOMATCH) {
			at++;
			options = 0;
			continue;
		}
		if (rc < 0)
			return grep_failed(rc, call, err);
		/* \K within a look-ahead puts the begin behind the end. */
		if (count++ == 0 && match[0] <= match[1])
			value_set_text(&call->values[GREP_FIRST], grep_shorten(
				p + match[0], match[1] - match[0]));
		at = grep_next(grep, &options);
		if (grep_go_on(grep, begun, call, err) != 0)
			return -1;
	}
	value_set_u64(&call->values[GREP_MATCHES], count);
	return 0;
}

static int
grep_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct grep *grep = self;

	grep->searched = 1;
	return grep_search(grep, n > 0 ? p : "", n, call, err);
}

/* An empty body may be one that feed() never heard of. */
static int
grep_end(void *self, struct stage_call *call, struct err *err)
{
	struct grep *grep = self;

	return grep->searched ? 0 : grep_search(grep, "", 0, call, err);
}

#else

STAGE_WITHOUT("PCRE2", "libpcre2-dev")

#endif

const struct stage stage_grep = {
	.name = "grep",
	.arg = "REGEX",
	.brief = "count what a regular expression finds",
	.notes = "REGEX is a Perl-compatible one and finds bytes, in the body "
		"as a whole: (?i) ignores the case of ASCII letters, (?s) lets "
		"a dot match newlines, (?m) lets ^ and $ match at lines.",
	.caps = STAGE_WHOLE,
	STAGE_COLUMNS(grep_columns),
	.opts = &grep_opts,
#ifdef HAVE_PCRE2
	.open = grep_open,
	.close = grep_close,
	.start = grep_start,
	.stop = grep_stop,
	.begin = grep_begin,
	.feed = grep_feed,
	.end = grep_end,
#else
	.open = stage_without,
#endif
};
