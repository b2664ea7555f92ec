/* SPDX-License-Identifier: MIT */
/*
 * names -- look-ups against a server that answers, refuses, keeps silent or is
 * late; and what needs no server.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/names.h"
#include "net/responder.h"
#include "unit.h"

#define NO_HOSTS "/nonexistent/hosts"

/* A resolver, the server it asks, and the base both are on. */
struct stage {
	struct event_base *base;
	struct responder *responder;
	char *servers;
	struct names *names;
	int told, inside;	/* answers so far; names_lookup() is running */
};

struct asker {
	struct names_waiter waiter;
	struct stage *stage;
	enum names_status status;
	struct addrs *addrs;
	int told;		/* as what number; 0: not yet */
};

static void
asker_told(struct names_waiter *waiter, enum names_status status,
	struct addrs *addrs)
{
	struct asker *asker = (struct asker *)(void *)waiter;

	assert_false(asker->stage->inside);
	assert_int_equal(asker->told, 0);
	assert_int_equal(status == NAMES_OK, addrs != NULL);
	asker->status = status;
	asker->addrs = addrs != NULL ? addrs_ref(addrs) : NULL;
	asker->told = ++asker->stage->told;
	event_base_loopbreak(asker->stage->base);
}

static void
asker_ask(struct asker *asker, struct stage *stage, const char *host)
{
	*asker = (struct asker){ .waiter.done = asker_told, .stage = stage };
	stage->inside = 1;
	names_lookup(stage->names, host, strlen(host), 80, &asker->waiter);
	stage->inside = 0;
}

static void
asker_wait(struct asker *asker)
{
	while (asker->told == 0)
		assert_int_equal(event_base_dispatch(asker->stage->base), 0);
}

static void
asker_release(struct asker *asker)
{
	addrs_unref(asker->addrs);
}

/* Asks, waits and compares; `text` NULL for none. */
static void
assert_answer(struct stage *stage, const char *host, enum names_status status,
	const char *text)
{
	struct asker asker;

	print_message("# %s\n", host);
	asker_ask(&asker, stage, host);
	asker_wait(&asker);
	assert_int_equal(asker.status, status);
	if (text != NULL)
		assert_string_equal(asker.addrs->text, text);
	asker_release(&asker);
}

/* What is known without asking. */
static void
assert_known(struct stage *stage, const char *host, uint16_t port,
	enum names_status status, const char *text)
{
	struct addrs *addrs = NULL;

	assert_int_equal(names_cached(stage->names, host, strlen(host), port,
		&addrs), status);
	if (text != NULL)
		assert_string_equal(addrs->text, text);
	addrs_unref(addrs);
}

/* `settings` may leave out what every test has the same. */
static void
stage_open(struct stage *stage, struct names_settings settings)
{
	struct err err;

	*stage = (struct stage){ .base = event_base_new() };
	stage->responder = responder_new(stage->base);
	assert_non_null(stage->responder);
	stage->servers = mem_printf("127.0.0.1:%u",
		(unsigned)responder_port(stage->responder));
	if (settings.servers == NULL)
		settings.servers = stage->servers;
	if (settings.hosts_path == NULL)
		settings.hosts_path = NO_HOSTS;
	if (settings.concurrency == 0)
		settings.concurrency = 64;
	if (settings.timeout_us == 0)
		settings.timeout_us = 60 * CLOCK_SECOND;
	if (settings.cache_max == 0)
		settings.cache_max = 1000;
	stage->names = names_new(&settings, &err);
	assert_non_null(stage->names);
	names_assume_ipv6(stage->names, 1);
	assert_int_equal(names_attach(stage->names, stage->base, &err), 0);
}

static void
stage_close(struct stage *stage)
{
	names_free(stage->names);
	responder_free(stage->responder);
	free(stage->servers);
	event_base_free(stage->base);
}

static void
every_status_has_a_name_and_a_sentence(void **state)
{
	int status;

	(void)state;
	for (status = NAMES_OK; status <= NAMES_BADNAME; status++) {
		assert_true(*names_status_name((enum names_status)status));
		assert_true(*names_status_text((enum names_status)status));
	}
	assert_string_equal(names_status_name(NAMES_NXDOMAIN), "nxdomain");
	assert_string_equal(names_status_name(NAMES_BADNAME), "badname");
	assert_true(names_status_transient(NAMES_SERVFAIL));
	assert_true(names_status_transient(NAMES_TIMEOUT));
	assert_false(names_status_transient(NAMES_NXDOMAIN));
	assert_false(names_status_transient(NAMES_NODATA));
}

static void
answers_become_addresses_or_a_reason(void **state)
{
	static const struct {
		const char *host;
		enum names_status status;
		const char *text;
	} rows[] = {
		{ "ok.test", NAMES_OK, "[::1],127.0.0.1" },
		{ "ok", NAMES_OK, "[::1],127.0.0.1" },
		{ "ok_under-score.test", NAMES_OK, "[::1],127.0.0.1" },
		{ "ok-dot.test.", NAMES_OK, "[::1],127.0.0.1" },
		{ "v4.test", NAMES_OK, "127.0.0.1" },
		{ "v6.test", NAMES_OK, "[::1]" },
		{ "cname.test", NAMES_OK, "[::1],127.0.0.1" },
		{ "many.test", NAMES_OK, "[::1],127.0.0.1,[::2],127.0.0.2,"
			"[::3],127.0.0.3" },
		{ "chain-8.test", NAMES_OK, "[::1],127.0.0.1" },
		{ "private.test", NAMES_OK, "10.0.0.1" },
		{ "nxaaaa.test", NAMES_OK, "127.0.0.1" },
		{ "servfaila.test", NAMES_OK, "[::1]" },
		{ "silentaaaa.test", NAMES_OK, "127.0.0.1" },
		{ "silenta.test", NAMES_OK, "[::1]" },
		{ "nx.test", NAMES_NXDOMAIN, NULL },
		{ "nxsilent.test", NAMES_NXDOMAIN, NULL },
		{ "nodata.test", NAMES_NODATA, NULL },
		{ "loop.test", NAMES_NODATA, NULL },
		{ "servfail.test", NAMES_SERVFAIL, NULL },
		{ "refused.test", NAMES_REFUSED, NULL },
		{ "ok..test", NAMES_BADNAME, NULL },
		{ "ok\\.test", NAMES_BADNAME, NULL },
	};
	struct stage stage;
	size_t i;

	(void)state;
	stage_open(&stage, (struct names_settings){ 0 });
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_answer(&stage, rows[i].host, rows[i].status,
			rows[i].text);
		assert_known(&stage, rows[i].host, 80, rows[i].status,
			rows[i].text);
	}
	stage_close(&stage);
}

static void
silence_ends_in_time(void **state)
{
	static const char *const hosts[] = { "silent.test",
		"nodatasilent.test", "silent-2.test" };
	struct stage stage;
	int64_t start_us;
	size_t i;

	(void)state;
	stage_open(&stage, (struct names_settings){
		.timeout_us = 200 * CLOCK_MS });
	for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		start_us = clock_us();
		assert_answer(&stage, hosts[i], NAMES_TIMEOUT, NULL);
		assert_true(clock_us() - start_us >= 100 * CLOCK_MS);
		assert_true(clock_us() - start_us < 20 * CLOCK_SECOND);
		assert_known(&stage, hosts[i], 80, NAMES_TIMEOUT, NULL);
	}
	stage_close(&stage);
}

static void
one_look_up_serves_all_who_wait(void **state)
{
	struct asker askers[100];
	struct stage stage;
	uint64_t asked, cached;
	int i;

	(void)state;
	stage_open(&stage, (struct names_settings){ .concurrency = 2 });
	for (i = 0; i < 100; i++)
		asker_ask(&askers[i], &stage, i % 2 ? "ok.test" : "ok.test.");
	for (i = 0; i < 100; i++) {
		asker_wait(&askers[i]);
		assert_int_equal(askers[i].status, NAMES_OK);
		assert_int_equal(askers[i].told, i + 1);
		assert_ptr_equal(askers[i].addrs, askers[0].addrs);
	}
	assert_int_equal(responder_asked(stage.responder, 4), 1);
	assert_int_equal(responder_asked(stage.responder, 6), 1);
	names_counts(stage.names, &asked, &cached);
	assert_int_equal(asked, 1);
	assert_int_equal(cached, 0);
	assert_answer(&stage, "ok.test", NAMES_OK, NULL);
	names_counts(stage.names, &asked, &cached);
	assert_int_equal(asked, 1);
	assert_int_equal(cached, 1);
	assert_int_equal(responder_asked(stage.responder, 4), 1);
	for (i = 0; i < 100; i++)
		asker_release(&askers[i]);
	stage_close(&stage);
}

/* asker_told() checks that it is not called from names_lookup(). */
static void
what_is_known_is_told_later_too(void **state)
{
	struct asker askers[4];
	struct stage stage;
	int i;

	(void)state;
	stage_open(&stage, (struct names_settings){ 0 });
	asker_ask(&askers[0], &stage, "127.0.0.1");
	asker_ask(&askers[1], &stage, "bad..name");
	asker_ask(&askers[2], &stage, "localhost");
	asker_ask(&askers[3], &stage, "::1");
	for (i = 0; i < 4; i++) {
		asker_wait(&askers[i]);
		assert_int_equal(askers[i].told, i + 1);
		asker_release(&askers[i]);
	}
	stage_close(&stage);
}

static void
only_so_many_are_asked_at_once_and_in_order(void **state)
{
	struct asker askers[12];
	struct stage stage;
	char host[32];
	int i;

	(void)state;
	stage_open(&stage, (struct names_settings){ .concurrency = 3,
		.family = 4 });
	for (i = 0; i < 12; i++) {
		snprintf(host, sizeof host, "latea-20-%d.test", i);
		asker_ask(&askers[i], &stage, host);
	}
	for (i = 0; i < 12; i++) {
		asker_wait(&askers[i]);
		assert_int_equal(askers[i].status, NAMES_OK);
		assert_in_range(askers[i].told, i / 3 * 3 + 1, i / 3 * 3 + 3);
		asker_release(&askers[i]);
	}
	assert_int_equal(responder_peak(stage.responder), 3);
	stage_close(&stage);
}

static void
a_late_family_is_not_waited_for_but_kept(void **state)
{
	static const struct {
		const char *host, *first;
	} rows[] = {
		{ "lateaaaa-400.test", "127.0.0.1" },
		{ "latea-400.test", "[::1]" },
	};
	struct addrs *addrs = NULL;
	struct stage stage;
	size_t i, n;

	(void)state;
	stage_open(&stage, (struct names_settings){ 0 });
	for (i = 0; i < 2; i++) {
		assert_answer(&stage, rows[i].host, NAMES_OK, rows[i].first);
		do {
			assert_int_equal(event_base_loop(stage.base,
				EVLOOP_ONCE), 0);
			assert_int_equal(names_cached(stage.names,
				rows[i].host, strlen(rows[i].host), 80,
				&addrs), NAMES_OK);
			n = addrs->n;
			addrs_unref(addrs);
		} while (n < 2);
		assert_known(&stage, rows[i].host, 80, NAMES_OK,
			"[::1],127.0.0.1");
	}
	stage_close(&stage);
}

/* The last answer is kept, and is given to nobody else. */
static void
what_was_said_last_is_said_of_nothing_else(void **state)
{
	char first[] = "pinned.test:80:192.0.2.1";
	char second[] = "pinned.test:81:192.0.2.2";
	char *resolve[] = { first, second };
	static const struct {
		const char *host;
		uint16_t port;
		const char *text;
	} rows[] = {
		{ "192.0.2.7", 80, "192.0.2.7" },
		{ "192.0.2.8", 80, "192.0.2.8" },
		{ "192.0.2.77", 80, "192.0.2.77" },
		{ "192.0.2.7", 80, "192.0.2.7" },
		{ "pinned.test", 80, "192.0.2.1" },
		{ "pinned.test", 81, "192.0.2.2" },
		{ "pinned.test.", 81, "192.0.2.2" },
		{ "pinned.test", 80, "192.0.2.1" },
		{ "localhost", 80, "127.0.0.1,[::1]" },
	};
	struct stage stage;
	size_t i;

	(void)state;
	stage_open(&stage, (struct names_settings){ .resolve = resolve,
		.n_resolve = 2 });
	for (i = 0; i < 2 * sizeof rows / sizeof *rows; i++)
		assert_known(&stage, rows[i / 2].host, rows[i / 2].port,
			NAMES_OK, rows[i / 2].text);
	stage_close(&stage);
}

static void
a_late_family_within_the_delay_is_waited_for(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){ 0 });
	assert_answer(&stage, "lateaaaa-1.test", NAMES_OK, "[::1],127.0.0.1");
	stage_close(&stage);
}

static void
unwanted_families_are_not_asked_for(void **state)
{
	static const struct {
		int family, routed;
		unsigned a, aaaa;
		const char *text;
		enum names_status v6_only;
	} rows[] = {
		{ 4, 1, 2, 0, "127.0.0.1", NAMES_NODATA },
		{ 6, 0, 0, 2, "[::1]", NAMES_OK },
		{ 0, 0, 2, 0, "127.0.0.1", NAMES_NODATA },
		{ 0, 1, 2, 2, "[::1],127.0.0.1", NAMES_OK },
	};
	struct stage stage;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		stage_open(&stage, (struct names_settings){
			.family = rows[i].family });
		names_detach(stage.names);
		names_assume_ipv6(stage.names, rows[i].routed);
		assert_int_equal(names_attach(stage.names, stage.base, NULL),
			0);
		assert_answer(&stage, "ok.test", NAMES_OK, rows[i].text);
		assert_answer(&stage, "v6.test", rows[i].v6_only, NULL);
		assert_int_equal(responder_asked(stage.responder, 4),
			rows[i].a);
		assert_int_equal(responder_asked(stage.responder, 6),
			rows[i].aaaa);
		assert_answer(&stage, "nx.test", NAMES_NXDOMAIN, NULL);
		stage_close(&stage);
	}
}

static void
who_cancels_is_never_told(void **state)
{
	struct asker stays, leaves, queued;
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){ .concurrency = 1 });
	asker_ask(&stays, &stage, "ok.test");
	asker_ask(&leaves, &stage, "ok.test");
	asker_ask(&queued, &stage, "ok-queued.test");
	names_cancel(stage.names, &leaves.waiter);
	names_cancel(stage.names, &queued.waiter);
	asker_wait(&stays);
	assert_answer(&stage, "ok-next.test", NAMES_OK, NULL);
	assert_int_equal(leaves.told, 0);
	assert_int_equal(queued.told, 0);
	/* Nobody wanted the queued one any more. */
	assert_int_equal(responder_asked(stage.responder, 4), 2);
	names_cancel(stage.names, &stays.waiter);
	asker_release(&stays);
	/* Who leaves a running look-up leaves its answer to others. */
	asker_ask(&leaves, &stage, "ok-left.test");
	names_cancel(stage.names, &leaves.waiter);
	assert_answer(&stage, "ok-left.test", NAMES_OK, NULL);
	assert_int_equal(responder_asked(stage.responder, 4), 3);
	stage_close(&stage);
}

/* What is told may be cancelled for others at that very moment. */
struct canceller {
	struct asker asker;
	struct asker *other;
};

static void
canceller_told(struct names_waiter *waiter, enum names_status status,
	struct addrs *addrs)
{
	struct canceller *canceller = (struct canceller *)(void *)waiter;

	names_cancel(canceller->asker.stage->names, &canceller->other->waiter);
	asker_told(waiter, status, addrs);
}

static void
waiters_may_cancel_and_ask_while_told(void **state)
{
	struct canceller first;
	struct asker second;
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){ 0 });
	asker_ask(&first.asker, &stage, "ok.test");
	first.asker.waiter.done = canceller_told;
	first.other = &second;
	asker_ask(&second, &stage, "ok.test");
	asker_wait(&first.asker);
	assert_answer(&stage, "ok-2.test", NAMES_OK, NULL);
	assert_int_equal(second.told, 0);
	asker_release(&first.asker);
	stage_close(&stage);
}

static void
detaching_ends_everything_at_any_moment(void **state)
{
	static const char *const hosts[] = { "silent.test", "lateaaaa-60000.t",
		"ok.test", "127.0.0.1", "nx.test" };
	struct asker askers[5], again;
	struct stage stage;
	size_t i, rounds;

	(void)state;
	for (rounds = 0; rounds < 6; rounds++) {
		stage_open(&stage, (struct names_settings){
			.concurrency = 2 });
		for (i = 0; i < 5; i++)
			asker_ask(&askers[i], &stage, hosts[i]);
		for (i = 0; i < rounds; i++)
			event_base_loop(stage.base, EVLOOP_ONCE);
		names_detach(stage.names);
		for (i = 0; i < 5; i++) {
			names_cancel(stage.names, &askers[i].waiter);
			asker_release(&askers[i]);
		}
		assert_int_equal(names_attach(stage.names, stage.base, NULL),
			0);
		asker_ask(&again, &stage, "ok.test");
		asker_wait(&again);
		asker_release(&again);
		stage_close(&stage);
	}
}

static void
what_this_machine_says_comes_first(void **state)
{
	static char pinned[] = "pin.test:443:192.0.2.9,2001:db8::9";
	static const struct {
		const char *host;
		uint16_t port;
		int family;
		enum names_status status;
		const char *text;
	} rows[] = {
		{ "pin.test", 443, 0, NAMES_OK, "192.0.2.9,[2001:db8::9]" },
		{ "pin.test.", 443, 4, NAMES_OK, "192.0.2.9" },
		{ "pin.test", 80, 0, NAMES_PENDING, NULL },
		{ "192.0.2.1", 80, 0, NAMES_OK, "192.0.2.1" },
		{ "192.0.2.1", 80, 6, NAMES_NODATA, NULL },
		{ "2001:db8::1", 80, 0, NAMES_OK, "[2001:db8::1]" },
		{ "2001:db8::1", 80, 4, NAMES_NODATA, NULL },
		{ "fe80::1%eth0", 80, 0, NAMES_BADNAME, NULL },
		{ "localhost", 80, 0, NAMES_OK, "127.0.0.1,[::1]" },
		{ "localhost.", 80, 6, NAMES_OK, "[::1]" },
		{ "a.b.localhost", 80, 4, NAMES_OK, "127.0.0.1" },
		{ "notlocalhost", 80, 0, NAMES_PENDING, NULL },
		{ "localhost.test", 80, 0, NAMES_PENDING, NULL },
		{ "unknown.test", 80, 0, NAMES_PENDING, NULL },
		{ "", 80, 0, NAMES_BADNAME, NULL },
		{ ".", 80, 0, NAMES_BADNAME, NULL },
		{ ".test", 80, 0, NAMES_BADNAME, NULL },
		{ "a..test", 80, 0, NAMES_BADNAME, NULL },
		{ "test..", 80, 0, NAMES_BADNAME, NULL },
		{ "a b.test", 80, 0, NAMES_BADNAME, NULL },
		{ "a\xc3\xa4.test", 80, 0, NAMES_BADNAME, NULL },
	};
	char *resolve[] = { pinned };
	struct stage stage;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].host);
		stage_open(&stage, (struct names_settings){
			.family = rows[i].family, .resolve = resolve,
			.n_resolve = 1 });
		assert_known(&stage, rows[i].host, rows[i].port,
			rows[i].status, rows[i].text);
		stage_close(&stage);
	}
}

static void
the_hosts_file_comes_before_the_dns(void **state)
{
	char path[] = "/tmp/hosts-XXXXXX";
	int fd = mkstemp(path);
	struct stage stage;

	(void)state;
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "192.0.2.7 ok.test localhost x.localhost\n"
		"2001:db8::7 six.test\n") > 0);
	stage_open(&stage, (struct names_settings){ .hosts_path = path });
	assert_answer(&stage, "ok.test", NAMES_OK, "192.0.2.7");
	assert_answer(&stage, "localhost", NAMES_OK, "192.0.2.7");
	assert_answer(&stage, "x.localhost", NAMES_OK, "192.0.2.7");
	assert_int_equal(responder_asked(stage.responder, 4), 0);
	stage_close(&stage);
	/* Nothing of this family in the file: on to the next. */
	stage_open(&stage, (struct names_settings){ .hosts_path = path,
		.family = 4 });
	assert_known(&stage, "six.test", 80, NAMES_PENDING, NULL);
	stage_close(&stage);
	stage_open(&stage, (struct names_settings){ .hosts_path = path,
		.family = 6 });
	assert_known(&stage, "localhost", 80, NAMES_OK, "[::1]");
	stage_close(&stage);
	close(fd);
	unlink(path);
}

static void
long_names_are_refused_at_the_limit(void **state)
{
	char host[300];
	struct stage stage;
	size_t i;

	(void)state;
	stage_open(&stage, (struct names_settings){ 0 });
	for (i = 0; i < sizeof host; i++)
		host[i] = i % 64 == 63 ? '.' : 'a';
	host[253] = '\0';
	assert_known(&stage, host, 80, NAMES_PENDING, NULL);
	assert_answer(&stage, host, NAMES_NXDOMAIN, NULL);
	host[253] = 'a';
	host[254] = '\0';
	assert_known(&stage, host, 80, NAMES_BADNAME, NULL);
	host[254] = 'a';
	memset(host, 'a', 64);
	host[63] = '\0';
	assert_known(&stage, host, 80, NAMES_PENDING, NULL);
	host[63] = 'a';
	host[64] = '\0';
	assert_known(&stage, host, 80, NAMES_BADNAME, NULL);
	stage_close(&stage);
}

static void
bad_settings_are_usage_errors(void **state)
{
	static char wrong[] = "a.test:80";
	char *resolve[] = { wrong };
	struct err err = { 0 };

	(void)state;
	assert_null(names_new(&(struct names_settings){
		.servers = "127.0.0.1,nonsense" }, &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "nonsense"));
	err = (struct err){ 0 };
	assert_null(names_new(&(struct names_settings){
		.servers = "127.0.0.1", .resolve = resolve, .n_resolve = 1 },
		&err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "a.test:80"));
	names_free(NULL);
}

/* A UDP port where nobody answers; *ret_fd counts who asks. */
static uint16_t
mute_port(int *ret_fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct sockaddr *sa = (struct sockaddr *)(void *)&at;
	socklen_t len = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*ret_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0);
	assert_int_equal(bind(*ret_fd, sa, len), 0);
	assert_int_equal(getsockname(*ret_fd, sa, &len), 0);
	return ntohs(at.sin_port);
}

static int
mute_asked(int fd)
{
	char packet[2000];
	int n = 0;

	while (recv(fd, packet, sizeof packet, 0) > 0)
		n++;
	return n;
}

static void
a_dead_first_server_costs_its_time_once(void **state)
{
	struct asker askers[5];
	struct stage stage;
	char *servers, host[32];
	uint16_t port;
	int fd, i;

	(void)state;
	port = mute_port(&fd);
	stage_open(&stage, (struct names_settings){ 0 });
	names_free(stage.names);
	servers = mem_printf("127.0.0.1:%u,%s", (unsigned)port,
		stage.servers);
	stage.names = names_new(&(struct names_settings){
		.servers = servers, .hosts_path = NO_HOSTS, .concurrency = 5,
		.timeout_us = 3 * CLOCK_SECOND, .cache_max = 100 }, NULL);
	names_assume_ipv6(stage.names, 0);
	assert_int_equal(names_attach(stage.names, stage.base, NULL), 0);
	for (i = 0; i < 5; i++) {
		snprintf(host, sizeof host, "ok-%d.test", i);
		asker_ask(&askers[i], &stage, host);
	}
	for (i = 0; i < 5; i++) {
		asker_wait(&askers[i]);
		assert_int_equal(askers[i].status, NAMES_OK);
		asker_release(&askers[i]);
	}
	assert_true(mute_asked(fd) > 0);
	for (i = 0; i < 20; i++) {
		snprintf(host, sizeof host, "ok-more-%d.test", i);
		assert_answer(&stage, host, NAMES_OK, NULL);
	}
	assert_int_equal(mute_asked(fd), 0);
	stage_close(&stage);
	free(servers);
	close(fd);
}

/* An answer that is truncated is asked for again by TCP. */
static void
truncated_answers_end_in_time_whatever_tcp_does(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){
		.timeout_us = 700 * CLOCK_MS });
	assert_answer(&stage, "cut.test", NAMES_NOSERVER, NULL);
	assert_answer(&stage, "ok.test", NAMES_OK, NULL);
	responder_listen(stage.responder);
	assert_answer(&stage, "cut-2.test", NAMES_TIMEOUT, NULL);
	assert_answer(&stage, "ok-2.test", NAMES_OK, NULL);
	stage_close(&stage);
}

/* Begins to ask for so many names of a prefix. */
static struct asker *
crowd_ask(struct stage *stage, const char *prefix, int n)
{
	struct asker *askers = mem_array((size_t)n, sizeof *askers);
	char host[40];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(host, sizeof host, "%s-%d.test", prefix, i);
		asker_ask(&askers[i], stage, host);
	}
	return askers;
}

/* How many of them ended so, none of which is left behind. */
static int
crowd_end(struct asker *askers, int n, enum names_status status)
{
	int ended = 0, i;

	for (i = 0; i < n; i++) {
		asker_wait(&askers[i]);
		ended += askers[i].status == status;
		asker_release(&askers[i]);
	}
	free(askers);
	return ended;
}

/* Asks for so many names of a prefix at once; how many were NAMES_OK. */
static int
ask_crowd(struct stage *stage, const char *prefix, int n)
{
	struct asker *askers = crowd_ask(stage, prefix, n);
	int ok = 0, i;

	for (i = 0; i < n; i++) {
		asker_wait(&askers[i]);
		ok += askers[i].status == NAMES_OK;
		assert_true(askers[i].status == NAMES_OK ||
			askers[i].status == NAMES_TIMEOUT);
		asker_release(&askers[i]);
	}
	free(askers);
	return ok;
}

static void
a_dead_server_costs_its_time_once_and_few_questions(void **state)
{
	struct stage stage;
	int64_t start_us;
	int i;

	(void)state;
	stage_open(&stage, (struct names_settings){ .family = 4,
		.concurrency = 10, .timeout_us = 4 * CLOCK_SECOND });
	responder_mute(stage.responder, 1);
	start_us = clock_us();
	/* Ten at a time, with all their time each, would take 80 seconds. */
	assert_int_equal(ask_crowd(&stage, "ok", 200), 0);
	assert_true(clock_us() - start_us < 60 * CLOCK_SECOND);
	assert_in_range(responder_asked(stage.responder, 4), 10, 300);
	/* As soon as it says anything, all have their time again. */
	responder_mute(stage.responder, 0);
	for (i = 0; ask_crowd(&stage, i % 2 ? "ok-a" : "ok-b", i + 1) == 0; i++)
		;
	assert_int_equal(ask_crowd(&stage, "latea-1000", 30), 30);
	stage_close(&stage);
}

/* 300 ms are long enough for all that goes wrong to go wrong meanwhile. */
static void
a_closed_connection_fails_nobody_else(void **state)
{
	struct asker *late, *closed, *whole;
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){ .family = 4 });
	responder_serve(stage.responder);
	late = crowd_ask(&stage, "latea-300", 30);
	closed = crowd_ask(&stage, "cut", 10);
	whole = crowd_ask(&stage, "cutok", 10);
	assert_int_equal(crowd_end(closed, 10, NAMES_NOSERVER), 10);
	assert_int_equal(crowd_end(whole, 10, NAMES_OK), 10);
	assert_int_equal(crowd_end(late, 30, NAMES_OK), 30);
	stage_close(&stage);
}

/* Among servers of which one fails whatever comes by TCP. */
/* With a second server behind the first, the caller's to free like *ret. */
static struct responder *
stage_open_two(struct stage *stage, int family, char **ret)
{
	struct responder *second;

	stage_open(stage, (struct names_settings){ 0 });
	second = responder_new(stage->base);
	names_free(stage->names);
	*ret = mem_printf("%s,127.0.0.1:%u", stage->servers,
		(unsigned)responder_port(second));
	stage->names = names_new(&(struct names_settings){
		.servers = *ret, .hosts_path = NO_HOSTS, .concurrency = 5,
		.timeout_us = 60 * CLOCK_SECOND, .cache_max = 100,
		.family = family }, NULL);
	names_assume_ipv6(stage->names, 1);
	assert_int_equal(names_attach(stage->names, stage->base, NULL), 0);
	return second;
}

static void
truncation_is_overcome_with_several_servers(void **state)
{
	struct responder *second;
	struct stage stage;
	char *servers;

	(void)state;
	second = stage_open_two(&stage, 0, &servers);
	responder_serve(second);
	assert_answer(&stage, "cutok.test", NAMES_OK, "[::1],127.0.0.1");
	responder_refuse(stage.responder);
	assert_answer(&stage, "cutok-2.test", NAMES_OK, "[::1],127.0.0.1");
	assert_answer(&stage, "cut.test", NAMES_REFUSED, NULL);
	responder_free(second);
	stage_close(&stage);
	free(servers);
}

static void
silent_names_leave_slow_ones_their_time(void **state)
{
	static const struct {
		int silent;
		const char *slow, *note;
	} rows[] = {
		{ 5, "latea-1000", "one round of silence" },
		{ 15, "latea-1000", "three" },
	};
	struct asker *silent, *slow;
	struct stage stage;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].note);
		stage_open(&stage, (struct names_settings){ .family = 4,
			.concurrency = 5, .timeout_us = 2 * CLOCK_SECOND });
		silent = crowd_ask(&stage, "silent", rows[i].silent);
		slow = crowd_ask(&stage, rows[i].slow, 5);
		assert_int_equal(crowd_end(slow, 5, NAMES_OK), 5);
		assert_int_equal(crowd_end(silent, rows[i].silent,
			NAMES_TIMEOUT), rows[i].silent);
		stage_close(&stage);
	}
}

/* NXDOMAIN will do as a sign of life, whomever it is about. */
static void
silence_about_a_few_names_is_theirs_alone(void **state)
{
	struct asker *silent, *absent, *slow;
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){ .family = 4,
		.concurrency = 20, .timeout_us = 2 * CLOCK_SECOND });
	silent = crowd_ask(&stage, "silent", 15);
	absent = crowd_ask(&stage, "nx", 40);
	assert_int_equal(crowd_end(absent, 40, NAMES_NXDOMAIN), 40);
	assert_int_equal(crowd_end(silent, 15, NAMES_TIMEOUT), 15);
	slow = crowd_ask(&stage, "latea-1000", 20);
	assert_int_equal(crowd_end(slow, 20, NAMES_OK), 20);
	stage_close(&stage);
}

/* More than are asked for while nobody answers; the last few still are. */
static void
a_long_silence_is_seen_to_end(void **state)
{
	struct asker *silent, *good;
	struct stage stage;

	(void)state;
	stage_open(&stage, (struct names_settings){ .family = 4,
		.concurrency = 8, .timeout_us = 4 * CLOCK_SECOND });
	silent = crowd_ask(&stage, "silent", 80);
	good = crowd_ask(&stage, "ok", 80);
	assert_int_equal(crowd_end(good, 80, NAMES_OK), 80);
	assert_int_equal(crowd_end(silent, 80, NAMES_TIMEOUT), 80);
	stage_close(&stage);
}

static void
closed_ports_are_no_server(void **state)
{
	struct asker askers[50];
	struct stage stage;
	char *servers, host[32];
	uint16_t port;
	int fd, i;

	(void)state;
	port = mute_port(&fd);
	servers = mem_printf("127.0.0.1:%u", (unsigned)port);
	stage_open(&stage, (struct names_settings){ .servers = servers,
		.timeout_us = 700 * CLOCK_MS, .concurrency = 3,
		.family = 4 });
	close(fd);
	assert_answer(&stage, "ok.test", NAMES_NOSERVER, NULL);
	for (i = 0; i < 50; i++) {
		snprintf(host, sizeof host, "ok-%d.test", i);
		asker_ask(&askers[i], &stage, host);
	}
	/*
	 * With several on one socket, c-ares 1.18 loses some refusals: the
	 * kernel tells the next sender instead.
	 */
	for (i = 0; i < 50; i++) {
		asker_wait(&askers[i]);
		assert_true(askers[i].status == NAMES_NOSERVER ||
			askers[i].status == NAMES_TIMEOUT);
	}
	stage_close(&stage);
	free(servers);
}

static void
a_failing_first_server_hides_no_other(void **state)
{
	struct responder *second;
	struct stage stage;
	char *servers;

	(void)state;
	second = stage_open_two(&stage, 4, &servers);
	assert_answer(&stage, "refused.test", NAMES_REFUSED, NULL);
	assert_true(responder_asked(second, 4) > 0);
	assert_answer(&stage, "servfail.test", NAMES_SERVFAIL, NULL);
	responder_refuse(stage.responder);
	assert_answer(&stage, "ok.test", NAMES_OK, "127.0.0.1");
	assert_answer(&stage, "nx.test", NAMES_NXDOMAIN, NULL);
	/* What the first one said counts where nobody knows better. */
	assert_answer(&stage, "servfail-2.test", NAMES_REFUSED, NULL);
	responder_free(second);
	stage_close(&stage);
	free(servers);
}

static void
unheard_aaaa_questions_do_not_pile_up(void **state)
{
	struct stage stage;
	char host[40];
	int i;

	(void)state;
	stage_open(&stage, (struct names_settings){ .concurrency = 1 });
	for (i = 0; i < 12; i++) {
		snprintf(host, sizeof host, "silentaaaa-%d.test", i);
		assert_answer(&stage, host, NAMES_OK, "127.0.0.1");
	}
	assert_int_equal(responder_asked(stage.responder, 4), 12);
	assert_in_range(responder_asked(stage.responder, 6), 4, 6);
	/* What was not asked is not known to be absent. */
	assert_answer(&stage, "v6.test", NAMES_TIMEOUT, NULL);
	stage_close(&stage);
}

struct reader {
	struct names *names;
	atomic_int stop;
};

static void *
reader_main(void *arg)
{
	struct reader *reader = arg;
	struct addrs *addrs;
	char host[32];
	unsigned i;

	for (i = 0; !atomic_load(&reader->stop); i++) {
		snprintf(host, sizeof host, "ok-%u.test", i % 200);
		if (names_cached(reader->names, host, strlen(host), 80,
		    &addrs) == NAMES_OK)
			addrs_unref(addrs);
	}
	return NULL;
}

static void
other_threads_may_read_meanwhile(void **state)
{
	struct asker askers[200];
	struct reader reader = { 0 };
	struct stage stage;
	pthread_t threads[2];
	char host[32];
	int i;

	(void)state;
	/* A small cache, so that sets are freed under the readers. */
	stage_open(&stage, (struct names_settings){ .cache_max = 50 });
	reader.names = stage.names;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
			reader_main, &reader), 0);
	for (i = 0; i < 200; i++) {
		snprintf(host, sizeof host, "ok-%d.test", i);
		asker_ask(&askers[i], &stage, host);
	}
	for (i = 0; i < 200; i++) {
		asker_wait(&askers[i]);
		assert_int_equal(askers[i].status, NAMES_OK);
		asker_release(&askers[i]);
	}
	atomic_store(&reader.stop, 1);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	stage_close(&stage);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_status_has_a_name_and_a_sentence),
	cmocka_unit_test(answers_become_addresses_or_a_reason),
	cmocka_unit_test(silence_ends_in_time),
	cmocka_unit_test(one_look_up_serves_all_who_wait),
	cmocka_unit_test(what_is_known_is_told_later_too),
	cmocka_unit_test(only_so_many_are_asked_at_once_and_in_order),
	cmocka_unit_test(a_late_family_is_not_waited_for_but_kept),
	cmocka_unit_test(what_was_said_last_is_said_of_nothing_else),
	cmocka_unit_test(a_late_family_within_the_delay_is_waited_for),
	cmocka_unit_test(unwanted_families_are_not_asked_for),
	cmocka_unit_test(who_cancels_is_never_told),
	cmocka_unit_test(waiters_may_cancel_and_ask_while_told),
	cmocka_unit_test(detaching_ends_everything_at_any_moment),
	cmocka_unit_test(what_this_machine_says_comes_first),
	cmocka_unit_test(the_hosts_file_comes_before_the_dns),
	cmocka_unit_test(long_names_are_refused_at_the_limit),
	cmocka_unit_test(bad_settings_are_usage_errors),
	cmocka_unit_test(a_dead_first_server_costs_its_time_once),
	cmocka_unit_test(truncated_answers_end_in_time_whatever_tcp_does),
	cmocka_unit_test(a_dead_server_costs_its_time_once_and_few_questions),
	cmocka_unit_test(a_closed_connection_fails_nobody_else),
	cmocka_unit_test(truncation_is_overcome_with_several_servers),
	cmocka_unit_test(silent_names_leave_slow_ones_their_time),
	cmocka_unit_test(silence_about_a_few_names_is_theirs_alone),
	cmocka_unit_test(a_long_silence_is_seen_to_end),
	cmocka_unit_test(closed_ports_are_no_server),
	cmocka_unit_test(a_failing_first_server_hides_no_other),
	cmocka_unit_test(unheard_aaaa_questions_do_not_pile_up),
	cmocka_unit_test(other_threads_may_read_meanwhile),
};

UNIT_MAIN("names", tests)
