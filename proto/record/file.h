/*
 * record/file.h: a file of records, for a USB stick, an archive, or a pipe
 * between two nodes: a head that names the network, the records as they were
 * signed, and an end that tells how many there should have been. Files may be
 * joined with `cat`. SPEC.md, "Record file".
 *
 *   file = head ‖ ( uvarint(n) ‖ record, n bytes ) ... ‖ end
 *   head = "OHCNREC\n" ‖ u8(1) ‖ uvarint(n) ‖ net, n bytes
 *   end  = uvarint(0) ‖ u64be(records) ‖ "OHCNEND\n"
 *
 * The reader holds no bytes. It finds what is sound in a damaged file: a
 * frame must have the outer shape of a record, and where one has not, it looks
 * for the next that has. Whether a record is good is not judged here.
 */
#pragma once

#include "proto/record/names.h"
#include "proto/record/record.h"

#define RECORD_FILE_VERSION  1
#define RECORD_FILE_HEAD_MAX (8 + 1 + 1 + NET_MAX)
#define RECORD_FILE_END      17
/* The reader gets on with any window of this many bytes. */
#define RECORD_FILE_WINDOW (RECORD_BYTES_MAX + 64)

/** record_file_head(b, net), record_file_add(b, record),
 * record_file_end(b, n): append. ERR_MORE: no room. */
NODISCARD err record_file_head(struct buf *b, struct slice net);
NODISCARD err record_file_add(struct buf *b, struct slice record);
NODISCARD err record_file_end(struct buf *b, uint64_t records);

enum record_file_event {
	RECORD_FILE_MORE, /* give it the rest of the window and what follows */
	RECORD_FILE_NET,  /* a head: ${net} of the reader is set */
	RECORD_FILE_RECORD, /* ${record} borrows the input */
	RECORD_FILE_DAMAGE, /* ${bytes} at ${offset} are no records, or lack */
	RECORD_FILE_DONE,   /* all was read */
};

struct record_file {
	char net[NET_MAX + 1];
	uint64_t offset;  /* of the next byte */
	uint64_t records; /* seen in all */
	/* of its own */
	uint64_t since_head;
	bool open; /* behind a head whose end has not come */
	bool any, lost;
};

struct record_file_item {
	enum record_file_event event;
	struct slice record;
	uint64_t offset, bytes;
	const char *why; /* of damage; static */
};

/**
 * record_file_next(f, in, last, item):
 * The next thing in ${in}, which is what follows after all that was taken so
 * far; what is used is taken off its front. ${last}: nothing comes after it.
 * ${f} begins as zeros. Ends with DONE; MORE only if not ${last}. Of a damaged
 * stretch there may be several events, one behind the other.
 */
void record_file_next(struct record_file *f, struct slice *in, bool last,
    struct record_file_item *item);
