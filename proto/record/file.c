#include "proto/record/file.h"

#include "proto/base/varint.h"

static const uint8_t head_magic[8] = "OHCNREC\n";
static const uint8_t end_magic[8] = "OHCNEND\n";

/* ---- writing ---- */

err
record_file_head(struct buf *b, struct slice net)
{
	ASSERT(net.n > 0 && net.n <= NET_MAX);
	if (buf_room(b) < sizeof(head_magic) + 2 + net.n)
		return ERR_MORE;
	TRY(buf_put(b, head_magic, sizeof(head_magic)));
	TRY(buf_put_u8(b, RECORD_FILE_VERSION));
	TRY(varint_put(b, net.n));
	return buf_put(b, net.p, net.n);
}

err
record_file_add(struct buf *b, struct slice record)
{
	ASSERT(record.n > 0 && record.n <= RECORD_BYTES_MAX);
	if (buf_room(b) < varint_len(record.n) + record.n)
		return ERR_MORE;
	TRY(varint_put(b, record.n));
	return buf_put(b, record.p, record.n);
}

err
record_file_end(struct buf *b, uint64_t records)
{
	uint8_t end[RECORD_FILE_END] = { 0 };

	put_u64be(end + 1, records);
	memcpy(end + 9, end_magic, sizeof(end_magic));
	return buf_put(b, end, sizeof(end));
}

/* ---- reading ---- */

/* What may stand at the front of the input, and how many bytes it has. */
enum found { FOUND_NOTHING, FOUND_MORE, FOUND_HEAD, FOUND_RECORD, FOUND_END };

struct look {
	enum found found;
	size_t skip, n;  /* of the payload; both are used */
	const char *why; /* NOTHING */
};

/*
 * The outer shape of a record: an array of three, of which the first is as
 * long as it says and the last is 64 bytes at the end; between them a number.
 */
static bool
is_shaped(struct slice r)
{
	size_t head, body;

	if (r.n < 4 || r.p[0] != 0x93)
		return false;
	if (r.p[1] == 0xc4) {
		head = 3;
		body = r.p[2];
	} else if (r.p[1] == 0xc5) {
		head = 4;
		body = get_u16be(r.p + 2);
	} else {
		return false;
	}
	const size_t rest = head + body + 2 + ED25519_SIG;
	return r.n > rest && r.n <= rest + 9 &&
	       r.p[r.n - ED25519_SIG - 2] == 0xc4 &&
	       r.p[r.n - ED25519_SIG - 1] == ED25519_SIG;
}

static struct look
nothing(const char *why)
{
	return (struct look){ .found = FOUND_NOTHING, .why = why };
}

static struct look
look_head(struct slice in)
{
	const size_t fixed = sizeof(head_magic) + 2;

	if (memcmp(in.p, head_magic, MIN(in.n, sizeof(head_magic))) != 0)
		return nothing("this is no file of records");
	if (in.n < fixed)
		return (struct look){ .found = FOUND_MORE };
	if (in.p[8] != RECORD_FILE_VERSION)
		return nothing("the file is of another version");
	if (in.p[9] == 0 || in.p[9] > NET_MAX)
		return nothing("the network has no name");
	if (in.n < fixed + in.p[9])
		return (struct look){ .found = FOUND_MORE };
	if (!net_is_valid(slice_of(in.p + fixed, in.p[9])))
		return nothing("the network has no name");
	return (struct look){ FOUND_HEAD, fixed, in.p[9], NULL };
}

static struct look
look_end(struct slice in)
{
	if (in.n < RECORD_FILE_END)
		return (struct look){ .found = FOUND_MORE };
	if (memcmp(in.p + 9, end_magic, sizeof(end_magic)) != 0)
		return nothing("this is no record");
	return (struct look){ FOUND_END, RECORD_FILE_END, 0, NULL };
}

static struct look
look_record(struct slice in)
{
	uint64_t n = 0;
	size_t used = 0;
	const err e = varint_get(in, &n, &used);

	if (e == ERR_MORE)
		return (struct look){ .found = FOUND_MORE };
	if (e != OK)
		return nothing("there is no length");
	if (n > RECORD_BYTES_MAX)
		return nothing("the length is that of no record");
	if (in.n > used && in.p[used] != 0x93)
		return nothing("this is no record");
	if (in.n - used < n)
		return (struct look){ .found = FOUND_MORE };
	if (!is_shaped(slice_of(in.p + used, (size_t)n)))
		return nothing("this is no record");
	return (struct look){ FOUND_RECORD, used, (size_t)n, NULL };
}

static struct look
look_at(const struct record_file *f, struct slice in)
{
	if (!f->any && f->offset > 0)
		return nothing("this is no file of records");
	if (in.p[0] == head_magic[0] || !f->any)
		return look_head(in);
	return in.p[0] == 0 ? look_end(in) : look_record(in);
}

static void
take(struct record_file *f, struct slice *in, size_t n)
{
	slice_skip(in, n);
	f->offset += n;
}

static void
damage(struct record_file_item *item, uint64_t offset, uint64_t bytes,
    const char *why)
{
	*item = (struct record_file_item){ .event = RECORD_FILE_DAMAGE,
		.offset = offset,
		.bytes = bytes,
		.why = why };
}

/* To the next thing that has the shape of something. */
static void
skip_damage(struct record_file *f, struct slice *in, bool last, const char *why,
    struct record_file_item *item)
{
	const uint64_t from = f->offset;

	f->lost = true;
	if (!f->any) { /* not ours at all: nothing in it is looked for */
		damage(item, from, in->n, why);
		take(f, in, in->n);
		return;
	}
	do {
		take(f, in, 1);
		if (in->n == 0)
			break;
		const struct look l = look_at(f, *in);
		if (l.found == FOUND_MORE ? !last : l.found != FOUND_NOTHING)
			break;
	} while (true);
	damage(item, from, f->offset - from, why);
}

static void
on_head(struct record_file *f, struct slice name, struct record_file_item *item)
{
	memcpy(f->net, name.p, name.n);
	f->net[name.n] = '\0';
	f->open = f->any = true;
	f->since_head = 0;
	f->lost = false;
	item->event = RECORD_FILE_NET;
}

/* True: there is nothing to be said of it. */
static bool
on_end(struct record_file *f, uint64_t told, uint64_t offset,
    struct record_file_item *item)
{
	const bool fine = f->open && (f->lost || told == f->since_head);

	f->open = f->lost = false;
	if (!fine)
		damage(item, offset, 0, "records are missing before the end");
	return fine;
}

void
record_file_next(struct record_file *f, struct slice *in, bool last,
    struct record_file_item *item)
{
	*item = (struct record_file_item){ .event = RECORD_FILE_MORE };
	while (in->n > 0) {
		const struct slice whole = *in;
		const uint64_t at = f->offset;
		const struct look l = look_at(f, whole);

		if (l.found == FOUND_MORE && !last)
			return;
		if (l.found == FOUND_MORE || l.found == FOUND_NOTHING) {
			skip_damage(f, in, last,
			    l.why != NULL ? l.why : "the file is cut short",
			    item);
			return;
		}
		if (l.found == FOUND_HEAD && f->open) {
			f->open = f->lost = false;
			damage(
			    item, at, 0, "the end of the file before it lacks");
			return;
		}
		take(f, in, l.skip + l.n);
		if (l.found == FOUND_HEAD) {
			on_head(f, slice_of(whole.p + l.skip, l.n), item);
			return;
		}
		if (l.found == FOUND_RECORD) {
			f->records++;
			f->since_head++;
			item->event = RECORD_FILE_RECORD;
			item->offset = at;
			item->record = slice_of(whole.p + l.skip, l.n);
			return;
		}
		if (!on_end(f, get_u64be(whole.p + 1), at, item))
			return;
	}
	if (!last)
		return;
	if (f->offset == 0 && !f->lost) {
		f->lost = true;
		damage(item, 0, 0, "the file is empty");
		return;
	}
	if (f->open) {
		f->open = false;
		damage(item, f->offset, 0, "the file is cut short");
		return;
	}
	item->event = RECORD_FILE_DONE;
}
