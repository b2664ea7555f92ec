/* SPDX-License-Identifier: MIT */
/*
 * content -- a body as those read it who want what the server meant, not how
 * it was sent. The one place that knows where that is, so that sinks need
 * not.
 */
#include "config.h"

#include "core/body.h"
#include "core/content.h"
#include "net/chunks.h"

/* So much of a file is in memory at a time; whole pages. */
#define CONTENT_WINDOW ((size_t)1 << 20)

struct content {
	int chunked;
	struct chunks chunks;
	content_taker *take;
	void *arg;
};

static int
content_push(struct content *content, const char *p, size_t n,
	struct err *err)
{
	const void *span;
	size_t at = 0, len;
	int more;

	if (!content->chunked)
		return content->take(content->arg, p, n, err);
	while ((more = chunks_next(&content->chunks, p, n, &at, &span,
	    &len)) > 0)
		if (content->take(content->arg, span, len, err) != 0)
			return -1;
	if (more == 0)
		return 0;
	return err_set(err, ERR_IO, "a body that was kept is not in the "
		"chunked coding any more");
}

/* All bytes, and whether they still have the framing. */
static int
content_view(struct body *body, int *chunked, const void **ret,
	size_t *ret_len, struct err *err)
{
	if (!body_is_made(body))
		return body_view(body, ret, ret_len, err);
	*chunked = 0;
	return body_view_made(body, ret, ret_len, err);
}

int
content_read(struct body *body, int chunked, content_taker *take, void *arg,
	struct err *err)
{
	struct content content = { .take = take, .arg = arg };
	const void *bytes;
	size_t len, at, n;
	const char *p;

	if (body == NULL)
		return 0;
	if (content_view(body, &chunked, &bytes, &len, err) != 0)
		return -1;
	content.chunked = chunked;
	chunks_init(&content.chunks);
	for (at = 0; at < len; at += n) {
		p = (const char *)bytes + at;
		n = len - at < CONTENT_WINDOW ? len - at : CONTENT_WINDOW;
		if (content_push(&content, p, n, err) != 0)
			return -1;
		if (body_fd(body) >= 0)
			body_unload(p, n);
	}
	return 0;
}

int
content_fd(const struct body *body, int chunked)
{
	if (body == NULL || (chunked && !body_is_made(body)))
		return -1;
	return body_fd(body);
}
