/* SPDX-License-Identifier: MIT */
/*
 * digest -- SHA-1 and SHA-256 by libcrypto, which uses the processor's own
 * instructions for them, and the base32 that archives write SHA-1 in (RFC
 * 4648, section 6; 20 bytes are 32 letters without padding).
 */
#include "config.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/mem.h"
#include "sink/digest.h"

#define DIGEST_SHA1_BYTES 20

struct digest {
	EVP_MD_CTX *ctx;
	int failed;		/* since digest_begin() */
};

static int
digest_refused(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "libcrypto refuses a digest");
}

struct digest *
digest_new(enum digest_kind kind, struct err *err)
{
	struct digest *digest = mem_array(1, sizeof *digest);
	const EVP_MD *md = kind == DIGEST_SHA1 ? EVP_sha1() : EVP_sha256();

	digest->ctx = EVP_MD_CTX_new();
	/* Looking up the algorithm takes longer than hashing a small body, so
	 * it is done here and digest_begin() only resets. */
	if (digest->ctx != NULL &&
	    EVP_DigestInit_ex(digest->ctx, md, NULL) == 1)
		return digest;
	digest_free(digest);
	digest_refused(err);
	return NULL;
}

void
digest_free(struct digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->ctx);
	free(digest);
}

void
digest_begin(struct digest *digest)
{
	digest->failed = EVP_DigestInit_ex(digest->ctx, NULL, NULL) != 1;
}

void
digest_add(struct digest *digest, const void *p, size_t n)
{
	if (EVP_DigestUpdate(digest->ctx, p, n) != 1)
		digest->failed = 1;
}

int
digest_end(struct digest *digest, unsigned char *ret, struct err *err)
{
	if (digest->failed || EVP_DigestFinal_ex(digest->ctx, ret, NULL) != 1)
		return digest_refused(err);
	return 0;
}

/* Eight letters of each five bytes. */
static void
digest_base32(const unsigned char *bytes, size_t n, char *ret)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint64_t bits;
	size_t i;
	int shift;

	for (; n >= 5; bytes += 5, n -= 5) {
		for (bits = 0, i = 0; i < 5; i++)
			bits = bits << 8 | bytes[i];
		for (shift = 35; shift >= 0; shift -= 5)
			*ret++ = letters[bits >> shift & 31];
	}
	*ret = '\0';
}

int
digest_end_text(struct digest *digest, char ret[DIGEST_TEXT], struct err *err)
{
	unsigned char bytes[DIGEST_SHA1_BYTES];

	if (digest_end(digest, bytes, err) != 0)
		return -1;
	memcpy(ret, "sha1:", 5);
	digest_base32(bytes, sizeof bytes, ret + 5);
	return 0;
}
