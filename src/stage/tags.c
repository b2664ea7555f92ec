/* SPDX-License-Identifier: MIT */
/*
 * tags -- where in a page the tags are, by the rules of the HTML standard's
 * tokenizer (WHATWG HTML 13.2.5).
 *
 * A guard in front of a parser: libxml2's keeps a whole script, comment or tag
 * until its end has come, compares each attribute with all before it, and each
 * end tag with all that are open, so that a page of 100 MB can cost gigabytes
 * and hours. What it gets from here are single tags of bounded size.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "stage/tags.h"

enum tags_state {
	TAGS_TEXT,
	TAGS_OPEN,		/* < */
	TAGS_OPEN_END,		/* </ */
	TAGS_NAME,		/* <a */
	TAGS_ATTRIBUTES,	/* <a ... */
	TAGS_EQUALS,		/* <a href= */
	TAGS_VALUE,		/* <a href="... */
	TAGS_MARKUP,		/* <! */
	TAGS_MARKUP_DASH,	/* <!- */
	TAGS_COMMENT,		/* <!-- */
	TAGS_BOGUS,		/* <? and the like, up to > */
	TAGS_RAW,		/* within script and the like */
	TAGS_RAW_OPEN,		/* < there */
	TAGS_RAW_NAME,		/* </ there */
};

/* Their text holds no tags. */
static const char *const tags_raw[] = {
	"script", "style", "textarea", "title", "iframe", "xmp", "noembed",
	"noframes",
};

void
tags_init(struct tags *tags, int (*wanted)(const char *name),
	void (*found)(void *arg, const char *name, const char *tag, size_t n),
	void *arg)
{
	*tags = (struct tags){
		.wanted = wanted,
		.found = found,
		.arg = arg,
	};
	buf_init(&tags->tag, TAGS_SIZE_MAX);
}

void
tags_release(struct tags *tags)
{
	buf_release(&tags->tag);
}

void
tags_clear(struct tags *tags)
{
	tags->state = TAGS_TEXT;
	tags->cut = 0;
}

static int
tags_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
tags_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static void
tags_keep(struct tags *tags, const char *p, size_t n)
{
	size_t i;

	if (!tags->keep || tags->skip)
		return;
	buf_add(&tags->tag, p, n);
	for (i = tags->tag.full ? n : 0; i < n; i++)
		if (p[i] == '\0')
			/* As much a control character, and no end. */
			tags->tag.data[tags->tag.len - n + i] = 0x7f;
}

/* --- tags --- */

static void
tags_begin(struct tags *tags, char c, int end_tag)
{
	tags->state = TAGS_NAME;
	tags->end_tag = end_tag;
	tags->name[0] = (char)(c | 0x20);
	tags->name_len = 1;
	tags->keep = 0;
	tags->skip = 0;
	tags->named = 0;
	tags->apart = 0;
	tags->n_attributes = 0;
}

static void
tags_end(struct tags *tags)
{
	size_t i;

	tags->state = TAGS_TEXT;
	if (tags->keep) {
		tags_keep(tags, ">", 1);
		if (tags->tag.full || tags->n_attributes > TAGS_ATTRIBUTES_MAX)
			tags->cut = 1;
		else
			tags->found(tags->arg, tags->name, tags->tag.data,
				tags->tag.len);
	}
	for (i = 0; !tags->end_tag && i < sizeof tags_raw / sizeof *tags_raw;
	    i++)
		if (strcmp(tags->name, tags_raw[i]) == 0) {
			memcpy(tags->raw, tags->name, sizeof tags->raw);
			tags->state = TAGS_RAW;
		}
}

static void
tags_end_name(struct tags *tags)
{
	tags->name[tags->name_len] = '\0';
	tags->keep = !tags->end_tag && tags->wanted(tags->name);
	if (!tags->keep)
		return;
	buf_clear(&tags->tag);
	buf_add_char(&tags->tag, '<');
	buf_add_text(&tags->tag, tags->name);
}

/* Outside of values. */
static void
tags_step_attributes(struct tags *tags, char c)
{
	if (c == '>') {
		tags_end(tags);
		return;
	}
	tags_keep(tags, &c, 1);
	if (c == '=' && tags->named) {
		tags->state = TAGS_EQUALS;
	} else if (c == '/') {
		tags->named = 0;
	} else if (tags_is_blank(c)) {
		/* The name before it may still get a "=". */
		tags->apart = 1;
	} else {
		tags->n_attributes += !tags->named || tags->apart;
		tags->named = 1;
		tags->apart = 0;
	}
}

/* A NUL is part of the name, and makes it one that nobody wants. */
static char
tags_name_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return c != '\0' ? c : 0x7f;
}

static void
tags_step_name(struct tags *tags, char c)
{
	if (c == '>' || c == '/' || tags_is_blank(c)) {
		tags_end_name(tags);
		tags->state = TAGS_ATTRIBUTES;
		tags_step_attributes(tags, c);
		return;
	}
	if (tags->name_len < TAGS_NAME_MAX)
		tags->name[tags->name_len++] = tags_name_char(c);
}

static void
tags_step_equals(struct tags *tags, char c)
{
	tags->named = 0;
	if (c == '>') {
		tags_end(tags);
		return;
	}
	tags_keep(tags, &c, 1);
	if (tags_is_blank(c))
		return;
	tags->state = TAGS_VALUE;
	tags->quote = c == '"' || c == '\'' ? c : '\0';
	tags->value_at = tags->tag.len - (tags->quote == '\0');
}

/* A value that gets too long becomes one that is no link. */
static void
tags_shorten(struct tags *tags)
{
	if (!tags->keep || tags->skip ||
	    tags->tag.len - tags->value_at <= TAGS_VALUE_MAX)
		return;
	if (strncasecmp(tags->tag.data + tags->value_at, "data:", 5) != 0)
		tags->cut = 1;
	buf_cut(&tags->tag, tags->value_at);
	buf_add_text(&tags->tag, "data:,");
	tags->skip = 1;
}

static void
tags_step_value(struct tags *tags, char c)
{
	if (tags->quote != '\0' ? c == tags->quote :
	    c == '>' || tags_is_blank(c)) {
		tags->skip = 0;
		tags->state = TAGS_ATTRIBUTES;
		if (tags->quote != '\0')
			tags_keep(tags, &c, 1);
		else
			tags_step_attributes(tags, c);
		return;
	}
	tags_keep(tags, &c, 1);
	tags_shorten(tags);
}

/* --- everything else --- */

static void
tags_step_open(struct tags *tags, char c)
{
	int end_tag = tags->state == TAGS_OPEN_END;

	if (tags_is_letter(c))
		tags_begin(tags, c, end_tag);
	else if (end_tag)
		tags->state = c == '>' ? TAGS_TEXT : TAGS_BOGUS;
	else if (c == '/')
		tags->state = TAGS_OPEN_END;
	else if (c == '!')
		tags->state = TAGS_MARKUP;
	else if (c == '?')
		tags->state = TAGS_BOGUS;
	else if (c != '<')
		tags->state = TAGS_TEXT;
}

static void
tags_step_markup(struct tags *tags, char c)
{
	if (c == '>')
		tags->state = TAGS_TEXT;
	else if (c != '-')
		tags->state = TAGS_BOGUS;
	else if (tags->state == TAGS_MARKUP)
		tags->state = TAGS_MARKUP_DASH;
	else
		tags->state = TAGS_COMMENT;
	/* "<!-->" is a whole comment. */
	tags->closing = 2;
}

static void
tags_step_comment(struct tags *tags, char c)
{
	if (c == '>' && tags->closing >= 2)
		tags->state = TAGS_TEXT;
	else if (c == '-')
		tags->closing = tags->closing == 1 || tags->closing == 2 ?
			2 : 1;
	else
		tags->closing = c == '!' && tags->closing == 2 ? 3 : 0;
}

static void
tags_step_raw(struct tags *tags, char c)
{
	if (tags->state == TAGS_RAW_OPEN) {
		tags->state = c == '/' ? TAGS_RAW_NAME :
			c == '<' ? TAGS_RAW_OPEN : TAGS_RAW;
		tags->name_len = 0;
		return;
	}
	if (tags_is_letter(c) && tags->name_len < TAGS_NAME_MAX) {
		tags->name[tags->name_len++] = (char)(c | 0x20);
		return;
	}
	tags->name[tags->name_len] = '\0';
	if ((c != '>' && c != '/' && !tags_is_blank(c)) ||
	    strcmp(tags->name, tags->raw) != 0) {
		tags->state = c == '<' ? TAGS_RAW_OPEN : TAGS_RAW;
		return;
	}
	tags->end_tag = 1;
	tags->keep = 0;
	tags->named = 0;
	tags->state = TAGS_ATTRIBUTES;
	tags_step_attributes(tags, c);
}

static void
tags_step(struct tags *tags, char c)
{
	switch ((enum tags_state)tags->state) {
	case TAGS_TEXT:
		if (c == '<')
			tags->state = TAGS_OPEN;
		return;
	case TAGS_RAW:
		if (c == '<')
			tags->state = TAGS_RAW_OPEN;
		return;
	case TAGS_OPEN:
	case TAGS_OPEN_END:
		tags_step_open(tags, c);
		return;
	case TAGS_NAME:
		tags_step_name(tags, c);
		return;
	case TAGS_ATTRIBUTES:
		tags_step_attributes(tags, c);
		return;
	case TAGS_EQUALS:
		tags_step_equals(tags, c);
		return;
	case TAGS_VALUE:
		tags_step_value(tags, c);
		return;
	case TAGS_MARKUP:
	case TAGS_MARKUP_DASH:
		tags_step_markup(tags, c);
		return;
	case TAGS_COMMENT:
		tags_step_comment(tags, c);
		return;
	case TAGS_BOGUS:
		if (c == '>')
			tags->state = TAGS_TEXT;
		return;
	case TAGS_RAW_OPEN:
	case TAGS_RAW_NAME:
		tags_step_raw(tags, c);
		return;
	}
}

/* The byte that ends a run of bytes which change nothing; 0: none does. */
static char
tags_awaited(const struct tags *tags)
{
	switch ((enum tags_state)tags->state) {
	case TAGS_TEXT:
	case TAGS_RAW:
		return '<';
	case TAGS_BOGUS:
		return '>';
	case TAGS_VALUE:
		return tags->keep && !tags->skip ? '\0' : tags->quote;
	case TAGS_COMMENT:
		return tags->closing == 0 ? '-' : '\0';
	case TAGS_OPEN:
	case TAGS_OPEN_END:
	case TAGS_NAME:
	case TAGS_ATTRIBUTES:
	case TAGS_EQUALS:
	case TAGS_MARKUP:
	case TAGS_MARKUP_DASH:
	case TAGS_RAW_OPEN:
	case TAGS_RAW_NAME:
		break;
	}
	return '\0';
}

void
tags_feed(struct tags *tags, const char *p, size_t n)
{
	const char *end = p + n;
	char awaited;

	while (p < end) {
		awaited = tags_awaited(tags);
		if (awaited != '\0')
			p = memchr(p, awaited, (size_t)(end - p));
		if (p == NULL)
			return;
		tags_step(tags, *p++);
	}
}
