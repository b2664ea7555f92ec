/* SPDX-License-Identifier: MIT */
/*
 * units -- sizes, counts and times, read and written.
 *
 * Times are whole microseconds and sizes whole bytes inside the program; only
 * here do they have units. Rates (50/s) come with the options that use them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit units_counts[] = {
	{ "", 1 }, { "k", 1000 }, { "m", 1000000 }, { "g", 1000000000 },
	{ NULL, 0 },
};

/* As in curl and dd, a lone letter counts in 1024s. */
static const struct unit units_sizes[] = {
	{ "", 1 }, { "b", 1 },
	{ "k", 1024 }, { "kib", 1024 }, { "kb", 1000 },
	{ "m", 1 << 20 }, { "mib", 1 << 20 }, { "mb", 1000000 },
	{ "g", 1 << 30 }, { "gib", 1 << 30 }, { "gb", 1000000000 },
	{ "t", UINT64_C(1) << 40 }, { "tib", UINT64_C(1) << 40 },
	{ "tb", UINT64_C(1000000000000) },
	{ NULL, 0 },
};

static const struct unit units_times[] = {
	{ "", 1000000 }, { "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
	{ "m", 60000000 }, { "min", 60000000 },
	{ "h", UINT64_C(3600000000) }, { "d", UINT64_C(86400000000) },
	{ NULL, 0 },
};

/*
 * Digits, a decimal point and digits, in exact integer arithmetic: 0.1s is
 * 100000 us and not one less. Returns where the number ends, or NULL.
 */
static const char *
units_digits(const char *at, uint64_t *ret_whole, uint64_t *ret_billionths)
{
	uint64_t whole = 0, part = 0, place = 100000000;
	const char *start = at;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *at - '0', &whole))
			return NULL;
	if (at == start)
		return NULL;
	if (*at == '.') {
		start = ++at;
		for (; *at >= '0' && *at <= '9'; at++, place /= 10)
			part += place * (uint64_t)(*at - '0');
		if (at == start)
			return NULL;
	}
	*ret_whole = whole;
	*ret_billionths = part;
	return at;
}

static int
units_read(const struct unit *units, const char *text, uint64_t *ret)
{
	uint64_t whole, part, n, rest;
	const char *end = units_digits(text, &whole, &part);

	if (end == NULL)
		return -1;
	if (*end == ' ')
		end++;
	for (; units->name != NULL; units++)
		if (strcasecmp(units->name, end) == 0)
			break;
	if (units->name == NULL || (units->factor == 1 && part != 0))
		return -1;
	if (__builtin_mul_overflow(whole, units->factor, &n))
		return -1;
	rest = (uint64_t)((unsigned __int128)part * units->factor /
		1000000000);
	if (__builtin_add_overflow(n, rest, &n))
		return -1;
	*ret = n;
	return 0;
}

int
units_count(const char *text, uint64_t *ret_n)
{
	return units_read(units_counts, text, ret_n);
}

int
units_size(const char *text, uint64_t *ret_bytes)
{
	return units_read(units_sizes, text, ret_bytes);
}

int
units_time(const char *text, int64_t *ret_us)
{
	uint64_t us;

	if (units_read(units_times, text, &us) != 0 || us > INT64_MAX)
		return -1;
	*ret_us = (int64_t)us;
	return 0;
}

/* The largest of the named units that divides n. */
static char *
units_print(uint64_t n, const struct unit *best, size_t n_units, char *text)
{
	size_t i;

	for (i = 0; i + 1 < n_units; i++)
		if (n != 0 && n % best[i].factor == 0)
			break;
	snprintf(text, UNITS_TEXT, "%" PRIu64 "%s", n / best[i].factor,
		best[i].name);
	return text;
}

char *
units_print_size(uint64_t bytes, char text[UNITS_TEXT])
{
	static const struct unit best[] = {
		{ "TiB", UINT64_C(1) << 40 }, { "GiB", 1 << 30 },
		{ "MiB", 1 << 20 }, { "KiB", 1024 }, { "", 1 },
	};

	return units_print(bytes, best, sizeof best / sizeof *best, text);
}

char *
units_print_time(int64_t us, char text[UNITS_TEXT])
{
	static const struct unit best[] = {
		{ "h", UINT64_C(3600000000) }, { "m", 60000000 },
		{ "s", 1000000 }, { "ms", 1000 }, { "us", 1 },
	};

	if (us == 0)
		return memcpy(text, "0s", sizeof "0s");
	return units_print((uint64_t)us, best, sizeof best / sizeof *best,
		text);
}

static char *
units_show(double n, const char *unit, char *text)
{
	snprintf(text, UNITS_TEXT, "%.*f %s",
		n < 9.995 ? 2 : n < 99.95 ? 1 : 0, n, unit);
	return text;
}

char *
units_show_size(uint64_t bytes, char text[UNITS_TEXT])
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(text, UNITS_TEXT, "%" PRIu64 " B", bytes);
		return text;
	}
	while (n >= 1023.5 && i + 1 < sizeof names / sizeof *names) {
		n /= 1024;
		i++;
	}
	return units_show(n, names[i], text);
}

char *
units_show_time(int64_t us, char text[UNITS_TEXT])
{
	double n = (double)us;
	int64_t s = (us + 500000) / 1000000;

	if (us < 1000) {
		snprintf(text, UNITS_TEXT, "%" PRId64 " us", us);
		return text;
	}
	if (n < 999500)
		return units_show(n / 1000, "ms", text);
	if (s < 60)
		return units_show(n / 1000000, "s", text);
	if (s < 3600)
		snprintf(text, UNITS_TEXT, "%" PRId64 " m %02" PRId64 " s",
			s / 60, s % 60);
	else
		snprintf(text, UNITS_TEXT, "%" PRId64 " h %02" PRId64 " m",
			s / 3600, s % 3600 / 60);
	return text;
}
