/* SPDX-License-Identifier: MIT */
/*
 * dns -- what c-ares says arrives as one answer, with the smallest TTL.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/dns.h"
#include "net/responder.h"
#include "unit.h"

struct asked {
	struct event_base *base;
	struct dns_answer answer;
	int n;
};

static void
answer_came(void *arg, const struct dns_answer *answer)
{
	struct asked *asked = arg;

	asked->answer = *answer;
	asked->n++;
	event_base_loopbreak(asked->base);
}

static void
ask(struct dns *dns, const char *name, int family, struct asked *asked)
{
	asked->n = 0;
	dns_ask(dns, name, family, answer_came, asked);
	if (asked->n == 0)
		event_base_dispatch(asked->base);
	assert_int_equal(asked->n, 1);
}

static void
answers_carry_status_addresses_and_ttl(void **state)
{
	static const struct {
		const char *name;
		int family;
		enum names_status status;
		size_t n;
		uint32_t ttl_s;
		const char *note;
	} rows[] = {
		{ "ok.test", 4, NAMES_OK, 1, 300, "A" },
		{ "ok.test", 6, NAMES_OK, 1, 300, "AAAA" },
		{ "ok", 4, NAMES_OK, 1, 300, "one label, no search list" },
		{ "ttl-77.test", 4, NAMES_OK, 1, 77, "TTL" },
		{ "ttl-0.test", 6, NAMES_OK, 1, 0, "no TTL" },
		{ "cname.test", 4, NAMES_OK, 1, 7, "the alias ends first" },
		{ "many.test", 4, NAMES_OK, ADDRS_MAX, 300, "cut" },
		{ "many.test", 6, NAMES_OK, ADDRS_MAX, 300, "cut" },
		{ "nx.test", 4, NAMES_NXDOMAIN, 0, 0, "absent" },
		{ "v4.test", 6, NAMES_NODATA, 0, 0, "no such record" },
		{ "servfail.test", 4, NAMES_SERVFAIL, 0, 0, "failed" },
		{ "refused.test", 6, NAMES_REFUSED, 0, 0, "refused" },
		{ "silent.test", 4, NAMES_TIMEOUT, 0, 0, "silence ends" },
		{ "a..test", 4, NAMES_BADNAME, 0, 0, "cannot be asked" },
	};
	struct event_base *base = event_base_new();
	struct responder *responder = responder_new(base);
	struct asked asked = { .base = base };
	struct dns *dns;
	char *servers;
	size_t i;

	(void)state;
	assert_non_null(responder);
	servers = mem_printf("127.0.0.1:%u",
		(unsigned)responder_port(responder));
	dns = dns_new(base, servers, 700 * CLOCK_MS, NULL);
	assert_non_null(dns);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s: %s\n", rows[i].name, rows[i].note);
		ask(dns, rows[i].name, rows[i].family, &asked);
		assert_int_equal(asked.answer.status, rows[i].status);
		assert_int_equal(asked.answer.n, rows[i].n);
		if (rows[i].n > 0)
			assert_int_equal(asked.answer.ttl_s, rows[i].ttl_s);
	}
	dns_free(dns);
	free(servers);
	responder_free(responder);
	event_base_free(base);
}

/* A question by TCP is sent once: what is left is all for its answer. */
static void
silence_by_tcp_lasts_as_long_as_any(void **state)
{
	struct event_base *base = event_base_new();
	struct responder *responder = responder_new(base);
	struct asked asked = { .base = base };
	struct dns *dns;
	int64_t start_us;
	char *servers;

	(void)state;
	assert_non_null(responder);
	servers = mem_printf("127.0.0.1:%u",
		(unsigned)responder_port(responder));
	responder_listen(responder);
	dns = dns_new(base, servers, 700 * CLOCK_MS, NULL);
	assert_int_equal(dns_heard(dns), 0);
	start_us = clock_us();
	ask(dns, "cut.test", 4, &asked);
	assert_true(clock_us() - start_us >= 600 * CLOCK_MS);
	assert_int_equal(asked.answer.status, NAMES_TIMEOUT);
	/* "Too long for UDP" is a word, silence is not. */
	assert_int_equal(dns_heard(dns), 1);
	ask(dns, "silent.test", 4, &asked);
	assert_int_equal(dns_heard(dns), 1);
	ask(dns, "nx.test", 4, &asked);
	assert_int_equal(dns_heard(dns), 2);
	dns_free(dns);
	free(servers);
	responder_free(responder);
	event_base_free(base);
}

static void
the_end_answers_what_is_open(void **state)
{
	struct event_base *base = event_base_new();
	struct responder *responder = responder_new(base);
	struct asked asked = { .base = base };
	struct dns *dns;
	char *servers;

	(void)state;
	servers = mem_printf("127.0.0.1:%u",
		(unsigned)responder_port(responder));
	dns = dns_new(base, servers, CLOCK_SECOND, NULL);
	dns_ask(dns, "silent.test", 4, answer_came, &asked);
	dns_free(dns);
	assert_int_equal(asked.n, 1);
	assert_int_equal(asked.answer.status, NAMES_PENDING);
	dns_free(NULL);
	free(servers);
	responder_free(responder);
	event_base_free(base);
}

/* Whether nobody is at c-ares' last resort, 127.0.0.1:53. */
static int
port_53_is_closed(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(53) };
	const struct sockaddr *sa = (const struct sockaddr *)(void *)&at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), closed;
	char byte = 0;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* The refusal of the first packet fails the second. */
	closed = connect(fd, sa, sizeof at) == 0 && write(fd, &byte, 1) == 1 &&
		write(fd, &byte, 1) < 0;
	close(fd);
	return closed;
}

static void
no_server_is_an_answer(void **state)
{
	struct event_base *base = event_base_new();
	struct asked asked = { .base = base };
	struct dns *dns = dns_new(base, "", CLOCK_SECOND, NULL);

	(void)state;
	assert_non_null(dns);
	if (port_53_is_closed()) {
		ask(dns, "ok.test", 4, &asked);
		assert_int_equal(asked.answer.status, NAMES_NOSERVER);
	}
	dns_free(dns);
	event_base_free(base);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(answers_carry_status_addresses_and_ttl),
	cmocka_unit_test(silence_by_tcp_lasts_as_long_as_any),
	cmocka_unit_test(the_end_answers_what_is_open),
	cmocka_unit_test(no_server_is_an_answer),
};

UNIT_MAIN("dns", tests)
