/* SPDX-License-Identifier: MIT */
/*
 * names against a real DNS server: some hundred names, all of them right.
 */
#include "config.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/names.h"
#include "unit.h"

#define NAMES 400

/* A dnsmasq of our own on a free loopback port. */
struct server {
	pid_t pid;
	uint16_t port;
	char hosts[32];
};

static const char *
server_program(void)
{
	static const char *const usual[] = { "/usr/sbin/dnsmasq",
		"/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq" };
	const char *program = getenv("DNSMASQ");
	size_t i;

	if (program != NULL && *program != '\0')
		return program;
	for (i = 0; i < sizeof usual / sizeof *usual; i++)
		if (access(usual[i], X_OK) == 0)
			return usual[i];
	return NULL;
}

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons(port);
	return at;
}

/* Free for TCP; somebody may take it before dnsmasq does. */
static uint16_t
free_port(void)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at,
		&len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static int
port_answers(uint16_t port)
{
	struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connect(fd, (struct sockaddr *)(void *)&at, sizeof at);

	close(fd);
	return rc == 0;
}

static void
server_exec(const struct server *server, const char *program, pid_t parent)
{
	char *port = mem_printf("--port=%u", (unsigned)server->port);
	char *hosts = mem_printf("--addn-hosts=%s", server->hosts);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execl(program, program, "--keep-in-foreground", "--conf-file",
			"--no-resolv", "--no-hosts", "--local=/test/",
			"--listen-address=127.0.0.1", "--bind-interfaces",
			"--user=", "--group=", "--pid-file",
			"--log-facility=/dev/null", port, hosts, (char *)NULL);
	_exit(127);
}

/* Its hosts: name I has 198.18.I/250.I%250 and, every third, an IPv6. */
static void
server_write_hosts(struct server *server)
{
	int fd, i;

	memcpy(server->hosts, "/tmp/hosts-XXXXXX", 18);
	fd = mkstemp(server->hosts);
	assert_true(fd >= 0);
	for (i = 0; i < NAMES; i++) {
		dprintf(fd, "198.18.%d.%d n%d.test\n", i / 250, i % 250, i);
		if (i % 3 == 0)
			dprintf(fd, "2001:db8::%x n%d.test\n", i + 1, i);
	}
	fchmod(fd, 0644);
	close(fd);
}

static void
server_stop(struct server *server)
{
	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	server->pid = 0;
}

/* 0 when it answers. */
static int
server_start(struct server *server, const char *program)
{
	pid_t parent = getpid();
	int tries;

	server->port = free_port();
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		server_exec(server, program, parent);
	for (tries = 0; tries < 1000; tries++) {
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0;
			return -1;
		}
		if (port_answers(server->port))
			return 0;
		poll(NULL, 0, 10);
	}
	server_stop(server);
	return -1;
}

struct asker {
	struct names_waiter waiter;
	enum names_status status;
	struct addrs *addrs;
	struct event_base *base;
	int *left;
};

static void
asker_told(struct names_waiter *waiter, enum names_status status,
	struct addrs *addrs)
{
	struct asker *asker = (struct asker *)(void *)waiter;

	asker->status = status;
	asker->addrs = addrs != NULL ? addrs_ref(addrs) : NULL;
	if (--*asker->left == 0)
		event_base_loopbreak(asker->base);
}

/* Names 0 to NAMES - 1 are in the file, as many more are not. */
static void
askers_check(struct asker *askers)
{
	char want[64];
	int i;

	for (i = 0; i < 2 * NAMES; i++) {
		if (i >= NAMES) {
			assert_int_equal(askers[i].status, NAMES_NXDOMAIN);
			continue;
		}
		assert_int_equal(askers[i].status, NAMES_OK);
		if (i % 3 == 0)
			snprintf(want, sizeof want, "[2001:db8::%x],"
				"198.18.%d.%d", i + 1, i / 250, i % 250);
		else
			snprintf(want, sizeof want, "198.18.%d.%d", i / 250,
				i % 250);
		assert_string_equal(askers[i].addrs->text, want);
		addrs_unref(askers[i].addrs);
	}
}

static void
hundreds_of_names_all_come_out_right(void **state)
{
	const struct server *server = *state;
	struct asker *askers = mem_array(2 * NAMES, sizeof *askers);
	struct event_base *base = event_base_new();
	char *servers, host[32];
	struct names *names;
	int left = 2 * NAMES, i;

	servers = mem_printf("127.0.0.1:%u", (unsigned)server->port);
	names = names_new(&(struct names_settings){ .servers = servers,
		.hosts_path = "/nonexistent", .concurrency = 64,
		.timeout_us = 60 * CLOCK_SECOND, .cache_max = 200000 }, NULL);
	names_assume_ipv6(names, 1);
	assert_int_equal(names_attach(names, base, NULL), 0);
	for (i = 0; i < 2 * NAMES; i++) {
		askers[i].waiter.done = asker_told;
		askers[i].base = base;
		askers[i].left = &left;
		snprintf(host, sizeof host, "n%d.test", i);
		names_lookup(names, host, strlen(host), 80,
			&askers[i].waiter);
	}
	assert_int_equal(event_base_dispatch(base), 0);
	assert_int_equal(left, 0);
	askers_check(askers);
	names_free(names);
	event_base_free(base);
	free(servers);
	free(askers);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(hundreds_of_names_all_come_out_right),
};

static struct server the_server;

static int
server_setup(void **state)
{
	int tries;

	server_write_hosts(&the_server);
	*state = &the_server;
	for (tries = 0; tries < 5; tries++)
		if (server_start(&the_server, server_program()) == 0)
			return 0;
	return -1;
}

static int
server_teardown(void **state)
{
	(void)state;
	server_stop(&the_server);
	unlink(the_server.hosts);
	return 0;
}

int
main(void)
{
	if (server_program() == NULL) {
		puts("1..0 # SKIP dnsmasq is not installed");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names_dnsmasq", tests,
		server_setup, server_teardown);
}
