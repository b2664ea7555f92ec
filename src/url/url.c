/* SPDX-License-Identifier: MIT */
/*
 * url -- URLs as libcurl understands them, in one spelling.
 *
 * Only http and https pass; the scheme is looked at before libcurl sees it.
 * Kept from it: fragments, and blanks and raw bytes behind the host (it would
 * write a blank in a query as "+", browsers write %20). The parts it gives out
 * become the text in parts.c; relative references are merged in reference.c;
 * what people may see of a URL is public.c's.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "url/parts.h"
#include "url/public.h"
#include "url/reference.h"
#include "url/url.h"

#define URL_SCHEME_SHOWN 32

/* What one pass over a text finds. */
struct url_scan {
	size_t len;		/* without the fragment */
	int control;		/* some control character */
	int raw;		/* some blank or byte over 0x7f */
};

static struct url_scan
url_scan_text(const char *text)
{
	struct url_scan scan = { 0 };
	const char *fragment = NULL;
	const char *p;

	for (p = text; *p != '\0' && p - text <= PARTS_URL_MAX; p++) {
		unsigned char c = (unsigned char)*p;

		if (c <= ' ' || c >= 0x7f) {
			if (c == ' ' || c > 0x7f)
				scan.raw = 1;
			else
				scan.control = 1;
		} else if (c == '#' && fragment == NULL) {
			fragment = p;
		}
	}
	scan.len = (size_t)((fragment != NULL ? fragment : p) - text);
	if (p - text > PARTS_URL_MAX)
		scan.len = PARTS_URL_MAX + 1;
	return scan;
}

static int
url_scheme_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* Length of the scheme when `text` begins with "scheme:", else 0. */
static size_t
url_scheme_len(const char *text)
{
	size_t n = 0;

	if ((text[0] | 0x20) < 'a' || (text[0] | 0x20) > 'z')
		return 0;
	while (url_scheme_char(text[n]))
		n++;
	return text[n] == ':' ? n : 0;
}

static int
url_scheme_is(const char *text, size_t n, const char *scheme)
{
	return n == strlen(scheme) && strncasecmp(text, scheme, n) == 0;
}

static int
url_scheme_check(const char *text, size_t n, struct err *err)
{
	if (!url_scheme_is(text, n, "http") && !url_scheme_is(text, n, "https"))
		return err_set(err, ERR_USAGE,
			"scheme '%.*s' is not http or https",
			n < URL_SCHEME_SHOWN ? (int)n : URL_SCHEME_SHOWN, text);
	if (text[n + 1] != '/')
		return err_set(err, ERR_USAGE, "'//' is missing after the"
			" scheme");
	return 0;
}

/*
 * Without "/" behind the colon, "word:" may be a host and its port, or a user
 * and a password. These few are meant as schemes.
 */
static int
url_scheme_opaque(const char *text, size_t n)
{
	static const char *const opaque[] = {
		"http", "https", "mailto", "javascript", "about", "urn",
	};
	size_t i;

	for (i = 0; i < sizeof opaque / sizeof *opaque; i++)
		if (url_scheme_is(text, n, opaque[i]))
			return 1;
	return url_scheme_is(text, n, "data") && strchr(text, ',') != NULL;
}

static int
url_no_scheme(const char *text, struct err *err)
{
	struct buf shown;

	while (*text == '/')
		text++;
	buf_init(&shown, PUBLIC_SHOWN_MAX);
	if (*text == '\0' || public_add_shown(&shown, text, strlen(text)) != 0)
		err_set(err, ERR_USAGE, "no scheme and no host");
	else
		err_set(err, ERR_USAGE,
			"no scheme: did you mean http://%s?", buf_text(&shown));
	buf_release(&shown);
	return -1;
}

/*
 * What must stand in front of `text`: *ret_scheme is NULL when it has a scheme
 * of its own, else the one to put before it, with *ret_slashes.
 */
static int
url_prefix(const char *text, const char *proto_default,
	const char **ret_scheme, const char **ret_slashes, struct err *err)
{
	size_t n = url_scheme_len(text);

	*ret_scheme = NULL;
	*ret_slashes = "";
	if (n > 0 && (text[n + 1] == '/' || url_scheme_opaque(text, n)))
		return url_scheme_check(text, n, err);
	if (*text == '\0' || *text == '#')
		return err_set(err, ERR_USAGE, "no URL");
	if (proto_default == NULL)
		return url_no_scheme(text, err);
	if (strcasecmp(proto_default, "http") != 0 &&
	    strcasecmp(proto_default, "https") != 0)
		return err_set(err, ERR_USAGE,
			"scheme '%.32s' is not http or https", proto_default);
	*ret_scheme = proto_default;
	*ret_slashes = text[0] == '/' && text[1] == '/' ? ":" : "://";
	return 0;
}

static void
url_add_encoded(struct buf *out, const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c != ' ' && c < 0x80) {
			buf_add_char(out, p[i]);
			continue;
		}
		buf_add_char(out, '%');
		buf_add_char(out, hex[c >> 4]);
		buf_add_char(out, hex[c & 15]);
	}
}

/*
 * The text for CURLU: with a scheme, without fragment, encoded behind the
 * host. Inside the host raw bytes are IDN, and blanks are an error.
 */
static const char *
url_complete(const char *text, const struct url_scan *scan,
	const char *scheme, const char *slashes, struct buf *full)
{
	const char *host;
	size_t len, tail;

	if (scheme == NULL && !scan->raw && text[scan->len] == '\0')
		return text;
	if (scheme != NULL) {
		buf_add_text(full, scheme);
		buf_add_text(full, slashes);
	}
	buf_add(full, text, scan->len);
	if (!scan->raw)
		return buf_text(full);
	host = parts_authority(full->data, &len);
	tail = full->len - (size_t)(host - full->data) - len;
	buf_cut(full, full->len - tail);
	url_add_encoded(full, text + scan->len - tail, tail);
	return buf_text(full);
}

int
url_parse(const char *text, const char *proto_default, struct url *ret,
	struct err *err)
{
	struct url_scan scan = url_scan_text(text);
	const char *scheme, *slashes;
	struct buf full;
	int rc;

	if (scan.len > PARTS_URL_MAX)
		return err_set(err, ERR_USAGE, "the URL is over %d bytes long",
			PARTS_URL_MAX);
	if (scan.control)
		return err_set(err, ERR_USAGE, "a control character in the"
			" URL");
	if (url_prefix(text, proto_default, &scheme, &slashes, err) != 0)
		return -1;
	buf_init(&full, 4 * PARTS_URL_MAX);
	rc = parts_read(url_complete(text, &scan, scheme, slashes, &full), ret,
		err);
	buf_release(&full);
	return rc;
}

static int
url_copy(const struct url *from, struct url *ret)
{
	*ret = *from;
	ret->text = mem_strdup(from->text);
	if (from->userpwd != NULL)
		ret->userpwd = mem_strdup(from->userpwd);
	return 0;
}

static int
url_resolve_clean(const struct url *base, const char *ref, struct url *ret,
	struct err *err)
{
	const char *scheme = base->https ? "https" : "http";
	size_t n = url_scheme_len(ref);
	struct buf merged;
	int rc;

	/* "http:g" on an http page is "g": RFC 3986 5.4.2, and browsers. */
	if (n > 0 && url_scheme_is(ref, n, scheme) &&
	    strncmp(ref + n, "://", 3) != 0)
		ref += n + 1;
	else if (n > 0)
		return url_scheme_check(ref, n, err) != 0 ? -1 :
			url_parse(ref, NULL, ret, err);
	if (ref[0] == '\0' || ref[0] == '#')
		return url_copy(base, ret);
	if (ref[0] == '/' && ref[1] == '/')
		return url_parse(ref, scheme, ret, err);
	buf_init(&merged, 2 * PARTS_URL_MAX);
	reference_merge(&merged, base, ref);
	rc = url_parse(buf_text(&merged), NULL, ret, err);
	buf_release(&merged);
	/* The user belongs to the authority, which the reference keeps. */
	if (rc == 0 && base->userpwd != NULL)
		ret->userpwd = mem_strdup(base->userpwd);
	return rc;
}

int
url_resolve(const struct url *base, const char *ref, struct url *ret,
	struct err *err)
{
	struct buf clean;
	int rc;

	buf_init(&clean, 2 * PARTS_URL_MAX);
	reference_clean(&clean, ref, PARTS_URL_MAX + 1);
	rc = url_resolve_clean(base, buf_text(&clean), ret, err);
	buf_release(&clean);
	return rc;
}

void
url_release(struct url *url)
{
	free(url->text);
	free(url->userpwd);
	*url = (struct url){ 0 };
}

struct url
url_take(struct url *from)
{
	struct url url = *from;

	*from = (struct url){ 0 };
	return url;
}

struct url
url_dup(const struct url *from)
{
	struct url url = *from;

	if (from->text != NULL)
		url.text = mem_strdup(from->text);
	if (from->userpwd != NULL)
		url.userpwd = mem_strdup(from->userpwd);
	return url;
}

int
url_same_origin(const struct url *a, const struct url *b)
{
	return a->origin_len == b->origin_len &&
		memcmp(a->text, b->text, a->origin_len) == 0;
}

int
url_add_public(struct buf *out, const char *text, size_t len)
{
	return public_add(out, text, len);
}
