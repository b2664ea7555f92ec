/* SPDX-License-Identifier: MIT */
/*
 * ndjson -- results as JSON objects, for the json sink and -w '%{json}'.
 *
 * With a fast server this is what the ledger spends its time on, so keys are
 * made ready beforehand, room is asked for once a record, and texts are
 * looked at eight bytes a time. (A JSON library builds a tree first and
 * costs some twenty times as much.)
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/columns.h"
#include "core/ndjson.h"

/* Copied whole, which is faster than copying the right number of bytes. */
#define NDJSON_KEY_MAX 32
/* \uXXXX for one byte is the most that any byte of a text becomes. */
#define NDJSON_BYTE_MAX 6

struct ndjson_field {
	char key[NDJSON_KEY_MAX];	/* {"seq": or ,"url": */
	size_t key_len;
	const struct column *column;
	const char *text;	/* of the current record; NULL: no text */
	size_t len;
};

struct ndjson {
	size_t n;
	struct ndjson_field fields[];
};

static void
ndjson_field_init(struct ndjson_field *field, const struct column *column,
	char before)
{
	size_t len = strlen(column->name);
	char *at = field->key;

	assert(len + 4 <= sizeof field->key);
	*at++ = before;
	*at++ = '"';
	memcpy(at, column->name, len);
	memcpy(at + len, "\":", 2);
	field->key_len = len + 4;
	field->column = column;
}

struct ndjson *
ndjson_new(const struct column_list *columns)
{
	struct ndjson *ndjson;
	size_t i;

	assert(columns->n > 0);
	ndjson = mem_array(1, sizeof *ndjson +
		columns->n * sizeof *ndjson->fields);
	ndjson->n = columns->n;
	for (i = 0; i < columns->n; i++)
		ndjson_field_init(&ndjson->fields[i], columns->items[i],
			i == 0 ? '{' : ',');
	return ndjson;
}

void
ndjson_free(struct ndjson *ndjson)
{
	free(ndjson);
}

static int
ndjson_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#define NDJSON_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
/* The top bit is set in each byte that is below `byte`, and in no word
 * without such a byte; correct for ASCII. */
#define NDJSON_BELOW(word, byte) ((word) - NDJSON_EACH(byte))
#define NDJSON_EQUAL(word, byte) NDJSON_BELOW((word) ^ NDJSON_EACH(byte), 1)

/* Length of the run at p that JSON holds as it is. */
static size_t
ndjson_run(const char *p, size_t n)
{
	size_t i = 0;
	uint64_t word, bad;

	while (n - i >= sizeof word) {
		memcpy(&word, p + i, sizeof word);
		bad = NDJSON_BELOW(word, 0x20) | NDJSON_EQUAL(word, '"') |
			NDJSON_EQUAL(word, '\\') | NDJSON_EQUAL(word, 0x7f);
		if (((word | bad) & NDJSON_EACH(0x80)) != 0)
			break;
		i += sizeof word;
	}
	while (i < n && ndjson_plain((unsigned char)p[i]))
		i++;
	return i;
}

static char *
ndjson_hex(char *at, uint32_t n, int width)
{
	int shift;

	for (shift = 4 * (width - 1); shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[n >> shift & 15];
	return at;
}

static char *
ndjson_unit(char *at, uint32_t unit)
{
	memcpy(at, "\\u", 2);
	return ndjson_hex(at + 2, unit, 4);
}

/*
 * Writes the character at p that JSON cannot hold as it is. Returns how many
 * bytes it had; 0 when it is no UTF-8 and the record is not escaped yet.
 */
static size_t
ndjson_special(char **at, const char *p, size_t n, int escaped)
{
	uint32_t code = 0;
	size_t len = utf8_decode(p, n, &code);

	if (len == 0 && !escaped)
		return 0;
	if (len == 0) {
		memcpy(*at, "\\\\x", 3);
		*at = ndjson_hex(*at + 3, (unsigned char)*p, 2);
		return 1;
	}
	if (code == '"' || code == '\\') {
		*(*at)++ = '\\';
		*(*at)++ = *p;
		if (code == '\\' && escaped) {
			memcpy(*at, "\\\\", 2);
			*at += 2;
		}
	} else if (code >= 0x10000) {
		*at = ndjson_unit(*at, 0xd800 | (code - 0x10000) >> 10);
		*at = ndjson_unit(*at, 0xdc00 | (code & 0x3ff));
	} else {
		*at = ndjson_unit(*at, code);
	}
	return len;
}

static char *
ndjson_null(char *at)
{
	memcpy(at, "null", 4);
	return at + 4;
}

/* NULL: the text is no UTF-8 and the record is not escaped yet. */
static char *
ndjson_text(char *at, const char *p, size_t n, int escaped)
{
	size_t len;

	if (n == 0)
		return ndjson_null(at);
	*at++ = '"';
	for (;;) {
		len = ndjson_run(p, n);
		memcpy(at, p, len);
		at += len;
		p += len;
		n -= len;
		if (n == 0)
			break;
		len = ndjson_special(&at, p, n, escaped);
		if (len == 0)
			return NULL;
		p += len;
		n -= len;
	}
	*at++ = '"';
	return at;
}

static char *
ndjson_text_field(char *at, const struct ndjson_field *field, int escaped)
{
	if (field->column->type != COLUMN_JSON || field->len == 0)
		return ndjson_text(at, field->text, field->len, escaped);
	memcpy(at, field->text, field->len);
	return at + field->len;
}

static char *
ndjson_value(char *at, const struct ndjson_field *field,
	const struct result *result, int escaped)
{
	int quoted = field->column->type == COLUMN_TIMESTAMP;
	char *end;

	if (field->text != NULL)
		return ndjson_text_field(at, field, escaped);
	if (quoted)
		*at++ = '"';
	end = column_write(field->column, result, escaped, at);
	if (end == at)
		return ndjson_null(at);
	if (quoted)
		*end++ = '"';
	return end;
}

/* Returns the object's end; NULL: it must be escaped. */
static char *
ndjson_object(const struct ndjson *ndjson, const struct result *result,
	int escaped, char *at)
{
	const struct ndjson_field *field = ndjson->fields;
	const struct ndjson_field *end = field + ndjson->n;

	for (; field < end; field++) {
		memcpy(at, field->key, sizeof field->key);
		at += field->key_len;
		at = ndjson_value(at, field, result, escaped);
		if (at == NULL)
			return NULL;
	}
	*at++ = '}';
	return at;
}

/* Looks up the texts; returns the most bytes that the record can take. */
static size_t
ndjson_measure(struct ndjson *ndjson, const struct result *result)
{
	size_t room = 1;
	size_t i;

	for (i = 0; i < ndjson->n; i++) {
		struct ndjson_field *field = &ndjson->fields[i];

		field->text = column_text(field->column, result);
		field->len = field->text != NULL ? strlen(field->text) : 0;
		room += NDJSON_KEY_MAX + COLUMN_VALUE_MAX + 2 +
			NDJSON_BYTE_MAX * field->len;
	}
	return room;
}

int
ndjson_add(struct ndjson *ndjson, const struct result *result,
	struct buf *buf)
{
	char *start = buf_room(buf, ndjson_measure(ndjson, result));
	char *end;

	if (start == NULL)
		return -1;
	end = ndjson_object(ndjson, result, 0, start);
	if (end == NULL)
		end = ndjson_object(ndjson, result, 1, start);
	buf_cut(buf, buf->len + (size_t)(end - start));
	return 0;
}
