/* SPDX-License-Identifier: MIT */
/*
 * result -- one attempt at a URL as a plain struct. Whoever fetches fills it,
 * the ledger hands it to sinks and statistics and frees it; nothing in
 * between needs to know how it will be printed.
 */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/body.h"
#include "core/result.h"
#include "core/value.h"
#include "net/exchange.h"

const char *
error_class_name(enum error_class class)
{
#define ERROR_NAME(code, name, text) [ERROR_##code] = name,
	static const char *const names[] = { ERROR_CLASSES(ERROR_NAME) };
#undef ERROR_NAME

	return names[class];
}

struct result *
result_new(void)
{
	struct result *result = mem_array(1, sizeof *result);

	list_init(&result->node);
	result->last_modified = -1;
	return result;
}

void
result_free(struct result *result)
{
	if (result == NULL)
		return;
	free(result->url);
	free(result->url_effective);
	free(result->method);
	free(result->errormsg);
	free(result->content_type);
	free(result->filename_effective);
	free(result->name);
	free(result->asked);
	free(result->disposition);
	body_free(result->body);
	exchange_free(result->exchange);
	result_take_values(result, NULL, NULL, 0);
	free(result);
}

void
result_take_values(struct result *result, struct value *values,
	const struct column *columns, size_t n)
{
	values_clear(result->values, result->value_columns, result->n_values);
	free(result->values);
	result->values = values;
	result->value_columns = columns;
	result->n_values = n;
}

void
result_fail(struct result *result, enum error_class class,
	const char *detail, const char *errormsg)
{
	result->ok = 0;
	result->final = class != ERROR_STOPPED && class != ERROR_DEADLINE;
	result->error_class = class;
	result->error_detail = detail;
	free(result->errormsg);
	result->errormsg = errormsg != NULL ? mem_strdup(errormsg) : NULL;
}
