/* SPDX-License-Identifier: MIT */
/*
 * asks_verdict -- what two failures, A's and AAAA's, say about a name.
 *
 * The one that might yet pass counts, as it hides what the name has.
 */
#include "config.h"

#include "net/asks.h"

static int
asks_rank(enum names_status status)
{
	switch (status) {
	case NAMES_PENDING:
	case NAMES_TIMEOUT:
		return 6;
	case NAMES_NOSERVER:
		return 5;
	case NAMES_SERVFAIL:
		return 4;
	case NAMES_REFUSED:
		return 3;
	case NAMES_BADNAME:
		return 2;
	case NAMES_NODATA:
		return 1;
	case NAMES_NXDOMAIN:
	case NAMES_DENIED:
	case NAMES_OK:
		break;
	}
	return 0;
}

enum names_status
asks_verdict(enum names_status a, enum names_status aaaa)
{
	enum names_status worse = asks_rank(a) >= asks_rank(aaaa) ? a : aaaa;

	/*
	 * A name that does not exist has no AAAA either. The reverse does not
	 * hold: some servers say so to AAAA only (RFC 4074, section 4.2).
	 */
	if (a == NAMES_NXDOMAIN && aaaa != NAMES_NODATA)
		return NAMES_NXDOMAIN;
	return worse == NAMES_PENDING ? NAMES_TIMEOUT : worse;
}
