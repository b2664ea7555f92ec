/* SPDX-License-Identifier: MIT */
/*
 * buf -- growable bytes with a mandatory ceiling, after curl's dynbuf: what
 * the network can make grow must have a limit, and the limit is set where the
 * buffer is made, not where it is filled.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

void
buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){ .max = max };
}

void
buf_release(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

void
buf_clear(struct buf *buf)
{
	buf->full = 0;
	buf_cut(buf, 0);
}

char *
buf_room(struct buf *buf, size_t n)
{
	size_t need, size;

	if (n > buf->max - buf->len) {
		buf->full = 1;
		return NULL;
	}
	need = buf->len + n + 1;
	if (need > buf->size) {
		size = buf->size < 64 ? 64 : buf->size;
		while (size < need)
			size += size / 2;
		if (size > buf->max)
			size = buf->max + 1;
		buf->data = mem_grow(buf->data, size, 1);
		buf->size = size;
	}
	return buf->data + buf->len;
}

int
buf_add(struct buf *buf, const void *p, size_t n)
{
	char *end = buf_room(buf, n);

	if (end == NULL)
		return -1;
	if (n > 0)
		memcpy(end, p, n);
	end[n] = '\0';
	buf->len += n;
	return 0;
}

int
buf_add_text(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

int
buf_add_char(struct buf *buf, char c)
{
	return buf_add(buf, &c, 1);
}

int
buf_add_u64(struct buf *buf, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return buf_add(buf, digits + at, sizeof digits - at);
}

int
buf_add_seconds(struct buf *buf, int64_t us)
{
	uint64_t n = us > 0 ? (uint64_t)us : 0;
	uint64_t fraction = n % 1000000;
	char digits[7];
	size_t i;

	if (buf_add_u64(buf, n / 1000000) != 0)
		return -1;
	digits[0] = '.';
	for (i = 6; i > 0; i--) {
		digits[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	return buf_add(buf, digits, sizeof digits);
}

int
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	char *end;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		return -1;
	end = buf_room(buf, (size_t)n);
	if (end == NULL)
		return -1;
	va_start(args, fmt);
	vsnprintf(end, (size_t)n + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)n;
	return 0;
}

void
buf_cut(struct buf *buf, size_t len)
{
	if (buf->data == NULL)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

void
buf_shift(struct buf *buf, size_t n)
{
	if (n == 0)
		return;
	memmove(buf->data, buf->data + n, buf->len - n);
	buf_cut(buf, buf->len - n);
}

const char *
buf_text(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *
buf_take(struct buf *buf)
{
	char *data = buf->data != NULL ? buf->data : mem_strdup("");

	buf_init(buf, buf->max);
	return data;
}
