/* SPDX-License-Identifier: MIT */
/*
 * Outcomes: times on one scale from the first hop on, and the words that
 * explain a failure.
 */
#include "config.h"

#include <errno.h>

#include "base/mem.h"
#include "core/job.h"
#include "core/outcome.h"
#include "core/result.h"
#include "core/verdict.h"
#include "net/exchange.h"
#include "unit.h"
#include "url/source.h"

#define START INT64_C(50000000)	/* monotonic */
#define WALL INT64_C(1795267900000000)

static const struct verdict fine = { .kind = VERDICT_FINAL, .ok = 1 };

static struct job *
job_of(const char *text)
{
	struct source_item item = { .seq = 3, .text = mem_strdup(text) };
	struct job *job;

	assert_int_equal(url_parse(text, "http", &item.url, NULL), 0);
	job = job_new(&item);
	job->eligible_us = START - 1000;
	job->started_us = job->hop_us = START;
	return job;
}

static struct result *
outcome_of(struct job *job, const struct verdict *verdict,
	const char *errormsg)
{
	return outcome_result(job, verdict, errormsg, "serial", WALL);
}

/* Times in us: hop after the start, look-up; libcurl's; what a row says. */
static const struct {
	const char *note;
	unsigned hops;
	int64_t hop, name;
	int64_t reply[5];	/* name connect TLS first byte total */
	long status;
	int64_t row[6];		/* redirect name connect TLS first total */
} times[] = {
	{ "one hop", 0, 0, 100, { 5, 20, 0, 50, 60 }, 200,
		{ 0, 105, 120, 0, 150, 160 } },
	{ "one hop, TLS", 0, 0, 100, { 5, 20, 40, 50, 60 }, 200,
		{ 0, 105, 120, 140, 150, 160 } },
	{ "after a redirect", 1, 1000, 100, { 5, 20, 40, 50, 60 }, 200,
		{ 1000, 1105, 1120, 1140, 1150, 1160 } },
	{ "refused", 0, 0, 100, { 5, 0, 0, 0, 8 }, 0,
		{ 0, 105, 0, 0, 0, 108 } },
	{ "no reply, whatever libcurl says of its first byte", 0, 0, 100,
		{ 5, 20, 0, 21, 80 }, 0, { 0, 105, 120, 0, 0, 180 } },
	{ "nothing at all", 0, 0, 0, { 0, 0, 0, 0, 0 }, 0,
		{ 0, 0, 0, 0, 0, 0 } },
};

static void
times_count_from_the_first_hop(void **state)
{
	struct result *result;
	struct job *job;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof times / sizeof *times; i++) {
		struct fetch_reply *reply;
		int64_t row[6];

		job = job_of("http://127.0.0.1/");
		job->n_hops = times[i].hops;
		job->hop_us += times[i].hop;
		job->name_us = times[i].name;
		reply = &job->fetch.reply;
		reply->namelookup_us = times[i].reply[0];
		reply->connect_us = times[i].reply[1];
		reply->appconnect_us = times[i].reply[2];
		reply->starttransfer_us = times[i].reply[3];
		reply->total_us = times[i].reply[4];
		reply->response_code = times[i].status;
		if (times[i].name > 0)
			job->fetch.request.addrs = addrs_new(
				&(struct addr){ 4, { 127, 0, 0, 1 } }, 1);
		result = outcome_of(job, &fine, NULL);
		row[0] = result->time_redirect;
		row[1] = result->time_namelookup;
		row[2] = result->time_connect;
		row[3] = result->time_appconnect;
		row[4] = result->time_starttransfer;
		row[5] = result->time_total;
		if (memcmp(row, times[i].row, sizeof row) != 0)
			fail_msg("%s", times[i].note);
		assert_int_equal(result->time_queue, 1000);
		assert_int_equal(result->timestamp, START + WALL);
		assert_int_equal(result->num_redirects, times[i].hops);
		result_free(result);
		job_free(job);
	}
}

static void
a_row_tells_what_came(void **state)
{
	struct job *job = job_of("H:80/x y");
	struct fetch_reply *reply = &job->fetch.reply;
	struct result *result;

	(void)state;
	reply->response_code = 206;
	reply->http_version = "1.1";
	memcpy(reply->remote_ip, "127.0.0.1", 10);
	reply->num_connects = 2;
	reply->size_download = 1234;
	reply->content_type = mem_strdup("text/plain");
	job->attempt = 4;
	result = outcome_of(job, &fine, "not said when all is well");
	assert_int_equal(result->seq, 3);
	assert_string_equal(result->url, "H:80/x y");
	assert_string_equal(result->url_effective, "http://h/x%20y");
	assert_int_equal(result->response_code, 206);
	assert_string_equal(result->http_version, "1.1");
	assert_string_equal(result->remote_ip, "127.0.0.1");
	assert_int_equal(result->num_connects, 2);
	assert_int_equal(result->size_download, 1234);
	assert_string_equal(result->content_type, "text/plain");
	assert_int_equal(result->attempt, 4);
	assert_string_equal(result->strategy, "serial");
	assert_null(result->method);
	assert_null(result->errormsg);
	assert_null(result->filename_effective);
	assert_true(result->ok);
	assert_true(result->final);
	result_free(result);
	job_free(job);
}

static void
the_method_is_told_where_it_is_not_get(void **state)
{
	static const struct {
		const char *method, *body, *told;
	} cases[] = {
		{ NULL, NULL, NULL }, { NULL, "x", "POST" },
		{ "GET", "x", "GET" }, { "PUT", "x", "PUT" },
		{ "HEAD", NULL, "HEAD" },
	};
	struct job *job = job_of("http://h/");
	struct result *result;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		job->fetch.request.method = cases[i].method;
		job->fetch.request.body = cases[i].body;
		result = outcome_of(job, &fine, NULL);
		if (cases[i].told == NULL)
			assert_null(result->method);
		else
			assert_string_equal(result->method, cases[i].told);
		result_free(result);
	}
	job_free(job);
}

static void
what_is_tried_again_or_cut_off_is_not_final(void **state)
{
	static const struct {
		enum verdict_kind kind;
		enum error_class class;
		int final;
	} cases[] = {
		{ VERDICT_FINAL, ERROR_NONE, 1 },
		{ VERDICT_FINAL, ERROR_HTTP, 1 },
		{ VERDICT_RETRY, ERROR_HTTP, 0 },
		{ VERDICT_FINAL, ERROR_STOPPED, 0 },
	};
	struct job *job = job_of("http://h/");
	struct verdict verdict = { 0 };
	struct result *result;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		verdict.kind = cases[i].kind;
		verdict.error_class = cases[i].class;
		verdict.detail = "detail";
		result = outcome_of(job, &verdict, NULL);
		assert_int_equal(result->final, cases[i].final);
		assert_int_equal(result->error_class, cases[i].class);
		assert_string_equal(result->error_detail, "detail");
		result_free(result);
	}
	job_free(job);
}

/* Our own words win over libcurl's, which would blame a callback. */
static void
failures_are_explained(void **state)
{
	static const struct {
		enum error_class class;
		enum fetch_refusal refusal;
		int os_errno;
		const char *curl, *ours, *told;
	} cases[] = {
		{ ERROR_NONE, FETCH_ACCEPTED, 0, "x", "y", NULL },
		{ ERROR_HTTP, FETCH_ACCEPTED, 0, NULL, NULL, NULL },
		{ ERROR_CONNECT, FETCH_ACCEPTED, ECONNREFUSED, "no way", NULL,
			"no way" },
		{ ERROR_DNS, FETCH_ACCEPTED, 0, "curl", "no such name",
			"no such name" },
		{ ERROR_REDIRECT, FETCH_ACCEPTED, 0, NULL, NULL,
			"more redirects than --max-redirs allows" },
		{ ERROR_REDIRECT, FETCH_ACCEPTED, 0, NULL, "in a circle",
			"in a circle" },
		{ ERROR_HTTP, FETCH_HEADER_LIMIT, 0, "Failed writing header",
			NULL, "the headers are larger than --max-header "
			"allows" },
		{ ERROR_HTTP, FETCH_BAD_HEADER, 0, "w", NULL,
			"a header line holds a stray CR or NUL" },
		{ ERROR_HTTP, FETCH_TWO_LENGTHS, 0, "w", NULL,
			"two Content-Length headers that differ" },
		{ ERROR_HTTP, FETCH_TWO_LOCATIONS, 0, "w", NULL,
			"two Location headers that differ" },
		{ ERROR_HTTP, FETCH_CODED, 0, "w", NULL,
			"a Transfer-Encoding that was not asked for" },
		{ ERROR_BODY, FETCH_BODY_LIMIT, 0, "w", NULL,
			"the body is larger than --max-body allows" },
		{ ERROR_HTTP, FETCH_FRAMING, 0, "w", NULL,
			"chunks with far more framing than content" },
		{ ERROR_HTTP, FETCH_BAD_RANGE, 0, "w", NULL,
			"not the part of the file that was asked for" },
		{ ERROR_LOCAL, FETCH_NOT_WRITTEN, ENOSPC, "w", NULL,
			"the body found no place in $TMPDIR: "
			"No space left on device" },
		{ ERROR_STOPPED, FETCH_CANCELLED, 0, "w", NULL,
			"ended early" },
	};
	struct verdict verdict = { 0 };
	struct result *result;
	struct job *job;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		job = job_of("http://h/");
		job->fetch.reply.refusal = cases[i].refusal;
		job->fetch.reply.os_errno = cases[i].os_errno;
		if (cases[i].curl != NULL)
			job->fetch.reply.errormsg = mem_strdup(cases[i].curl);
		verdict.error_class = cases[i].class;
		result = outcome_of(job, &verdict, cases[i].ours);
		if (cases[i].told == NULL)
			assert_null(result->errormsg);
		else
			assert_string_equal(result->errormsg, cases[i].told);
		result_free(result);
		job_free(job);
	}
}

/* One with a file of its own was not to go to $TMPDIR. */
static void
where_a_body_found_no_place_is_told(void **state)
{
	struct verdict verdict = { .error_class = ERROR_LOCAL };
	struct job *job = job_of("http://h/");
	struct result *result;

	(void)state;
	job->keeps = 1;
	job->fetch.reply.refusal = FETCH_NOT_WRITTEN;
	job->fetch.reply.os_errno = ENOSPC;
	result = outcome_of(job, &verdict, NULL);
	assert_string_equal(result->errormsg, "the body found no place in "
		"the output folder: No space left on device");
	result_free(result);
	job_free(job);
}

/* What another process was at comes back without any of libcurl's times. */
static void
times_that_went_with_a_process_are_untold(void **state)
{
	static const struct {
		const char *note;
		enum fetch_refusal refusal;
		int64_t namelookup_us;
		long response_code;
		int untold;
	} cases[] = {
		{ "cancelled", FETCH_CANCELLED, 0, 0, 1 },
		{ "crashed", FETCH_CRASHED, 0, 0, 1 },
		{ "cancelled here", FETCH_CANCELLED, 3, 0, 0 },
		{ "cancelled in its body", FETCH_CANCELLED, 0, 200, 0 },
		{ "all well", FETCH_ACCEPTED, 0, 200, 0 },
		{ "refused at once", FETCH_ACCEPTED, 0, 0, 0 },
	};
	struct verdict verdict = { .error_class = ERROR_STOPPED };
	struct result *result;
	struct job *job;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		job = job_of("http://h/");
		job->fetch.reply.refusal = cases[i].refusal;
		job->fetch.reply.namelookup_us = cases[i].namelookup_us;
		job->fetch.reply.response_code = cases[i].response_code;
		result = outcome_of(job, &verdict, NULL);
		if (result->untold != cases[i].untold)
			fail_msg("%s", cases[i].note);
		result_free(result);
		job_free(job);
	}
}

/* libcurl finds it in Content-Length and has a message of its own. */
static void
the_limit_of_bodies_has_its_name(void **state)
{
	struct verdict verdict = { .error_class = ERROR_BODY };
	struct job *job = job_of("http://h/");
	struct result *result;

	(void)state;
	job->fetch.reply.code = CURLE_FILESIZE_EXCEEDED;
	job->fetch.reply.errormsg = mem_strdup("Maximum file size exceeded");
	result = outcome_of(job, &verdict, NULL);
	assert_string_equal(result->errormsg,
		"the body is larger than --max-body allows");
	result_free(result);
	job_free(job);
}

static void
a_line_that_is_no_url_has_a_row(void **state)
{
	struct source_item item = { .seq = 1, .text = mem_strdup("ftp://x") };
	struct verdict verdict = { .error_class = ERROR_INPUT };
	struct result *result;
	struct job *job;

	(void)state;
	err_set(&item.bad, ERR_FAILED, "no");
	job = job_new(&item);
	result = outcome_of(job, &verdict, job->bad);
	assert_string_equal(result->url, "ftp://x");
	assert_null(result->url_effective);
	assert_string_equal(result->errormsg, "no");
	assert_true(result->final);
	result_free(result);
	job_free(job);
}

/* --- for sinks of bodies --- */

static void
a_hop_is_the_reply_of_its_own_url(void **state)
{
	struct job *job = job_of("http://h/hop");
	struct fetch_reply *reply = &job->fetch.reply;
	struct result *hop;

	(void)state;
	reply->response_code = 302;
	reply->content_type = mem_strdup("text/html");
	memcpy(reply->remote_ip, "127.0.0.1", 10);
	job->n_hops = 2;
	job->hop_us = START + 500;
	hop = outcome_hop(job, WALL);
	assert_true(hop->hop);
	assert_false(hop->ok || hop->keeps);
	assert_int_equal(hop->seq, 3);
	assert_int_equal(hop->response_code, 302);
	assert_string_equal(hop->url, "http://h/hop");
	assert_string_equal(hop->content_type, "text/html");
	assert_string_equal(hop->remote_ip, "127.0.0.1");
	assert_int_equal(hop->timestamp, START + 500 + WALL);
	/* It may be dropped: the reply is as it was. */
	assert_string_equal(reply->content_type, "text/html");
	result_free(hop);
	job_free(job);
}

static void
what_the_server_says_of_its_body_goes_along(void **state)
{
	struct job *job = job_of("http://h/");
	struct fetch_reply *reply = &job->fetch.reply;
	struct result *result;

	(void)state;
	reply->last_modified = 1000000000;
	reply->disposition = mem_strdup("attachment; filename=x");
	result = outcome_of(job, &fine, NULL);
	assert_int_equal(result->last_modified, 1000000000);
	assert_string_equal(result->disposition, "attachment; filename=x");
	assert_null(reply->disposition);
	/* That of the body is taken where a sink wants it. */
	assert_null(result->body);
	assert_null(result->exchange);
	result_free(result);
	job_free(job);
}

/* What was sent of a request's body, and whose bytes the record then has. */
static void
a_taken_exchange_outlives_the_request(void **state)
{
	static const char shared[] = "shared by all";
	static const struct {
		const char *note;
		int own;
		uint64_t sent, kept;
	} cases[] = {
		{ "the body of all requests", 0, 13, 13 },
		{ "some of it", 0, 5, 5 },
		{ "none of it", 0, 0, 0 },
		{ "the line's own body", 1, 13, 13 },
		{ "some of that", 1, 5, 5 },
		{ "a count that cannot be", 1, 99, 13 },
	};
	const struct exchange *exchange;
	struct fetch_request *request;
	struct result *result;
	struct job *job;
	char *own;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		job = job_of("http://h/");
		request = &job->fetch.request;
		own = mem_strdup(shared);
		request->body = cases[i].own ? own : shared;
		request->body_len = 13;
		job->fetch.reply.chunked = 1;
		job->fetch.reply.exchange = exchange_new();
		job->fetch.reply.exchange->request_body_len = cases[i].sent;
		result = outcome_of(job, &fine, NULL);
		outcome_take(result, job, request, shared);
		assert_true(result->chunked);
		assert_null(job->fetch.reply.exchange);
		job_free(job);
		memset(own, 'x', 13);
		free(own);
		exchange = result->exchange;
		assert_int_equal(exchange->request_body_len, cases[i].kept);
		if (cases[i].kept > 0)
			assert_memory_equal(exchange->request_body, shared,
				cases[i].kept);
		/* No copy where all have the same. */
		assert_int_equal(exchange->request_body_owned != NULL,
			cases[i].own);
		result_free(result);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(times_count_from_the_first_hop),
	cmocka_unit_test(a_row_tells_what_came),
	cmocka_unit_test(the_method_is_told_where_it_is_not_get),
	cmocka_unit_test(what_is_tried_again_or_cut_off_is_not_final),
	cmocka_unit_test(failures_are_explained),
	cmocka_unit_test(where_a_body_found_no_place_is_told),
	cmocka_unit_test(times_that_went_with_a_process_are_untold),
	cmocka_unit_test(the_limit_of_bodies_has_its_name),
	cmocka_unit_test(a_line_that_is_no_url_has_a_row),
	cmocka_unit_test(a_hop_is_the_reply_of_its_own_url),
	cmocka_unit_test(what_the_server_says_of_its_body_goes_along),
	cmocka_unit_test(a_taken_exchange_outlives_the_request),
};

UNIT_MAIN("core/outcome", tests)
