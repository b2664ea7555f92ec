/* SPDX-License-Identifier: MIT */
/*
 * parts -- from CURLU's parts to the canonical text.
 *
 * The parts are asked for one by one and put together here: faster than
 * asking for the whole, and nothing of a user name or zone id can slip into
 * the text.
 */
#include "config.h"

#include <curl/curl.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "url/host.h"
#include "url/parts.h"
#include "url/url.h"

/* A query that is empty is one (RFC 3986, section 6.2.3); before 8.8 libcurl
 * says so without being asked. */
#ifdef CURLU_GET_EMPTY
#define PARTS_EMPTY CURLU_GET_EMPTY
#else
#define PARTS_EMPTY 0
#endif

const char *
parts_authority(const char *text, size_t *ret_len)
{
	size_t n = 0;

	text = strchr(text, ':') + 1;
	while (*text == '/')
		text++;
	while (text[n] != '\0' && text[n] != '/' && text[n] != '?')
		n++;
	*ret_len = n;
	return text;
}

static int
parts_error(CURLUcode code, struct err *err)
{
	static const struct {
		CURLUcode code;
		const char *text;
	} texts[] = {
		{ CURLUE_BAD_PORT_NUMBER,
			"the port is no number from 1 to 65535" },
		{ CURLUE_NO_HOST, "no host" },
		{ CURLUE_BAD_HOSTNAME,
			"the host holds a character no host name has" },
		{ CURLUE_BAD_IPV6, "bad IPv6 address" },
		{ CURLUE_BAD_SLASHES, "too many slashes before the host" },
		{ CURLUE_BAD_USER, "the user name holds a blank" },
		{ CURLUE_BAD_PASSWORD, "the password holds a blank" },
	};
	size_t i;

	for (i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].code == code)
			return err_set(err, ERR_USAGE, "%s", texts[i].text);
	return err_set(err, ERR_USAGE, "%s", curl_url_strerror(code));
}

static int
parts_get_login_part(CURLU *handle, CURLUPart part, char **ret, struct err *err)
{
	CURLUcode code = curl_url_get(handle, part, ret, CURLU_URLDECODE);

	if (code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD)
		return 0;
	/* libcurl lets DEL pass. */
	if (code != CURLUE_OK || strchr(*ret, 0x7f) != NULL)
		return err_set(err, ERR_USAGE, "a control character in the"
			" user name or password");
	return 0;
}

static int
parts_get_login(CURLU *handle, char **ret_userpwd, struct err *err)
{
	char *user = NULL;
	char *password = NULL;
	int rc;

	rc = parts_get_login_part(handle, CURLUPART_USER, &user, err);
	if (rc == 0)
		rc = parts_get_login_part(handle, CURLUPART_PASSWORD, &password,
			err);
	if (rc == 0 && ((user != NULL && *user != '\0') ||
			(password != NULL && *password != '\0')))
		*ret_userpwd = mem_printf("%s:%s", user != NULL ? user : "",
			password != NULL ? password : "");
	curl_free(user);
	curl_free(password);
	return rc;
}

static int
parts_get_port(CURLU *handle, int https, uint16_t *ret_port, struct err *err)
{
	char *text = NULL;
	unsigned long port;

	*ret_port = https ? 443 : 80;
	if (curl_url_get(handle, CURLUPART_PORT, &text, 0) != CURLUE_OK)
		return 0;
	port = strtoul(text, NULL, 10);
	curl_free(text);
	if (port == 0 || port > UINT16_MAX)
		return parts_error(CURLUE_BAD_PORT_NUMBER, err);
	*ret_port = (uint16_t)port;
	return 0;
}

/* Writes scheme://host[:port] into `url`, with room for `more` bytes. */
static int
parts_set_origin(struct url *url, const char *host, size_t more,
	struct err *err)
{
	size_t len = strlen(host);
	size_t at = url->https ? 8 : 7;

	url->text = mem_alloc(at + len + sizeof ":65535" + more);
	memcpy(url->text, url->https ? "https://" : "http://", at);
	if (host_check(host, len, url->text + at, &url->literal, err) != 0)
		return -1;
	url->host_off = (uint32_t)(url->literal == 6 ? at + 1 : at);
	url->host_len = (uint32_t)(url->literal == 6 ? len - 2 : len);
	at += len;
	if (url->port != (url->https ? 443 : 80)) {
		struct buf port;

		buf_init(&port, sizeof ":65535");
		buf_add_char(&port, ':');
		buf_add_u64(&port, url->port);
		memcpy(url->text + at, port.data, port.len);
		at += port.len;
		buf_release(&port);
	}
	url->origin_len = (uint32_t)at;
	return 0;
}

static int
parts_get_host(CURLU *handle, char **ret_host, struct err *err)
{
	CURLUcode code;

	code = curl_url_get(handle, CURLUPART_HOST, ret_host, CURLU_PUNYCODE);
	if (code == CURLUE_OK)
		return 0;
	/* 7.88 says "out of memory", later ones "bad host name". */
	return err_set(err, ERR_USAGE,
		"the international host name cannot be written in ASCII");
}

/* CURLU takes the zone out of the host, so that it would get lost. */
static int
parts_refuse_zone(CURLU *handle, struct err *err)
{
	char *zone = NULL;

	if (curl_url_get(handle, CURLUPART_ZONEID, &zone, 0) != CURLUE_OK)
		return 0;
	curl_free(zone);
	return err_set(err, ERR_USAGE,
		"an IPv6 zone id has no place in a URL");
}

/* Puts the text together from CURLU's parts. */
static int
parts_compose(CURLU *handle, struct url *url, struct err *err)
{
	char *host = NULL;
	char *path = NULL;
	char *query = NULL;
	size_t path_len, query_len;
	char *p;
	int rc = -1;

	if (parts_get_port(handle, url->https, &url->port, err) != 0 ||
	    parts_get_host(handle, &host, err) != 0)
		goto out;
	curl_url_get(handle, CURLUPART_PATH, &path, 0);
	curl_url_get(handle, CURLUPART_QUERY, &query, PARTS_EMPTY);
	path_len = path != NULL ? strlen(path) : 0;
	query_len = query != NULL ? strlen(query) : 0;
	if (parts_set_origin(url, host, path_len + query_len + 3, err) != 0)
		goto out;
	p = url->text + url->origin_len;
	if (path_len == 0)
		*p++ = '/';
	else
		p = mempcpy(p, path, path_len);
	if (query != NULL) {
		*p++ = '?';
		p = mempcpy(p, query, query_len);
	}
	*p = '\0';
	rc = 0;
	if (p - url->text > PARTS_URL_MAX)
		rc = err_set(err, ERR_USAGE, "the URL is over %d bytes long",
			PARTS_URL_MAX);
out:
	curl_free(host);
	curl_free(path);
	curl_free(query);
	return rc;
}

int
parts_read(const char *text, struct url *ret, struct err *err)
{
	const char *authority;
	size_t len;
	CURLU *handle;
	CURLUcode code;
	struct url url = { .https = (text[4] | 0x20) == 's' };
	int rc = 0;

	authority = parts_authority(text, &len);
	/* "http://http://u:p@h/" would be a path on a host named http. */
	if (len > 0 && strncmp(authority + len - 1, "://", 3) == 0)
		return err_set(err, ERR_USAGE, "'://' occurs twice");
	/* A handle a call, so that none keeps the last URL's password. */
	handle = curl_url();
	if (handle == NULL)
		return err_set(err, ERR_SYSTEM, "out of memory");
	code = curl_url_set(handle, CURLUPART_URL, text, 0);
	if (code != CURLUE_OK)
		rc = parts_error(code, err);
	if (rc == 0 && memchr(authority, '%', len) != NULL)
		rc = parts_refuse_zone(handle, err);
	if (rc == 0 && memchr(authority, '@', len) != NULL)
		rc = parts_get_login(handle, &url.userpwd, err);
	if (rc == 0)
		rc = parts_compose(handle, &url, err);
	curl_url_cleanup(handle);
	if (rc == 0)
		*ret = url;
	else
		url_release(&url);
	return rc;
}
