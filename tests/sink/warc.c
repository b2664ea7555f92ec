/* SPDX-License-Identifier: MIT */
/*
 * warc -- what is archived is what crossed the network, in whole records,
 * whatever fails; what a server or a list says cannot make it anything else.
 *
 * Nearly every test has cli/warc.py read the files as well: it knows nothing
 * of the code that wrote them.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/mark.h"
#include "core/result.h"
#include "net/exchange.h"
#include "opt/opt.h"
#include "sink/family.h"
#include "sink/sample.h"
#include "unit.h"

#define NOON INT64_C(1795262400000000)	/* 2026-11-21T12:00:00Z */

/* A folder of its own, a store of bodies, and a sink that is open or not. */
struct rig {
	char folder[32], home[512];
	struct budget *budget;
	struct body_store *store;
	struct opts *opts;
	void *self;
	struct marks marks;
	struct err err;
};

/* `options`: separated by blanks, behind --warc-file a. */
static int
rig_open(struct rig *rig, const char *options, const struct marks *resume)
{
	char *text = mem_printf("x --warc-file a %s", options);
	char *argv[16], *save = NULL;
	struct sink_args args = { .resume = resume };
	int argc = 0, first;

	for (argv[0] = strtok_r(text, " ", &save); argv[argc] != NULL;)
		argv[++argc] = strtok_r(NULL, " ", &save);
	opts_free(rig->opts);
	rig->opts = opts_new();
	args.own = opts_add(rig->opts, sink_warc.opts);
	assert_int_equal(opts_parse(rig->opts, argc, argv, &first, NULL), 0);
	assert_int_equal(opts_check(rig->opts, NULL), 0);
	assert_true(sink_warc.wanted(args.own));
	args.sync = strstr(options, "zstd") != NULL;
	rig->self = sink_warc.open(&args, &rig->err);
	free(text);
	return rig->self != NULL ? 0 : -1;
}

static void
rig_begin(struct rig *rig)
{
	*rig = (struct rig){ .folder = "/tmp/warc.XXXXXX" };
	assert_non_null(getcwd(rig->home, sizeof rig->home));
	assert_non_null(mkdtemp(rig->folder));
	assert_int_equal(chdir(rig->folder), 0);
	rig->budget = budget_new(32 << 20, 4, NULL);
	rig->store = body_store_new(&(struct body_store_args){
		.budget = rig->budget, .n = 4, .max_body = 1 << 20,
	}, NULL);
	assert_non_null(rig->store);
}

static void
rig_close(struct rig *rig)
{
	assert_int_equal(sink_warc.end(rig->self, &rig->err), 0);
	assert_int_equal(sink_warc.flush(rig->self, &rig->err), 0);
	rig->marks.n = 0;
	sink_warc.mark(rig->self, &rig->marks);
	sink_warc.close(rig->self);
	rig->self = NULL;
}

static void
rig_end(struct rig *rig)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		unlink(entry->d_name);
	closedir(dir);
	assert_int_equal(chdir(rig->home), 0);
	assert_int_equal(rmdir(rig->folder), 0);
	opts_free(rig->opts);
	body_store_free(rig->store);
	budget_free(rig->budget);
}

/* All bytes of a file and a NUL, to be freed. */
static char *
slurp(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "r");
	struct stat st;
	char *text;

	if (file == NULL)
		fail_msg("%s is not there", path);
	assert_int_equal(fstat(fileno(file), &st), 0);
	text = mem_array((size_t)st.st_size + 1, 1);
	assert_int_equal(fread(text, 1, (size_t)st.st_size, file), st.st_size);
	fclose(file);
	if (ret_len != NULL)
		*ret_len = (size_t)st.st_size;
	return text;
}

static uint64_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : UINT64_MAX;
}

static void
put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* What the other reader says of the files that the shell finds. */
static char *
reader_says(const char *command, const char *files)
{
	const char *srcdir = getenv("srcdir");
	char *line = mem_printf("python3 '%s/cli/warc.py' %s %s 2>&1",
		srcdir != NULL ? srcdir : ".", command, files);
	FILE *pipe = popen(line, "r");
	struct buf text;
	size_t n;

	assert_non_null(pipe);
	buf_init(&text, 1 << 24);
	do {
		n = fread(buf_room(&text, 4096), 1, 4096, pipe);
		text.len += n;
	} while (n > 0);
	assert_int_not_equal(pclose(pipe), -1);
	free(line);
	buf_add_char(&text, '\0');
	return buf_take(&text);
}

static int
reader_is_there(void)
{
	static int known = -1;

	if (known < 0)
		known = system("python3 -c '' >/dev/null 2>&1 && zstd -q "
			"--version >/dev/null 2>&1") == 0;
	return known;
}

/* All records and lines are good, and there are so many. */
static void
expect(const char *files, int infos, int responses, int revisits)
{
	char wanted[128];
	char *said;

	if (!reader_is_there()) {
		print_message("no python3 or zstd: not read\n");
		return;
	}
	snprintf(wanted, sizeof wanted, "warcinfo=%d response=%d revisit=%d "
		"request=%d\n", infos, responses, revisits,
		responses + revisits);
	said = reader_says("check", files);
	assert_string_equal(said, wanted);
	free(said);
}

/* A whole reply with all that archives want. */
static struct result *
exchange(struct rig *rig, const char *url, const char *head, const void *body,
	size_t n)
{
	struct result *result = sample_ok();
	struct exchange *made = exchange_new();

	free(result->url);
	result->url = mem_strdup(url);
	result->timestamp = NOON;
	made->request = mem_strdup("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	made->request_len = strlen(made->request);
	made->response = mem_strdup(head);
	made->response_len = strlen(head);
	result->exchange = made;
	if (n > 0) {
		result->body = body_new(rig->store);
		assert_non_null(result->body);
		assert_int_equal(body_write(result->body, body, n), 0);
	}
	result->chunked = strstr(head, "chunked") != NULL;
	return result;
}

#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Hands it over and frees it. */
static void
take(struct rig *rig, struct result *result)
{
	if (sink_warc.take(rig->self, result, &rig->err) != 0)
		fail_msg("%s", rig->err.text);
	result_free(result);
}

static void
take_text(struct rig *rig, const char *url, const char *head, const char *body)
{
	take(rig, exchange(rig, url, head, body, strlen(body)));
}

static void
expect_text(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in:\n%s", part, text);
}

static void
an_exchange_is_a_response_and_its_request(void **state)
{
	struct rig rig;
	char *text, *index, *at;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-compression none", NULL), 0);
	take_text(&rig, "http://h/x", OK, "hello");
	rig_close(&rig);
	text = slurp("a.warc", NULL);
	assert_int_equal(strncmp(text, "WARC/1.1\r\nWARC-Type: warcinfo\r\n",
		31), 0);
	expect_text(text, "\r\nWARC-Filename: a.warc\r\n");
	expect_text(text, "\r\nformat: WARC File Format 1.1\r\n");
	at = strstr(text, "WARC-Type: response\r\n");
	assert_non_null(at);
	expect_text(at, "\r\nWARC-Date: 2026-11-21T12:00:00.000000Z\r\n"
		"WARC-Target-URI: http://h/x\r\n"
		"WARC-IP-Address: 127.0.0.1\r\n"
		"WARC-Block-Digest: sha1:4ENXDWJ5NSHRUTU6IOG7NJ4VCLA6W6MP\r\n"
		"WARC-Payload-Digest: sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N\r\n"
		"Content-Type: application/http;msgtype=response\r\n"
		"Content-Length: 49\r\n\r\n" OK "hello\r\n\r\nWARC/1.1\r\n"
		"WARC-Type: request\r\n");
	expect_text(at, "\r\nWARC-Concurrent-To: <urn:uuid:");
	expect_text(at, "\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n\r\n\r\n");
	free(text);
	index = slurp("a.cdxj", NULL);
	expect_text(index, "h)/x 20261121120000 {\"url\": \"http://h/x\", "
		"\"mime\": \"text/html\", \"status\": \"200\", \"digest\": "
		"\"sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N\", \"length\": \"");
	expect_text(index, "\", \"filename\": \"a.warc\"}\n");
	free(index);
	expect("a.warc a.cdxj", 1, 1, 0);
	rig_end(&rig);
}

static void
each_packing_reads_back(void **state)
{
	static const struct {
		const char *options, *file;
	} kinds[] = {
		{ "", "a.warc.gz" },
		{ "--warc-compression none", "a.warc" },
#ifdef HAVE_ZSTD
		{ "--warc-compression zstd", "a.warc.zst" },
#endif
	};
	struct rig rig;
	char *noise = sample_long(700001);
	char *files, *back;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		rig_begin(&rig);
		assert_int_equal(rig_open(&rig, kinds[i].options, NULL), 0);
		take_text(&rig, "http://h/text", OK, "some text");
		take(&rig, exchange(&rig, "http://h/noise", OK, noise, 700001));
		take_text(&rig, "http://h/empty", OK, "");
		take_text(&rig, "http://h/empty2", OK, "");
		take_text(&rig, "http://h/last", OK, "more text");
		rig_close(&rig);
		files = mem_printf("%s a.cdxj", kinds[i].file);
		expect(files, 1, 5, 0);
		free(files);
		assert_int_equal(rig.marks.n, 2);
		assert_string_equal(rig.marks.list[0].name, "warc");
		assert_int_equal(rig.marks.list[0].offset,
			size_of(kinds[i].file));
		assert_string_equal(rig.marks.list[1].name, "cdxj");
		assert_int_equal(rig.marks.list[1].offset, size_of("a.cdxj"));
		if (reader_is_there()) {
			back = reader_says("body http://h/noise",
				kinds[i].file);
			assert_string_equal(back, noise);
			free(back);
		}
		rig_end(&rig);
	}
	free(noise);
}

#ifndef HAVE_ZSTD

static void
zstd_is_refused_where_it_was_not_built_in(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-compression zstd", NULL), -1);
	assert_int_equal(rig.err.code, ERR_USAGE);
	expect_text(rig.err.text, "built without libzstd");
	rig_end(&rig);
}

#endif

static void
hops_and_bad_replies_are_archived_and_failures_without_one_are_not(
	void **state)
{
	struct rig rig;
	struct result *result;
	char *said;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "", NULL), 0);
	result = exchange(&rig, "http://h/hop",
		"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", "", 0);
	result->hop = 1;
	result->response_code = 302;
	take(&rig, result);
	result = exchange(&rig, "http://h/bad",
		"HTTP/1.0 500 Oh\r\n\r\n", "why", 3);
	result_fail(result, ERROR_HTTP, "status", NULL);
	result->response_code = 500;
	/* The URL and the time are those of the last hop. */
	result->url_effective = mem_strdup("http://u:p@h/effective#f");
	result->time_redirect = 1500000;
	take(&rig, result);
	take(&rig, sample_failed(ERROR_CONNECT, "refused", NULL));
	take(&rig, sample_ok());
	rig_close(&rig);
	expect("a.warc.gz a.cdxj", 1, 2, 0);
	said = slurp("a.cdxj", NULL);
	expect_text(said, "h)/effective 20261121120001 {\"url\": "
		"\"http://h/effective\", \"mime\": \"text/html\", "
		"\"status\": \"500\"");
	free(said);
	rig_end(&rig);
}

static void
content_that_was_archived_is_a_revisit_however_it_was_sent(void **state)
{
	struct rig rig;
	char *text, *at;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-compression none", NULL), 0);
	take_text(&rig, "http://h/1", OK, "hello");
	take_text(&rig, "http://h/2", OK, "hello");
	take_text(&rig, "http://h/3", CHUNKED,
		"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: t\r\n\r\n");
	take_text(&rig, "http://h/4", OK, "hellO");
	take_text(&rig, "http://h/5", OK, "");
	take_text(&rig, "http://h/6", CHUNKED, "0\r\n\r\n");
	rig_close(&rig);
	expect("a.warc a.cdxj", 1, 4, 2);
	text = slurp("a.warc", NULL);
	at = strstr(text, "WARC-Target-URI: http://h/3\r\n");
	assert_non_null(at);
	expect_text(at, "\r\nWARC-Profile: http://netpreserve.org/warc/1.1/"
		"revisit/identical-payload-digest\r\n"
		"WARC-Refers-To-Target-URI: http://h/1\r\n"
		"WARC-Refers-To-Date: 2026-11-21T12:00:00.000000Z\r\n");
	expect_text(at, "\r\n\r\n" CHUNKED "\r\n\r\nWARC/1.1\r\n");
	free(text);
	rig_end(&rig);
}

static void
a_broken_coding_is_archived_without_a_payload_digest(void **state)
{
	struct rig rig;
	char *text;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-compression none", NULL), 0);
	take_text(&rig, "http://h/1", CHUNKED, "no chunk at all");
	take_text(&rig, "http://h/2", CHUNKED, "5\r\nhello\r\n");
	take_text(&rig, "http://h/3", OK, "hello");
	rig_close(&rig);
	expect("a.warc a.cdxj", 1, 3, 0);
	text = slurp("a.cdxj", NULL);
	expect_text(text, "\"status\": \"200\", \"length\"");
	free(text);
	rig_end(&rig);
}

static void
a_file_that_is_large_enough_is_followed_by_another(void **state)
{
	struct rig rig;
	char *noise = sample_long(3000);
	char url[32];
	int i;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-max-size 6000", NULL), 0);
	for (i = 0; i < 7; i++) {
		noise[0] = (char)('a' + i);
		snprintf(url, sizeof url, "http://h/%d", i);
		take(&rig, exchange(&rig, url, OK, noise, 3000));
	}
	rig_close(&rig);
	assert_true(size_of("a-00000.warc.gz") >= 6000);
	assert_int_equal(rig.marks.list[0].number, 3);
	assert_int_equal(rig.marks.list[0].offset, size_of("a-00003.warc.gz"));
	expect("a-*.warc.gz a.cdxj", 4, 7, 0);
	free(noise);
	rig_end(&rig);
}

static void
set_file_limit(rlim_t limit)
{
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &now), 0);
	now.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
}

/* Fails with EFBIG, and the URL with it. */
static void
take_in_vain(struct rig *rig, struct result *result, const char *file)
{
	assert_int_equal(sink_warc.take(rig->self, result, &rig->err), -1);
	assert_int_equal(rig->err.code, ERR_IO);
	expect_text(rig->err.text, file);
	expect_text(rig->err.text, "File too large");
	assert_int_equal(result->ok, 0);
	assert_int_equal(result->final, 0);
	assert_int_equal(result->error_class, ERROR_LOCAL);
	assert_string_equal(result->error_detail, "write_failed");
	assert_string_equal(result->errormsg, rig->err.text);
	result_free(result);
}

static void
a_write_that_fails_leaves_whole_records_only(void **state)
{
	struct rig rig;
	char *noise = sample_long(900000);
	uint64_t whole;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "", NULL), 0);
	take_text(&rig, "http://h/1", OK, "good");
	whole = size_of("a.warc.gz");
	set_file_limit(200000);
	take_in_vain(&rig, exchange(&rig, "http://h/2", OK, noise, 900000),
		"a.warc.gz");
	assert_int_equal(size_of("a.warc.gz"), whole);
	/* Where there is room again, all goes on. */
	take_text(&rig, "http://h/3", OK, "good, too");
	set_file_limit(RLIM_INFINITY);
	/* What was not archived is not known as a copy either. */
	take(&rig, exchange(&rig, "http://h/2", OK, noise, 900000));
	rig_close(&rig);
	expect("a.warc.gz a.cdxj", 1, 3, 0);
	free(noise);
	rig_end(&rig);
}

static void
an_index_that_cannot_be_written_takes_the_records_with_it(void **state)
{
	struct marks marks = { .n = 2, .list = {
		{ .name = "warc" }, { .name = "cdxj", .offset = 100000 } } };
	struct rig rig;

	(void)state;
	rig_begin(&rig);
	put_file("a.cdxj", "");
	assert_int_equal(truncate("a.cdxj", 100000), 0);
	assert_int_equal(rig_open(&rig, "", &marks), 0);
	set_file_limit(100010);
	take_in_vain(&rig, exchange(&rig, "http://h/1", OK, "1", 1), "a.cdxj");
	set_file_limit(RLIM_INFINITY);
	assert_int_equal(size_of("a.warc.gz"), 0);
	assert_int_equal(size_of("a.cdxj"), 100000);
	take_text(&rig, "http://h/1", OK, "1");
	rig_close(&rig);
	expect("a.warc.gz", 1, 1, 0);
	rig_end(&rig);
}

static void
files_that_are_there_are_never_overwritten(void **state)
{
	static const struct {
		const char *file, *options;
		int refused;
	} cases[] = {
		{ "a.warc.gz", "", 1 },
		{ "a.cdxj", "", 1 },
		{ "a.warc.zst", "", 0 },
		{ "a-00000.warc.gz", "", 0 },
		{ "a-00000.warc.gz", "--warc-max-size 1k", 1 },
		{ "a-00007.warc.gz", "--warc-max-size 1k", 1 },
		{ "a-00007.warc.zst", "--warc-max-size 1k", 1 },
		{ "a-7.warc.gz", "--warc-max-size 1k", 0 },
		{ "aa-00007.warc.gz", "--warc-max-size 1k", 0 },
	};
	struct rig rig;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s %s\n", cases[i].file, cases[i].options);
		rig_begin(&rig);
		put_file(cases[i].file, "mine");
		assert_int_equal(rig_open(&rig, cases[i].options, NULL),
			-cases[i].refused);
		if (cases[i].refused) {
			assert_int_equal(rig.err.code, ERR_IO);
			expect_text(rig.err.text, cases[i].file);
			expect_text(rig.err.text, "exists; give --warc-file "
				"another name");
			/* Nothing of ours is left. */
			assert_int_equal(unlink(cases[i].file) == 0 &&
				rmdir(rig.folder) == 0, 1);
			assert_int_equal(mkdir(rig.folder, 0700), 0);
			assert_int_equal(chdir(rig.folder), 0);
		} else {
			rig_close(&rig);
			text = slurp(cases[i].file, NULL);
			assert_string_equal(text, "mine");
			free(text);
		}
		rig_end(&rig);
	}
}

/* A run that was killed before it wrote anything, and one that still runs. */
static void
an_empty_file_is_taken_unless_somebody_writes_it(void **state)
{
	struct rig rig;
	int tell[2], end[2], status;
	char c = 0;
	pid_t pid;

	(void)state;
	rig_begin(&rig);
	put_file("a.warc.gz", "");
	put_file("a.cdxj", "");
	assert_int_equal(pipe(tell), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0) {
		close(end[1]);
		c = rig_open(&rig, "", NULL) == 0;
		_exit(write(tell[1], &c, 1) != 1 || read(end[0], &c, 1) != 0);
	}
	assert_int_equal(read(tell[0], &c, 1), 1);
	assert_int_equal(c, 1);
	assert_int_equal(rig_open(&rig, "", NULL), -1);
	assert_int_equal(rig.err.code, ERR_IO);
	expect_text(rig.err.text, "is being written by another process");
	close(end[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(end[0]);
	close(tell[0]);
	close(tell[1]);
	assert_int_equal(rig_open(&rig, "", NULL), 0);
	rig_close(&rig);
	expect("a.warc.gz a.cdxj", 1, 0, 0);
	rig_end(&rig);
}

static void
a_run_goes_on_where_the_last_one_was_whole(void **state)
{
	struct rig rig;
	struct marks marks;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-max-size 500", NULL), 0);
	take_text(&rig, "http://h/1", OK, "1");
	take_text(&rig, "http://h/2", OK, "2");
	assert_int_equal(sink_warc.flush(rig.self, &rig.err), 0);
	sink_warc.mark(rig.self, &rig.marks);
	marks = rig.marks;
	assert_int_equal(marks.list[0].number, 1);
	/* All this was done, but never committed. */
	take_text(&rig, "http://h/3", OK, "3");
	take_text(&rig, "http://h/4", OK, "4");
	rig_close(&rig);
	assert_int_not_equal(size_of("a-00003.warc.gz"), UINT64_MAX);
	put_file("b-00002.warc.gz", "mine");

	assert_int_equal(rig_open(&rig, "--warc-max-size 500", &marks), 0);
	assert_int_equal(size_of("a-00002.warc.gz"), UINT64_MAX);
	assert_int_equal(size_of("a-00003.warc.gz"), UINT64_MAX);
	assert_int_equal(size_of("b-00002.warc.gz"), 4);
	take_text(&rig, "http://h/3", OK, "3");
	rig_close(&rig);
	expect("a-*.warc.gz a.cdxj", 3, 3, 0);
	rig_end(&rig);
}

static void
torn_records_behind_the_marks_are_cut_off(void **state)
{
	struct rig rig;
	struct marks marks;
	uint64_t whole;
	size_t i;

	(void)state;
	for (i = 0; i < 40; i++) {
		rig_begin(&rig);
		assert_int_equal(rig_open(&rig, "", NULL), 0);
		take_text(&rig, "http://h/1", OK, "1");
		sink_warc.mark(rig.self, &rig.marks);
		marks = rig.marks;
		whole = size_of("a.warc.gz");
		take_text(&rig, "http://h/2", OK, "2");
		rig_close(&rig);
		/* As a kill may have left it. */
		assert_int_equal(truncate("a.warc.gz", (off_t)(whole + i * 11)),
			0);
		assert_int_equal(rig_open(&rig, "", &marks), 0);
		take_text(&rig, "http://h/2", OK, "2");
		rig_close(&rig);
		if (i % 8 == 0)
			expect("a.warc.gz a.cdxj", 1, 2, 0);
		rig_end(&rig);
	}
}

static void
a_file_that_lost_something_is_refused_and_nothing_is_changed(void **state)
{
	static const struct {
		const char *file, *says;
		int gone;
	} cases[] = {
		{ "a.warc.gz", "bytes long when the state was written", 0 },
		{ "a.cdxj", "bytes long when the state was written", 0 },
		{ "a.warc.gz", "is gone", 1 },
		{ "a.cdxj", "is gone", 1 },
	};
	struct rig rig;
	struct marks marks;
	uint64_t archive, index;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s %s\n", cases[i].file, cases[i].says);
		rig_begin(&rig);
		assert_int_equal(rig_open(&rig, "", NULL), 0);
		take_text(&rig, "http://h/1", OK, "1");
		sink_warc.mark(rig.self, &rig.marks);
		marks = rig.marks;
		take_text(&rig, "http://h/2", OK, "2");
		rig_close(&rig);
		if (cases[i].gone)
			assert_int_equal(unlink(cases[i].file), 0);
		else
			assert_int_equal(truncate(cases[i].file, 100), 0);
		archive = size_of("a.warc.gz");
		index = size_of("a.cdxj");
		assert_int_equal(rig_open(&rig, "", &marks), -1);
		assert_int_equal(rig.err.code, ERR_IO);
		expect_text(rig.err.text, cases[i].file);
		expect_text(rig.err.text, cases[i].says);
		assert_int_equal(size_of("a.warc.gz"), archive);
		assert_int_equal(size_of("a.cdxj"), index);
		rig_end(&rig);
	}
}

#define SECRETS "GET / HTTP/1.1\r\nHost: h\r\n" \
	"Authorization: Basic c2VjcmV0\r\n" \
	"AUTHORIZATION:secret\r\n" \
	"Proxy-authorization :\t secret of two\r\n" \
	"cookie: secret=1;\r\n\tsecret=2\r\n" \
	"Cookies: open\r\nX-Cookie: open\r\n\r\n"
#define BLANKED "GET / HTTP/1.1\r\nHost: h\r\n" \
	"Authorization: **************\r\n" \
	"AUTHORIZATION:******\r\n" \
	"Proxy-authorization :\t *************\r\n" \
	"cookie: *********\r\n\t********\r\n" \
	"Cookies: open\r\nX-Cookie: open\r\n\r\n"

static void
set_request(struct result *result, const char *head, const char *body)
{
	struct exchange *made = result->exchange;

	free(made->request);
	made->request = mem_strdup(head);
	made->request_len = strlen(head);
	if (body != NULL) {
		made->request_body_len = strlen(body);
		made->request_body = body;
	}
}

static void
credentials_are_asterisks_unless_asked_for(void **state)
{
	struct result *result;
	struct rig rig;
	char *text;
	int keep;

	(void)state;
	for (keep = 0; keep < 2; keep++) {
		rig_begin(&rig);
		assert_int_equal(rig_open(&rig, keep ? "--warc-compression "
			"none --warc-credentials" : "--warc-compression none",
			NULL), 0);
		result = exchange(&rig, "http://h/", OK "", "x", 1);
		set_request(result, SECRETS, NULL);
		take(&rig, result);
		result = exchange(&rig, "http://h/2", "HTTP/1.1 200 OK\r\n"
			"Set-Cookie: theirs=1\r\n\r\n", "y", 1);
		set_request(result, "POST / HTTP/1.1\r\n\r\n",
			"Cookie: body\r\n");
		take(&rig, result);
		rig_close(&rig);
		expect("a.warc a.cdxj", 1, 2, 0);
		text = slurp("a.warc", NULL);
		expect_text(text, keep ? SECRETS : BLANKED);
		expect_text(text, "POST / HTTP/1.1\r\n\r\nCookie: body\r\n");
		expect_text(text, "Set-Cookie: theirs=1\r\n");
		if (!keep)
			assert_null(strstr(text, "secret"));
		free(text);
		rig_end(&rig);
	}
}

static void
a_request_whose_body_was_not_kept_says_so(void **state)
{
	struct result *result;
	struct rig rig;
	char *text;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-compression none", NULL), 0);
	result = exchange(&rig, "http://h/", OK, "x", 1);
	result->method = mem_strdup("POST");
	set_request(result, "POST / HTTP/1.1\r\n\r\n", NULL);
	result->exchange->request_body_len = 7;
	take(&rig, result);
	rig_close(&rig);
	expect("a.warc a.cdxj", 1, 1, 0);
	text = slurp("a.warc", NULL);
	expect_text(strstr(text, "WARC-Type: request"),
		"\r\nWARC-Truncated: unspecified\r\n");
	free(text);
	text = slurp("a.cdxj", NULL);
	expect_text(text, "\"method\": \"POST\"");
	free(text);
	rig_end(&rig);
}

static void
check_no_control(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(*text == '\n' || (*text >= 0x20 && *text < 0x7f));
}

/* All that somebody else chose, with what would end a line or a record. */
static void
nothing_that_came_from_outside_is_a_line_of_ours(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nX: \0\x01\r\n\r\n";
	static const char evil[] = "\r\n\r\nWARC/1.1\r\nWARC-Type: response"
		"\r\nWARC-Injected: yes\r\nContent-Length: 0\r\n\r\n\r\n\r\n";
	struct result *result;
	struct rig rig;
	char *text, *line;
	size_t i, lines = 0;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-compression none", NULL), 0);
	for (i = 0; i < SAMPLE_HOSTILE + 1; i++) {
		const char *bad = i < SAMPLE_HOSTILE ? sample_hostile[i] : evil;

		result = exchange(&rig, "http://h/", OK, bad, strlen(bad));
		free(result->exchange->response);
		result->exchange->response = mem_dup(head, sizeof head - 1);
		result->exchange->response_len = sizeof head - 1;
		result->url_effective = mem_printf("http://u:p@h/%zu%s", i,
			bad);
		free(result->content_type);
		result->content_type = mem_strdup(bad);
		snprintf(result->remote_ip, sizeof result->remote_ip, "%.40s",
			bad);
		take(&rig, result);
		/* And again, so that it is what is referred to. */
		result = exchange(&rig, "http://h/again", OK, bad,
			strlen(bad));
		take(&rig, result);
	}
	result = exchange(&rig, "http://h/long", OK, "long", 4);
	free(result->content_type);
	result->content_type = sample_long(3 << 20);
	result->method = sample_long(3 << 20);
	take(&rig, result);
	rig_close(&rig);
	/* One content is empty: that is no revisit. */
	expect("a.warc a.cdxj", 1, SAMPLE_HOSTILE + 3, SAMPLE_HOSTILE);
	text = slurp("a.cdxj", NULL);
	for (line = text; (line = strchr(line, '\n')) != NULL; line++)
		lines++;
	assert_int_equal(lines, 2 * (SAMPLE_HOSTILE + 1) + 1);
	check_no_control(text);
	free(text);
	rig_end(&rig);
}

/* The next one takes empty files without asking, and nothing else. */
static void
a_run_that_could_not_begin_leaves_empty_files(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "", NULL), 0);
	sink_warc.close(rig.self);
	assert_int_equal(size_of("a.warc.gz"), 0);
	assert_int_equal(rig_open(&rig, "", NULL), 0);
	rig_close(&rig);
	expect("a.warc.gz a.cdxj", 1, 0, 0);
	rig_end(&rig);
}

static void
a_name_may_be_of_any_characters(void **state)
{
	struct rig rig;
	char *text;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-file \"\xc3\xa4\xf0\x9f\x98"
		"\x80\" --warc-compression none", NULL), 0);
	take_text(&rig, "http://h/", OK, "x");
	rig_close(&rig);
	expect("*.warc *.cdxj", 1, 1, 0);
	text = slurp("\"\xc3\xa4\xf0\x9f\x98\x80\".cdxj", NULL);
	expect_text(text, "\"\\\"\\u00e4\\ud83d\\ude00\\\".warc\"}\n");
	free(text);
	rig_end(&rig);
}

static void
a_name_that_is_none_is_refused(void **state)
{
	static const char *const names[] = { "", "folder/", "a\nb", "\x7f",
		"\xff" };
	struct opts *opts;
	struct err err;
	size_t i;
	int first;

	(void)state;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		char word[] = "--warc-file";
		char *name = mem_strdup(names[i]);
		char *argv[] = { word, word, name, NULL };

		opts = opts_new();
		opts_add(opts, sink_warc.opts);
		assert_int_equal(opts_parse(opts, 3, argv, &first, &err), 0);
		assert_int_equal(opts_check(opts, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		expect_text(err.text, "--warc-file");
		opts_free(opts);
		free(name);
	}
	opts = opts_new();
	assert_false(sink_warc.wanted(opts_add(opts, sink_warc.opts)));
	opts_free(opts);
}

static void
a_folder_that_is_not_there_is_an_error(void **state)
{
	struct rig rig;

	(void)state;
	rig_begin(&rig);
	assert_int_equal(rig_open(&rig, "--warc-file none/a", NULL), -1);
	assert_int_equal(rig.err.code, ERR_IO);
	expect_text(rig.err.text, "none/a.warc.gz: No such file");
	assert_int_equal(rig_open(&rig, "--warc-file none/a --warc-max-size 1",
		NULL), -1);
	expect_text(rig.err.text, "none/a-00000.warc.gz: No such file");
	rig_end(&rig);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(an_exchange_is_a_response_and_its_request),
	cmocka_unit_test(each_packing_reads_back),
#ifndef HAVE_ZSTD
	cmocka_unit_test(zstd_is_refused_where_it_was_not_built_in),
#endif
	cmocka_unit_test(
	    hops_and_bad_replies_are_archived_and_failures_without_one_are_not),
	cmocka_unit_test(
		content_that_was_archived_is_a_revisit_however_it_was_sent),
	cmocka_unit_test(a_broken_coding_is_archived_without_a_payload_digest),
	cmocka_unit_test(a_file_that_is_large_enough_is_followed_by_another),
	cmocka_unit_test(a_write_that_fails_leaves_whole_records_only),
	cmocka_unit_test(
		an_index_that_cannot_be_written_takes_the_records_with_it),
	cmocka_unit_test(files_that_are_there_are_never_overwritten),
	cmocka_unit_test(an_empty_file_is_taken_unless_somebody_writes_it),
	cmocka_unit_test(a_run_goes_on_where_the_last_one_was_whole),
	cmocka_unit_test(torn_records_behind_the_marks_are_cut_off),
	cmocka_unit_test(
		a_file_that_lost_something_is_refused_and_nothing_is_changed),
	cmocka_unit_test(credentials_are_asterisks_unless_asked_for),
	cmocka_unit_test(a_request_whose_body_was_not_kept_says_so),
	cmocka_unit_test(nothing_that_came_from_outside_is_a_line_of_ours),
	cmocka_unit_test(a_run_that_could_not_begin_leaves_empty_files),
	cmocka_unit_test(a_name_may_be_of_any_characters),
	cmocka_unit_test(a_name_that_is_none_is_refused),
	cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
};

int
main(void)
{
	/* As the program does, for the message of EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sink/warc", tests, NULL, NULL);
}
