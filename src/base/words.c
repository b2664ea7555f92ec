/* SPDX-License-Identifier: MIT */
/*
 * words -- a command line into its words, for commands that are run without a
 * shell. wordexp(3) would expand variables, tildes and patterns, and would
 * refuse what it takes for a shell's operators.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/words.h"

static int
words_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static int
words_open_quote(char quote, struct err *err)
{
	return err_set(err, ERR_USAGE, "the quote %c is not closed", quote);
}

/* `at` is behind the opening quote; both return what is behind the closing
 * one. */
static const char *
words_single(const char *at, struct buf *word, struct err *err)
{
	const char *end = strchr(at, '\'');

	if (end == NULL) {
		words_open_quote('\'', err);
		return NULL;
	}
	buf_add(word, at, (size_t)(end - at));
	return end + 1;
}

static const char *
words_double(const char *at, struct buf *word, struct err *err)
{
	int taken;

	while (*at != '"') {
		taken = *at == '\\' && at[1] != '\0' &&
			strchr("\"\\$`\n", at[1]) != NULL;
		at += taken;
		if (*at == '\0') {
			words_open_quote('"', err);
			return NULL;
		}
		if (!taken || *at != '\n')
			buf_add_char(word, *at);
		at++;
	}
	return at + 1;
}

/* `at` is behind the backslash. */
static const char *
words_escaped(const char *at, struct buf *word, struct err *err)
{
	if (*at == '\0') {
		err_set(err, ERR_USAGE, "nothing follows the last backslash");
		return NULL;
	}
	if (*at != '\n')
		buf_add_char(word, *at);
	return at + 1;
}

/* Reads one word; returns what is behind it. */
static const char *
words_read(const char *at, struct buf *word, struct err *err)
{
	while (at != NULL && *at != '\0' && !words_blank(*at)) {
		switch (*at) {
		case '\'':
			at = words_single(at + 1, word, err);
			break;
		case '"':
			at = words_double(at + 1, word, err);
			break;
		case '\\':
			at = words_escaped(at + 1, word, err);
			break;
		default:
			buf_add_char(word, *at++);
		}
	}
	return at;
}

/* Blanks, and line ends that a backslash hides. */
static const char *
words_skip(const char *at)
{
	for (;;) {
		if (words_blank(*at))
			at++;
		else if (at[0] == '\\' && at[1] == '\n')
			at += 2;
		else
			return at;
	}
}

char **
words_split(const char *text, struct err *err)
{
	char **words = mem_array(1, sizeof *words);
	size_t n = 0;
	struct buf word;

	buf_init(&word, strlen(text));
	for (text = words_skip(text); *text != '\0'; text = words_skip(text)) {
		text = words_read(text, &word, err);
		if (text == NULL) {
			buf_release(&word);
			words_free(words);
			return NULL;
		}
		words = mem_grow(words, n + 2, sizeof *words);
		words[n++] = buf_take(&word);
		words[n] = NULL;
	}
	buf_release(&word);
	return words;
}

void
words_free(char **words)
{
	size_t i;

	if (words == NULL)
		return;
	for (i = 0; words[i] != NULL; i++)
		free(words[i]);
	free(words);
}
