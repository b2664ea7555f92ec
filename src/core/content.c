/* SPDX-License-Identifier: MIT */
/*
 * content -- one way to read what a body holds, whatever it went through:
 * nothing is copied, and of a long one only a window is in memory.
 */
#include "config.h"

#include "core/body.h"
#include "core/content.h"
#include "core/result.h"

#define CONTENT_WINDOW ((size_t)1 << 20)

int
content_open(struct content *content, const struct result *result,
	struct err *err)
{
	struct body *body = result->body;
	const void *p = NULL;

	*content = (struct content){ .p = "" };
	chunks_init(&content->chunks);
	if (body == NULL)
		return 0;
	if (body_is_made(body)) {
		if (body_view_made(body, &p, &content->n, err) != 0)
			return -1;
	} else {
		if (body_view(body, &p, &content->n, err) != 0)
			return -1;
		content->chunked = result->chunked;
	}
	content->p = p;
	content->mapped = body_fd(body) >= 0;
	return 0;
}

static int
content_next_chunk(struct content *content, const void **ret, size_t *ret_len,
	struct err *err)
{
	int more = chunks_next(&content->chunks, content->p, content->n,
		&content->at, ret, ret_len);

	if (more >= 0)
		return more;
	return err_set(err, ERR_FAILED,
		"the body is not in the chunked coding");
}

int
content_next(struct content *content, const void **ret, size_t *ret_len,
	struct err *err)
{
	size_t left = content->n - content->at;

	if (content->chunked)
		return content_next_chunk(content, ret, ret_len, err);
	if (left == 0)
		return 0;
	*ret = content->p + content->at;
	*ret_len = left < CONTENT_WINDOW ? left : CONTENT_WINDOW;
	content->at += *ret_len;
	return 1;
}

/* Whole windows that were read go back to the file they are mapped from. */
static void
content_unload(struct content *content)
{
	for (; content->mapped &&
	    content->at - content->passed >= CONTENT_WINDOW;
	    content->passed += CONTENT_WINDOW)
		body_unload(content->p + content->passed, CONTENT_WINDOW);
}

int
content_fd(const struct result *result)
{
	const struct body *body = result->body;

	if (body == NULL || (result->chunked && !body_is_made(body)))
		return -1;
	return body_fd(body);
}

int
content_write(const struct result *result,
	int (*write)(void *arg, const void *p, size_t n), void *arg,
	const char *what, struct err *err)
{
	struct content content;
	const void *p;
	size_t n;
	int more;

	if (content_open(&content, result, err) != 0)
		return -1;
	while ((more = content_next(&content, &p, &n, err)) > 0) {
		if (write(arg, p, n) != 0)
			return err_sys(err, "%s", what);
		content_unload(&content);
	}
	return more;
}
