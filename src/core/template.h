/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_TEMPLATE_H
#define FETCHALL_CORE_TEMPLATE_H

#include <stdint.h>

#include "base/err.h"

struct template;
struct url;

/*
 * Names of bodies after a pattern: text, %{FIELD} and %%. Slashes of the
 * pattern make folders; those in values do not, but for %{path}, which is a
 * path. Values are cleaned as in core/component; what the user wrote stays.
 */

enum template_need {
	TEMPLATE_NEEDS_REPLY = 1 << 0,	/* the headers of the last hop */
	TEMPLATE_NEEDS_BODY = 1 << 1,	/* the whole body */
	TEMPLATE_TELLS_APART = 1 << 2,	/* no two lines of a list get one name,
					 * unless their bodies are the same */
};

/* What a name can be made of. Nobody asks for what is not needed. */
struct template_facts {
	const struct url *url;
	uint64_t seq;
	int status;
	const char *type;	/* Content-Type as sent; NULL: none */
	const char *sha256;	/* of the body, in hex; NULL counts as "" */
};

/* X(name, needs, brief): what can stand in the braces. */
#define TEMPLATE_FIELDS(X) \
	X(seq, TEMPLATE_TELLS_APART, "number of the URL in the list, from 1") \
	X(scheme, 0, "http or https") \
	X(host, 0, "host of the URL") \
	X(port, 0, "its port, also where the URL has none") \
	X(path, 0, "its path, with index.html for folders") \
	X(basename, 0, "the last part of the path") \
	X(stem, 0, "the basename without its extension") \
	X(ext, 0, "its extension with the dot, or nothing") \
	X(query, 0, "what stands behind the ?") \
	X(url_hash, TEMPLATE_TELLS_APART, \
		"16 hex digits of the URL's SHA-256") \
	X(status, TEMPLATE_NEEDS_REPLY, "status of the reply") \
	X(type, TEMPLATE_NEEDS_REPLY, "media type of the reply") \
	X(type_ext, TEMPLATE_NEEDS_REPLY, \
		"extension for that type with the dot, or nothing") \
	X(sha256, TEMPLATE_NEEDS_BODY | TEMPLATE_TELLS_APART, \
		"SHA-256 of the body")

/*
 * Reads a pattern. NULL with ERR_USAGE for a field that does not exist (the
 * nearest is named), a single "%", an absolute path, a component that is
 * empty, "." or "..", and characters that names do not have everywhere:
 * control characters, what is no UTF-8, and \ : * ? " < > |.
 */
struct template *template_new(const char *pattern, struct err *err);
void template_free(struct template *template);

/* Of enum template_need: when a name can be made at the earliest, and whether
 * it is one line's alone. */
unsigned template_needs(const struct template *template);

/*
 * The path for these facts, for free(). `flags` are component_end()'s. Two
 * URLs may get the same one; filename_with_hash() tells them apart.
 */
char *template_fill(const struct template *template,
	const struct template_facts *facts, unsigned flags);

#endif
