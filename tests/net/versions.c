/* SPDX-License-Identifier: MIT */
/*
 * Versions: which libcurl is refused, warned of, or taken. The version asked
 * for is this test's, not the real one's.
 */
#include "config.h"

#include <curl/curl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "net/versions.h"
#include "unit.h"

static curl_version_info_data info;

/* In place of libcurl's. */
curl_version_info_data *
curl_version_info(CURLversion now)
{
	(void)now;
	return &info;
}

static const struct {
	unsigned number;
	const char *name;
	const char *refused, *warned;	/* a part of the text, or NULL */
} cases[] = {
	{ 0x072000, "7.32.0", "7.32.0 is too old", NULL },
	{ 0x075700, "7.87.0", "too old: 7.88.0", NULL },
	{ 0x075800, "7.88.0", NULL, NULL },
	{ 0x075801, "7.88.1", NULL, NULL },
	{ 0x080900, "8.9.0", NULL, "#14280" },
	{ 0x080901, "8.9.1", NULL, NULL },
	{ 0x080e00, "8.14.0", "8.14.0 fails", NULL },
	{ 0x080e01, "8.14.1", NULL, NULL },
	{ 0x081400, "8.20.0", NULL, "#21643" },
	{ 0x081500, "8.21.0", NULL, "#22282" },
	{ 0x081600, "8.22.0", NULL, NULL },
};

/* Runs the check with standard error going into `warned`. */
static int
check(struct err *err, char *warned, size_t size)
{
	int fds[2], saved = dup(STDERR_FILENO), rc;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	fflush(stderr);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	rc = versions_check(err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fds[0], warned, size - 1);
	warned[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	return rc;
}

static void
faulty_versions_are_refused_or_warned_of(void **state)
{
	char warned[1024];
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		info.version_num = cases[i].number;
		info.version = cases[i].name;
		err = (struct err){ 0 };
		if (check(&err, warned, sizeof warned) !=
		    (cases[i].refused != NULL ? -1 : 0))
			fail_msg("%s: %s", cases[i].name, err.text);
		if (cases[i].refused != NULL) {
			assert_int_equal(err.code, ERR_SYSTEM);
			assert_non_null(strstr(err.text, cases[i].refused));
		}
		if (cases[i].warned == NULL)
			assert_string_equal(warned, "");
		else
			assert_non_null(strstr(warned, cases[i].warned));
	}
}

static void
all_libraries_are_named(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	versions_add(&out);
	assert_non_null(strstr(buf_text(&out), "libcurl/"));
	assert_non_null(strstr(buf_text(&out), " c-ares/"));
	assert_non_null(strstr(buf_text(&out), " libevent/"));
	buf_release(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(faulty_versions_are_refused_or_warned_of),
	cmocka_unit_test(all_libraries_are_named),
};

UNIT_MAIN("net/versions", tests)
