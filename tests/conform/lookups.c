/* SPDX-License-Identifier: MIT */
/*
 * lookups -- names are found, fail and time out the same way for all, and a
 * bad one is no business of its neighbours; what the policy denies is denied to
 * all.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "core/strategy.h"
#include "net/policy.h"
#include "unit.h"

struct lookup {
	const char *note, *host;
	enum error_class class;
	const char *detail;
};

static const struct lookup lookups[] = {
	{ "an address of each family", "ok.test", ERROR_NONE, NULL },
	{ "IPv4 only", "v4.test", ERROR_NONE, NULL },
	{ "an alias", "cname.test", ERROR_NONE, NULL },
	{ "written in capitals", "V4.Other.TEST", ERROR_NONE, NULL },
	{ "known without asking", "localhost", ERROR_NONE, NULL },
	{ "a name that does not exist", "nx.test", ERROR_DNS, "nxdomain" },
	{ "no address", "nodata.test", ERROR_DNS, "nodata" },
	{ "a server that fails", "servfail.test", ERROR_DNS, "servfail" },
	{ "a server that refuses", "refused.test", ERROR_DNS, "refused" },
	{ "a server that says nothing", "silent.test", ERROR_TIMEOUT,
		"resolve" },
};

static void
assert_lookup(const struct lookup *lookup, const struct result *record)
{
	const char *detail = record->error_detail;

	if (record->error_class == lookup->class &&
	    (detail == NULL) == (lookup->detail == NULL) &&
	    (detail == NULL || strcmp(detail, lookup->detail) == 0) &&
	    record->response_code == (lookup->detail == NULL ? 200u : 0))
		return;
	fail_msg("%s: class '%s', detail '%s', code %" PRIu64 ": %s",
		lookup->note, error_class_name(record->error_class),
		detail != NULL ? detail : "", record->response_code,
		record->errormsg != NULL ? record->errormsg : "");
}

static void
a_name_is_found_or_its_record_says_why_not(const struct strategy *strategy)
{
	size_t n = sizeof lookups / sizeof *lookups, i;
	struct trip trip;

	trip_init(&trip, strategy);
	trip.settings.names.timeout_us = 300 * CLOCK_MS;
	for (i = 0; i < n; i++)
		trip_add(&trip, "http://%s:%u/bytes/1", lookups[i].host,
			world.here.port);
	trip_complete(&trip);
	trip_assert_all(&trip, n);
	for (i = 0; i < n; i++)
		assert_lookup(&lookups[i], trip_final(&trip, i + 1));
	trip_release(&trip);
}

static void
many_urls_of_a_name_ask_once(const struct strategy *strategy)
{
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	for (i = 0; i < 50; i++)
		trip_add(&trip, "http://v4.test:%u/bytes/1", world.here.port);
	trip_complete(&trip);
	trip_assert_all(&trip, 50);
	assert_int_equal(trip.counters.ok, 50);
	assert_int_equal(trip.names_asked, 1);
	trip_release(&trip);
}

static void
resolve_takes_the_place_of_asking(const struct strategy *strategy)
{
	char named[64], any[64];
	char *pins[] = { named, any };
	struct trip trip;

	snprintf(named, sizeof named, "nx.test:%u:127.0.0.1",
		world.here.port);
	/* The first is refused: nobody listens there. */
	snprintf(any, sizeof any, "*:%u:127.9.9.9,127.0.0.1",
		world.there.port);
	trip_init(&trip, strategy);
	trip.settings.names.resolve = pins;
	trip.settings.names.n_resolve = 2;
	trip_add(&trip, "http://nx.test:%u/bytes/1", world.here.port);
	trip_add(&trip, "http://whatever.test:%u/bytes/2", world.there.port);
	trip_complete(&trip);
	trip_assert_all(&trip, 2);
	assert_int_equal(trip.counters.ok, 2);
	assert_int_equal(trip.names_asked, 0);
	assert_string_equal(trip_final(&trip, 1)->remote_ip, "127.0.0.1");
	trip_release(&trip);
}

/* A redirect's host is looked up as any other. */
static void
each_hop_is_looked_up(const struct strategy *strategy)
{
	const struct result *record;
	struct trip trip;

	trip_init(&trip, strategy);
	trip_add(&trip, "http://v4.here.test:%u/redirect/1?to="
		"http://v4.there.test:%u/bytes/7", world.here.port,
		world.there.port);
	trip_add(&trip, "http://v4.here.test:%u/redirect/1?to="
		"http://nx.test:%u/", world.here.port, world.there.port);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	assert_true(record->ok);
	assert_int_equal(record->size_download, 7);
	record = trip_final(&trip, 2);
	assert_int_equal(record->error_class, ERROR_DNS);
	assert_string_equal(record->error_detail, "nxdomain");
	assert_int_equal(record->num_redirects, 1);
	assert_int_equal(trip.names_asked, 3);
	trip_release(&trip);
}

/* Names are looked up for -c URLs ahead: serial alone waits for each. */
static void
a_silent_name_does_not_hold_up_the_others(const struct strategy *strategy)
{
	int waits = (strategy->caps & STRATEGY_ONE) != 0;
	struct trip trip;
	unsigned i;

	trip_init(&trip, strategy);
	trip.settings.names.timeout_us = (waits ? 100 : 2000) * CLOCK_MS;
	for (i = 0; i < 4; i++)
		trip_add(&trip, "http://silent%u.test:%u/", i,
			world.here.port);
	for (i = 0; i < 20; i++)
		trip_add(&trip, "%s/bytes/1", world.here.url);
	trip_complete(&trip);
	trip_assert_all(&trip, 24);
	for (i = 1; i <= 4; i++)
		assert_string_equal(trip_final(&trip, i)->error_detail,
			"resolve");
	for (i = 0; i < 20 && !waits; i++)
		assert_true(trip.records[i]->ok);
	trip_release(&trip);
}

/* --- the policy --- */

/* 127.0.0.2, and what is in the net of somebody else. */
static const char *const denied_hosts[] = {
	"127.0.0.2", "0x7f.2", "0177.0.0.2", "2130706434",
	"[::ffff:127.0.0.2]", "[64:ff9b::127.0.0.2]", "[2002:7f00:2::]",
	"private.test",
};

#define DENIED (sizeof denied_hosts / sizeof *denied_hosts)

static void
assert_denied(const struct trip *trip, uint64_t seq, uint64_t hops)
{
	const struct result *record = trip_final(trip, seq);

	if (record->error_class == ERROR_POLICY &&
	    strcmp(record->error_detail, "denied") == 0 &&
	    record->attempt == 1 && record->num_redirects == hops &&
	    record->num_connects == 0 && record->response_code == 0 &&
	    record->remote_ip[0] == '\0' && record->errormsg != NULL)
		return;
	fail_msg("%s: class '%s', attempt %" PRIu64 ", %" PRIu64 " hops, %"
		PRIu64 " connections: %s", record->url,
		error_class_name(record->error_class), record->attempt,
		record->num_redirects, record->num_connects,
		record->errormsg != NULL ? record->errormsg : "");
}

static struct policy *
only_127_0_0_1(void)
{
	struct policy *policy = policy_new();

	policy_add_special(policy);
	assert_int_equal(policy_add(policy, POLICY_ALLOWED, "127.0.0.1",
		NULL), 0);
	return policy;
}

static void
no_url_and_no_redirect_leads_to_what_is_denied(
	const struct strategy *strategy)
{
	struct policy *policy = only_127_0_0_1();
	struct trip trip;
	size_t i;

	trip_init(&trip, strategy);
	trip.settings.easy.policy = policy;
	trip.settings.verdict.retries = 2;
	assert_int_equal(verdict_retry_on_parse(
		&trip.settings.verdict.retry_on, "policy,connect,dns", NULL),
		0);
	for (i = 0; i < DENIED; i++) {
		trip_add(&trip, "http://%s:%u/bytes/1", denied_hosts[i],
			world.there.port);
		trip_add(&trip, "%s/redirect/1?to=http://%s:%u/",
			world.here.url, denied_hosts[i], world.there.port);
	}
	/* It leads to ::1 as well, which is passed over. */
	trip_add(&trip, "http://ok.test:%u/bytes/1", world.here.port);
	trip_complete(&trip);
	trip_assert_all(&trip, 2 * DENIED + 1);
	for (i = 0; i < DENIED; i++) {
		assert_denied(&trip, 2 * i + 1, 0);
		assert_denied(&trip, 2 * i + 2, 1);
	}
	assert_int_equal(trip.counters.ok, 1);
	trip_release(&trip);
	policy_free(policy);
}

/* A cache of one name, which the second URL's takes the place of. */
static void
a_name_that_leads_elsewhere_later_is_checked_again(
	const struct strategy *strategy)
{
	struct policy *policy = only_127_0_0_1();
	struct trip trip;

	trip_init(&trip, strategy);
	trip.settings.easy.policy = policy;
	trip.settings.concurrency = 1;
	trip.settings.names.cache_max = 1;
	trip_add(&trip, "http://rebind-1.test:%u/bytes/1", world.here.port);
	trip_add(&trip, "http://v4.test:%u/bytes/1", world.here.port);
	trip_add(&trip, "http://rebind-1.test:%u/bytes/1", world.here.port);
	trip_complete(&trip);
	assert_true(trip_final(&trip, 1)->ok);
	assert_true(trip_final(&trip, 2)->ok);
	assert_denied(&trip, 3, 0);
	assert_string_equal(trip_final(&trip, 3)->errormsg,
		"127.0.0.2 is not public (127.0.0.0/8)");
	assert_int_equal(trip.names_asked, 3);
	trip_release(&trip);
	policy_free(policy);
}

static const struct promise promises[] = {
	PROMISE(a_name_is_found_or_its_record_says_why_not),
	PROMISE(many_urls_of_a_name_ask_once),
	PROMISE(resolve_takes_the_place_of_asking),
	PROMISE(each_hop_is_looked_up),
	PROMISE(a_silent_name_does_not_hold_up_the_others),
	PROMISE(no_url_and_no_redirect_leads_to_what_is_denied),
	PROMISE(a_name_that_leads_elsewhere_later_is_checked_again),
};

const struct promise_set promises_lookups = { PROMISE_ROWS(promises) };
