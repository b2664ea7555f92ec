/* SPDX-License-Identifier: MIT */
/*
 * TLS roots: what the user names wins, one form is picked where two would
 * cost too much, and a file that is not there is said before any request.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/tls.h"
#include "unit.h"

/* A bundle, a hashed folder and one that is not hashed, in `dir`. */
static char dir[64];
static char *bundle, *hashed, *bare, *missing;

static void
make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int
make_places(void **state)
{
	char *path;

	(void)state;
	memcpy(dir, "/tmp/tls-XXXXXX", 16);
	if (mkdtemp(dir) == NULL)
		return -1;
	bundle = mem_printf("%s/bundle.pem", dir);
	hashed = mem_printf("%s/hashed", dir);
	bare = mem_printf("%s/bare", dir);
	missing = mem_printf("%s/missing", dir);
	make_file(bundle);
	mkdir(hashed, 0700);
	mkdir(bare, 0700);
	path = mem_printf("%s/1001acf7.0", hashed);
	make_file(path);
	free(path);
	path = mem_printf("%s/1001acf7.pem", bare);
	make_file(path);
	free(path);
	return 0;
}

static int
remove_places(void **state)
{
	const char *const names[] = { "/hashed/1001acf7.0", "/hashed",
		"/bare/1001acf7.pem", "/bare", "/bundle.pem", "" };
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		path = mem_printf("%s%s", dir, names[i]);
		remove(path);
		free(path);
	}
	free(bundle);
	free(hashed);
	free(bare);
	free(missing);
	return 0;
}

/* `wanted_*` NULL: none of the two. */
static void
expect(enum tls_use use, const char *cacert, const char *capath,
	const char *wanted_file, const char *wanted_folder)
{
	struct tls_roots roots = { 0 };
	struct err err = { 0 };

	if (tls_roots_find(use, cacert, capath, &roots, &err) != 0)
		fail_msg("%s", err.text);
	if (wanted_file == NULL)
		assert_null(roots.cainfo);
	else
		assert_string_equal(roots.cainfo, wanted_file);
	if (wanted_folder == NULL)
		assert_null(roots.capath);
	else
		assert_string_equal(roots.capath, wanted_folder);
	tls_roots_release(&roots);
	assert_null(roots.cainfo);
}

static void
what_the_user_names_wins(void **state)
{
	(void)state;
	setenv("SSL_CERT_FILE", missing, 1);
	setenv("SSL_CERT_DIR", bare, 1);
	expect(TLS_SHARED, bundle, NULL, bundle, NULL);
	expect(TLS_ALONE, bundle, NULL, bundle, NULL);
	expect(TLS_SHARED, NULL, hashed, NULL, hashed);
	/* Both are meant, whatever they cost. */
	expect(TLS_SHARED, bundle, hashed, bundle, hashed);
	expect(TLS_ALONE, bundle, hashed, bundle, hashed);
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
}

static void
the_environment_comes_next(void **state)
{
	(void)state;
	setenv("SSL_CERT_FILE", bundle, 1);
	expect(TLS_SHARED, NULL, NULL, bundle, NULL);
	setenv("SSL_CERT_DIR", hashed, 1);
	expect(TLS_SHARED, NULL, NULL, bundle, NULL);
	expect(TLS_ALONE, NULL, NULL, NULL, hashed);
	setenv("SSL_CERT_DIR", bare, 1);
	expect(TLS_ALONE, NULL, NULL, bundle, NULL);
	unsetenv("SSL_CERT_FILE");
	expect(TLS_SHARED, NULL, NULL, NULL, bare);
	unsetenv("SSL_CERT_DIR");
}

static void
without_a_word_one_form_is_picked(void **state)
{
	struct tls_roots roots = { 0 };

	(void)state;
	assert_int_equal(tls_roots_find(TLS_SHARED, NULL, NULL, &roots, NULL),
		0);
	assert_true(roots.cainfo == NULL || roots.capath == NULL);
	tls_roots_release(&roots);
}

static void
named_places_must_be_there(void **state)
{
	struct tls_roots roots = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(tls_roots_find(TLS_SHARED, missing, NULL, &roots,
		&err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, missing));
	err = (struct err){ 0 };
	assert_int_equal(tls_roots_find(TLS_SHARED, NULL, missing, &roots,
		&err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_null(roots.cainfo);
	assert_null(roots.capath);
}

/* A list without an https URL must not mind it. */
static void
what_the_environment_names_may_be_missing(void **state)
{
	(void)state;
	setenv("SSL_CERT_FILE", missing, 1);
	expect(TLS_SHARED, NULL, NULL, missing, NULL);
	unsetenv("SSL_CERT_FILE");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(what_the_user_names_wins, make_places,
		remove_places),
	cmocka_unit_test_setup_teardown(the_environment_comes_next,
		make_places, remove_places),
	cmocka_unit_test(without_a_word_one_form_is_picked),
	cmocka_unit_test_setup_teardown(named_places_must_be_there,
		make_places, remove_places),
	cmocka_unit_test_setup_teardown(
		what_the_environment_names_may_be_missing, make_places,
		remove_places),
};

UNIT_MAIN("net/tls", tests)
