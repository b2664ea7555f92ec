/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_STAGE_TAGS_H
#define FETCHALL_STAGE_TAGS_H

#include <stddef.h>

#include "base/buf.h"

/* Limits for what is handed out; pages that people wrote stay far below. */
#define TAGS_SIZE_MAX 65536	/* bytes of a tag */
#define TAGS_VALUE_MAX 16384	/* bytes of an attribute's value */
#define TAGS_ATTRIBUTES_MAX 128
#define TAGS_NAME_MAX 16	/* longer names are nobody's */

/*
 * Finds the start tags of some elements in HTML that comes in pieces, where
 * browsers find them: not in comments, scripts and the like. Memory is one
 * tag's, time a few instructions a byte, whatever the page is.
 */
struct tags {
	/* Whether tags of this name (lower case) are wanted. */
	int (*wanted)(const char *name);
	/* Gets "<...>" as it stands, but without NULs, and with "data:," in
	 * place of a value that is longer than TAGS_VALUE_MAX. */
	void (*found)(void *arg, const char *name, const char *tag, size_t n);
	void *arg;
	/* A tag or a value went past a limit; data: URLs do not count. */
	int cut;

	/* The scanner's own. */
	int state;
	int end_tag;		/* </...> is being read */
	int named;		/* an attribute that may get a value */
	int apart;		/* a blank stood behind its name */
	int closing;		/* of what ends a comment: '-', '--', '--!' */
	char quote;		/* that ends the value; 0: none */
	size_t n_attributes;
	size_t value_at;	/* in tag */
	int skip;		/* the rest of the value */
	int keep;		/* the tag is wanted */
	char name[TAGS_NAME_MAX + 1];
	size_t name_len;
	char raw[TAGS_NAME_MAX + 1];	/* </raw> is what ends the text */
	struct buf tag;
};

void tags_init(struct tags *tags, int (*wanted)(const char *name),
	void (*found)(void *arg, const char *name, const char *tag, size_t n),
	void *arg);
void tags_release(struct tags *tags);
/* At the begin of another page. */
void tags_clear(struct tags *tags);
void tags_feed(struct tags *tags, const char *p, size_t n);

#endif
