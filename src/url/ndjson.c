/* SPDX-License-Identifier: MIT */
/*
 * ndjson -- one line of JSON into a URL and what its request wants.
 *
 * Whoever writes the lists may take names and values from elsewhere, so what
 * would break a request apart (a line end in a header, a method that is no
 * token) makes the line bad, here and not at the socket.
 */
#include "config.h"

#include "url/ndjson.h"

#ifdef HAVE_JANSSON

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "url/source.h"

int
ndjson_built(void)
{
	return 1;
}

/* RFC 9110 section 5.6.2. */
static int
ndjson_token(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int alnum = (p[i] >= '0' && p[i] <= '9') ||
			(p[i] >= 'a' && p[i] <= 'z') ||
			(p[i] >= 'A' && p[i] <= 'Z');

		if (!alnum && (p[i] == '\0' ||
				strchr("!#$%&'*+-.^_`|~", p[i]) == NULL))
			return 0;
	}
	return n > 0;
}

/* RFC 9110 section 5.5: no control character but the tab. */
static int
ndjson_field_value(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((unsigned char)p[i] < ' ' && p[i] != '\t') || p[i] == 0x7f)
			return 0;
	return 1;
}

/* The string at `key`: 0 with NULL when absent. */
static int
ndjson_get(const json_t *object, const char *key, const json_t **ret,
	struct err *err)
{
	const json_t *value = json_object_get(object, key);

	*ret = NULL;
	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return err_set(err, ERR_USAGE, "\"%s\" must be a string", key);
	*ret = value;
	return 0;
}

/* The same without NUL bytes, and not empty, as a copy. */
static int
ndjson_get_text(const json_t *object, const char *key, char **ret,
	struct err *err)
{
	const json_t *value;

	if (ndjson_get(object, key, &value, err) != 0)
		return -1;
	if (value == NULL)
		return 0;
	if (json_string_length(value) == 0)
		return err_set(err, ERR_USAGE, "\"%s\" is empty", key);
	if (memchr(json_string_value(value), '\0', json_string_length(value)))
		return err_set(err, ERR_USAGE, "\"%s\" holds a NUL byte", key);
	*ret = mem_strdup(json_string_value(value));
	return 0;
}

/* Takes `header` ("Name: value", its name name_len long) unless it is bad. */
static int
ndjson_add_header(struct source_request *request, char *header, size_t len,
	size_t name_len, struct err *err)
{
	if (!ndjson_token(header, name_len)) {
		free(header);
		return err_set(err, ERR_USAGE,
			"a name in \"headers\" is no header name");
	}
	if (!ndjson_field_value(header + name_len, len - name_len)) {
		free(header);
		return err_set(err, ERR_USAGE, "a value in \"headers\" holds a"
			" control character");
	}
	request->headers[request->n_headers++] = header;
	return 0;
}

static int
ndjson_headers_object(json_t *headers, struct source_request *request,
	struct err *err)
{
	const char *name;
	json_t *value;
	char *header;
	size_t name_len, len;

	json_object_foreach(headers, name, value) {
		name_len = strlen(name);
		if (!json_is_string(value))
			return err_set(err, ERR_USAGE,
				"a value in \"headers\" is no string");
		len = name_len + 2 + json_string_length(value);
		header = mem_alloc(len + 1);
		memcpy(header, name, name_len);
		memcpy(header + name_len, ": ", 2);
		memcpy(header + name_len + 2, json_string_value(value),
			json_string_length(value) + 1);
		if (ndjson_add_header(request, header, len, name_len, err) != 0)
			return -1;
	}
	return 0;
}

static int
ndjson_headers_array(const json_t *headers, struct source_request *request,
	struct err *err)
{
	size_t i;

	for (i = 0; i < json_array_size(headers); i++) {
		const json_t *value = json_array_get(headers, i);
		const char *text = json_string_value(value);
		size_t len = json_string_length(value);
		const char *colon = text ? memchr(text, ':', len) : NULL;

		if (colon == NULL)
			return err_set(err, ERR_USAGE, "\"headers\" holds"
				" something that is no \"Name: value\"");
		if (ndjson_add_header(request, mem_strndup(text, len), len,
				(size_t)(colon - text), err) != 0)
			return -1;
	}
	return 0;
}

static int
ndjson_headers(const json_t *object, struct source_request *request,
	struct err *err)
{
	json_t *headers = json_object_get(object, "headers");
	size_t n;

	if (headers == NULL || json_is_null(headers))
		return 0;
	if (!json_is_object(headers) && !json_is_array(headers))
		return err_set(err, ERR_USAGE,
			"\"headers\" must be an object or an array");
	n = json_is_object(headers) ? json_object_size(headers) :
		json_array_size(headers);
	request->headers = mem_array(n, sizeof *request->headers);
	return json_is_object(headers) ?
		ndjson_headers_object(headers, request, err) :
		ndjson_headers_array(headers, request, err);
}

static int
ndjson_request(const json_t *object, struct source_request *request,
	struct err *err)
{
	const json_t *body;

	if (ndjson_get_text(object, "method", &request->method, err) != 0 ||
	    ndjson_get_text(object, "output", &request->output, err) != 0 ||
	    ndjson_get(object, "body", &body, err) != 0)
		return -1;
	if (request->method != NULL &&
	    !ndjson_token(request->method, strlen(request->method)))
		return err_set(err, ERR_USAGE, "\"method\" is no method name");
	if (body != NULL) {
		request->body_len = json_string_length(body);
		request->body = mem_strndup(json_string_value(body),
			request->body_len);
	}
	return ndjson_headers(object, request, err);
}

static int
ndjson_object(const json_t *object, char **ret_url,
	struct source_request **ret_request, struct err *err)
{
	struct source_request *request;
	char *url = NULL;

	if (!json_is_object(object))
		return err_set(err, ERR_USAGE, "not a JSON object");
	if (ndjson_get_text(object, "url", &url, err) != 0)
		return -1;
	if (url == NULL)
		return err_set(err, ERR_USAGE, "no \"url\"");
	request = mem_array(1, sizeof *request);
	if (ndjson_request(object, request, err) != 0) {
		source_request_free(request);
		free(url);
		return -1;
	}
	if (request->method == NULL && request->headers == NULL &&
	    request->body == NULL && request->output == NULL) {
		source_request_free(request);
		request = NULL;
	}
	*ret_url = url;
	*ret_request = request;
	return 0;
}

/* jansson's text without its "near '...'", which quotes the line. */
static int
ndjson_bad(json_error_t *error, struct err *err)
{
	char *near = strstr(error->text, " near ");

	if (near != NULL)
		*near = '\0';
	return err_set(err, ERR_USAGE, "bad JSON at column %d: %s",
		error->column, error->text);
}

int
ndjson_read(const char *line, size_t len, char **ret_url,
	struct source_request **ret_request, struct err *err)
{
	/* Numbers are never used; as doubles they cannot be too big. */
	size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL |
		JSON_DECODE_INT_AS_REAL;
	json_error_t error;
	json_t *object = json_loadb(line, len, flags, &error);
	int rc;

	if (object == NULL)
		return ndjson_bad(&error, err);
	rc = ndjson_object(object, ret_url, ret_request, err);
	json_decref(object);
	return rc;
}

#else

int
ndjson_built(void)
{
	return 0;
}

int
ndjson_read(const char *line, size_t len, char **ret_url,
	struct source_request **ret_request, struct err *err)
{
	(void)line;
	(void)len;
	(void)ret_url;
	(void)ret_request;
	return err_set(err, ERR_USAGE, "this build reads no NDJSON");
}

#endif
