/* SPDX-License-Identifier: MIT */
/*
 * exchange -- a few buffers that travel together.
 */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "net/exchange.h"

struct exchange *
exchange_new(void)
{
	return mem_array(1, sizeof(struct exchange));
}

void
exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	free(exchange->request);
	free(exchange->request_body_owned);
	free(exchange->response);
	free(exchange);
}
