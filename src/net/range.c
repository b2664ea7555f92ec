/* SPDX-License-Identifier: MIT */
/*
 * range -- what is said about parts of files, by servers that need not mean
 * it: a part in the wrong place would spoil a file that is otherwise whole.
 */
#include "config.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "net/range.h"

/* Digits alone, below 2^63; what is behind them, or NULL. */
static const char *
range_number(const char *at, uint64_t *ret)
{
	const char *start = at;

	for (*ret = 0; *at >= '0' && *at <= '9'; at++) {
		if (*ret > (INT64_MAX - 9) / 10)
			return NULL;
		*ret = *ret * 10 + (uint64_t)(*at - '0');
	}
	return at != start ? at : NULL;
}

/* "first-last", or a star. */
static const char *
range_part(const char *at, struct range *ret)
{
	if (*at == '*')
		return at + 1;
	at = range_number(at, &ret->first);
	if (at == NULL || *at != '-')
		return NULL;
	ret->given = 1;
	return range_number(at + 1, &ret->last);
}

static const char *
range_total(const char *at, struct range *ret)
{
	/* One of the two must be told. */
	if (*at == '*')
		return ret->given ? at + 1 : NULL;
	at = range_number(at, &ret->total);
	if (at == NULL || !ret->given)
		return at;
	return ret->last < ret->total ? at : NULL;
}

static int
range_read(const char *at, struct range *ret)
{
	if (strncasecmp(at, "bytes", 5) != 0 || at[5] != ' ')
		return -1;
	at = range_part(at + 6, ret);
	if (at == NULL || *at != '/' || ret->first > ret->last)
		return -1;
	at = range_total(at + 1, ret);
	return at != NULL && *at == '\0' ? 0 : -1;
}

int
range_parse(const char *value, struct range *ret)
{
	*ret = (struct range){ 0 };
	if (range_read(value, ret) == 0)
		return 0;
	*ret = (struct range){ 0 };
	return -1;
}

int
range_validates(const char *text)
{
	size_t len = strlen(text), i;

	if (text[0] != '"') {
		/* A header line of ours: nothing may end it early. */
		for (i = 0; i < len; i++)
			if (text[i] < ' ' || text[i] > '~')
				return 0;
		return curl_getdate(text, NULL) >= 0;
	}
	if (len < 2 || text[len - 1] != '"')
		return 0;
	for (i = 1; i < len - 1; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == '"' ||
		    text[i] == 0x7f)
			return 0;
	return 1;
}
