/* SPDX-License-Identifier: MIT */
/*
 * opt -- the sets that were added, their settings, and who set what.
 *
 * Each row becomes an entry with a place and a source. Everything that is
 * said, by command line or file, goes through opts_set(), which is where
 * precedence is decided; so files may be read before or after argv.
 */
#include "config.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "opt/opt.h"
#include "opt/table.h"

#define OPT_FIXED_MAX (1u << 20)	/* bytes of one value */

struct opts *
opts_new(void)
{
	return mem_array(1, sizeof(struct opts));
}

void
opts_free(struct opts *opts)
{
	struct opt_entry *entry;
	size_t i;

	if (opts == NULL)
		return;
	for (i = 0; i < opts->n_entries; i++) {
		entry = &opts->entries[i];
		if (entry->at != NULL && entry->opt->type->release != NULL)
			entry->opt->type->release(entry->at);
		free(entry->file);
	}
	for (i = 0; i < opts->n_members; i++)
		free(opts->members[i].settings);
	free(opts->members);
	free(opts->entries);
	free(opts);
}

static void
opts_add_row(struct opts *opts, const struct opt_set *set, char *settings,
	const struct opt *opt)
{
	struct opt_entry *entry = &opts->entries[opts->n_entries++];
	struct err err;

	*entry = (struct opt_entry){ .opt = opt, .set = set };
	if (opt->type == &opt_alias)
		return;
	entry->at = settings + opt->off;
	if (opt->dflt == NULL)
		return;
	if (opt->type->parse(opt, opt->dflt, entry->at, &err) != 0) {
		log_error("--%s: bad default: %s", opt->name, err.text);
		abort();
	}
}

void *
opts_add(struct opts *opts, const struct opt_set *set)
{
	void *settings = mem_array(1, set->settings_size);
	size_t i;

	opts->members = mem_grow(opts->members, opts->n_members + 1,
		sizeof *opts->members);
	opts->members[opts->n_members++] = (struct opts_member){
		.set = set, .settings = settings, .first = opts->n_entries,
	};
	opts->entries = mem_grow(opts->entries, opts->n_entries + set->n,
		sizeof *opts->entries);
	for (i = 0; i < set->n; i++)
		opts_add_row(opts, set, settings, &set->rows[i]);
	return settings;
}

void *
opts_settings(const struct opts *opts, const struct opt_set *set)
{
	size_t i;

	for (i = 0; i < opts->n_members; i++)
		if (opts->members[i].set == set)
			return opts->members[i].settings;
	return NULL;
}

struct opt_entry *
opts_entry(const struct opts *opts, const char *name, size_t len)
{
	const char *known;
	size_t i;

	for (i = 0; i < opts->n_entries; i++) {
		known = opts->entries[i].opt->name;
		if (strncmp(known, name, len) == 0 && known[len] == '\0')
			return &opts->entries[i];
	}
	return NULL;
}

struct opt_entry *
opts_target(const struct opts *opts, struct opt_entry *entry,
	const char **ret_fixed, const char **ret_begin)
{
	const char *means = entry->opt->means;
	size_t len;

	*ret_fixed = NULL;
	*ret_begin = "";
	if (entry->opt->type != &opt_alias)
		return entry;
	if (means == NULL)
		return NULL;
	len = strcspn(means, "=");
	if (means[len] == '=' && means[strlen(means) - 1] == ':')
		*ret_begin = means + len + 1;
	else if (means[len] == '=')
		*ret_fixed = means + len + 1;
	entry = opts_entry(opts, means, len);
	/* One step only, so that no circle of aliases can be followed. */
	if (entry == NULL || entry->opt->type == &opt_alias)
		return NULL;
	return entry;
}

int
opts_word(const struct opts *opts, struct opt_entry *entry,
	struct opt_word *ret_word)
{
	const char *fixed, *begin;
	struct opt_entry *target = opts_target(opts, entry, &fixed, &begin);
	const struct opt *value;

	if (target == NULL)
		return -1;
	value = target->opt;
	*ret_word = (struct opt_word){
		.opt = entry->opt, .value = value,
		.fixed = fixed, .begin = begin,
		.has_arg = required_argument,
	};
	if (fixed != NULL || !value->type->takes_value)
		ret_word->has_arg = no_argument;
	else if (value->flags & OPT_VALUE_OPTIONAL)
		ret_word->has_arg = optional_argument;
	ret_word->on = fixed == NULL && !value->type->takes_value &&
		value->dflt != NULL && strcmp(value->dflt, "yes") == 0;
	return 0;
}

char *
opts_twin(const struct opts *opts, struct opt_entry *entry)
{
	const char *name = entry->opt->name;
	struct opt_word word;
	char *twin;

	if (opts_word(opts, entry, &word) != 0 || word.fixed != NULL ||
	    word.has_arg != no_argument)
		return NULL;
	if (strncmp(name, "no-", 3) == 0)
		twin = mem_strdup(name + 3);
	else
		twin = mem_printf("no-%s", name);
	if (opts_entry(opts, twin, strlen(twin)) != NULL) {
		free(twin);
		return NULL;
	}
	return twin;
}

int
opt_try(const struct opt_entry *entry, const char *text, struct err *err)
{
	const struct opt *opt = entry->opt;
	/* A type does not say how large its values are; the set does. */
	char *settings = mem_array(1, entry->set->settings_size);
	int rc = opt->type->parse(opt, text, settings + opt->off, err);

	if (opt->type->release != NULL)
		opt->type->release(settings + opt->off);
	free(settings);
	return rc;
}

static int
opt_entry_set(struct opt_entry *entry, const char *text,
	enum opt_source source, struct err *err)
{
	const struct opt_type *type = entry->opt->type;

	/* What is outvoted must still be right. */
	if (opt_try(entry, text, err) != 0)
		return -1;
	if (source < entry->source)
		return 0;
	/* A list that a better source begins starts empty. */
	if (source > entry->source && type->release != NULL)
		type->release(entry->at);
	entry->source = source;
	return type->parse(entry->opt, text, entry->at, err);
}

int
opts_set(struct opts *opts, struct opt_entry *entry, const char *text,
	enum opt_source source, struct err *err)
{
	const char *fixed, *begin;
	struct opt_entry *target = opts_target(opts, entry, &fixed, &begin);
	char *whole;
	int rc;

	if (target == NULL)
		return err_set(err, ERR_USAGE, "stands for nothing here");
	whole = mem_printf("%s%s", begin, fixed != NULL ? fixed : text);
	rc = opt_entry_set(target, whole, source, err);
	free(whole);
	if (rc != 0)
		return -1;
	if (entry->source < source)
		entry->source = source;
	if (opts->file != NULL) {
		free(target->file);
		target->file = mem_strdup(opts->file);
		target->line = opts->line;
	}
	return 0;
}

int
opts_blame(const struct opts *opts, const char *name, struct err *err)
{
	const struct opt_entry *entry = opts_entry(opts, name, strlen(name));

	if (entry == NULL || entry->source != OPT_FROM_CONFIG ||
	    entry->file == NULL)
		return -1;
	/* A list has several lines, and this is only the last. */
	if (entry->opt->type->repeats)
		return err_in(err, "%s", entry->file);
	return err_in(err, "%s: line %zu", entry->file, entry->line);
}

int
opts_check(const struct opts *opts, struct err *err)
{
	const struct opts_member *member;
	size_t i;

	for (i = 0; i < opts->n_members; i++) {
		member = &opts->members[i];
		if (member->set->check != NULL &&
		    member->set->check(member->settings, err) != 0)
			return -1;
	}
	return 0;
}

int
opts_given(const struct opts *opts, const char *name)
{
	const struct opt_entry *entry = opts_entry(opts, name, strlen(name));

	return entry != NULL ? (int)entry->source : 0;
}

int
opts_typed(const struct opts *opts, const char *name)
{
	return opts_given(opts, name) == OPT_FROM_COMMAND;
}

const struct opt *
opts_find(const struct opts *opts, const char *name)
{
	const struct opt_entry *entry = opts_entry(opts, name, strlen(name));

	return entry != NULL ? entry->opt : NULL;
}

char **
opts_fixed(const struct opts *opts, size_t *ret_n)
{
	char **texts = mem_array(opts->n_entries + 1, sizeof *texts);
	const struct opt_entry *entry;
	struct buf out;
	size_t i, n = 0;

	for (i = 0; i < opts->n_entries; i++) {
		entry = &opts->entries[i];
		if (!(entry->opt->flags & OPT_FIXED))
			continue;
		buf_init(&out, OPT_FIXED_MAX);
		buf_printf(&out, "%s=", entry->opt->name);
		entry->opt->type->print(entry->opt, entry->at, &out);
		texts[n++] = buf_take(&out);
	}
	*ret_n = n;
	return texts;
}
