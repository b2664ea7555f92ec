/* SPDX-License-Identifier: MIT */
/*
 * policy -- each net that is not public at both its ends and one beyond, every
 * disguise of an address, which of several rules decides, and nets that are
 * none.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/mem.h"
#include "net/policy.h"
#include "unit.h"

static struct addr
address(const char *text)
{
	struct addr addr = { 0 };

	if (addr_parse(text, strlen(text), &addr) != 0)
		fail_msg("%s is no address", text);
	return addr;
}

/* "10.0.0.0/8 -10.1.0.0/16": --deny-net and, with a minus, --allow-net. */
static struct policy *
policy_of(int public_only, const char *nets)
{
	struct policy *policy = policy_new();
	struct err err = { 0 };
	char net[64];
	size_t len;

	if (public_only)
		policy_add_special(policy);
	for (; *nets != '\0'; nets += len + (nets[len] == ' ')) {
		len = strcspn(nets, " ");
		snprintf(net, sizeof net, "%.*s", (int)len, nets);
		if (policy_add(policy, *net == '-' ? POLICY_ALLOWED :
		    POLICY_DENIED, net + (*net == '-'), &err) != 0)
			fail_msg("%s", err.text);
	}
	return policy;
}

/* `why` NULL: it is allowed; else how what is said of it ends. */
static void
assert_says(const struct policy *policy, const char *note, const char *text,
	const char *why)
{
	struct addr addr = address(text);
	char *said = policy_refusal(policy, &addr);
	size_t len = said != NULL ? strlen(said) : 0;
	size_t end = why != NULL ? strlen(why) : 0;

	if ((said == NULL) != (why == NULL) || (why != NULL &&
	    (len < end || strcmp(said + len - end, why) != 0)))
		fail_msg("%s: %s: %s", note, text,
			said != NULL ? said : "allowed");
	free(said);
}

/* A net, its ends, and who is next to it; NULL: that is not public either, or
 * there is none. */
static const struct {
	const char *net, *first, *last, *before, *after;
} special[] = {
	{ "0.0.0.0/8", "0.0.0.0", "0.255.255.255", NULL, "1.0.0.0" },
	{ "10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255",
		"11.0.0.0" },
	{ "100.64.0.0/10", "100.64.0.0", "100.127.255.255", "100.63.255.255",
		"100.128.0.0" },
	{ "127.0.0.0/8", "127.0.0.0", "127.255.255.255", "126.255.255.255",
		"128.0.0.0" },
	{ "169.254.0.0/16", "169.254.0.0", "169.254.255.255",
		"169.253.255.255", "169.255.0.0" },
	{ "172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255",
		"172.32.0.0" },
	{ "192.0.0.0/24", "192.0.0.0", "192.0.0.255", "191.255.255.255",
		"192.0.1.0" },
	{ "192.0.2.0/24", "192.0.2.0", "192.0.2.255", "192.0.1.255",
		"192.0.3.0" },
	{ "192.88.99.0/24", "192.88.99.0", "192.88.99.255", "192.88.98.255",
		"192.88.100.0" },
	{ "192.168.0.0/16", "192.168.0.0", "192.168.255.255",
		"192.167.255.255", "192.169.0.0" },
	{ "198.18.0.0/15", "198.18.0.0", "198.19.255.255", "198.17.255.255",
		"198.20.0.0" },
	{ "198.51.100.0/24", "198.51.100.0", "198.51.100.255",
		"198.51.99.255", "198.51.101.0" },
	{ "203.0.113.0/24", "203.0.113.0", "203.0.113.255", "203.0.112.255",
		"203.0.114.0" },
	{ "224.0.0.0/4", "224.0.0.0", "239.255.255.255", "223.255.255.255",
		NULL },
	{ "240.0.0.0/4", "240.0.0.0", "255.255.255.255", NULL, NULL },
	{ "::/128", "::", "::", NULL, NULL },
	{ "::1/128", "::1", "::1", NULL, NULL },
	{ "64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
		"64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::" },
	{ "100::/64", "100::", "100::ffff:ffff:ffff:ffff",
		"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "100:0:0:1::" },
	{ "2001::/23", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::" },
	{ "2001:db8::/32", "2001:db8::",
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" },
	{ "3fff::/20", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
		"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::" },
	{ "5f00::/16", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f01::" },
	{ "fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::" },
	{ "fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ "fec0::/10", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		NULL, NULL },
	{ "ff00::/8", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		NULL, NULL },
};

static void
what_is_not_public_is_so_from_its_first_to_its_last(void **state)
{
	struct policy *policy = policy_of(1, "");
	char why[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof special / sizeof *special; i++) {
		snprintf(why, sizeof why, " is not public (%s)",
			special[i].net);
		assert_says(policy, special[i].net, special[i].first, why);
		assert_says(policy, special[i].net, special[i].last, why);
		if (special[i].before != NULL)
			assert_says(policy, "before", special[i].before, NULL);
		if (special[i].after != NULL)
			assert_says(policy, "after", special[i].after, NULL);
	}
	policy_free(policy);
}

/* Where an address leads; NULL: it is as public as it looks. */
static const struct {
	const char *note, *text, *why;
} disguises[] = {
	{ "mapped", "::ffff:127.0.0.1", "::ffff:127.0.0.1 leads to 127.0.0.1, "
		"which is not public (127.0.0.0/8)" },
	{ "the same in hex", "::ffff:7f00:1", "127.0.0.0/8)" },
	{ "mapped metadata", "::ffff:169.254.169.254", "169.254.0.0/16)" },
	{ "mapped and public", "::ffff:8.8.8.8", NULL },
	{ "compatible", "::127.0.0.1", "127.0.0.0/8)" },
	{ "compatible and public", "::8.8.8.8", NULL },
	{ "translated", "::ffff:0:10.0.0.1", "10.0.0.0/8)" },
	{ "translated and public", "::ffff:0:8.8.8.8", NULL },
	{ "NAT64", "64:ff9b::7f00:1", "127.0.0.0/8)" },
	{ "NAT64 of a private one", "64:ff9b::192.168.0.1",
		"192.168.0.0/16)" },
	{ "NAT64 and public", "64:ff9b::8.8.8.8", NULL },
	{ "6to4", "2002:7f00:1::", "127.0.0.0/8)" },
	{ "6to4 of a private one", "2002:a00:1:2:3:4:5:6", "10.0.0.0/8)" },
	{ "6to4 and public", "2002:808:808::1", NULL },
	{ "a mapped 0.0.0.0", "::ffff:0:0", "0.0.0.0/8)" },
	{ "Teredo", "2001:0:4136:e378::1", "2001::/23)" },
	{ "looks like a NAT64 and is none", "64:ff9b:0:1::7f00:1", NULL },
	{ "a public one that ends like a mapped", "2600::ffff:7f00:1", NULL },
};

static void
an_address_is_what_it_leads_to(void **state)
{
	struct policy *policy = policy_of(1, "");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof disguises / sizeof *disguises; i++)
		assert_says(policy, disguises[i].note, disguises[i].text,
			disguises[i].why);
	policy_free(policy);
}

static const struct {
	const char *note;
	int public_only;
	const char *nets;	/* as of policy_of() */
	const char *text, *why;
} choices[] = {
	{ "nothing said", 0, "", "127.0.0.1", NULL },
	{ "in it", 0, "10.0.0.0/8", "10.1.2.3",
		"10.1.2.3 is denied (--deny-net 10.0.0.0/8)" },
	{ "not in it", 0, "10.0.0.0/8", "11.0.0.1", NULL },
	{ "one address", 0, "192.0.2.7", "192.0.2.7",
		"(--deny-net 192.0.2.7/32)" },
	{ "its neighbour", 0, "192.0.2.7", "192.0.2.6", NULL },
	{ "everything", 0, "0.0.0.0/0", "8.8.8.8", "(--deny-net 0.0.0.0/0)" },
	{ "everything of the other family", 0, "0.0.0.0/0", "2600::1", NULL },
	{ "a prefix within a byte", 0, "172.16.0.0/12", "172.31.255.255",
		"(--deny-net 172.16.0.0/12)" },
	{ "an exception", 1, "-10.1.0.0/16", "10.1.255.255", NULL },
	{ "beside it", 1, "-10.1.0.0/16", "10.2.0.0",
		"is not public (10.0.0.0/8)" },
	{ "denied in it", 1, "-10.1.0.0/16 10.1.2.0/24", "10.1.2.3",
		"(--deny-net 10.1.2.0/24)" },
	{ "the order does not matter", 1, "10.1.2.0/24 -10.1.0.0/16",
		"10.1.2.3", "(--deny-net 10.1.2.0/24)" },
	{ "and allowed in that", 1, "10.1.2.0/24 -10.1.0.0/16 -10.1.2.3",
		"10.1.2.3", NULL },
	{ "the smaller of two", 0, "10.0.0.0/8 -10.0.0.0/9 10.0.0.0/10",
		"10.0.0.1", "(--deny-net 10.0.0.0/10)" },
	{ "the same twice", 0, "-10.0.0.0/8 10.0.0.0/8", "10.0.0.1",
		"(--deny-net 10.0.0.0/8)" },
	{ "and the other way round", 0, "10.0.0.0/8 -10.0.0.0/8", "10.0.0.1",
		"(--deny-net 10.0.0.0/8)" },
	{ "what is said wins over what is brought", 1, "-10.0.0.0/8",
		"10.0.0.1", NULL },
	{ "which a larger net does not", 1, "-0.0.0.0/0", "10.0.0.1",
		"is not public (10.0.0.0/8)" },
	{ "only these", 0, "0.0.0.0/0 ::/0 -192.0.2.0/24", "8.8.8.8",
		"(--deny-net 0.0.0.0/0)" },
	{ "these", 0, "0.0.0.0/0 ::/0 -192.0.2.0/24", "192.0.2.1", NULL },
	{ "none of IPv6, not even mapped", 0, "::/0", "::ffff:8.8.8.8",
		"::ffff:8.8.8.8 is denied (--deny-net ::/0)" },
	{ "one's own address", 1, "-127.0.0.1", "127.0.0.1", NULL },
	{ "in its disguise", 1, "-127.0.0.1", "::ffff:127.0.0.1", NULL },
	{ "that is not 0.0.0.0", 1, "-127.0.0.1", "0.0.0.0",
		"is not public (0.0.0.0/8)" },
	{ "of IPv6", 1, "-::1", "::1", NULL },
	{ "that is not ::", 1, "-::1", "::", "is not public (::/128)" },
	{ "0.0.0.0 connects to this machine", 0, "127.0.0.0/8", "0.0.0.0",
		"0.0.0.0 leads to 127.0.0.1, which is denied "
		"(--deny-net 127.0.0.0/8)" },
	{ "so does a mapped 0.0.0.0", 0, "127.0.0.0/8", "::ffff:0:0",
		"(--deny-net 127.0.0.0/8)" },
	{ "and ::", 0, "::1", "::", ":: leads to ::1, which is denied "
		"(--deny-net ::1/128)" },
	{ "a mapped net is one of IPv4", 0, "::ffff:10.0.0.0/104", "10.9.9.9",
		"(--deny-net 10.0.0.0/8)" },
	{ "also as an exception", 1, "-::ffff:127.0.0.1", "127.0.0.1", NULL },
	{ "a NAT64 of a denied one", 0, "192.0.2.0/24", "64:ff9b::192.0.2.1",
		"(--deny-net 192.0.2.0/24)" },
	{ "all of NAT64", 0, "64:ff9b::/96 -8.8.8.8", "64:ff9b::8.8.8.8",
		"(--deny-net 64:ff9b::/96)" },
};

static void
of_several_rules_the_closest_decides(void **state)
{
	struct policy *policy;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof choices / sizeof *choices; i++) {
		policy = policy_of(choices[i].public_only, choices[i].nets);
		assert_says(policy, choices[i].note, choices[i].text,
			choices[i].why);
		policy_free(policy);
	}
	assert_says(NULL, "no policy", "127.0.0.1", NULL);
}

/* What c-ares gives is four bytes and whatever was behind them. */
static void
only_the_bytes_of_its_family_count(void **state)
{
	struct policy *policy = policy_of(0, "192.0.2.1 127.0.0.1");
	struct addr addrs[2];
	char *why;
	size_t i;

	(void)state;
	memset(addrs, 0xa5, sizeof addrs);
	addrs[0].family = addrs[1].family = 4;
	memcpy(addrs[0].bytes, "\xc0\0\2\1", 4);
	memcpy(addrs[1].bytes, "\0\0\0\0", 4);
	for (i = 0; i < 2; i++) {
		why = policy_refusal(policy, &addrs[i]);
		assert_non_null(why);
		free(why);
	}
	policy_free(policy);
}

static void
what_is_no_net_is_refused_in_words(void **state)
{
	static const struct {
		const char *net, *text;
	} rows[] = {
		{ "", "'' is no net: write it as 10.0.0.0/8, fc00::/7" },
		{ "/8", "'/8' is no net: write" },
		{ "10/8", "'10/8' is no net: write" },
		{ "10.0.0.0.0/8", "is no net: write" },
		{ "010.0.0.0/8", "is no net: write" },
		{ "0x0a.0.0.0/8", "is no net: write" },
		{ "localhost", "'localhost' is no net: write" },
		{ "[::1]/128", "is no net: write" },
		{ "fe80::1%lo/64", "is no net: write" },
		{ " 10.0.0.0/8", "is no net: write" },
		{ "10.0.0.0/", "behind the / is no number from 0 to 32" },
		{ "10.0.0.0/33", "behind the / is no number from 0 to 32" },
		{ "10.0.0.0/-1", "behind the / is no number" },
		{ "10.0.0.0/8x", "behind the / is no number" },
		{ "10.0.0.0/8 ", "behind the / is no number" },
		{ "10.0.0.0/0008", "behind the / is no number" },
		{ "10.0.0.0/4294967304", "behind the / is no number" },
		{ "10.0.0.0/255.0.0.0", "behind the / is no number" },
		{ "10.0.0.0/8,::1/128", "behind the / is no number" },
		{ "::/129", "behind the / is no number from 0 to 128" },
		{ "10.1.2.3/8", "'10.1.2.3/8' has bits behind its prefix: "
			"write 10.0.0.0/8, or 10.1.2.3" },
		{ "0.0.0.1/0", "write 0.0.0.0/0, or 0.0.0.1" },
		{ "192.0.2.1/31", "write 192.0.2.0/31, or 192.0.2.1" },
		{ "2001:db8::1/127", "write 2001:db8::/127, or 2001:db8::1" },
	};
	struct policy *policy = policy_new();
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		err = (struct err){ 0 };
		if (policy_add(policy, POLICY_DENIED, rows[i].net,
		    &err) != -1 || err.code != ERR_USAGE ||
		    strstr(err.text, rows[i].text) == NULL)
			fail_msg("'%s': %s", rows[i].net, err.text);
	}
	/* None of them is a rule by halves. */
	assert_says(policy, "nothing was added", "10.1.2.3", NULL);
	policy_free(policy);
}

/* Addresses with commas between them; NULL: none. */
static const struct {
	const char *note, *from, *left, *why;
} sets[] = {
	{ "all are fine", "8.8.8.8,2600::1", "8.8.8.8,[2600::1]", NULL },
	{ "one is not", "10.0.0.1,8.8.8.8", "8.8.8.8", NULL },
	{ "the last is not", "8.8.8.8,::1", "8.8.8.8", NULL },
	{ "between them", "8.8.8.8,10.0.0.1,8.8.4.4", "8.8.8.8,8.8.4.4",
		NULL },
	{ "none is", "10.0.0.1,::1", NULL,
		"10.0.0.1 is not public (10.0.0.0/8)" },
	{ "the only one is not", "127.0.0.1", NULL,
		"127.0.0.1 is not public (127.0.0.0/8)" },
};

static struct addrs *
set_of(const char *text)
{
	struct addr list[ADDRS_MAX];
	size_t n = 0, len;

	for (; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		assert_int_equal(addr_parse(text, len, &list[n++]), 0);
	}
	return addrs_new(list, n);
}

static void
a_set_keeps_what_is_allowed(void **state)
{
	struct policy *policy = policy_of(1, "");
	struct addrs *all, *left, *again;
	char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof sets / sizeof *sets; i++) {
		print_message("# %s\n", sets[i].note);
		all = set_of(sets[i].from);
		left = addrs_ref(all);
		why = policy_sift(policy, &left);
		if (sets[i].why != NULL) {
			assert_null(left);
			assert_string_equal(why, sets[i].why);
		} else {
			assert_null(why);
			assert_string_equal(left->text, sets[i].left);
		}
		/* The set itself is others' too. */
		again = set_of(sets[i].from);
		assert_string_equal(all->text, again->text);
		addrs_unref(again);
		free(why);
		addrs_unref(left);
		addrs_unref(all);
	}
	policy_free(policy);
}

static void
a_sockets_address_is_read_as_bytes(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = 80,
		.sin_addr.s_addr = htonl(0x0a000001) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = 80,
		.sin6_addr.s6_addr = { [10] = 0xff, 0xff, 127, 0, 0, 1 } };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct policy *policy = policy_of(1, "");
	struct addr addr;
	char *why;

	(void)state;
	assert_int_equal(addr_of_socket((void *)&v4, &addr), 0);
	why = policy_refusal(policy, &addr);
	assert_string_equal(why, "10.0.0.1 is not public (10.0.0.0/8)");
	free(why);
	assert_int_equal(addr_of_socket((void *)&v6, &addr), 0);
	why = policy_refusal(policy, &addr);
	assert_string_equal(why, "::ffff:127.0.0.1 leads to 127.0.0.1, which "
		"is not public (127.0.0.0/8)");
	free(why);
	assert_int_equal(addr_of_socket((void *)&local, &addr), -1);
	policy_free(policy);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_is_not_public_is_so_from_its_first_to_its_last),
	cmocka_unit_test(an_address_is_what_it_leads_to),
	cmocka_unit_test(of_several_rules_the_closest_decides),
	cmocka_unit_test(only_the_bytes_of_its_family_count),
	cmocka_unit_test(what_is_no_net_is_refused_in_words),
	cmocka_unit_test(a_set_keeps_what_is_allowed),
	cmocka_unit_test(a_sockets_address_is_read_as_bytes),
};

UNIT_MAIN("policy", tests)
