/* SPDX-License-Identifier: MIT */
/*
 * Redirects: who gets the user's credentials (promise P9's matrix), what
 * becomes of method and body, and which Locations are refused.
 */
#include "config.h"

#include "base/mem.h"
#include "core/redirect.h"
#include "net/addrs.h"
#include "unit.h"

#define SECRET "user:secret"

static const long statuses[] = { 301, 302, 303, 307, 308 };

static const struct {
	const char *method;	/* NULL: libcurl's choice */
	const char *body;
} methods[] = {
	{ NULL, NULL }, { "HEAD", NULL }, { NULL, "a=b" }, { "PUT", "a=b" },
};

#define STATUSES (sizeof statuses / sizeof *statuses)
#define METHODS (sizeof methods / sizeof *methods)

static struct url
parse(const char *text)
{
	struct url url = { 0 };
	struct err err = { 0 };

	if (url_parse(text, NULL, &url, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return url;
}

static struct fetch_request
request_to(const char *text, const char *method, const char *body)
{
	static const struct addr loopback = { 4, { 127, 0, 0, 1 } };
	struct fetch_request request = {
		.url = parse(text),
		.method = method,
		.body = body,
		.body_len = body != NULL ? strlen(body) : 0,
		.flags = FETCH_TRUSTED | FETCH_REUSE,
		.addrs = addrs_new(&loopback, 1),
	};

	return request;
}

static void
request_end(struct fetch_request *request)
{
	url_release(&request->url);
	addrs_unref(request->addrs);
}

/* What RFC 9110 sections 15.4.2 to 15.4.9 make of method and body. */
static void
check_method(const struct fetch_request *next, size_t k, long status)
{
	int post = methods[k].method == NULL && methods[k].body != NULL;
	int head = methods[k].method != NULL &&
		strcmp(methods[k].method, "HEAD") == 0;
	int dropped = status == 303 ? !head : status < 303 && post;

	assert_int_equal((next->flags & FETCH_BODY_DROPPED) != 0, dropped);
	if (dropped) {
		assert_null(next->method);
		assert_null(next->body);
		assert_int_equal(next->body_len, 0);
		return;
	}
	assert_ptr_equal(next->method, methods[k].method);
	assert_ptr_equal(next->body, methods[k].body);
	assert_int_equal(next->body_len,
		methods[k].body != NULL ? strlen(methods[k].body) : 0);
}

/* One of the 160: bits of `other` are scheme, host and port. */
static void
check_cell(unsigned other, long status, size_t k)
{
	struct url trusted = parse("https://" SECRET "@a.test:8443/x");
	struct fetch_request request = request_to(
		"https://" SECRET "@a.test:8443/x", methods[k].method,
		methods[k].body);
	struct err err = { 0 };
	const char *detail = NULL;
	char *location;

	location = mem_printf("%s://%s:%s/y", other & 1 ? "http" : "https",
		other & 2 ? "b.test" : "a.test", other & 4 ? "9443" : "8443");
	if (redirect_request(&request, status, location, &trusted, 1, &detail,
	    &err) != 0)
		fail_msg("%s: %s", location, err.text);
	assert_string_equal(request.url.text, location);
	assert_int_equal((request.flags & FETCH_TRUSTED) != 0, other == 0);
	if (other != 0)
		assert_null(request.url.userpwd);
	else
		assert_string_equal(request.url.userpwd, SECRET);
	assert_true(request.flags & FETCH_REUSE);
	assert_null(request.addrs);
	check_method(&request, k, status);
	free(location);
	request_end(&request);
	url_release(&trusted);
}

static void
credentials_stay_with_their_origin(void **state)
{
	unsigned other;
	size_t i, k;

	(void)state;
	for (other = 0; other < 8; other++)
		for (i = 0; i < STATUSES; i++)
			for (k = 0; k < METHODS; k++)
				check_cell(other, statuses[i], k);
}

/* Hops as they follow; who is trusted and with which login afterwards. */
static void
a_chain_is_judged_by_the_lists_url(void **state)
{
	static const struct {
		const char *location;
		int trusted;
		const char *userpwd;
	} hops[] = {
		{ "/relative", 1, SECRET },
		{ "https://a.test/absolute", 1, SECRET },
		{ "//a.test/without-scheme", 1, SECRET },
		{ "https://a.test:443/usual-port", 1, SECRET },
		{ "https://A.TEST/capitals", 1, SECRET },
		{ "https://a.test./with-a-dot", 0, NULL },
		{ "/relative-there", 0, NULL },
		{ "https://a.test/back", 1, SECRET },
		{ "https://a.test@b.test/", 0, "a.test:" },
		{ "x", 0, "a.test:" },
		{ "https://b.test/x", 0, NULL },
		{ "https://eve:eve@a.test/own-login", 1, "eve:eve" },
		{ "https://sub.a.test/", 0, NULL },
		{ "//a.test/", 1, SECRET },
		{ "https://a.test.b.test/", 0, NULL },
	};
	struct url trusted = parse("https://" SECRET "@a.test/");
	struct fetch_request request = request_to("https://" SECRET
		"@a.test/", NULL, NULL);
	const char *detail = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof hops / sizeof *hops; i++) {
		assert_int_equal(redirect_request(&request, 302,
			hops[i].location, &trusted, 0, &detail, NULL), 0);
		if (((request.flags & FETCH_TRUSTED) != 0) != hops[i].trusted)
			fail_msg("%s: trusted is wrong", hops[i].location);
		if (hops[i].userpwd == NULL)
			assert_null(request.url.userpwd);
		else
			assert_string_equal(request.url.userpwd,
				hops[i].userpwd);
	}
	request_end(&request);
	url_release(&trusted);
}

static void
refused_locations_say_why(void **state)
{
	static const struct {
		const char *location;
		const char *detail, *text;
	} cases[] = {
		{ "ftp://a.test/", "blocked", "'ftp' is not http or https" },
		{ "file:///etc/passwd", "blocked", "'file'" },
		{ "javascript:alert(1)", "blocked", "'javascript'" },
		{ "gopher://a.test:70/_x", "blocked", "'gopher'" },
		{ "data:text/plain,x", "blocked", "'data'" },
		{ "http://a.test/", "downgrade", "--allow-downgrade" },
		{ "//", "bad_location", "redirect: " },
		{ "https://", "bad_location", "redirect: " },
		{ "http:x", "bad_location", "redirect: " },
		{ "https://a.test:0/", "bad_location", "port" },
		{ "https://a.test:99999/scheme", "bad_location", "port" },
		{ "https://[fe80::1%25eth0]/", "bad_location", "zone" },
		{ "https://a b.test/", "bad_location", "redirect: " },
		{ "\x01", NULL, NULL },		/* blank: the page itself */
		{ "/\x01x", "bad_location", "control character" },
	};
	struct url trusted = parse("https://a.test/");
	struct fetch_request request;
	const char *detail;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		request = request_to("https://a.test/page", "PUT", "x");
		detail = NULL;
		err = (struct err){ 0 };
		if ((redirect_request(&request, 303, cases[i].location,
		    &trusted, 0, &detail, &err) == 0) !=
		    (cases[i].detail == NULL))
			fail_msg("%s: %s", cases[i].location, err.text);
		if (cases[i].detail != NULL) {
			if (strcmp(detail, cases[i].detail) != 0 ||
			    strstr(err.text, cases[i].text) == NULL)
				fail_msg("%s: %s, %s", cases[i].location,
					detail, err.text);
			/* As it was. */
			assert_string_equal(request.url.text,
				"https://a.test/page");
			assert_string_equal(request.method, "PUT");
			assert_string_equal((const char *)request.body, "x");
			assert_non_null(request.addrs);
			assert_int_equal(request.flags,
				FETCH_TRUSTED | FETCH_REUSE);
		}
		request_end(&request);
	}
	url_release(&trusted);
}

static void
no_message_repeats_a_password(void **state)
{
	static const char *const locations[] = {
		"ftp://u:hunter2@a.test/", "https://u:hunter2@/",
		"https://u:hunter2@a.test:0/", "https://u:hunter2@[::1/",
		"https://u:hunter2@a%zz/", "hunter2://a/",
		"https://u:hunter2@fe80::1%25eth0/",
	};
	struct url trusted = parse("https://a.test/");
	struct fetch_request request;
	const char *detail;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof locations / sizeof *locations; i++) {
		request = request_to("https://a.test/", NULL, NULL);
		err = (struct err){ 0 };
		redirect_request(&request, 302, locations[i], &trusted, 0,
			&detail, &err);
		/* A scheme is no secret. */
		if (strstr(err.text, "hunter2") != NULL &&
		    strncmp(locations[i], "hunter2:", 8) != 0)
			fail_msg("%s", err.text);
		request_end(&request);
	}
	url_release(&trusted);
}

static void
post_is_post_by_name_too(void **state)
{
	struct url trusted = parse("http://a.test/");
	struct fetch_request request = request_to("http://a.test/", "POST",
		NULL);
	const char *detail;

	(void)state;
	assert_int_equal(redirect_request(&request, 302, "/x", &trusted, 0,
		&detail, NULL), 0);
	assert_null(request.method);
	request_end(&request);
	request = request_to("http://a.test/", "GET", "x");
	assert_int_equal(redirect_request(&request, 301, "/x", &trusted, 0,
		&detail, NULL), 0);
	assert_string_equal(request.method, "GET");
	assert_non_null(request.body);
	request_end(&request);
	url_release(&trusted);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(credentials_stay_with_their_origin),
	cmocka_unit_test(a_chain_is_judged_by_the_lists_url),
	cmocka_unit_test(refused_locations_say_why),
	cmocka_unit_test(no_message_repeats_a_password),
	cmocka_unit_test(post_is_post_by_name_too),
};

UNIT_MAIN("core/redirect", tests)
