/* SPDX-License-Identifier: MIT */
/*
 * Look-ups: whose name a hop takes, what comes of a name that nobody knows,
 * and that no answer gets past the address policy.
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
#include "net/policy.h"
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

/* --- the policy --- */

/* Everything on port 80 is pinned to 127.0.0.1 and 127.0.0.2. */
static const struct {
	const char *note, *list;
	const char *deny, *allow;	/* NULL: none; deny NULL: what is not
					 * public */
	const char *addrs;	/* that it goes to; NULL: none */
	const char *why;
} checks[] = {
	{ "nothing that is known is denied", "http://a/", "192.0.2.0/24", NULL,
		"127.0.0.1,127.0.0.2", NULL },
	{ "one of two that --resolve names", "http://a/", "127.0.0.1", NULL,
		"127.0.0.2", NULL },
	{ "the other", "http://a/", NULL, "127.0.0.1", "127.0.0.1", NULL },
	{ "both", "http://a/", NULL, NULL, NULL,
		"127.0.0.1 is not public (127.0.0.0/8)" },
	{ "a literal", "http://10.0.0.1:81/", NULL, NULL, NULL,
		"10.0.0.1 is not public (10.0.0.0/8)" },
	{ "one that is allowed", "http://10.0.0.1:81/", NULL, "10.0.0.0/24",
		"10.0.0.1", NULL },
	{ "of IPv6", "http://[fe80::1]:81/", NULL, NULL, NULL,
		"fe80::1 is not public (fe80::/10)" },
	{ "mapped", "http://[::ffff:10.0.0.1]:81/", NULL, NULL, NULL,
		"::ffff:10.0.0.1 leads to 10.0.0.1, which is not public "
		"(10.0.0.0/8)" },
	{ "in hex", "http://0xa.1:81/", NULL, NULL, NULL,
		"10.0.0.1 is not public (10.0.0.0/8)" },
	{ "in octal", "http://012.0.0.1:81/", NULL, NULL, NULL,
		"10.0.0.1 is not public (10.0.0.0/8)" },
	{ "one number", "http://167772161:81/", NULL, NULL, NULL,
		"10.0.0.1 is not public (10.0.0.0/8)" },
	{ "known to be this machine", "http://x.localhost:81/", NULL, NULL,
		NULL, "127.0.0.1 is not public (127.0.0.0/8)" },
	{ "but of one family", "http://x.localhost:81/", NULL, "::1",
		"[::1]", NULL },
	{ "of the hosts file", "http://hosted:81/", NULL, NULL, NULL,
		"192.168.0.1 is not public (192.168.0.0/16)" },
	{ "of that one is allowed", "http://hosted:81/", NULL, "192.168.0.2",
		"192.168.0.2", NULL },
};

static struct policy *
policy_of(const char *deny, const char *allow)
{
	struct policy *policy = policy_new();

	if (deny == NULL)
		policy_add_special(policy);
	else
		assert_int_equal(policy_add(policy, POLICY_DENIED, deny,
			NULL), 0);
	if (allow != NULL)
		assert_int_equal(policy_add(policy, POLICY_ALLOWED, allow,
			NULL), 0);
	return policy;
}

static void
assert_denied(const struct result *row, const char *why)
{
	assert_int_equal(row->error_class, ERROR_POLICY);
	assert_string_equal(row->error_detail, "denied");
	assert_string_equal(row->errormsg, why);
	assert_int_equal(row->final, 1);
	assert_int_equal(row->attempt, 1);
	assert_true(row->time_total >= 0);
}

static char *
hosts_file(void)
{
	static const char text[] = "192.168.0.1 hosted\n192.168.0.2 hosted\n";
	char *path = mem_strdup("/tmp/hosts-XXXXXX");
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	return path;
}

static void
who_says_it_does_not_matter(void **state)
{
	char *hosts = hosts_file();
	struct policy *policy;
	struct bed bed;
	struct job *job;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof checks / sizeof *checks; i++) {
		print_message("# %s\n", checks[i].note);
		policy = policy_of(checks[i].deny, checks[i].allow);
		bed_init(&bed);
		bed.settings.easy.policy = policy;
		bed.settings.verdict.retries = 2;
		bed.settings.names.hosts_path = hosts;
		bed_open(&bed, checks[i].list);
		job = bed_next(&bed);
		assert_int_equal(job != NULL, checks[i].addrs != NULL);
		if (job != NULL) {
			assert_string_equal(job->fetch.request.addrs->text,
				checks[i].addrs);
			bed_reply(&bed, job, 200, NULL);
			assert_null(bed_next(&bed));
		}
		bed_settle(&bed, 1);
		if (checks[i].why != NULL)
			assert_denied(&bed.recorder.rows[0], checks[i].why);
		else
			assert_true(bed.recorder.rows[0].ok);
		bed_close(&bed);
		policy_free(policy);
	}
	unlink(hosts);
	free(hosts);
}

static void
each_hop_is_checked(void **state)
{
	struct policy *policy = policy_of(NULL, "127.0.0.0/8");
	const struct result *row;
	struct bed bed;
	struct job *job;

	(void)state;
	bed_init(&bed);
	bed.settings.easy.policy = policy;
	bed_open(&bed, "http://a/\n");
	job = bed_next(&bed);
	bed_reply(&bed, job, 302, "http://b/");
	assert_ptr_equal(bed_next(&bed), job);
	bed_reply(&bed, job, 302, "http://[::ffff:10.0.0.1]:81/");
	assert_null(bed_next(&bed));
	bed_settle(&bed, 1);
	row = &bed.recorder.rows[0];
	assert_denied(row, "::ffff:10.0.0.1 leads to 10.0.0.1, which is not "
		"public (10.0.0.0/8)");
	assert_int_equal(row->num_redirects, 2);
	assert_string_equal(row->url_effective,
		"http://[::ffff:10.0.0.1]:81/");
	bed_close(&bed);
	policy_free(policy);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_name_that_nobody_knows_is_a_row),
	cmocka_unit_test(max_time_holds_for_all_look_ups_together),
	cmocka_unit_test(takers_are_woken_by_names),
	cmocka_unit_test(with_a_proxy_its_name_is_looked_up),
	cmocka_unit_test(with_a_unix_socket_nothing_is_looked_up),
	cmocka_unit_test(who_says_it_does_not_matter),
	cmocka_unit_test(each_hop_is_checked),
};

UNIT_MAIN("core/lookup", tests)
