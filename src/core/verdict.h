/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_VERDICT_H
#define FETCHALL_CORE_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/result.h"
#include "net/names.h"

struct fetch_reply;

/* X(name, meaning): error_detail in records; the manual's list. */
#define VERDICT_DETAILS(X) \
	X(nxdomain, "the name does not exist") \
	X(nodata, "the name has no address of the wanted family") \
	X(servfail, "a name server failed") \
	X(refused, "a server refused: the question, or the connection") \
	X(noserver, "no name server can be reached") \
	X(badname, "no name that could be asked for") \
	X(denied, "an address that --public-only or --deny-net shuts out") \
	X(unpinned, "libcurl wanted a name of its own") \
	X(unreachable, "no route to the address") \
	X(reset, "the connection was reset") \
	X(fd_limit, "no more files may be open") \
	X(ports, "no local port is free") \
	X(certificate, "the certificate is not trusted") \
	X(handshake, "TLS could not be agreed on") \
	X(resolve, "time ran out while looking up the name") \
	X(connect, "time ran out while connecting") \
	X(tls, "time ran out in the TLS handshake") \
	X(first_byte, "time ran out before the reply began") \
	X(slow, "slower than --speed-limit") \
	X(body, "time ran out within the body") \
	X(empty_reply, "the connection was closed without a reply") \
	X(bad_reply, "not HTTP, or not what was asked for") \
	X(bad_header, "a stray CR or NUL in a header") \
	X(header_limit, "more headers than --max-header") \
	X(proxy, "the proxy refused to make a tunnel") \
	X(content_length, "two Content-Length headers that differ") \
	X(transfer_encoding, "a Transfer-Encoding that was not asked for") \
	X(location, "two Location headers that differ") \
	X(too_many, "more redirects than --max-redirs") \
	X(loop, "redirected in a circle") \
	X(bad_location, "redirected to what is no URL") \
	X(blocked, "redirected to another scheme") \
	X(downgrade, "redirected from https to http") \
	X(write_refused, "the file could not be written") \
	X(in_use, "another process writes to the same .part") \
	X(write_failed, "the disk is full, read-only or broken") \
	X(cut, "the body ended early") \
	X(limit, "a body larger than --max-body, decode's SIZE or a stage takes") \
	X(encoding, "the body is not what Content-Encoding says") \
	X(ratio, "the body unpacks to too many times its size") \
	X(match_limit, "the expression needs too many steps") \
	X(status, "the command ended with a status other than 0") \
	X(signal, "the command was ended by a signal") \
	X(command_timeout, "the command took too long") \
	X(answer, "the command gave no answer, or no JSON object") \
	X(memory, "out of memory") \
	X(crashed, "the process that fetched it or ran its stages died") \
	X(request, "libcurl refuses the request") \
	X(libcurl, "libcurl's errormsg tells")

/*
 * What a reply means and what follows from it: a pure function of the reply,
 * the policy and how often this was tried, the same for every strategy.
 */
enum verdict_kind { VERDICT_FINAL, VERDICT_REDIRECT, VERDICT_RETRY };

/* What is retried: names of error classes and details, and status codes. */
struct verdict_retry_on {
	unsigned classes;	/* bits of enum error_class */
	const char *details[64];
	size_t n_details;
	uint64_t codes[10];	/* bit set of 0 to 599 */
};

struct verdict_policy {
	int follow;		/* redirects at all */
	unsigned max_redirs;
	uint64_t retries;	/* attempts after the first */
	int retry_once;		/* also of what may then happen twice */
	int64_t retry_delay_us;	/* 0: 1 s, doubling, with jitter */
	struct verdict_retry_on retry_on;
};

struct verdict {
	enum verdict_kind kind;
	int ok;
	enum error_class error_class;
	const char *detail;	/* static, or NULL */
	int64_t delay_us;	/* VERDICT_RETRY: from now */
};

/*
 * Reads "dns,timeout,reset,429,503" into *ret: error classes, details and
 * codes; "none" is nothing. ERR_USAGE names the word that is none of them.
 */
int verdict_retry_on_parse(struct verdict_retry_on *ret, const char *text,
	struct err *err);

/* What is judged, beside the reply. */
struct verdict_attempt {
	uint64_t number;	/* from 1 */
	unsigned n_hops;	/* redirects followed already */
	int https;		/* whether this hop was */
	int once;		/* not idempotent (RFC 9110, 9.2.2): what it
				 * asks for must not happen twice */
	int64_t left_us;	/* in which the next one must begin; INT64_MAX:
				 * no end */
	uint64_t random;	/* anything */
};

struct verdict verdict_of_reply(const struct verdict_policy *policy,
	const struct fetch_reply *reply,
	const struct verdict_attempt *attempt);
/* The same for a look-up that gave no address. */
struct verdict verdict_of_name(const struct verdict_policy *policy,
	enum names_status status, const struct verdict_attempt *attempt);

/*
 * The detail of a body that could not be written, for what the system said:
 * "write_failed" where the disk is as full, or as dead, for every other one,
 * "in_use" where its part is another process's, else "write_refused".
 */
const char *verdict_write_detail(int number);

/* Names of all details a verdict can give, NULL-terminated. */
extern const char *const verdict_details[];

#endif
