/* SPDX-License-Identifier: MIT */
/*
 * crc32 -- the checksum of gzip, zip and Ethernet, by zlib. It finds slips of
 * a wire, not lies; to name bodies, xxh3 and sha256 are better.
 */
#include "config.h"

#include <zlib.h>

#include "base/mem.h"
#include "stage/family.h"

static const struct column crc32_columns[] = {
	STAGE_COLUMN(TEXT, "crc32", "CRC-32 of the body, in hex"),
};

static int
crc32_start(const void *plan, void **ret_self, struct err *err)
{
	(void)plan, (void)err;
	*ret_self = mem_array(1, sizeof(uLong));
	return 0;
}

static int
crc32_begin(void *self, struct stage_call *call, struct err *err)
{
	uLong *crc = self;

	(void)call, (void)err;
	*crc = 0;
	return 0;
}

static int
crc32_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	uLong *crc = self;

	(void)call, (void)err;
	*crc = crc32_z(*crc, p, n);
	return 0;
}

static int
crc32_end(void *self, struct stage_call *call, struct err *err)
{
	const uLong *crc = self;

	(void)err;
	value_set_text(&call->values[0], mem_printf("%08lx", *crc));
	return 0;
}

const struct stage stage_crc32 = {
	.name = "crc32",
	.brief = "CRC-32, as in gzip and zip",
	STAGE_COLUMNS(crc32_columns),
	.start = crc32_start,
	.stop = free,
	.begin = crc32_begin,
	.feed = crc32_feed,
	.end = crc32_end,
};
