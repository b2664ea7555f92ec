/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_STAGE_PACKER_H
#define FETCHALL_TESTS_STAGE_PACKER_H

#include "stage/trial.h"

/* What is the same for gzip and zstd, whichever library unpacks it. */
struct packer {
	const struct stage *stage;
	const char *column;	/* how much it made */
	const char *highest;	/* level */
	/* The whole of `packed`, with nothing behind it; returns the length. */
	size_t (*unpack)(const struct buf *packed, char *text, size_t size);
};

void packer_round_trips(const struct packer *packer);
/* Far more comes out of such bytes than what one piece can hold. */
void packer_packs_noise(const struct packer *packer);
void packer_stops(const struct packer *packer);
void packer_packs_smaller(const struct packer *packer);
void packer_begins_anew(const struct packer *packer);

#endif
