/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_ERR_H
#define FETCHALL_BASE_ERR_H

/*
 * The one way to fail. A function that can fail returns -1 (or NULL) and
 * fills the caller's struct err, its last parameter; one that succeeds leaves
 * it alone. What happens to a URL is never an error of this kind: that is a
 * row of results.
 */

/* X(code, exit status, meaning): also the manual's EXIT STATUS section. */
#define ERR_CODES(X) \
	X(NONE, 0, "every URL was fetched") \
	X(FAILED, 1, "some URL failed; with --first: none was fetched") \
	X(USAGE, 2, "bad option, value or combination") \
	X(IO, 3, "a local file cannot be read or written") \
	X(SYSTEM, 4, "the operating system refused") \
	X(INTERRUPTED, 130, "ended early by SIGINT; what was written is whole") \
	X(CLOSED, 141, "the reader of standard output went away") \
	X(TERMINATED, 143, "ended early by SIGTERM; what was written is whole")

#define ERR_ENUM(code, status, text) ERR_##code,
enum err_code { ERR_CODES(ERR_ENUM) };
#undef ERR_ENUM

struct err {
	enum err_code code;
	char text[512];		/* one line, no full stop, no newline */
};

#define FA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Fills `err` (NULL: nobody wants to know). Always returns -1. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	FA_PRINTF(3, 4);

/*
 * The same with ": " and the text of errno appended. The code is ERR_IO for
 * what a file or disk says, ERR_SYSTEM for the rest. Always returns -1.
 */
int err_sys(struct err *err, const char *fmt, ...) FA_PRINTF(2, 3);

/* Puts "context: " before the text while unwinding. Always returns -1. */
int err_in(struct err *err, const char *fmt, ...) FA_PRINTF(2, 3);

/* The exit status that goes with a code. */
int err_status(enum err_code code);

#endif
