/* SPDX-License-Identifier: MIT */
/*
 * Look-ups: whose name a hop takes, and what comes of a name that nobody
 * knows.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
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
	/* The second attempt asks again. */
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

/*
 * The server never answers and --dns-timeout is an hour; the hop before took
 * all but 20 ms of the attempt's time.
 */
static void
max_time_holds_for_all_look_ups_together(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof at;
	const struct result *row;
	char servers[32];
	struct bed bed;
	struct job *job;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at, &len),
		0);
	snprintf(servers, sizeof servers, "127.0.0.1:%u", ntohs(at.sin_port));
	bed_init(&bed);
	bed.settings.names.servers = servers;
	bed.settings.names.timeout_us = 3600 * CLOCK_SECOND;
	bed.settings.max_time_us = 600 * CLOCK_SECOND;
	bed_open(&bed, "http://a/\n");
	assert_int_equal(service_start(bed.service, NULL), 0);
	job = bed_next(&bed);
	job->started_us -= 600 * CLOCK_SECOND - 20 * CLOCK_MS;
	bed_reply(&bed, job, 302, "http://b.test:81/");
	/* bed_next() has a minute's patience. */
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	row = &bed.recorder.rows[0];
	assert_int_equal(row->error_class, ERROR_TIMEOUT);
	assert_string_equal(row->error_detail, "resolve");
	assert_true(row->time_total >= 600 * CLOCK_SECOND);
	bed_close(&bed);
	close(fd);
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
	cmocka_unit_test(max_time_holds_for_all_look_ups_together),
	cmocka_unit_test(takers_are_woken_by_names),
	cmocka_unit_test(with_a_proxy_its_name_is_looked_up),
	cmocka_unit_test(with_a_unix_socket_nothing_is_looked_up),
};

UNIT_MAIN("core/lookup", tests)
