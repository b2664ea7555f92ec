/* SPDX-License-Identifier: MIT */
/*
 * payloads -- the newest are known, and memory is what it was said to be.
 */
#include "config.h"

#include <stdio.h>

#include "base/mem.h"
#include "sink/payloads.h"
#include "unit.h"

/* Any hash will do, as long as it is another one for each number. */
static const unsigned char *
hash_of(unsigned n)
{
	static unsigned char hash[DIGEST_SHA256_BYTES];

	memset(hash, 0, sizeof hash);
	memcpy(hash + 7, &n, sizeof n);
	return hash;
}

static void
what_was_added_is_found(void **state)
{
	struct payloads *payloads = payloads_new(1 << 20);
	const struct payload *payload;

	(void)state;
	assert_null(payloads_find(payloads, hash_of(1)));
	payloads_add(payloads, hash_of(1), "http://h/1", 11);
	payloads_add(payloads, hash_of(2), "http://h/2", 22);
	payload = payloads_find(payloads, hash_of(1));
	assert_non_null(payload);
	assert_string_equal(payload->url, "http://h/1");
	assert_int_equal(payload->date, 11);
	assert_int_equal(payloads_find(payloads, hash_of(2))->date, 22);
	assert_null(payloads_find(payloads, hash_of(3)));
	payloads_free(payloads);
	payloads_free(NULL);
}

static void
the_oldest_are_forgotten_first(void **state)
{
	struct payloads *payloads = payloads_new(100000);
	char url[32];
	unsigned i, n = 0;
	int known, before = 0;

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(url, sizeof url, "http://host/%u", i);
		payloads_add(payloads, hash_of(i), url, i);
	}
	for (i = 0; i < 5000; i++) {
		known = payloads_find(payloads, hash_of(i)) != NULL;
		assert_true(known >= before);
		before = known;
		n += (unsigned)known;
	}
	/* Some hundred bytes each. */
	assert_in_range(n, 500, 1000);
	payloads_free(payloads);
}

static void
long_urls_count_as_what_they_are(void **state)
{
	struct payloads *payloads = payloads_new(100000);
	char *url = mem_array(40001, 1);
	unsigned i;

	(void)state;
	memset(url, 'u', 40000);
	for (i = 0; i < 10; i++)
		payloads_add(payloads, hash_of(i), url, i);
	assert_null(payloads_find(payloads, hash_of(7)));
	assert_non_null(payloads_find(payloads, hash_of(8)));
	assert_non_null(payloads_find(payloads, hash_of(9)));
	free(url);
	payloads_free(payloads);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_was_added_is_found),
	cmocka_unit_test(the_oldest_are_forgotten_first),
	cmocka_unit_test(long_urls_count_as_what_they_are),
};

UNIT_MAIN("sink/payloads", tests)
