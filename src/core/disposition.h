/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_DISPOSITION_H
#define FETCHALL_CORE_DISPOSITION_H

/*
 * The name that a Content-Disposition header (RFC 6266) suggests, as one safe
 * component: filename* (RFC 8187, in UTF-8 or ISO-8859-1) before filename, of
 * either the first, and of that what stands behind the last slash or
 * backslash. `flags` are component_end()'s. For free(); NULL when it suggests
 * none.
 */
char *disposition_name(const char *value, unsigned flags);

#endif
