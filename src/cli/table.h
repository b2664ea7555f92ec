/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_TABLE_H
#define FETCHALL_CLI_TABLE_H

struct buf;
struct standings;

/* The standings for people: a table, what its marks mean, and a sentence. */

/* Columns that one run leaves empty are not there. */
void table_add_text(struct buf *out, const struct standings *standings);
void table_add_markdown(struct buf *out, const struct standings *standings);

/*
 * One sentence: what won, by how much, and what limited it, as far as the
 * figures say so.
 */
void table_add_sentence(struct buf *out, const struct standings *standings);

#endif
