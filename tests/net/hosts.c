/* SPDX-License-Identifier: MIT */
/*
 * hosts -- every readable line counts, no other one harms.
 */
#include "config.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/hosts.h"
#include "unit.h"

/* A file with this text, already unlinked; its name is for this process. */
static char *
file_with(const char *text, size_t len, int *ret_fd)
{
	char name[] = "/tmp/hosts-XXXXXX";

	*ret_fd = mkstemp(name);
	assert_true(*ret_fd >= 0);
	unlink(name);
	assert_int_equal(write(*ret_fd, text, len), (ssize_t)len);
	return mem_printf("/proc/self/fd/%d", *ret_fd);
}

static struct hosts *
hosts_with(const char *text)
{
	int fd;
	char *path = file_with(text, strlen(text), &fd);
	struct hosts *hosts = hosts_new(path);

	free(path);
	close(fd);
	return hosts;
}

/* What the file says, as CURLOPT_RESOLVE wants it; "" for nothing. */
static void
assert_host(const struct hosts *hosts, const char *name, int family,
	const char *want)
{
	struct addr list[ADDRS_MAX];
	size_t n = hosts_find(hosts, name, strlen(name), family, list);
	struct addrs *addrs;

	if (n == 0) {
		assert_string_equal(want, "");
		return;
	}
	addrs = addrs_new(list, n);
	assert_string_equal(addrs->text, want);
	addrs_unref(addrs);
}

static void
every_readable_line_counts(void **state)
{
	static const char text[] =
		"# a comment\n"
		"127.0.0.1\tlocalhost\r\n"
		"::1 localhost ip6-localhost # and another\n"
		"\n"
		"   \t 192.0.2.1   One.Example   one\tuno#tight\n"
		"192.0.2.2 one.example\n"
		"192.0.2.1 one.example\n"
		"no.address name\n"
		"192.0.2.300 name\n"
		"192.0.2.9\n"
		"fe80::1%eth0 zone\n"
		"192.0.2.3 dotted.example. .\n"
		"\x01\xff\xfe\x80 junk\n"
		"2001:db8::5 six\n"
		"192.0.2.7 last";
	static const struct {
		const char *name;
		int family;
		const char *want, *note;
	} rows[] = {
		{ "localhost", 0, "127.0.0.1,[::1]", "both lines, CRLF" },
		{ "localhost", 4, "127.0.0.1", "one family" },
		{ "localhost", 6, "[::1]", "the other" },
		{ "ip6-localhost", 0, "[::1]", "second name of a line" },
		{ "one.example", 0, "192.0.2.1,192.0.2.2",
			"lower case, no address twice" },
		{ "one", 0, "192.0.2.1", "alias" },
		{ "uno", 0, "192.0.2.1", "comment right behind the name" },
		{ "tight", 0, "", "comments are no names" },
		{ "name", 0, "", "no address, no names" },
		{ "zone", 0, "", "zone ids are passed over" },
		{ "junk", 0, "", "no text at all" },
		{ "dotted.example", 0, "192.0.2.3", "trailing dot" },
		{ "", 0, "", "no name" },
		{ "six", 4, "", "not of this family" },
		{ "last", 0, "192.0.2.7", "no newline at the end" },
	};
	struct hosts *hosts = hosts_with(text);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].note);
		assert_host(hosts, rows[i].name, rows[i].family,
			rows[i].want);
	}
	hosts_free(hosts);
}

static void
each_family_has_its_own_limit(void **state)
{
	char text[2000] = "";
	struct addr list[ADDRS_MAX];
	struct hosts *hosts;
	size_t len = 0;
	int i;

	(void)state;
	for (i = 1; i <= 20; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
			"192.0.2.%d many\n", i);
	for (i = 1; i <= 20; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
			"2001:db8::%d many\n", i);
	hosts = hosts_with(text);
	assert_int_equal(hosts_find(hosts, "many", 4, 4, list), ADDRS_MAX);
	assert_int_equal(hosts_find(hosts, "many", 4, 6, list), ADDRS_MAX);
	assert_int_equal(list[0].family, 6);
	hosts_free(hosts);
}

static void
no_file_is_no_names(void **state)
{
	struct hosts *hosts = hosts_new("/nonexistent/hosts");

	(void)state;
	assert_host(hosts, "localhost", 0, "");
	hosts_free(hosts);
	hosts_free(NULL);
}

/* c-ares 1.18 took 3.8 ms for each name with such a file. */
static void
fifty_thousand_lines_are_cheap(void **state)
{
	size_t size = 50000 * 48, len = 0, i;
	char *text = mem_alloc(size), *path, name[64];
	clock_t start = clock();
	struct hosts *hosts;
	int fd;

	(void)state;
	for (i = 0; i < 50000; i++)
		len += (size_t)snprintf(text + len, size - len,
			"0.0.0.0 ads-%zu.tracker.example\n", i);
	path = file_with(text, len, &fd);
	hosts = hosts_new(path);
	for (i = 0; i < 50000; i++) {
		snprintf(name, sizeof name, "ads-%zu.tracker.example", i);
		assert_host(hosts, name, 4, "0.0.0.0");
	}
	hosts_free(hosts);
	/* CPU time; 0.1 s is usual, a scan a name would take minutes. */
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	close(fd);
	free(path);
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(every_readable_line_counts),
	cmocka_unit_test(each_family_has_its_own_limit),
	cmocka_unit_test(no_file_is_no_names),
	cmocka_unit_test(fifty_thousand_lines_are_cheap),
};

UNIT_MAIN("hosts", tests)
