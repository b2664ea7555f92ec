/* SPDX-License-Identifier: MIT */
/*
 * naming -- from a URL to the path of its body.
 *
 * "Whoever comes second gets another name" would make names depend on the
 * network's mood, and a second run could not find them again. So a name is a
 * function of the URL and its place in the list.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/disposition.h"
#include "core/filename.h"
#include "core/job.h"
#include "core/naming.h"
#include "core/result.h"
#include "core/template.h"
#include "url/source.h"

#define NAMING_PATH_MAX (1u << 16)

int
naming_wants(const struct naming *naming, const struct job *job)
{
	return naming != NULL && (naming->all ||
		(job->asked != NULL && job->asked->output != NULL));
}

static unsigned
naming_needs(const struct naming *naming)
{
	unsigned needs = 0;

	if (naming->template != NULL)
		needs = template_needs(naming->template);
	if (naming->disposition)
		needs |= TEMPLATE_NEEDS_REPLY;
	return needs;
}

int
naming_waits(const struct naming *naming)
{
	return (naming_needs(naming) & (TEMPLATE_NEEDS_REPLY |
		TEMPLATE_NEEDS_BODY)) != 0;
}

int
naming_needs_body(const struct naming *naming)
{
	return (naming_needs(naming) & TEMPLATE_NEEDS_BODY) != 0;
}

/* Takes `path`. */
static char *
naming_tell_apart(char *path, const struct url *url)
{
	char *hashed = filename_with_hash(path, url->text);

	free(path);
	return hashed;
}

static char *
naming_make(const struct naming *naming, const struct template_facts *facts)
{
	char *path;

	if (naming->template == NULL)
		return filename_mirror(facts->url, naming->flags);
	path = template_fill(naming->template, facts, naming->flags);
	if (template_needs(naming->template) & TEMPLATE_TELLS_APART)
		return path;
	return naming_tell_apart(path, facts->url);
}

char *
naming_path(const struct naming *naming, const struct job *job)
{
	const struct template_facts facts = {
		.url = job_first_url(job), .seq = job->seq,
	};

	if (job->asked != NULL && job->asked->output != NULL)
		return mem_strdup(job->asked->output);
	return naming_waits(naming) ? NULL : naming_make(naming, &facts);
}

/* The name that the server suggests in place of the path's last part. Many
 * URLs may suggest one, so it always gets a hash. */
static char *
naming_suggested(const struct naming *naming, char *path,
	const char *disposition, const struct url *url)
{
	char *name = disposition_name(disposition, naming->flags);
	char *slash = strrchr(path, '/');
	struct buf suggested;

	if (name == NULL)
		return path;
	buf_init(&suggested, NAMING_PATH_MAX);
	if (slash != NULL)
		buf_add(&suggested, path, (size_t)(slash + 1 - path));
	buf_add_text(&suggested, name);
	free(name);
	free(path);
	return naming_tell_apart(buf_take(&suggested), url);
}

char *
naming_late_path(const struct naming *naming, const struct result *result,
	const char *sha256)
{
	struct template_facts facts = {
		.seq = result->seq,
		.status = (int)result->response_code,
		.type = result->content_type,
		.sha256 = sha256,
	};
	struct url url = { 0 };
	char *path;

	/* It was parsed before. */
	if (url_parse(result->asked, NULL, &url, NULL) != 0)
		abort();
	facts.url = &url;
	path = naming_make(naming, &facts);
	if (naming->disposition && result->disposition != NULL)
		path = naming_suggested(naming, path, result->disposition,
			&url);
	url_release(&url);
	return path;
}

char *
naming_shown(const struct naming *naming, const char *path)
{
	const char *folder = naming->folder;
	size_t n = strlen(folder);

	if (strcmp(folder, ".") == 0)
		return mem_strdup(path);
	return mem_printf("%s%s%s", folder,
		n > 0 && folder[n - 1] == '/' ? "" : "/", path);
}
