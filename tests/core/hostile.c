/* SPDX-License-Identifier: MIT */
/*
 * hostile -- names as an enemy would choose them, and what may come of them.
 */
#include "config.h"

#include <stdio.h>
#include <strings.h>

#include "core/filename.h"
#include "hostile.h"
#include "unit.h"

static const char *const nasties[] = {
	"", ".", "..", "...", "../", "..\\", "../../../etc/passwd", "/",
	"//", "/etc/passwd", "\\", "\\\\host\\share", "C:\\x", "C:x", ":",
	"%2e%2e%2f", "%2E%2E", "%2f", "%2F", "%5c", "%5C", "%252e", "%%", "%",
	"%2", "%g1", "%00", "%0a", "%1b[31m", "%e2%80%ae", "%ff", "%C0%AF",
	"\x1b[2J", "\x1b]0;x\x07", "\n", "\r\n", "\t", "\x01", "\x7f",
	"\xc2\x9b", "\xe2\x80\xaegpj.exe", "\xe2\x80\x8b", "\xef\xbb\xbf",
	"\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	"caf\xc3\xa9", "cafe\xcc\x81", " ", "  x  ", "-", "-rf", "--", "~",
	"~root", "=ls", ".bashrc", ".ssh/authorized_keys", ".git/config",
	"x.", "x ", "x...", "CON", "con.txt", "NUL", "aux", "prn.c", "COM1",
	"lpt9.x", "com0", "CONIN$", "CLOCK$", "$(reboot)", "`reboot`", "$HOME",
	"a;b", "a&b", "a|b", "a>b", "a<b", "a*b", "a?b", "[ab]", "{a,b}",
	"'", "\"", "!x", "#x", "^", "@", "a@b", "@~0123456789abcdef",
	"x~0123456789abcdef", "x~0123456789abcdef.txt", "x.part", ".PART",
	"index.html", "INDEX.HTML", "%69ndex.html", "desktop.ini", "x::$DATA",
};

/* A star stands for the nasty one. */
static const char *const frames[] = {
	"*", "a*", "*a", "a*b", "a/*", "*/a", "a/*/b", "**", "*/*", "*.html",
	"a.*", "*?*", "a?*", "a/?*", "*?", "*/", "*//", "-*", ".*", "*.",
	"a b*", "%*", "*%",
};

#define N_NASTIES (sizeof nasties / sizeof *nasties)
#define N_FRAMES (sizeof frames / sizeof *frames)
#define N_LONG 40

size_t
hostile_n(void)
{
	return N_NASTIES * (N_FRAMES + 2);
}

/* One that is too long with what is nasty before or behind it. */
static void
hostile_long(struct buf *out, const char *nasty, int behind)
{
	static const char fill[] = "0123456789%C3%A9.";
	int i;

	if (!behind)
		buf_add_text(out, nasty);
	for (i = 0; i < N_LONG; i++)
		buf_add_text(out, fill);
	if (behind)
		buf_add_text(out, nasty);
}

const char *
hostile_name(size_t i)
{
	static struct buf name = { .max = 65536 };
	const char *nasty = nasties[i % N_NASTIES], *p;
	size_t frame = i / N_NASTIES;

	buf_clear(&name);
	if (frame >= N_FRAMES) {
		hostile_long(&name, nasty, frame > N_FRAMES);
		return buf_text(&name);
	}
	for (p = frames[frame]; *p != '\0'; p++)
		if (*p == '*')
			buf_add_text(&name, nasty);
		else
			buf_add_char(&name, *p);
	return buf_text(&name);
}

static int
device(const char *name, size_t n)
{
	static const char *const all[] = {
		"con", "prn", "aux", "nul", "com0", "com1", "com2", "com3",
		"com4", "com5", "com6", "com7", "com8", "com9", "lpt0",
		"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7",
		"lpt8", "lpt9",
	};
	const char *dot = memchr(name, '.', n);
	size_t i;

	if (dot != NULL)
		n = (size_t)(dot - name);
	for (i = 0; i < sizeof all / sizeof *all; i++)
		if (strlen(all[i]) == n && strncasecmp(all[i], name, n) == 0)
			return 1;
	return 0;
}

static int
component_safe(const char *p, size_t n)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789._-+=,~%@";

	return n >= 1 && n <= 250 && strspn(p, safe) >= n &&
		strchr("-.~=", p[0]) == NULL && p[n - 1] != '.' &&
		!device(p, n) &&
		(n < 5 || strncasecmp(p + n - 5, ".part", 5) != 0);
}

void
hostile_check(const char *path, const char *from)
{
	const char *p = path;
	size_t n;

	if (strlen(path) > FILENAME_MAX_LEN)
		fail_msg("'%s' is too long, from '%s'", path, from);
	do {
		n = strcspn(p, "/");
		if (!component_safe(p, n))
			fail_msg("'%s' from '%s'", path, from);
		p += n;
	} while (*p++ != '\0');
}
