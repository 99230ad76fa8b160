#include "proto/libp2p/multistream.h"

#include "proto/base/varint.h"

#define HEADER       "/multistream/1.0.0"
#define MESSAGES_MAX 256 /* of the peer, until we agree */

static err
line_put(struct queue *out, struct slice line)
{
	uint8_t room[MULTISTREAM_PARTIAL];
	struct buf b = { room, 0, sizeof(room) };

	ASSERT(line.n < MULTISTREAM_MAX);
	TRY(varint_put(&b, line.n + 1));
	TRY(buf_put(&b, line.p, line.n));
	TRY(buf_put_u8(&b, '\n'));
	return queue_put(out, b.p, b.n);
}

/* Takes one whole message off the front; the line is without its "\n". */
static err
line_get(struct slice *in, struct slice *line)
{
	uint64_t n = 0;
	size_t used = 0;

	const err e = varint_get(slice_of(in->p, MIN(in->n, 3)), &n, &used);
	if (e == ERR_MORE && in->n >= 3)
		return ERR_PEER;
	TRY(e);
	if (n == 0 || n > MULTISTREAM_MAX)
		return ERR_PEER;
	if (n > in->n - used)
		return ERR_MORE;
	*line = slice_of(in->p + used, (size_t)n - 1);
	if (line->p[line->n] != '\n')
		return ERR_PEER;
	slice_skip(in, used + (size_t)n);
	return OK;
}

err
multistream_start(struct multistream *m, bool dialer,
    const char *const *protocols, size_t n, struct queue *out)
{
	ASSERT(n > 0 || !dialer);
	*m = (struct multistream){
		.protocols = protocols,
		.protocols_n = n,
		.dialer = dialer,
		.state = MULTISTREAM_HEADER,
	};
	if (!dialer)
		return OK;
	TRY(line_put(out, slice_str(HEADER)));
	return line_put(out, slice_str(protocols[0]));
}

/* The list of "ls": a message of messages, then "\n". As much as fits. */
static err
list_put(const struct multistream *m, struct queue *out)
{
	uint8_t room[MULTISTREAM_MAX];
	struct buf b = { room, 0, sizeof(room) - 1 };

	for (size_t i = 0; i < m->protocols_n; i++) {
		const struct slice id = slice_str(m->protocols[i]);
		if (id.n + 3 > buf_room(&b))
			break;
		TRY(varint_put(&b, id.n + 1));
		TRY(buf_put(&b, id.p, id.n));
		TRY(buf_put_u8(&b, '\n'));
	}
	return line_put(out, buf_slice(&b));
}

/*
 * What cannot become the header is not waited for: so a stranger to a private
 * network, and whoever speaks something else, learns it at once.
 */
static err
check_header(struct slice in)
{
	static const char header[] = "\x13" HEADER "\n";

	return memcmp(in.p, header, MIN(in.n, sizeof(header) - 1)) == 0
		   ? OK
		   : ERR_PEER;
}

static err
on_proposal(struct multistream *m, struct slice line, struct queue *out)
{
	if (slice_eq_str(line, "ls"))
		return list_put(m, out);
	for (size_t i = 0; i < m->protocols_n; i++)
		if (slice_eq_str(line, m->protocols[i])) {
			TRY(line_put(out, line));
			m->chosen = i;
			m->state = MULTISTREAM_DONE;
			return OK;
		}
	return line_put(out, slice_str("na"));
}

static err
on_answer(struct multistream *m, struct slice line, struct queue *out)
{
	if (slice_eq_str(line, m->protocols[m->chosen])) {
		m->state = MULTISTREAM_DONE;
		return OK;
	}
	if (!slice_eq_str(line, "na"))
		return ERR_PEER;
	if (m->chosen + 1 == m->protocols_n)
		return ERR_NOTFOUND;
	m->chosen++;
	return line_put(out, slice_str(m->protocols[m->chosen]));
}

err
multistream_recv(struct multistream *m, struct slice *in, struct queue *out)
{
	while (m->state != MULTISTREAM_DONE) {
		struct slice line;

		if (m->state == MULTISTREAM_HEADER && in->n > 0)
			TRY(check_header(*in));
		TRY(line_get(in, &line));
		if (m->messages++ == MESSAGES_MAX)
			return ERR_LIMIT;
		if (m->state == MULTISTREAM_HEADER) {
			if (!m->dialer)
				TRY(line_put(out, slice_str(HEADER)));
			m->state = MULTISTREAM_CHOICE;
		} else if (m->dialer) {
			TRY(on_answer(m, line, out));
		} else {
			TRY(on_proposal(m, line, out));
		}
	}
	return OK;
}
