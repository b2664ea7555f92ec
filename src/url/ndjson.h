/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_NDJSON_H
#define FETCHALL_URL_NDJSON_H

#include <stddef.h>

#include "base/err.h"

struct source_request;

/* 0 in a build without jansson: then ndjson_read() must not be called. */
int ndjson_built(void);

/*
 * Reads one line, an object with "url" and perhaps "method" (a token of RFC
 * 9110), "headers" (an object of strings, or an array of "Name: value"),
 * "body" and "output"; null counts as absent and unknown keys are passed
 * over. *ret_url is the caller's to free(); *ret_request is NULL when there is
 * nothing beyond the URL. Errors quote nothing of the line, which may hold
 * secrets.
 */
int ndjson_read(const char *line, size_t len, char **ret_url,
	struct source_request **ret_request, struct err *err);

#endif
