/* SPDX-License-Identifier: MIT */
/*
 * chain_outcome -- what the stages made of a body, which may have been in
 * another process: so it goes there and back as bytes, and those are checked,
 * since a stage that went wrong may have written over them.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "core/chain.h"
#include "core/chain_outcome.h"
#include "core/verdict.h"

#define CHAIN_NO_TEXT UINT32_MAX
#define CHAIN_NO_DETAIL UINT32_MAX

/* Followed by the message without a NUL, and by the values. */
struct chain_outcome_head {
	int64_t took_us, cpu_us;
	uint32_t error_class;	/* ERROR_NONE: did not fail */
	uint32_t detail;	/* number of it, or CHAIN_NO_DETAIL */
	uint32_t errormsg_len;	/* or CHAIN_NO_TEXT */
	uint32_t has_values;
};

void
chain_outcome_release(struct chain_outcome *outcome,
	const struct chain *chain)
{
	const struct column *columns;
	size_t n;

	columns = chain_columns(chain, &n);
	if (outcome->values != NULL)
		values_clear(outcome->values, columns, n);
	free(outcome->values);
	free(outcome->errormsg);
	*outcome = (struct chain_outcome){ .failed = 0 };
}

/* --- written --- */

static uint32_t
chain_detail_number(const char *detail)
{
	uint32_t i;

	for (i = 0; detail != NULL && verdict_details[i] != NULL; i++)
		if (strcmp(verdict_details[i], detail) == 0)
			return i;
	return CHAIN_NO_DETAIL;
}

static void
chain_outcome_put(struct buf *out, const struct chain_outcome *outcome,
	const struct chain *chain)
{
	struct chain_outcome_head head = {
		.took_us = outcome->took_us,
		.cpu_us = outcome->cpu_us,
		.error_class = outcome->failed ?
			(uint32_t)outcome->error_class : ERROR_NONE,
		.detail = chain_detail_number(outcome->detail),
		.errormsg_len = outcome->errormsg != NULL ?
			(uint32_t)strlen(outcome->errormsg) : CHAIN_NO_TEXT,
		.has_values = outcome->values != NULL,
	};
	const struct column *columns;
	size_t n;

	buf_add(out, &head, sizeof head);
	if (outcome->errormsg != NULL)
		buf_add(out, outcome->errormsg, head.errormsg_len);
	if (outcome->values == NULL)
		return;
	columns = chain_columns(chain, &n);
	values_add(out, outcome->values, columns, n);
}

void
chain_outcome_add(struct buf *out, const struct chain_outcome *outcome,
	const struct chain *chain)
{
	static char text[] = "the stages say too much of this body";
	const struct chain_outcome instead = {
		.failed = 1, .error_class = ERROR_BODY, .detail = "limit",
		.errormsg = text,
		.took_us = outcome->took_us, .cpu_us = outcome->cpu_us,
	};
	size_t before = out->len;

	chain_outcome_put(out, outcome, chain);
	if (!out->full && out->len - before <= CHAIN_OUTCOME_MAX)
		return;
	buf_cut(out, before);
	out->full = 0;
	chain_outcome_put(out, &instead, chain);
}

/* --- read --- */

/* -1: there is no such detail. */
static int
chain_detail_read(uint32_t number, const char **ret)
{
	uint32_t i;

	*ret = NULL;
	if (number == CHAIN_NO_DETAIL)
		return 0;
	for (i = 0; verdict_details[i] != NULL; i++)
		if (i == number)
			*ret = verdict_details[i];
	return *ret != NULL ? 0 : -1;
}

static int
chain_read_values(const char *p, size_t len, const struct chain *chain,
	struct chain_outcome *ret)
{
	const struct column *columns;
	size_t n;

	columns = chain_columns(chain, &n);
	ret->values = mem_array(n, sizeof *ret->values);
	return values_read(p, len, ret->values, columns, n);
}

int
chain_outcome_read(const void *p, size_t len, const struct chain *chain,
	int64_t most_us, struct chain_outcome *ret)
{
	struct chain_outcome_head head;
	struct chain_outcome got = { .failed = 0 };
	const char *at = p;
	size_t text_len;
	int rc = 0;

	if (len < sizeof head)
		return -1;
	memcpy(&head, at, sizeof head);
	at += sizeof head;
	len -= sizeof head;
	text_len = head.errormsg_len != CHAIN_NO_TEXT ? head.errormsg_len : 0;
	if (head.took_us < 0 || head.took_us > most_us || head.cpu_us < 0 ||
	    head.has_values > 1 ||
	    head.error_class >= ERROR_CLASS_COUNT || text_len > len ||
	    chain_detail_read(head.detail, &got.detail) != 0)
		return -1;
	got.failed = head.error_class != ERROR_NONE;
	got.error_class = (enum error_class)head.error_class;
	got.took_us = head.took_us;
	/* Two clocks may differ a little; more than that is not believed. */
	got.cpu_us = head.cpu_us < head.took_us ? head.cpu_us : head.took_us;
	if (head.errormsg_len != CHAIN_NO_TEXT)
		got.errormsg = mem_strndup(at, text_len);
	if (head.has_values)
		rc = chain_read_values(at + text_len, len - text_len, chain,
			&got);
	else if (len > text_len)
		rc = -1;
	if (rc != 0)
		chain_outcome_release(&got, chain);
	else
		*ret = got;
	return rc;
}
