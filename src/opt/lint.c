/* SPDX-License-Identifier: MIT */
/*
 * lint -- the rules of the tables, for a test to run over the real ones.
 *
 * What the compiler cannot see in a row (a brief that is too long, a letter
 * used twice, an alias of nothing) is found here rather than by a user.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "opt/lint.h"
#include "opt/opt.h"
#include "opt/table.h"

#define LINT_BRIEF_MAX 60

static int
lint_fault(struct err *err, const char *what)
{
	return err_set(err, ERR_USAGE, "%s", what);
}

static int
lint_name(const struct opt *opt, struct err *err)
{
	size_t i;

	if (opt->name == NULL || opt->name[0] == '\0')
		return lint_fault(err, "a row has no name");
	if (strspn(opt->name, "abcdefghijklmnopqrstuvwxyz0123456789-.") !=
		    strlen(opt->name) || opt->name[0] == '-')
		return lint_fault(err, "the name has odd characters");
	if (opt->key != 0 && !isalnum((unsigned char)opt->key))
		return lint_fault(err, "the key is no letter or digit");
	if (opt->type == NULL)
		return lint_fault(err, "there is no type");
	for (i = 0; opt->choices != NULL && opt->choices[i] != NULL; i++)
		if (opt->choices[i][0] == '\0' ||
		    strpbrk(opt->choices[i], " \t\n'\"\\") != NULL)
			return lint_fault(err, "a choice is no plain word");
	return 0;
}

static int
lint_prose(const struct opt *opt, struct err *err)
{
	size_t len = opt->brief != NULL ? strlen(opt->brief) : 0;

	if (len == 0)
		return lint_fault(err, "there is no brief");
	if (len > LINT_BRIEF_MAX)
		return lint_fault(err, "the brief is longer than 60");
	if (opt->brief[len - 1] == '.')
		return lint_fault(err, "the brief ends in a full stop");
	if (opt->notes == NULL)
		return 0;
	len = strlen(opt->notes);
	if (len == 0 || opt->notes[len - 1] != '.')
		return lint_fault(err, "the notes do not end in a full stop");
	return 0;
}

static int
lint_alias(const struct opts *opts, struct opt_entry *entry, struct err *err)
{
	const char *fixed, *begin;
	const struct opt_entry *target = opts_target(opts, entry, &fixed,
		&begin);

	if (target == NULL)
		return lint_fault(err, "the alias stands for no option");
	if (entry->opt->dflt != NULL)
		return lint_fault(err, "an alias has no default of its own");
	if (begin[0] != '\0' && !target->opt->type->takes_value)
		return lint_fault(err, "the alias puts text before a flag");
	if (fixed != NULL && opt_try(target, fixed, err) != 0)
		return err_in(err, "the alias");
	return 0;
}

static int
lint_value(const struct opts *opts, struct opt_entry *entry, struct err *err)
{
	const struct opt *opt = entry->opt;
	int listed = opt->choices != NULL && opt->choices[0] != NULL;

	if (opt->type == &opt_alias)
		return lint_alias(opts, entry, err);
	if (opt->off >= entry->set->settings_size)
		return lint_fault(err, "its place is outside the settings");
	if (opt->type == &opt_choice && !listed)
		return lint_fault(err, "there are no choices");
	if (opt->max != 0 && opt->min > opt->max)
		return lint_fault(err, "min is above max");
	if (!opt->type->takes_value && opt->arg != NULL)
		return lint_fault(err, "a flag has no arg");
	if (opt->type->takes_value && opt->arg == NULL && !listed)
		return lint_fault(err, "there is neither arg nor choices");
	if (opt->dflt != NULL && opt_try(entry, opt->dflt, err) != 0)
		return err_in(err, "the default");
	return 0;
}

static int
lint_unique(const struct opts *opts, size_t at, struct err *err)
{
	const struct opt *opt = opts->entries[at].opt, *other;
	size_t i;

	for (i = 0; i < at; i++) {
		other = opts->entries[i].opt;
		if (strcmp(other->name, opt->name) == 0)
			return lint_fault(err, "the name is used twice");
		if (opt->key != 0 && opt->key == other->key)
			return err_set(err, ERR_USAGE,
				"the key -%c is also --%s's", opt->key,
				other->name);
	}
	return 0;
}

int
opts_lint(const struct opts *opts, struct err *err)
{
	struct opt_entry *entry;
	size_t i;

	for (i = 0; i < opts->n_members; i++)
		if (opts->members[i].set->name == NULL ||
		    opts->members[i].set->title == NULL)
			return lint_fault(err, "a set has no name or title");
	/* The rest looks names up, so all must be there first. */
	for (i = 0; i < opts->n_entries; i++)
		if (lint_name(opts->entries[i].opt, err) != 0)
			return err_in(err, "row %zu", i + 1);
	for (i = 0; i < opts->n_entries; i++) {
		entry = &opts->entries[i];
		if (lint_unique(opts, i, err) != 0 ||
		    lint_prose(entry->opt, err) != 0 ||
		    lint_value(opts, entry, err) != 0)
			return err_in(err, "--%s", entry->opt->name);
	}
	return 0;
}
