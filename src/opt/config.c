/* SPDX-License-Identifier: MIT */
/*
 * config -- settings as `name = value` lines, read and written.
 *
 * Reader and writer stand together because each must understand the other:
 * what opt_render_config() writes sets everything as it was. The exception is
 * a secret, which is not written: a dump gets pasted into bug reports.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "opt/render.h"
#include "opt/table.h"
#include "opt/types.h"

/* Longest list or value that is written. */
#define CONFIG_VALUE_MAX (1 << 20)

static const char config_escapes[] = "\"\\nrt";
static const char config_escaped[] = "\"\\\n\r\t";

static int
config_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char *
config_skip(char *at)
{
	while (config_blank(*at))
		at++;
	return at;
}

/* Cuts blanks off the end of at[0..len]. */
static void
config_trim(char *at, size_t len)
{
	while (len > 0 && config_blank(at[len - 1]))
		len--;
	at[len] = '\0';
}

/* `at` is behind the opening quote; the value is unquoted in place. */
static int
config_unquote(char *at, struct err *err)
{
	const char *escape;
	char *to = at;

	for (; *at != '"'; at++) {
		if (*at == '\0')
			return err_set(err, ERR_USAGE,
				"the closing quote is missing");
		if (*at != '\\') {
			*to++ = *at;
			continue;
		}
		at++;
		escape = *at != '\0' ? strchr(config_escapes, *at) : NULL;
		if (escape == NULL)
			return err_set(err, ERR_USAGE,
				"a backslash in quotes stands before one of "
				"\" \\ n r t (write \\\\ for itself)");
		*to++ = config_escaped[escape - config_escapes];
	}
	at = config_skip(at + 1);
	if (*at != '\0' && *at != '#')
		return err_set(err, ERR_USAGE,
			"there is more behind the closing quote");
	*to = '\0';
	return 0;
}

/* A # is a comment behind a blank only: URLs have it elsewhere. */
static void
config_uncomment(char *value)
{
	size_t i;

	for (i = 0; value[i] != '\0'; i++)
		if (value[i] == '#' && (i == 0 || config_blank(value[i - 1])))
			break;
	config_trim(value, i);
}

static const char *
config_nearest(const struct opts *opts, const char *name)
{
	const char **names = mem_array(opts->n_entries + 1, sizeof *names);
	const struct opt *opt;
	const char *near;
	size_t i, n = 0;

	for (i = 0; i < opts->n_entries; i++) {
		opt = opts->entries[i].opt;
		if (!(opt->flags & (OPT_HIDDEN | OPT_NO_CONFIG)))
			names[n++] = opt->name;
	}
	near = opt_nearest(name, names);
	free(names);
	return near;
}

static struct opt_entry *
config_entry(const struct opts *opts, const char *name, struct err *err)
{
	struct opt_entry *entry = opts_entry(opts, name, strlen(name));
	char shown[OPT_SHOWN];
	const char *near;

	opt_shown(NULL, name, shown);
	if (entry != NULL && entry->opt->flags & OPT_NO_CONFIG) {
		err_set(err, ERR_USAGE, "%s: for the command line only",
			shown);
		return NULL;
	}
	if (entry != NULL)
		return entry;
	near = config_nearest(opts, name);
	if (near != NULL)
		err_set(err, ERR_USAGE,
			"unknown option %s; did you mean %s?", shown, near);
	else
		err_set(err, ERR_USAGE, "unknown option %s", shown);
	return NULL;
}

static int
config_set(struct opts *opts, const char *name, const char *value,
	struct err *err)
{
	struct opt_entry *entry = config_entry(opts, name, err);
	const struct opt_entry *target;
	const char *fixed, *begin;

	if (entry == NULL)
		return -1;
	target = opts_target(opts, entry, &fixed, &begin);
	if (target != NULL && target->opt->flags & OPT_NO_CONFIG)
		return err_set(err, ERR_USAGE,
			"%s: for the command line only", name);
	/* A word with its value built in cannot be taken back. */
	if (fixed != NULL && strcmp(value, "yes") != 0)
		return err_set(err, ERR_USAGE, "%s: takes yes only", name);
	if (opts_set(opts, entry, value, OPT_FROM_CONFIG, err) != 0)
		return err_in(err, "%s", name);
	return 0;
}

static int
config_read_line(struct opts *opts, char *line, struct err *err)
{
	char *name = config_skip(line), *value;

	if (*name == '\0' || *name == '#')
		return 0;
	value = strchr(name, '=');
	if (value == NULL)
		return err_set(err, ERR_USAGE,
			"there is no '=' (write name = value)");
	config_trim(name, (size_t)(value - name));
	if (*name == '\0' || *name == '=')
		return err_set(err, ERR_USAGE, "there is no name before '='");
	value = config_skip(value + 1);
	if (*value != '"')
		config_uncomment(value);
	else if (config_unquote(++value, err) != 0)
		return -1;
	return config_set(opts, name, value, err);
}

static int
config_read(struct opts *opts, FILE *file, const char *path, struct err *err)
{
	char *line = NULL;
	size_t size = 0, n = 0;
	ssize_t len;
	int rc = 0;

	while (rc == 0) {
		len = getline(&line, &size, file);
		if (len < 0)
			break;
		opts->line = ++n;
		if (strlen(line) != (size_t)len)
			rc = err_set(err, ERR_USAGE, "there is a NUL byte");
		else
			rc = config_read_line(opts, line, err);
		if (rc != 0)
			err_in(err, "%s: line %zu", path, n);
	}
	if (rc == 0 && ferror(file))
		rc = err_sys(err, "%s", path);
	free(line);
	return rc;
}

int
opts_read_config(struct opts *opts, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	int rc;

	if (file == NULL)
		return err_sys(err, "%s", path);
	opts->file = path;
	rc = config_read(opts, file, path, err);
	opts->file = NULL;
	fclose(file);
	return rc;
}

static int
config_needs_quotes(const char *value)
{
	size_t len = strlen(value);

	return len == 0 || config_blank(value[0]) ||
		config_blank(value[len - 1]) ||
		strpbrk(value, "#\"\n\r\t") != NULL;
}

static void
config_add_line(struct buf *out, const char *name, const char *value)
{
	const char *escape;

	buf_printf(out, "%s = ", name);
	if (!config_needs_quotes(value)) {
		buf_printf(out, "%s\n", value);
		return;
	}
	buf_add_char(out, '"');
	for (; *value != '\0'; value++) {
		escape = strchr(config_escaped, *value);
		if (escape == NULL) {
			buf_add_char(out, *value);
			continue;
		}
		buf_add_char(out, '\\');
		buf_add_char(out, config_escapes[escape - config_escaped]);
	}
	buf_add_text(out, "\"\n");
}

static int
config_add_value(struct buf *out, const struct opt_entry *entry,
	struct err *err)
{
	const struct opt *opt = entry->opt;
	struct buf value;
	size_t at;
	int rc;

	buf_init(&value, CONFIG_VALUE_MAX);
	opt->type->print(opt, entry->at, &value);
	if (!opt->type->repeats)
		config_add_line(out, opt->name, buf_text(&value));
	else
		for (at = 0; at < value.len; at += strlen(value.data + at) + 1)
			config_add_line(out, opt->name, value.data + at);
	rc = opt_whole(&value, err);
	buf_release(&value);
	return rc;
}

/* A value that nobody set has no text that would read back to "not set". */
static int
config_absent(const struct opt_entry *entry)
{
	return entry->source == OPT_FROM_DEFAULT && entry->opt->dflt == NULL &&
		entry->opt->type->takes_value;
}

static int
config_add_member(struct buf *out, const struct opts *opts,
	const struct opts_member *member, struct err *err)
{
	const struct opt_entry *entry = &opts->entries[member->first];
	const struct opt_entry *end = entry + member->set->n;
	int titled = 0;

	for (; entry < end; entry++) {
		if (entry->at == NULL || entry->opt->flags & OPT_NO_CONFIG)
			continue;
		if (!titled)
			buf_printf(out, "%s# %s\n", out->len > 0 ? "\n" : "",
				member->set->title);
		titled = 1;
		if (config_absent(entry))
			buf_printf(out, "# %s =\n", entry->opt->name);
		else if (entry->opt->flags & OPT_SECRET)
			buf_printf(out, "# %s is set, but not shown\n",
				entry->opt->name);
		else if (config_add_value(out, entry, err) != 0)
			return -1;
	}
	return 0;
}

int
opt_render_config(const struct opts *opts, struct buf *out, struct err *err)
{
	size_t i;

	for (i = 0; i < opts->n_members; i++)
		if (config_add_member(out, opts, &opts->members[i], err) != 0)
			return -1;
	return opt_whole(out, err);
}
