/* SPDX-License-Identifier: MIT */
/*
 * record -- heads of WARC/1.1 records.
 *
 * Our own, as no library in Debian writes such archives: libarchive's warc is
 * version 1.0 and knows resource records only, and warcio is Python.
 */
#include "config.h"

#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "sink/record.h"

int
record_make_id(char id[RECORD_ID_SIZE], struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];
	struct buf text;
	size_t i;

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		return err_sys(err, "getrandom");
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	buf_init(&text, RECORD_ID_SIZE - 1);
	buf_add_text(&text, "urn:uuid:");
	for (i = 0; i < sizeof bytes; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_add_char(&text, '-');
		buf_add_char(&text, digits[bytes[i] >> 4]);
		buf_add_char(&text, digits[bytes[i] & 15]);
	}
	memcpy(id, text.data, RECORD_ID_SIZE);
	buf_release(&text);
	return 0;
}

void
record_begin(struct buf *head, const char *type, const char *id,
	const char *date)
{
	buf_clear(head);
	buf_add_text(head, "WARC/1.1\r\n");
	record_add(head, "WARC-Type", type);
	record_add_id(head, "WARC-Record-ID", id);
	record_add(head, "WARC-Date", date);
}

void
record_add(struct buf *head, const char *name, const char *value)
{
	size_t left = strlen(value);
	uint32_t code = 0;
	size_t n;

	if (left == 0)
		return;
	buf_add_text(head, name);
	buf_add_text(head, ": ");
	for (; left > 0; value += n, left -= n) {
		n = utf8_decode(value, left, &code);
		if (n > 0 && !utf8_control(code)) {
			buf_add(head, value, n);
			continue;
		}
		n = 1;
		buf_printf(head, "%%%02X", (unsigned char)*value);
	}
	buf_add_text(head, "\r\n");
}

void
record_add_id(struct buf *head, const char *name, const char *id)
{
	buf_add_text(head, name);
	buf_add_text(head, ": <");
	buf_add_text(head, id);
	buf_add_text(head, ">\r\n");
}

void
record_end(struct buf *head, const char *content_type, uint64_t length)
{
	record_add(head, "Content-Type", content_type);
	buf_add_text(head, "Content-Length: ");
	buf_add_u64(head, length);
	buf_add_text(head, "\r\n\r\n");
}
