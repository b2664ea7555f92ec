/* SPDX-License-Identifier: MIT */
/*
 * Content-Disposition: the name it suggests, and nothing but a name.
 */
#include "config.h"

#include "base/mem.h"
#include "core/disposition.h"
#include "hostile.h"
#include "unit.h"

static const struct {
	const char *value, *name, *note;
} rows[] = {
	{ "attachment; filename=\"a.pdf\"", "a.pdf", "plain" },
	{ "attachment; filename=a.pdf", "a.pdf", "a token" },
	{ "inline;FILENAME = a.pdf ; x=y", "a.pdf", "blanks and case" },
	{ "attachment", NULL, "no name" },
	{ "", NULL, "nothing" },
	{ "filename=a", NULL, "no type before it" },
	{ "attachment; filename=", NULL, "an empty one" },
	{ "attachment; filename=\"\"", NULL, "an empty one in quotes" },
	{ "attachment; filename", NULL, "no value" },
	{ "attachment; filename=\"a b.pdf\"", "a%20b.pdf", "a blank" },
	{ "attachment; filename=\"a\\\"b\"", "a%22b", "a quoted quote" },
	{ "attachment; filename=\"a;b\"; x=1", "a%3Bb", "a semicolon" },
	{ "attachment; x=\"; filename=no\"; filename=yes", "yes",
		"inside another value" },
	{ "attachment; filename=\"open", "open", "no closing quote" },
	{ "attachment; filename=a; filename=b", "a", "the first" },
	{ "attachment; filename=a; filename*=UTF-8''b", "b",
		"the extended one" },
	{ "attachment; filename*=UTF-8''caf%C3%A9%20x; filename=a",
		"caf%C3%A9%20x", "whatever comes first" },
	{ "attachment; filename*=utf-8'en'%e2%82%ac", "%E2%82%AC",
		"with a language" },
	{ "attachment; filename*=iso-8859-1''caf%E9", "caf%E9",
		"the other charset" },
	{ "attachment; filename*=KOI8-R''x; filename=a", "a",
		"a charset not known" },
	{ "attachment; filename*=b; filename=a", "a", "no charset" },
	{ "attachment; filename*=UTF-8''%", "%25", "half an escape" },
	{ "attachment; filename*=UTF-8''a%00b", "a%00b", "NUL" },
	{ "attachment; filename=\"../../etc/passwd\"", "passwd", "a path" },
	{ "attachment; filename=\"..\\\\..\\\\x.exe\"", "x.exe",
		"with backslashes" },
	{ "attachment; filename*=UTF-8''..%2f..%5cx", "x", "in escapes" },
	{ "attachment; filename=\"a/\"", NULL, "a folder" },
	{ "attachment; filename=\"..\"", "%2E%2E", "the folder above" },
	{ "attachment; filename=\".bashrc\"", "%2Ebashrc", "hidden" },
	{ "attachment; filename=\"-rf9\"", "%2Drf9", "an option" },
	{ "attachment; filename=\"\x1b[2J\xff\"", "%1B%5B2J%FF", "controls" },
	{ "attachment; filename=\"%2e%2e%2fx\"", "%252e%252e%252fx",
		"not decoded where no star is" },
	{ "attachment; filename*0=\"a\"; filename*1=\"b\"", NULL,
		"mail's continuations" },
};

static void
the_name_is_the_last_component_cleaned(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *name = disposition_name(rows[i].value, 0);
		const char *want = rows[i].name;

		if ((name == NULL) != (want == NULL) ||
		    (name != NULL && strcmp(name, want) != 0))
			fail_msg("%s: '%s'", rows[i].note,
				name != NULL ? name : "(none)");
		free(name);
	}
}

static void
hostile_names_are_one_component(void **state)
{
	static const char *const forms[] = {
		"attachment; filename=%s", "attachment; filename=\"%s\"",
		"attachment; filename*=UTF-8''%s", "%s", "a; %s",
	};
	size_t i, form;

	(void)state;
	for (i = 0; i < 5 * hostile_n(); i++) {
		form = i % 5;
		const char *hostile = hostile_name(i / 5);
		const char *at = strchr(forms[form], '%');
		char *value = mem_printf("%.*s%s%s", (int)(at - forms[form]),
			forms[form], hostile, at + 2);
		char *name = disposition_name(value, 0);

		if (name != NULL) {
			assert_null(strchr(name, '/'));
			hostile_check(name, value);
		}
		free(name);
		free(value);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_name_is_the_last_component_cleaned),
	cmocka_unit_test(hostile_names_are_one_component),
};

UNIT_MAIN("core/disposition", tests)
