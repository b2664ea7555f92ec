/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_NET_RESPONDER_H
#define FETCHALL_TESTS_NET_RESPONDER_H

#include <stdint.h>

struct event_base;

/*
 * A DNS server on a free loopback UDP port, on libevent's evdns. What it says
 * is in the name it is asked for:
 *
 *   ok...            127.0.0.1 and ::1
 *   v4... v6...      one of them only
 *   many...          16 addresses each
 *   ttl-N...         the same as ok, with a TTL of N seconds (else 300)
 *   cname...         an alias (TTL 7) of a name with both
 *   chain-N...       an alias of an alias and so on, N of them
 *   loop...          aliases in a circle
 *   cut...           nothing but a truncated answer: ask by TCP
 *   cutok...         and there is one by TCP, 127.0.0.1 or ::1
 *   private...       10.0.0.1
 *   rebind-N...      127.0.0.1 to the first N questions of this kind, then
 *                    127.0.0.2; with a TTL of 0
 *   nx... nodata... servfail... refused...
 *   silent...        nothing at all
 *   lateaaaa-MS...   127.0.0.1 at once, ::1 after MS milliseconds
 *   latea-MS...      the other way round
 *   nxaaaa... servfaila... silentaaaa... silenta...   the other one is fine
 *   nodatasilent...  no A, and nothing at all to AAAA
 *   nxsilent...      no such name to A, nothing at all to AAAA
 *
 * Any other name does not exist.
 */
struct responder;

/* NULL when there is no port. */
struct responder *responder_new(struct event_base *base);
void responder_free(struct responder *responder);

/* From now on every question is refused. */
void responder_refuse(struct responder *responder);
/* From now on nothing is said, or what should be. */
void responder_mute(struct responder *responder, int mute);
/* TCP connections are accepted from here on and never answered; before that
 * they are refused. */
void responder_listen(struct responder *responder);
/* TCP connections are answered from here on, or closed for want of one. */
void responder_serve(struct responder *responder);

uint16_t responder_port(const struct responder *responder);
/* Questions so far of a family, 4 or 6. */
unsigned responder_asked(const struct responder *responder, int family);
/* The most late answers that were owed at once. */
unsigned responder_peak(const struct responder *responder);

#endif
