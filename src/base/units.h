/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_UNITS_H
#define FETCHALL_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as people type them. The readers take the whole text or fail: they
 * return 0, or -1 for anything that is no such number or does not fit.
 */

/* 5000, 10k, 2M (thousands). */
int units_count(const char *text, uint64_t *ret_n);
/* 512, 64k, 10KB (thousands), 4KiB, 1.5GiB (of 1024); bytes. k is KiB. */
int units_size(const char *text, uint64_t *ret_bytes);
/* 250ms, 1.5s, 10m, 1h, 2d, 30us; a bare number is seconds. */
int units_time(const char *text, int64_t *ret_us);

#define UNITS_TEXT 32

/* The shortest text that reads back to the same number; returns `text`. */
char *units_print_size(uint64_t bytes, char text[UNITS_TEXT]);
char *units_print_time(int64_t us, char text[UNITS_TEXT]);

/* Rounded to three digits for a reader: "1.21 MiB", "34.5 ms", "2 m 05 s". */
char *units_show_size(uint64_t bytes, char text[UNITS_TEXT]);
char *units_show_time(int64_t us, char text[UNITS_TEXT]);

#endif
