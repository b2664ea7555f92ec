/* SPDX-License-Identifier: MIT */
/*
 * links -- the URLs that a page refers to, as they would be fetched.
 *
 * stage/tags finds the tags that matter and libxml2's push parser reads them,
 * one by one: attributes, entities and character sets are its business. It
 * builds no tree, and is made anew now and then since it never forgets a name.
 * What the references mean is url/'s to say, as everywhere.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "stage/family.h"
#include "stage/tags.h"
#include "url/url.h"
#ifdef HAVE_LIBXML2
#include <libxml/HTMLparser.h>
#endif

struct links_settings {
	uint64_t max, size;
};

static const struct opt links_rows[] = {
	{ .name = "links-max", .type = &opt_count,
		.off = OPT_AT(struct links_settings, max, uint64_t),
		.arg = "N", .dflt = "10k", .min = 1, .flags = OPT_EXPERT,
		.brief = "links collected from one page",
		.notes = "Those behind are left out, and links_cut is true." },
	{ .name = "links-size", .type = &opt_size,
		.off = OPT_AT(struct links_settings, size, uint64_t),
		.arg = "SIZE", .dflt = "1MiB", .min = 1024, .max = 1 << 30,
		.flags = OPT_EXPERT,
		.brief = "bytes of links_list for one page",
		.notes = "Links that find no room are left out, and links_cut "
			"is true." },
};

static const struct opt_set links_opts = {
	.name = "links",
	.title = "Stage links",
	OPT_ROWS(links_rows),
	.settings_size = sizeof(struct links_settings),
};

enum links_column { LINKS_COUNT, LINKS_LIST, LINKS_CUT };

static const struct column links_columns[] = {
	[LINKS_COUNT] = STAGE_COLUMN(U64, "links",
		"URLs that the page refers to, each counted once"),
	[LINKS_LIST] = STAGE_COLUMN(TEXT, "links_list",
		"those URLs in their order, blanks between them"),
	[LINKS_CUT] = STAGE_COLUMN(BOOL, "links_cut",
		"whether there were more than the limits allow"),
};

#ifdef HAVE_LIBXML2

#define LINKS_URL_MAX 8192
/* A parser keeps all names it has seen. */
#define LINKS_PARSER_BYTES (256 * 1024)
#define LINKS_CHARSET_MAX 64

struct links_item {
	struct map_node node;
	char url[];
};

struct links {
	const struct links_settings *settings;
	struct tags tags;
	htmlParserCtxtPtr parser;
	size_t parsed;		/* bytes it was given */
	xmlCharEncoding encoding;	/* of the Content-Type; 0: none there */
	struct buf meta;	/* the tag that names a character set */
	int on;			/* the page is HTML */
	int cut;
	int based;		/* there was a <base> */
	struct url base;
	struct map seen;	/* of struct links_item */
	struct buf list;
};

/* --- collecting --- */

static void
links_keep(struct links *links, const char *url)
{
	size_t len = strlen(url);
	struct links_item *item;

	if (map_find(&links->seen, url, len) != NULL)
		return;
	if (links->seen.n >= links->settings->max ||
	    links->list.len + len + 1 > links->settings->size) {
		links->cut = 1;
		return;
	}
	if (links->list.len > 0)
		buf_add_char(&links->list, ' ');
	buf_add(&links->list, url, len);
	item = mem_alloc(sizeof *item + len + 1);
	memcpy(item->url, url, len + 1);
	map_insert(&links->seen, &item->node, item->url, len);
}

static void
links_add(struct links *links, const char *ref)
{
	struct url url;

	while (isspace((unsigned char)*ref))
		ref++;
	/* A place within the page is no link to anything. */
	if (*ref == '#' || url_resolve(&links->base, ref, &url, NULL) != 0)
		return;
	if (strlen(url.text) <= LINKS_URL_MAX)
		links_keep(links, url.text);
	else
		links->cut = 1;
	url_release(&url);
}

/* The first one counts, also when it makes no sense. */
static void
links_set_base(struct links *links, const char *ref)
{
	struct url url;

	if (links->based)
		return;
	links->based = 1;
	if (url_resolve(&links->base, ref, &url, NULL) != 0)
		return;
	url_release(&links->base);
	links->base = url_take(&url);
}

static void
links_add_part(struct links *links, const char *p, size_t len)
{
	char *ref = mem_strndup(p, len);

	links_add(links, ref);
	free(ref);
}

/* "a.png 1x, b.png 2x": WHATWG HTML 4.8.4.3.5. */
static void
links_add_srcset(struct links *links, const char *p)
{
	static const char blanks[] = " \t\n\f\r";
	size_t len;

	for (;;) {
		p += strspn(p, " \t\n\f\r,");
		len = strcspn(p, blanks);
		if (len == 0)
			return;
		if (p[len - 1] == ',') {
			size_t commas = 0;

			while (p[len - 1 - commas] == ',')
				commas++;
			links_add_part(links, p, len - commas);
			p += len;
			continue;
		}
		links_add_part(links, p, len);
		/* Its width or density, up to a comma outside brackets. */
		for (p += len; *p != '\0' && *p != ','; p++)
			if (*p == '(')
				p += strcspn(p, ")") - (strchr(p, ')') == NULL);
	}
}

/* "5; url='next.html'": WHATWG HTML 4.2.5.3, the refresh state. */
static void
links_add_refresh(struct links *links, const char *p)
{
	static const char blanks[] = " \t\n\f\r";
	size_t len;

	p += strspn(p, blanks);
	len = strspn(p, "0123456789.");
	if (len == 0)
		return;
	p += len;
	p += strspn(p, blanks);
	p += *p == ';' || *p == ',';
	p += strspn(p, blanks);
	if (*p == '\0')
		return;
	if (strncasecmp(p, "url", 3) == 0) {
		const char *value = p + 3 + strspn(p + 3, blanks);

		if (*value == '=')
			p = value + 1 + strspn(value + 1, blanks);
	}
	if (*p != '"' && *p != '\'')
		links_add(links, p);
	else
		links_add_part(links, p + 1,
			strcspn(p + 1, *p == '"' ? "\"" : "'"));
}

/* --- which attributes of which elements --- */

static const struct links_element {
	const char *name;
	const char *attributes[2];
	int closes;		/* to libxml2 it is open until </name> */
} links_elements[] = {
	{ "a", { "href" }, 1 },
	{ "area", { "href" }, 0 },
	{ "base", { "href" }, 0 },
	{ "iframe", { "src" }, 1 },
	{ "img", { "src", "srcset" }, 0 },
	{ "link", { "href", "imagesrcset" }, 0 },
	{ "meta", { "content" }, 0 },
	{ "script", { "src" }, 1 },
	{ "source", { "src", "srcset" }, 1 },
};

static const struct links_element *
links_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof links_elements / sizeof *links_elements; i++)
		if (strcmp(links_elements[i].name, name) == 0)
			return &links_elements[i];
	return NULL;
}

static int
links_wanted(const char *name)
{
	return links_find(name) != NULL;
}

static const char *
links_attribute(const xmlChar **atts, const char *name)
{
	if (name == NULL || atts == NULL)
		return NULL;
	for (; atts[0] != NULL; atts += 2)
		if (strcmp((const char *)atts[0], name) == 0)
			return (const char *)atts[1];
	return NULL;
}

static void
links_use(struct links *links, const struct links_element *element,
	const char *attribute, const xmlChar **atts)
{
	const char *value = links_attribute(atts, attribute);
	const char *equiv;

	if (value == NULL)
		return;
	if (strcmp(element->name, "base") == 0) {
		links_set_base(links, value);
	} else if (strcmp(element->name, "meta") == 0) {
		equiv = links_attribute(atts, "http-equiv");
		if (equiv != NULL && strcasecmp(equiv, "refresh") == 0)
			links_add_refresh(links, value);
	} else if (strstr(attribute, "srcset") != NULL) {
		links_add_srcset(links, value);
	} else {
		links_add(links, value);
	}
}

/* libxml2's startElement. */
static void
links_start_element(void *arg, const xmlChar *name, const xmlChar **atts)
{
	const struct links_element *element = links_find((const char *)name);

	if (element == NULL)
		return;
	links_use(arg, element, element->attributes[0], atts);
	links_use(arg, element, element->attributes[1], atts);
}

/* --- libxml2 --- */

static void
links_ignore_error(void *arg, xmlErrorPtr error)
{
	(void)arg, (void)error;
}

static void
links_end_parser(struct links *links)
{
	if (links->parser == NULL)
		return;
	if (links->parser->myDoc != NULL)
		xmlFreeDoc(links->parser->myDoc);
	links->parser->myDoc = NULL;
	htmlFreeParserCtxt(links->parser);
	links->parser = NULL;
}

static void
links_parse(struct links *links, const char *p, size_t n)
{
	links->parsed += n;
	htmlParseChunk(links->parser, p, (int)n, 0);
}

static int
links_begin_parser(struct links *links)
{
	static htmlSAXHandler sax = {
		.startElement = links_start_element,
		.serror = links_ignore_error,
		.initialized = XML_SAX2_MAGIC,
	};
	int options = HTML_PARSE_NONET | HTML_PARSE_NOERROR |
		HTML_PARSE_NOWARNING | HTML_PARSE_NOIMPLIED;

	if (links->encoding > 0)
		options |= HTML_PARSE_IGNORE_ENC;
	links->parser = htmlCreatePushParserCtxt(&sax, links, NULL, 0, NULL,
		links->encoding);
	if (links->parser == NULL)
		return -1;
	htmlCtxtUseOptions(links->parser, options);
	links->parsed = 0;
	/* Something stays open, or the page would be over. */
	links_parse(links, "<div>", strlen("<div>"));
	if (links->meta.len > 0)
		links_parse(links, links->meta.data, links->meta.len);
	return 0;
}

/*
 * Whatever libxml2 still holds back of the tags is where it reads them in
 * another way than browsers; what follows is not to be part of it.
 */
static int
links_parser_done(const struct links *links)
{
	const xmlParserInput *input = links->parser->input;

	return links->parsed > LINKS_PARSER_BYTES ||
		links->parser->disableSAX || input == NULL ||
		input->end - input->cur > 0;
}

/* What tags found. */
static void
links_take_tag(void *arg, const char *name, const char *tag, size_t n)
{
	struct links *links = arg;
	const struct links_element *element = links_find(name);
	char end[TAGS_NAME_MAX + sizeof "</>"];

	if (links->parser == NULL && links_begin_parser(links) != 0) {
		links->cut = 1;
		return;
	}
	links_parse(links, tag, n);
	if (element != NULL && element->closes) {
		int len = snprintf(end, sizeof end, "</%s>", name);

		links_parse(links, end, (size_t)len);
	}
	if (links->meta.len == 0 && strcmp(name, "meta") == 0 &&
	    memmem(tag, n, "charset", 7) != NULL)
		buf_add(&links->meta, tag, n);
	if (links_parser_done(links))
		links_end_parser(links);
}

/* --- the stage --- */

static int
links_open(const char *arg, const void *settings, void **ret_plan,
	struct err *err)
{
	(void)arg;
	(void)err;
	/* Once, before there are threads. */
	xmlInitParser();
	*ret_plan = mem_dup(settings, sizeof(struct links_settings));
	return 0;
}

static int
links_start(const void *plan, void **ret_self, struct err *err)
{
	struct links *links = mem_array(1, sizeof *links);

	(void)err;
	links->settings = plan;
	tags_init(&links->tags, links_wanted, links_take_tag, links);
	map_init(&links->seen);
	buf_init(&links->meta, TAGS_SIZE_MAX);
	buf_init(&links->list, links->settings->size);
	*ret_self = links;
	return 0;
}

static void
links_clear(struct links *links)
{
	struct map_node *node;

	links_end_parser(links);
	tags_clear(&links->tags);
	url_release(&links->base);
	while ((node = map_any(&links->seen)) != NULL) {
		map_remove(&links->seen, node);
		free(node);
	}
	buf_clear(&links->meta);
	buf_clear(&links->list);
	links->based = 0;
	links->cut = 0;
}

static void
links_stop(void *self)
{
	struct links *links = self;

	links_clear(links);
	tags_release(&links->tags);
	map_release(&links->seen);
	buf_release(&links->meta);
	buf_release(&links->list);
	free(links);
}

/* Whether `type` is HTML; what says nothing may be. */
static int
links_type_is_html(const char *type)
{
	static const char *const types[] = {
		"text/html", "application/xhtml+xml",
	};
	size_t len, i;

	if (type == NULL)
		return 1;
	type += strspn(type, " \t");
	len = strcspn(type, "; \t");
	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (strlen(types[i]) == len &&
		    strncasecmp(types[i], type, len) == 0)
			return 1;
	return len == 0;
}

/* The character set of a Content-Type, if libxml2 reads it by itself. */
static xmlCharEncoding
links_type_encoding(const char *type)
{
	const char *p = type != NULL ? strcasestr(type, "charset=") : NULL;
	char name[LINKS_CHARSET_MAX];
	xmlCharEncoding encoding;
	size_t len;

	if (p == NULL)
		return XML_CHAR_ENCODING_NONE;
	p += strlen("charset=");
	p += *p == '"';
	len = strcspn(p, "\"; \t");
	if (len >= sizeof name)
		return XML_CHAR_ENCODING_NONE;
	memcpy(name, p, len);
	name[len] = '\0';
	encoding = xmlParseCharEncoding(name);
	return encoding > 0 ? encoding : XML_CHAR_ENCODING_NONE;
}

static int
links_begin(void *self, struct stage_call *call, struct err *err)
{
	struct links *links = self;
	const struct stage_page *page = call->page;

	(void)err;
	links_clear(links);
	/* What iconv finds wrong libxml2 does not tell the parser's handler
	 * but the thread's, which prints. */
	xmlSetStructuredErrorFunc(NULL, links_ignore_error);
	links->on = links_type_is_html(page->content_type) &&
		url_parse(page->url, NULL, &links->base, NULL) == 0;
	links->encoding = links_type_encoding(page->content_type);
	return 0;
}

static int
links_feed(void *self, struct stage_call *call, const void *p, size_t n,
	struct err *err)
{
	struct links *links = self;
	size_t piece;
	const char *at = p;

	for (; links->on && n > 0; at += piece, n -= piece) {
		if (stage_stopped(call, err) != 0)
			return -1;
		piece = n < LINKS_PARSER_BYTES ? n : LINKS_PARSER_BYTES;
		tags_feed(&links->tags, at, piece);
	}
	return 0;
}

static int
links_end(void *self, struct stage_call *call, struct err *err)
{
	struct links *links = self;

	(void)err;
	if (!links->on)
		return 0;
	value_set_u64(&call->values[LINKS_COUNT], links->seen.n);
	value_set_flag(&call->values[LINKS_CUT],
		links->cut || links->tags.cut);
	value_set_text(&call->values[LINKS_LIST],
		mem_strndup(buf_text(&links->list), links->list.len));
	links_clear(links);
	return 0;
}

#else

STAGE_WITHOUT("libxml2", "libxml2-dev")

#endif

const struct stage stage_links = {
	.name = "links",
	.brief = "the URLs that an HTML page refers to",
	.notes = "From a, area, link, img, script, iframe, source (srcset, "
		"too) and meta refresh; http and https only, resolved against "
		"the page's URL or its base, without fragments, each once. "
		"links_list has blanks between them, which no URL holds: jq "
		"-r '.links_list | split(\" \")[]' gives one a line. Pages of "
		"another Content-Type, or in UTF-16, have no links.",
	STAGE_COLUMNS(links_columns),
	.opts = &links_opts,
#ifdef HAVE_LIBXML2
	.open = links_open,
	.close = free,
	.start = links_start,
	.stop = links_stop,
	.begin = links_begin,
	.feed = links_feed,
	.end = links_end,
#else
	.open = stage_without,
#endif
};
