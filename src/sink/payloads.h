/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_PAYLOADS_H
#define FETCHALL_SINK_PAYLOADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "sink/digest.h"

/* Where content was archived first. */
struct payload {
	struct map_node node;
	struct list age;
	unsigned char hash[DIGEST_SHA256_BYTES];
	int64_t date;		/* of that record, us since 1970 */
	size_t size;		/* what it takes here */
	char url[];
};

/*
 * The content that was archived, by its SHA-256, the newest of it: what is
 * remembered takes max_bytes at most, and the oldest is forgotten first.
 */
struct payloads;

struct payloads *payloads_new(size_t max_bytes);
void payloads_free(struct payloads *payloads);	/* NULL is fine */
/* NULL: not known. Good until the next payloads_add(). */
const struct payload *payloads_find(const struct payloads *payloads,
	const unsigned char hash[DIGEST_SHA256_BYTES]);
/* One that payloads_find() does not know. */
void payloads_add(struct payloads *payloads,
	const unsigned char hash[DIGEST_SHA256_BYTES], const char *url,
	int64_t date);

#endif
