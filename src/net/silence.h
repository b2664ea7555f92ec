/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_NET_SILENCE_H
#define FETCHALL_NET_SILENCE_H

#include <stdint.h>

/*
 * How long name servers have said nothing, and what time that leaves a name.
 * Begins zeroed but for timeout_us. Answers are counted by somebody else
 * (dns_heard()), who hears of all names.
 */
struct silence {
	int64_t timeout_us;	/* what a name has when all is well */
	uint64_t heard;		/* answers when last listened for */
	unsigned places;	/* given up since by names that heard of none */
	unsigned halvings;	/* of the time of names that begin now */
};

/* Whether nobody answers, as far as is known. `heard`: answers so far; any
 * new one ends the silence. */
int silence_lasts(struct silence *silence, uint64_t heard);
/* A name gave up its place and had heard nothing, of any name. */
void silence_met(struct silence *silence);
/* A name waited to its end in silence, having begun when the time was halved
 * `halvings` times. */
void silence_endured(struct silence *silence, unsigned halvings);

/* How long a name waits that begins now. */
int64_t silence_patience_us(const struct silence *silence);
/* How long it holds its place, if nothing is heard. */
int64_t silence_stay_us(const struct silence *silence);

#endif
