/* SPDX-License-Identifier: MIT */
/*
 * sha256 -- FIPS 180-4's hash, by libcrypto, which uses the processor's own
 * instructions for it. What sha256sum(1) prints; to tell bodies apart where
 * nobody cheats, xxh3 is many times as fast.
 */
#include "config.h"

#include <openssl/evp.h>

#include "base/mem.h"
#include "stage/family.h"

#define SHA256_BYTES 32

static const struct column sha256_columns[] = {
	STAGE_COLUMN(TEXT, "sha256", "SHA-256 of the body, in hex"),
};

static int
sha256_fail(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "libcrypto refuses SHA-256");
}

static int
sha256_start(const void *plan, void **ret_self, struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)plan;
	/* Looking up the algorithm takes longer than hashing a small body, so
	 * it is done here and begin() only resets. */
	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		return sha256_fail(err);
	}
	*ret_self = ctx;
	return 0;
}

static void
sha256_stop(void *self)
{
	EVP_MD_CTX_free(self);
}

static int
sha256_begin(void *self, struct stage_call *call, struct err *err)
{
	(void)call;
	if (EVP_DigestInit_ex(self, NULL, NULL) != 1)
		return sha256_fail(err);
	return 0;
}

static int
sha256_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	(void)call;
	if (EVP_DigestUpdate(self, p, n) != 1)
		return sha256_fail(err);
	return 0;
}

static int
sha256_end(void *self, struct stage_call *call, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_BYTES];
	char *text;
	size_t i;

	if (EVP_DigestFinal_ex(self, hash, NULL) != 1)
		return sha256_fail(err);
	text = mem_array(2 * SHA256_BYTES + 1, 1);
	for (i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = digits[hash[i] >> 4];
		text[2 * i + 1] = digits[hash[i] & 15];
	}
	value_set_text(&call->values[0], text);
	return 0;
}

const struct stage stage_sha256 = {
	.name = "sha256",
	.brief = "SHA-256, as sha256sum(1) prints it",
	STAGE_COLUMNS(sha256_columns),
	.start = sha256_start,
	.stop = sha256_stop,
	.begin = sha256_begin,
	.feed = sha256_feed,
	.end = sha256_end,
};
