/* SPDX-License-Identifier: MIT */
/*
 * redirect -- the next hop's request, made from this hop's.
 *
 * libcurl could follow by itself; then nobody would see the hops, and gates,
 * name policy and credentials would be decided behind our back.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "core/redirect.h"

static int
redirect_drops_body(long status, const char *method, int has_body)
{
	int post = method != NULL ? strcmp(method, "POST") == 0 : has_body;

	if (status == 303)
		return method == NULL || strcmp(method, "HEAD") != 0;
	return (status == 301 || status == 302) && post;
}

/* What url_resolve() refuses: another scheme, or no URL at all. */
static const char *
redirect_refusal(const struct err *err)
{
	return strstr(err->text, "is not http or https") != NULL ? "blocked" :
		"bad_location";
}

int
redirect_request(struct fetch_request *request, long status,
	const char *location, const struct url *trusted, int allow_downgrade,
	const char **ret_detail, struct err *err)
{
	struct url next;

	if (url_resolve(&request->url, location, &next, err) != 0) {
		*ret_detail = redirect_refusal(err);
		return err_in(err, "redirect");
	}
	if (request->url.https && !next.https && !allow_downgrade) {
		*ret_detail = "downgrade";
		url_release(&next);
		return err_set(err, ERR_FAILED, "redirect from https to http "
			"(--allow-downgrade follows it)");
	}
	if (redirect_drops_body(status, request->method,
	    request->body != NULL)) {
		request->method = NULL;
		request->body = NULL;
		request->body_len = 0;
		request->flags |= FETCH_BODY_DROPPED;
	}
	request->flags &= ~(unsigned)FETCH_TRUSTED;
	if (url_same_origin(trusted, &next)) {
		request->flags |= FETCH_TRUSTED;
		if (next.userpwd == NULL && trusted->userpwd != NULL)
			next.userpwd = mem_strdup(trusted->userpwd);
	}
	url_release(&request->url);
	request->url = next;
	addrs_unref(request->addrs);
	request->addrs = NULL;
	return 0;
}
