/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_WORDS_H
#define FETCHALL_BASE_WORDS_H

#include "base/err.h"

/*
 * A command in words, split as a shell splits it: blanks separate; '...' is
 * taken as it stands; in "..." a backslash takes the " \ $ ` or line end
 * behind it, and outside of quotes whatever follows. A line end taken so is
 * dropped. Nothing is expanded: $ * ~ # | > ; are characters like others.
 *
 * NULL-terminated, for words_free(); there may be none. NULL with ERR_USAGE
 * when a quote is not closed or nothing follows a backslash.
 */
char **words_split(const char *text, struct err *err);
void words_free(char **words);	/* NULL is fine */

#endif
