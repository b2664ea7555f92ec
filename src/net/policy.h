/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_POLICY_H
#define FETCHALL_NET_POLICY_H

#include "base/err.h"
#include "net/addrs.h"

/*
 * Which addresses may be connected to: rules for nets (CIDR). Of the rules
 * whose net holds an address the one with the longest prefix decides; of equal
 * ones --deny-net's goes before --allow-net's, and that before what
 * --public-only brings. An address that no rule is about is allowed.
 *
 * An address that leads to another one must be allowed as both: IPv6 with an
 * IPv4 address inside (mapped, translated, compatible, NAT64, 6to4), and
 * 0.0.0.0 and ::, which mean this machine to connect(2).
 */
struct policy;

enum policy_word {
	POLICY_NOT_PUBLIC,	/* denied by policy_add_special() */
	POLICY_ALLOWED,
	POLICY_DENIED,
};

/* Allows everything. */
struct policy *policy_new(void);
void policy_free(struct policy *policy);	/* NULL is fine */

/*
 * A rule for "10.0.0.0/8", "fc00::/7" or one address; ::ffff:10.0.0.0/104 is
 * 10.0.0.0/8. ERR_USAGE for what is none of these, and where the address has
 * bits behind the prefix: then one of the two is a mistake.
 */
int policy_add(struct policy *policy, enum policy_word word, const char *net,
	struct err *err);
/* Denies what IANA's registries of special addresses do not call global. */
void policy_add_special(struct policy *policy);

/*
 * NULL: the address may be connected to, as all may where `policy` is NULL.
 * Else why not, "10.0.0.1 is not public (10.0.0.0/8)", for the caller to free.
 * No more is added by then: any thread.
 */
char *policy_refusal(const struct policy *policy, const struct addr *addr);
/*
 * Has *addrs, a reference of the caller's, replaced by those of it that may be
 * connected to. Where there is none *addrs is NULL then, and why the first is
 * refused is for the caller to free; else NULL.
 */
char *policy_sift(const struct policy *policy, struct addrs **addrs);

#endif
