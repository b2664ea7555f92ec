/* SPDX-License-Identifier: MIT */
/*
 * template -- names of bodies as the user wants them.
 *
 * A pattern is read once, so that a slip in it is an error before the first
 * request, and becomes a list of parts. Filling walks them and builds one
 * component at a time: what a value brings is cleaned where it stands, at the
 * beginning of a name or within.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/filename.h"
#include "core/template.h"
#include "opt/opt.h"
#include "url/url.h"

#define TEMPLATE_PATH_MAX (1u << 24)
#define TEMPLATE_TYPE_MAX 128

/* A name in the making: folders done, and the component at hand. */
struct template_name {
	const struct template_facts *facts;
	struct filename_parts parts;
	struct component component;
	struct buf path;
	unsigned flags;
};

/* What a field does; its name and brief are for everybody. */
struct template_kind {
	void (*add)(struct template_name *name);
	unsigned needs;
};

enum template_what { TEMPLATE_TEXT, TEMPLATE_SLASH, TEMPLATE_FIELD };

struct template_part {
	enum template_what what;
	const struct template_kind *kind;	/* of a field */
	char *text;				/* of a text */
	size_t len;
};

struct template {
	struct template_part *parts;
	size_t n;
	unsigned needs;
};

static void
template_add_u64(struct template_name *name, uint64_t n)
{
	struct buf digits;

	buf_init(&digits, 32);
	buf_add_u64(&digits, n);
	component_put(&name->component, digits.data, digits.len, 0);
	buf_release(&digits);
}

static void
template_add_seq(struct template_name *name)
{
	template_add_u64(name, name->facts->seq);
}

static void
template_add_scheme(struct template_name *name)
{
	const char *scheme = name->facts->url->https ? "https" : "http";

	component_put(&name->component, scheme, strlen(scheme), 0);
}

static void
template_add_host(struct template_name *name)
{
	const struct url *url = name->facts->url;

	component_add(&name->component, url->text + url->host_off,
		url->host_len);
}

static void
template_add_port(struct template_name *name)
{
	template_add_u64(name, name->facts->url->port);
}

static void
template_add_path(struct template_name *name)
{
	filename_add_path(&name->component, &name->path, &name->parts,
		name->flags);
}

/* The last segment as it stands in a name, and where its extension is. */
static void
template_basename(const struct template_name *name, struct component *last,
	size_t *ret_ext, size_t *ret_len)
{
	const char *end = name->parts.path + name->parts.path_len, *at = end;

	while (at > name->parts.path && at[-1] != '/')
		at--;
	component_init(last);
	filename_add_last(last, at, (size_t)(end - at));
	*ret_ext = component_ext(last->text.data, last->text.len, ret_len);
}

static void
template_add_basename(struct template_name *name)
{
	struct component last;
	size_t ext, len;

	template_basename(name, &last, &ext, &len);
	component_put(&name->component, last.text.data, last.text.len, 0);
	component_release(&last);
}

static void
template_add_stem(struct template_name *name)
{
	struct component last;
	size_t ext, len;

	template_basename(name, &last, &ext, &len);
	component_put(&name->component, last.text.data, ext, 0);
	component_release(&last);
}

static void
template_add_ext(struct template_name *name)
{
	struct component last;
	size_t ext, len;

	template_basename(name, &last, &ext, &len);
	component_put(&name->component, last.text.data + ext, len, 0);
	component_release(&last);
}

static void
template_add_query(struct template_name *name)
{
	if (name->parts.query != NULL)
		component_add(&name->component, name->parts.query,
			name->parts.query_len);
}

static void
template_add_url_hash(struct template_name *name)
{
	const char *text = name->facts->url->text;
	char hash[COMPONENT_HASH];

	component_hash(hash, text, strlen(text));
	component_put(&name->component, hash, strlen(hash), 0);
}

static void
template_add_status(struct template_name *name)
{
	template_add_u64(name, (uint64_t)name->facts->status);
}

/* The media type in small letters, without parameters. */
static void
template_type(const struct template_facts *facts, char type[TEMPLATE_TYPE_MAX])
{
	const char *at = facts->type != NULL ? facts->type : "";
	size_t i, n;

	at += strspn(at, " \t");
	n = strcspn(at, "; \t");
	if (n >= TEMPLATE_TYPE_MAX)
		n = TEMPLATE_TYPE_MAX - 1;
	for (i = 0; i < n; i++)
		type[i] = at[i] >= 'A' && at[i] <= 'Z' ?
			(char)(at[i] + ('a' - 'A')) : at[i];
	type[n] = '\0';
}

static void
template_add_type(struct template_name *name)
{
	char type[TEMPLATE_TYPE_MAX];

	template_type(name->facts, type);
	component_add(&name->component, type, strlen(type));
}

static void
template_add_type_ext(struct template_name *name)
{
	static const char *const known[][2] = {
		{ "application/epub+zip", ".epub" },
		{ "application/gzip", ".gz" },
		{ "application/javascript", ".js" },
		{ "application/json", ".json" },
		{ "application/pdf", ".pdf" },
		{ "application/xhtml+xml", ".xhtml" },
		{ "application/xml", ".xml" },
		{ "application/zip", ".zip" },
		{ "application/zstd", ".zst" },
		{ "audio/mpeg", ".mp3" },
		{ "audio/ogg", ".ogg" },
		{ "font/woff", ".woff" },
		{ "font/woff2", ".woff2" },
		{ "image/avif", ".avif" },
		{ "image/gif", ".gif" },
		{ "image/jpeg", ".jpg" },
		{ "image/png", ".png" },
		{ "image/svg+xml", ".svg" },
		{ "image/webp", ".webp" },
		{ "text/css", ".css" },
		{ "text/csv", ".csv" },
		{ "text/html", ".html" },
		{ "text/javascript", ".js" },
		{ "text/markdown", ".md" },
		{ "text/plain", ".txt" },
		{ "text/xml", ".xml" },
		{ "video/mp4", ".mp4" },
		{ "video/webm", ".webm" },
	};
	char type[TEMPLATE_TYPE_MAX];
	size_t i;

	template_type(name->facts, type);
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i][0], type) == 0)
			component_put(&name->component, known[i][1],
				strlen(known[i][1]), 0);
}

static void
template_add_sha256(struct template_name *name)
{
	const char *sha256 = name->facts->sha256;

	if (sha256 != NULL)
		component_add(&name->component, sha256, strlen(sha256));
}

#define TEMPLATE_NAME(name, needs, brief) #name,
#define TEMPLATE_KIND(name, needs, brief) { template_add_##name, needs },

static const char *const template_names[] = {
	TEMPLATE_FIELDS(TEMPLATE_NAME) NULL
};

/* In the same order. */
static const struct template_kind template_kinds[] = {
	TEMPLATE_FIELDS(TEMPLATE_KIND)
};

static void
template_append(struct template *template, struct template_part part)
{
	template->parts = mem_grow(template->parts, template->n + 1,
		sizeof *template->parts);
	template->parts[template->n++] = part;
}

/* Adds the field at "%{"; what follows it, or NULL. */
static const char *
template_read_field(struct template *template, const char *p, struct err *err)
{
	size_t n = strcspn(p + 2, "}"), i;
	const char *near;
	char *name;

	if (p[2 + n] == '\0') {
		err_set(err, ERR_USAGE, "%%{ without }");
		return NULL;
	}
	name = mem_strndup(p + 2, n);
	for (i = 0; template_names[i] != NULL; i++)
		if (strcmp(template_names[i], name) == 0)
			break;
	if (template_names[i] == NULL) {
		near = opt_nearest(name, template_names);
		err_set(err, ERR_USAGE, "no field %%{%.64s}%s%s%s", name,
			near != NULL ? ": did you mean %{" : "",
			near != NULL ? near : "", near != NULL ? "}?" : "");
		free(name);
		return NULL;
	}
	free(name);
	template->needs |= template_kinds[i].needs;
	template_append(template, (struct template_part){
		.what = TEMPLATE_FIELD, .kind = &template_kinds[i] });
	return p + 3 + n;
}

/* The part i from the end; a slash stands before the first. */
static const struct template_part *
template_back(const struct template *template, size_t i)
{
	static const struct template_part slash = { .what = TEMPLATE_SLASH };

	return i <= template->n ? &template->parts[template->n - i] : &slash;
}

/* Whether a component that the pattern ends before p is one that names have. */
static int
template_check_component(const struct template *template, const char *p,
	struct err *err)
{
	const struct template_part *last = template_back(template, 1);

	if (last->what == TEMPLATE_SLASH && *p == '/')
		return err_set(err, ERR_USAGE, template->n == 0 ?
			"an absolute path: names are below the output folder" :
			"two slashes in a row");
	if (last->what == TEMPLATE_SLASH)
		return err_set(err, ERR_USAGE, template->n == 0 ?
			"no name" : "no name behind the last slash");
	if (last->what == TEMPLATE_TEXT &&
	    template_back(template, 2)->what == TEMPLATE_SLASH &&
	    (strcmp(last->text, ".") == 0 || strcmp(last->text, "..") == 0))
		return err_set(err, ERR_USAGE, "'%s' is no name of a file or"
			" folder", last->text);
	return 0;
}

static int
template_check_text(const char *p, size_t n, struct err *err)
{
	size_t bad = strcspn(p, "\\:*?\"<>|");
	struct buf clean;
	int same;

	if (bad < n)
		return err_set(err, ERR_USAGE, "'%c' cannot stand in a name"
			" everywhere", p[bad]);
	buf_init(&clean, 16 * n);
	utf8_add_clean(&clean, p, n);
	same = clean.len == n;
	buf_release(&clean);
	return same ? 0 : err_set(err, ERR_USAGE, "a control character, or what"
		" is no UTF-8");
}

/* Adds text up to the next slash or field; "%%" is "%". NULL: see err. */
static const char *
template_read_text(struct template *template, const char *p, struct err *err)
{
	struct buf text;
	size_t n;

	buf_init(&text, TEMPLATE_PATH_MAX);
	for (;;) {
		n = strcspn(p, "%/");
		buf_add(&text, p, n);
		p += n;
		if (p[0] != '%' || p[1] != '%')
			break;
		buf_add_char(&text, '%');
		p += 2;
	}
	if (template_check_text(buf_text(&text), text.len, err) != 0) {
		buf_release(&text);
		return NULL;
	}
	n = text.len;
	template_append(template, (struct template_part){
		.what = TEMPLATE_TEXT, .text = buf_take(&text), .len = n });
	return p;
}

/* Adds the part at p; what follows it, or NULL. */
static const char *
template_read_part(struct template *template, const char *p, struct err *err)
{
	if (*p == '/') {
		if (template_check_component(template, p, err) != 0)
			return NULL;
		template_append(template, (struct template_part){
			.what = TEMPLATE_SLASH });
		return p + 1;
	}
	if (p[0] == '%' && p[1] == '{')
		return template_read_field(template, p, err);
	if (p[0] == '%' && p[1] != '%') {
		err_set(err, ERR_USAGE, "%% stands before {FIELD} or another"
			" %%");
		return NULL;
	}
	return template_read_text(template, p, err);
}

struct template *
template_new(const char *pattern, struct err *err)
{
	struct template *template = mem_array(1, sizeof *template);
	const char *p = pattern;

	while (p != NULL && *p != '\0')
		p = template_read_part(template, p, err);
	if (p != NULL && template_check_component(template, p, err) == 0)
		return template;
	err_in(err, "'%.200s'", pattern);
	template_free(template);
	return NULL;
}

void
template_free(struct template *template)
{
	size_t i;

	if (template == NULL)
		return;
	for (i = 0; i < template->n; i++)
		free(template->parts[i].text);
	free(template->parts);
	free(template);
}

unsigned
template_needs(const struct template *template)
{
	return template->needs;
}

static void
template_add_part(struct template_name *name, const struct template_part *part)
{
	switch (part->what) {
	case TEMPLATE_TEXT:
		component_put(&name->component, part->text, part->len, 1);
		break;
	case TEMPLATE_SLASH:
		component_end(&name->component, &name->path, name->flags);
		buf_add_char(&name->path, '/');
		break;
	case TEMPLATE_FIELD:
		part->kind->add(name);
		break;
	}
}

char *
template_fill(const struct template *template,
	const struct template_facts *facts, unsigned flags)
{
	struct template_name name = {
		.facts = facts,
		.parts = filename_split(facts->url),
		.flags = flags,
	};
	size_t i;

	component_init(&name.component);
	buf_init(&name.path, TEMPLATE_PATH_MAX);
	for (i = 0; i < template->n; i++)
		template_add_part(&name, &template->parts[i]);
	component_end(&name.component, &name.path, flags);
	component_release(&name.component);
	filename_shorten(&name.path);
	return buf_take(&name.path);
}
