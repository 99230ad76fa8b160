#include "proto/base/text.h"

#define BASE58_IN_MAX 256

static const char hex_digits[] = "0123456789abcdef";
static const char b32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char b58_digits[] =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* The value of a digit in an alphabet, or -1. */
static int
digit_of(const char *alphabet, uint8_t c)
{
	const char *at = c == 0 ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

static int
hex_digit(uint8_t c)
{
	return digit_of(hex_digits, c >= 'A' && c <= 'F' ? c | 0x20 : c);
}

err
hex_put(char *out, size_t cap, struct slice in)
{
	ASSERT(cap > 0);
	out[0] = 0;
	if (in.n > (cap - 1) / 2)
		return ERR_MORE;
	for (size_t i = 0; i < in.n; i++) {
		out[2 * i] = hex_digits[in.p[i] >> 4];
		out[2 * i + 1] = hex_digits[in.p[i] & 15];
	}
	out[2 * in.n] = 0;
	return OK;
}

err
hex_get(struct slice text, struct buf *out)
{
	if (text.n % 2 != 0)
		return ERR_FORM;
	if (text.n / 2 > buf_room(out))
		return ERR_MORE;
	for (size_t i = 0; i < text.n; i += 2) {
		const int hi = hex_digit(text.p[i]);
		const int lo = hex_digit(text.p[i + 1]);
		if (hi < 0 || lo < 0)
			return ERR_FORM;
		TRY(buf_put_u8(out, (uint8_t)(hi << 4 | lo)));
	}
	return OK;
}

err
base32_put(char *out, size_t cap, struct slice in)
{
	size_t n = 0;
	uint32_t acc = 0;
	unsigned bits = 0;

	ASSERT(cap > 0);
	out[0] = 0;
	if (in.n > SIZE_MAX / 8 || (in.n * 8 + 4) / 5 > cap - 1)
		return ERR_MORE;
	for (size_t i = 0; i < in.n; i++) {
		acc = acc << 8 | in.p[i];
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			out[n++] = b32_digits[acc >> bits & 31];
		}
	}
	if (bits > 0)
		out[n++] = b32_digits[acc << (5 - bits) & 31];
	out[n] = 0;
	return OK;
}

err
base32_get(struct slice text, struct buf *out)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < text.n; i++) {
		const int d = digit_of(b32_digits, text.p[i]);
		if (d < 0)
			return ERR_FORM;
		acc = acc << 5 | (uint32_t)d;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			TRY(buf_put_u8(out, (uint8_t)(acc >> bits)));
		}
	}
	/* Only padding bits may be left, and they must be zero. */
	if (bits >= 5 || (acc & ((UINT32_C(1) << bits) - 1)) != 0)
		return ERR_FORM;
	return OK;
}

err
base58_put(char *out, size_t cap, struct slice in)
{
	uint8_t digits[BASE58_IN_MAX] = { 0 };
	size_t zeros = 0, n = 0;

	ASSERT(cap > 0);
	out[0] = 0;
	while (zeros < in.n && in.p[zeros] == 0)
		zeros++;
	for (size_t i = zeros; i < in.n; i++) {
		uint32_t carry = in.p[i];
		for (size_t j = 0; j < n || carry > 0; j++) {
			if (j == sizeof(digits))
				return ERR_MORE;
			if (j == n)
				n++;
			carry += (uint32_t)digits[j] << 8;
			digits[j] = (uint8_t)(carry % 58);
			carry /= 58;
		}
	}
	if (n >= cap || zeros >= cap - n)
		return ERR_MORE;
	memset(out, '1', zeros);
	for (size_t j = 0; j < n; j++)
		out[zeros + j] = b58_digits[digits[n - 1 - j]];
	out[zeros + n] = 0;
	return OK;
}

err
base58_get(struct slice text, struct buf *out)
{
	uint8_t bytes[BASE58_IN_MAX] = { 0 };
	size_t zeros = 0, n = 0;

	if (text.n > BASE58_IN_MAX)
		return ERR_FORM;
	while (zeros < text.n && text.p[zeros] == '1')
		zeros++;
	for (size_t i = zeros; i < text.n; i++) {
		const int d = digit_of(b58_digits, text.p[i]);
		if (d < 0)
			return ERR_FORM;
		uint32_t carry = (uint32_t)d;
		for (size_t j = 0; j < n || carry > 0; j++) {
			ASSERT(j < sizeof(bytes));
			if (j == n)
				n++;
			carry += (uint32_t)bytes[j] * 58;
			bytes[j] = (uint8_t)carry;
			carry >>= 8;
		}
	}
	if (zeros > buf_room(out) || n > buf_room(out) - zeros)
		return ERR_MORE;
	for (size_t i = 0; i < zeros; i++)
		TRY(buf_put_u8(out, 0));
	for (size_t j = 0; j < n; j++)
		TRY(buf_put_u8(out, bytes[n - 1 - j]));
	return OK;
}

bool
utf8_next(struct slice *s, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = 0;
	uint32_t x = 0;

	if (s->n == 0)
		return false;
	const uint8_t c = s->p[0];
	if (c < 0x80)
		len = 1, x = c;
	else if (c >= 0xc2 && c < 0xe0)
		len = 2, x = c & 0x1f;
	else if (c >= 0xe0 && c < 0xf0)
		len = 3, x = c & 0x0f;
	else if (c >= 0xf0 && c < 0xf5)
		len = 4, x = c & 0x07;
	if (len == 0 || len > s->n)
		return false;
	for (size_t i = 1; i < len; i++) {
		if ((s->p[i] & 0xc0) != 0x80)
			return false;
		x = x << 6 | (s->p[i] & 0x3f);
	}
	if (x < least[len] || x > 0x10ffff || (x >= 0xd800 && x < 0xe000))
		return false;
	*cp = x;
	slice_skip(s, len);
	return true;
}

bool
text_is_clean(struct slice s)
{
	while (s.n > 0) {
		uint32_t c = 0;
		if (s.p[0] >= 0x20 && s.p[0] < 0x7f) { /* most of all text */
			slice_skip(&s, 1);
			continue;
		}
		if (!utf8_next(&s, &c))
			return false;
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			return false;
		if (c == 0x061c || c == 0x200e || c == 0x200f)
			return false;
		if (c >= 0x2028 && c <= 0x202e)
			return false;
		if (c >= 0x2066 && c <= 0x2069)
			return false;
	}
	return true;
}
