/* SPDX-License-Identifier: MIT */
/*
 * Look-ups: whose name a hop takes, and what comes of a name that nobody
 * knows.
 */
#include "config.h"

#include "base/mem.h"
#include "core/bed.h"
#include "core/service.h"
#include "unit.h"

/* --- names --- */

static void
a_name_that_nobody_knows_is_a_row(void **state)
{
	struct bed bed;
	const struct result *rows = bed.recorder.rows;
	int i;

	(void)state;
	bed_init(&bed);
	bed.settings.names.n_resolve = 0;
	bed.settings.verdict.retries = 1;
	bed_open(&bed, "http://a.test/\n");
	assert_int_equal(service_start(bed.service, NULL), 0);
	assert_null(bed_next(&bed));
	/* The second attempt finds it in the cache. */
	bed_settle(&bed, 2);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rows[i].final, i);
		assert_int_equal(rows[i].response_code, 0);
		/* Nobody listens there; c-ares may not be told. */
		assert_true(rows[i].error_class == ERROR_DNS ||
			rows[i].error_class == ERROR_TIMEOUT);
		assert_non_null(rows[i].errormsg);
	}
	bed_close(&bed);
}

static void
takers_are_woken_by_names(void **state)
{
	struct bed bed;
	struct job *job = NULL;

	(void)state;
	bed_init(&bed);
	bed.settings.names.n_resolve = 0;
	bed_open(&bed, "http://a.test/\nhttp://b.test/\n");
	assert_int_equal(service_start(bed.service, NULL), 0);
	assert_int_equal(dispatch_take(bed.dispatch, &job), RUN_END);
	bed_settle(&bed, 2);
	bed_close(&bed);
}

static void
with_a_proxy_its_name_is_looked_up(void **state)
{
	struct bed bed;
	struct job *job;

	(void)state;
	bed_init(&bed);
	assert_int_equal(url_parse("http://proxy:80", NULL, &bed.proxy,
		NULL), 0);
	/* Port 81 is not pinned: only the proxy's is. */
	bed_open(&bed, "http://a:81/\n");
	job = bed_next(&bed);
	assert_string_equal(job->fetch.request.addrs->text,
		"127.0.0.1,127.0.0.2");
	bed_reply(&bed, job, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	bed_close(&bed);
}

static void
with_a_unix_socket_nothing_is_looked_up(void **state)
{
	struct bed bed;
	struct job *job;

	(void)state;
	bed_init(&bed);
	bed.settings.easy.unix_socket = "/tmp/socket";
	bed_open(&bed, "http://a:81/\n");
	job = bed_next(&bed);
	assert_null(job->fetch.request.addrs);
	bed_reply(&bed, job, 200, NULL);
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	bed_close(&bed);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_name_that_nobody_knows_is_a_row),
	cmocka_unit_test(takers_are_woken_by_names),
	cmocka_unit_test(with_a_proxy_its_name_is_looked_up),
	cmocka_unit_test(with_a_unix_socket_nothing_is_looked_up),
};

UNIT_MAIN("core/lookup", tests)
