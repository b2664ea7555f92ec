/* SPDX-License-Identifier: MIT */
/*
 * policy -- which addresses may be connected to.
 *
 * Addresses are judged as the bytes that connect(2) gets, never as text: the
 * same host has many spellings, and a name anybody's. A handful of rules are
 * looked through one by one; a tree of them would be more code than time
 * saved, since only runs that asked for a policy have any.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/policy.h"

struct policy_rule {
	struct addr net;
	unsigned bits;		/* of the prefix */
	enum policy_word word;
};

struct policy {
	struct policy_rule *rules;
	size_t n;
};

/*
 * What is not for everybody to reach. NAT64 (64:ff9b::/96), 6to4 and the like
 * are not in it: they are as public as what they lead to.
 */
static const char *const policy_special[] = {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
	"169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23",
	"2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
	"fec0::/10", "ff00::/8",
};

/* IPv6 prefixes of whole bytes with an IPv4 address behind them. */
static const struct {
	unsigned char prefix[12];
	size_t len;
} policy_carriers[] = {
	{ { [10] = 0xff, 0xff }, 12 },		/* ::ffff:0:0/96, mapped */
	{ { [8] = 0xff, 0xff }, 12 },		/* ::ffff:0:0:0/96, SIIT */
	{ { 0 }, 12 },				/* ::/96, compatible */
	{ { 0, 0x64, 0xff, 0x9b }, 12 },	/* 64:ff9b::/96, NAT64 */
	{ { 0x20, 0x02 }, 2 },			/* 2002::/16, 6to4 */
};

static const struct addr policy_localhost[] = {
	{ .family = 4, .bytes = { 127, 0, 0, 1 } },
	{ .family = 6, .bytes = { [15] = 1 } },
};

/* --- rules --- */

static unsigned
policy_width(const struct addr *addr)
{
	return addr->family == 6 ? 128 : 32;
}

/* Digits up to the end of the text; -1: they are no number up to max. */
static int
policy_read_bits(const char *text, unsigned max, unsigned *ret)
{
	unsigned bits = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9' && i < 3; i++)
		bits = bits * 10 + (unsigned)(text[i] - '0');
	if (i == 0 || text[i] != '\0' || bits > max)
		return -1;
	*ret = bits;
	return 0;
}

/* The net that holds the address: nothing stands behind the prefix. */
static struct addr
policy_mask(const struct addr *addr, unsigned bits)
{
	struct addr net = *addr;
	size_t at = bits / 8;

	if (at == sizeof net.bytes)
		return net;
	net.bytes[at] = (unsigned char)(net.bytes[at] & (0xff00 >> bits % 8));
	memset(net.bytes + at + 1, 0, sizeof net.bytes - at - 1);
	return net;
}

static int
policy_same(const struct addr *a, const struct addr *b)
{
	return a->family == b->family &&
		memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* An IPv4 net in the clothes of IPv6 is the IPv4 net. */
static void
policy_unmap(struct policy_rule *rule)
{
	struct addr inner = { .family = 4 };

	if (rule->net.family != 6 || rule->bits < 96 ||
	    memcmp(rule->net.bytes, policy_carriers[0].prefix, 12) != 0)
		return;
	memcpy(inner.bytes, rule->net.bytes + 12, 4);
	rule->net = inner;
	rule->bits -= 96;
}

static int
policy_say_loose(const char *text, const struct policy_rule *rule,
	struct err *err)
{
	struct addr net = policy_mask(&rule->net, rule->bits);
	struct buf said;

	buf_init(&said, 128);
	addr_add(&net, &said);
	buf_printf(&said, "/%u, or ", rule->bits);
	addr_add(&rule->net, &said);
	err_set(err, ERR_USAGE, "'%s' has bits behind its prefix: write %s",
		text, buf_text(&said));
	buf_release(&said);
	return -1;
}

static int
policy_read(const char *text, struct policy_rule *rule, struct err *err)
{
	size_t len = strcspn(text, "/");
	struct addr net;

	if (addr_parse(text, len, &rule->net) != 0)
		return err_set(err, ERR_USAGE, "'%s' is no net: write it as "
			"10.0.0.0/8, fc00::/7 or 192.0.2.1", text);
	rule->bits = policy_width(&rule->net);
	if (text[len] == '/' && policy_read_bits(text + len + 1, rule->bits,
	    &rule->bits) != 0)
		return err_set(err, ERR_USAGE, "'%s' is no net: behind the / "
			"is no number from 0 to %u", text, rule->bits);
	net = policy_mask(&rule->net, rule->bits);
	if (!policy_same(&net, &rule->net))
		return policy_say_loose(text, rule, err);
	policy_unmap(rule);
	return 0;
}

struct policy *
policy_new(void)
{
	struct policy *policy = mem_array(1, sizeof *policy);

	return policy;
}

void
policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->rules);
	free(policy);
}

int
policy_add(struct policy *policy, enum policy_word word, const char *net,
	struct err *err)
{
	struct policy_rule rule = { .word = word };

	if (policy_read(net, &rule, err) != 0)
		return -1;
	policy->rules = mem_grow(policy->rules, policy->n + 1,
		sizeof *policy->rules);
	policy->rules[policy->n++] = rule;
	return 0;
}

void
policy_add_special(struct policy *policy)
{
	size_t i;
	int rc;

	for (i = 0; i < sizeof policy_special / sizeof *policy_special; i++) {
		rc = policy_add(policy, POLICY_NOT_PUBLIC, policy_special[i],
			NULL);
		assert(rc == 0);
	}
}

/* --- what they say --- */

static int
policy_holds(const struct policy_rule *rule, const struct addr *addr)
{
	struct addr net;

	if (rule->net.family != addr->family)
		return 0;
	net = policy_mask(addr, rule->bits);
	return policy_same(&net, &rule->net);
}

/* The rule that decides; NULL: none is about the address. */
static const struct policy_rule *
policy_rule(const struct policy *policy, const struct addr *addr)
{
	const struct policy_rule *best = NULL, *rule;

	for (rule = policy->rules; rule < policy->rules + policy->n; rule++) {
		if (best != NULL && (rule->bits < best->bits ||
		    (rule->bits == best->bits && rule->word <= best->word)))
			continue;
		if (policy_holds(rule, addr))
			best = rule;
	}
	return best;
}

/* Makes it the address that it leads to. 0: it is nobody's but its own. */
static int
policy_follow(struct addr *addr)
{
	static const struct addr nobody = { .family = 0 };
	const struct addr *localhost = &policy_localhost[addr->family == 6];
	struct addr inner = { .family = 4 };
	size_t i;

	if (policy_same(addr, localhost))
		return 0;
	if (memcmp(addr->bytes, nobody.bytes, sizeof nobody.bytes) == 0) {
		*addr = *localhost;
		return 1;
	}
	for (i = 0; addr->family == 6 &&
	    i < sizeof policy_carriers / sizeof *policy_carriers; i++) {
		if (memcmp(addr->bytes, policy_carriers[i].prefix,
		    policy_carriers[i].len) != 0)
			continue;
		memcpy(inner.bytes, addr->bytes + policy_carriers[i].len, 4);
		*addr = inner;
		return 1;
	}
	return 0;
}

/* `at` is what the address leads to, or the same. */
static char *
policy_explain(const struct policy_rule *rule, const struct addr *addr,
	const struct addr *at)
{
	struct buf why;

	buf_init(&why, 256);
	addr_add(addr, &why);
	if (!policy_same(addr, at)) {
		buf_add_text(&why, " leads to ");
		addr_add(at, &why);
		buf_add_text(&why, ", which");
	}
	buf_add_text(&why, rule->word == POLICY_DENIED ?
		" is denied (--deny-net " : " is not public (");
	addr_add(&rule->net, &why);
	buf_printf(&why, "/%u)", rule->bits);
	return buf_take(&why);
}

char *
policy_refusal(const struct policy *policy, const struct addr *addr)
{
	const struct policy_rule *rule;
	struct addr from, at;

	if (policy == NULL)
		return NULL;
	/* Behind an IPv4 address there may be anything. */
	from = at = policy_mask(addr, policy_width(addr));
	do {
		rule = policy_rule(policy, &at);
		if (rule != NULL && rule->word != POLICY_ALLOWED)
			return policy_explain(rule, &from, &at);
	} while (policy_follow(&at));
	return NULL;
}

char *
policy_sift(const struct policy *policy, struct addrs **addrs)
{
	struct addr allowed[ADDRS_MAX];
	char *first = NULL, *why;
	struct addrs *all = *addrs;
	size_t n = 0, i;

	for (i = 0; i < all->n; i++) {
		why = policy_refusal(policy, &all->list[i]);
		if (why == NULL)
			allowed[n++] = all->list[i];
		else if (first == NULL)
			first = why;
		else
			free(why);
	}
	if (n == all->n)
		return NULL;
	*addrs = n > 0 ? addrs_new(allowed, n) : NULL;
	addrs_unref(all);
	if (n == 0)
		return first;
	free(first);
	return NULL;
}
