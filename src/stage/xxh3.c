/* SPDX-License-Identifier: MIT */
/*
 * xxh3 -- XXH3 with 64 bits, by libxxhash: as fast as memory can be read. It
 * tells bodies apart that nobody made to look alike; where somebody might,
 * sha256 is the one to take.
 */
#include "config.h"

#include <inttypes.h>

#include "base/mem.h"
#include "stage/family.h"
#ifdef HAVE_XXHASH
#include <xxhash.h>
#endif

static const struct column xxh3_columns[] = {
	STAGE_COLUMN(TEXT, "xxh3", "XXH3 of the body, 64 bits in hex"),
};

#ifdef HAVE_XXHASH

static int
xxh3_start(const void *plan, void **ret_self, struct err *err)
{
	(void)plan;
	*ret_self = XXH3_createState();
	if (*ret_self == NULL)
		return err_set(err, ERR_SYSTEM, "libxxhash: out of memory");
	return 0;
}

static void
xxh3_stop(void *self)
{
	XXH3_freeState(self);
}

static int
xxh3_begin(void *self, struct stage_call *call, struct err *err)
{
	(void)call, (void)err;
	XXH3_64bits_reset(self);
	return 0;
}

static int
xxh3_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	(void)call, (void)err;
	XXH3_64bits_update(self, p, n);
	return 0;
}

static int
xxh3_end(void *self, struct stage_call *call, struct err *err)
{
	(void)err;
	value_set_text(&call->values[0],
		mem_printf("%016" PRIx64, XXH3_64bits_digest(self)));
	return 0;
}

#else

STAGE_WITHOUT("libxxhash", "libxxhash-dev")

#endif

const struct stage stage_xxh3 = {
	.name = "xxh3",
	.brief = "XXH3 with 64 bits, as xxhsum -H3 prints it",
	STAGE_COLUMNS(xxh3_columns),
#ifdef HAVE_XXHASH
	.start = xxh3_start,
	.stop = xxh3_stop,
	.begin = xxh3_begin,
	.feed = xxh3_feed,
	.end = xxh3_end,
#else
	.open = stage_without,
#endif
};
