/*
 * vector_cases.h: what tests/vectors/ holds, as tables in words; the outcomes
 * are those that SPEC.md demands, written by hand, never computed by the code
 * under test. make_vectors.c turns them into bytes.
 *
 * Values are written in a notation of their own: 7, -3, true, "text", [..],
 * {key: value, ..} as in JSON, commas optional; h'00ff' is a bin, x'c0' are
 * raw bytes that stand for one value, ~5 is a str of five letters, #5 a bin
 * of five zero bytes, 65*V in a list is V 65 times, en is a language's code.
 * In ${outer}, B is the body as a bin, L the same with a longer header than
 * needed, S the signature, T the signature with a longer header.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_NET  "test-a"
#define VECTOR_HOUR UINT64_C(500000)
#define VECTOR_NOW  (VECTOR_HOUR * 3600 + 60)

enum stamp_way {
	STAMP_RIGHT, /* type 1; none on a revocation */
	STAMP_ABSENT,
	STAMP_OF_OTHER, /* another author's */
	STAMP_UNWORKED, /* a nonce that falls short */
	STAMP_SHORT,
	STAMP_LONG,
	STAMP_TYPE_2,
	STAMP_TYPE_0,
	STAMP_FORCED, /* type 1 also on a revocation */
	CERT_RIGHT,
	CERT_SHORT,
	CERT_LONG,
	CERT_ENDS_EARLY, /* not_after is one hour before expires */
	CERT_UNWORKED,   /* the company has not done its work */
	CERT_NONCE_OF_AUTHOR,
	CERT_FOR_OTHER,    /* names another one-time key */
	CERT_OTHER_NET,    /* signed for another network */
	CERT_OTHER_DOMAIN, /* signed as a record is */
	CERT_OTHER_KEY,    /* signed by somebody else */
	CERT_FLIPPED,      /* one bit of the certificate */
	CERT_NOT_AFTER,    /* not_after raised after signing */
};

enum sign_way {
	SIGN_RIGHT,
	SIGN_FLIPPED,
	SIGN_FLIPPED_R,
	SIGN_OTHER_KEY,
	SIGN_PLUS_L, /* S + L: the same number modulo L */
	SIGN_OTHER_DOMAIN,
	SIGN_OTHER_NET,
	SIGN_OTHER_TYPE, /* sigtype 2 in the signed bytes */
	SIGN_BODY,       /* over the body, not its id */
	SIGN_ZERO,
	SIGN_TWO_B, /* R = 2B, S = 2: good for a key of order 1, if allowed */
	SIGN_GIVEN, /* ${sig} */
};

#define PV_0 UINT64_MAX

struct vector_case {
	const char *name;
	const char *want;  /* outcome; NULL: fine */
	const char *topic; /* class; NULL: any */
	unsigned author;
	uint32_t kind; /* 0: profile */
	uint32_t slot;
	uint64_t seq;       /* 0: VECTOR_HOUR << 8 */
	uint64_t expires_h; /* 0: 24 hours after seq; a revocation 9600 */
	uint64_t flags;
	uint64_t pv;           /* 0: 1; PV_0: 0 */
	uint64_t now;          /* the judge's clock; 0: VECTOR_NOW */
	const char *region;    /* NULL: de */
	const char *net;       /* NULL: VECTOR_NET */
	const char *payload;   /* NULL: a small one that fits */
	const char *field[12]; /* in place of the above */
	const char *body;      /* in place of all fields */
	const char *body_tail; /* after the body */
	const char *outer;     /* NULL: [B, 1, S] */
	const char *key;       /* the author's key in hex */
	const char *sig;       /* in hex, for SIGN_GIVEN */
	unsigned count;        /* fields written, if not 12 */
	size_t body_bytes;     /* payload filled up under key 5 to this size */
	size_t cut, body_cut;  /* bytes taken off the end */
	enum stamp_way stamp;
	enum sign_way sign;
	bool opaque;
};

#define T1    "h'0102030405060708'"
#define T2    "h'ffeeddccbbaa9988'"
#define SKILL "{0:" T1 " 2:3}"
#define EN_A  "{en:\"A\"}"
#define ORG   "0:" EN_A
#define GIG   "0:2 2:" EN_A
#define CLASS "0:1 2:" EN_A " 4:[{0:" T1 " 4:2}]"
#define TEST  "0:" EN_A " 2:[{0:" T1 "}]"
#define WAY   "0:" EN_A " 4:[{2:[" SKILL "]}]"
#define GROUP "0:" EN_A " 2:[" T1 "] 18:[#32] 20:1"
#define VOUCH "0:#32 2:1 4:1 6:0"
#define SLOT  "{0:#32 2:0}"
#define ENTRY "{0:\"a:b\" 2:1 4:{en:\"a\"}}"
#define TABLE "0:1 2:" EN_A " 4:1 6:[{0:1}] 8:2 18:0 20:1"

/* A profile with ${v} under key 1, which every reader skips. */
#define SKIPPED(n, v)                                                          \
	{                                                                      \
		.name = (n), .payload = "{1:" v "}"                            \
	}
#define REFUSED(n, v)                                                          \
	{                                                                      \
		.name = (n), .payload = "{1:" v "}", .want = "not-canonical"   \
	}
/* The same in raw bytes, which need not come one value at a time. */
#define RAW(n, ...)                                                            \
	{                                                                      \
		.name = (n), .payload = "x'8101' " __VA_ARGS__,                \
		.want = "not-canonical"                                        \
	}
#define FIELD(n, i, v, w)                                                      \
	{                                                                      \
		.name = (n), .field = { [i] = (v) }, .want = (w)               \
	}
#define OUTER(n, o, w)                                                         \
	{                                                                      \
		.name = (n), .outer = (o), .want = (w)                         \
	}
#define BODY_IS(n, b, w)                                                       \
	{                                                                      \
		.name = (n), .body = (b), .want = (w)                          \
	}
#define FITS(n, k, p)                                                          \
	{                                                                      \
		.name = (n), .kind = (k), .payload = (p)                       \
	}
#define BREAKS(n, k, p)                                                        \
	{                                                                      \
		.name = (n), .kind = (k), .payload = (p),                      \
		.want = "bad-payload"                                          \
	}
#define SIGNED(n, s)                                                           \
	{                                                                      \
		.name = (n), .sign = (s), .want = "bad-signature"              \
	}
#define CERTIFIED(n, s)                                                        \
	{                                                                      \
		.name = (n), .kind = 11, .stamp = (s), .want = "bad-stamp"     \
	}

static const struct vector_case vector_cases[] = {
	/* What is fine. */
	{ .name = "profile, empty" },
	{ .name = "organisation, small", .kind = 2, .topic = "demand" },
	{ .name = "demand, small", .kind = 3, .topic = "demand" },
	{ .name = "course, small", .kind = 4, .topic = "learn" },
	{ .name = "assessment, small", .kind = 5, .topic = "learn" },
	{ .name = "pathway, small", .kind = 6, .topic = "learn" },
	{ .name = "community, small", .kind = 7, .topic = "learn" },
	{ .name = "attestation, small", .kind = 8, .topic = "meta" },
	{ .name = "vocabulary, small", .kind = 9, .topic = "meta" },
	{ .name = "statistic, small", .kind = 10, .topic = "meta" },
	{ .name = "envelope", .kind = 11, .topic = "mail" },
	{ .name = "revocation", .kind = 12, .topic = "meta" },
	{ .name = "open kind 64", .kind = 64, .topic = "meta", .opaque = true },
	{ .name = "open kind 127",
	    .kind = 127,
	    .topic = "meta",
	    .payload = "{0:\"anything\" 2:[1 2 3]}",
	    .opaque = true },
	{ .name = "profile, every field",
	    .topic = "people",
	    .payload =
		"{0:[" SKILL "{0:" T2 " 2:5}] 2:[" SKILL "] 4:[" T1 " " T2 "] "
		"6:5 8:[{0:de 2:7}{0:gsw 2:1}] 10:3 12:511 14:1 16:#32 "
		"18:[{0:\"urn:x:a\" 2:{de:\"ä\" en:\"a\"}}]}" },
	{ .name = "organisation, every field",
	    .kind = 2,
	    .region = "zz",
	    .payload =
		"{0:{de:\"Bäcker\" en:\"Baker\"} 1:{en:~2000} "
		"2:{0:\"example.org\" 2:1} 4:\"10710\" 6:3 8:[\"de\" \"zz\"] "
		"10:[#32 #32] 12:#32 14:5 16:#32 18:6 "
		"20:\"https://example.org/\"}" },
	{ .name = "demand, every field",
	    .kind = 3,
	    .slot = 1023,
	    .payload =
		"{0:1 1:{en:\"x\"} 2:{en:~120} 4:#32 "
		"6:[{0:" T1 " 2:0 4:100 6:1}{0:" T2 " 4:1}] 8:[" SKILL "] "
		"10:[{0:1 2:100 8:" T1 "}{0:2 4:9007199254740991 6:\"EUR\"}] "
		"12:7 14:168 16:24 18:7 20:0 22:\"Berlin\" 24:2 26:-720 "
		"28:{0:0 2:180000 4:\"EUR\" 6:4} 30:{en:~280} 32:2 34:10000 "
		"36:4294967295 38:4 40:0 42:\"ref 1\" 44:[{0:en 2:3}] "
		"46:500000 48:520 50:\"a:bc\" 52:[{0:\"a:b\" 2:{en:\"a\"}}] "
		"54:[" T2 "] 56:2 58:" T1 " 60:{0:#32 2:1023}}" },
	{ .name = "course, every field",
	    .kind = 4,
	    .slot = 255,
	    .payload =
		"{0:6 1:{en:\"x\"} 2:{fr:\"Été\"} 4:[{0:" T1 " 2:0 4:5}] "
		"6:[" SKILL "] 8:10000 10:1000 12:0 14:1000000 16:1 18:[de en] "
		"20:63 22:6 24:31 26:0 28:{0:0 2:\"JPY\"} 30:{en:\"x\"} "
		"32:{0:#32 2:1} 34:[#32] 36:" SLOT " 38:~256 "
		"40:[{0:~256 2:{en:~120}}] 42:~64 44:1 46:[{0:#32 2:5 "
		"4:#64}] 48:#32 50:[#32 #32] 52:7 54:1440 56:499 "
		"58:" SLOT " 60:~80 62:840 64:0}" },
	{ .name = "assessment, every field",
	    .kind = 5,
	    .slot = 31,
	    .payload =
		"{0:{en:~120} 1:{en:\"x\"} 2:[{0:" T1 " 2:1 4:5}{0:" T2 "}] "
		"4:[{0:" T1 " 2:1 4:{de:\"ä\" en:~1000} 6:[" EN_A
		"{de:~300 en:\"b\"}] 8:5 12:1}"
		"{0:" T1 " 2:2 4:" EN_A " 6:[" EN_A EN_A "] 8:1 16:#16}"
		"{0:" T2 " 2:3 4:" EN_A " 8:3 12:-1000000000000 "
		"14:1000000000000}"
		"{0:" T2 " 2:4 4:" EN_A "}"
		"{0:" T2 " 2:5 4:" EN_A " 6:[" EN_A EN_A "] 10:[1 5]}] 6:1 "
		"8:{0:128 2:1000} 10:10000 12:[de en] "
		"14:{0:\"https://example.org/\" 2:#32} 16:#16 38:~256 "
		"40:[{0:\"a:b\" 2:{en:\"a\"}}] 42:~64 44:#32}" },
	{ .name = "pathway, every field",
	    .kind = 6,
	    .slot = 31,
	    .payload =
		"{0:{en:~120} 1:{en:\"x\"} 2:" T1 " 4:[{0:{en:~120} 2:[" SKILL
		"{0:" T2 " 2:5}] 4:[" SLOT "] 6:{en:~1000} 10:101 12:10000}"
		"{8:[0 63] 10:499 14:1 16:[" SLOT "]}{}] 6:[de en] "
		"8:[" SKILL "] 10:{en:~120} 38:~256 "
		"40:[{0:\"a:b\" 2:{en:\"a\"}}] 42:~64 44:#32 "
		"46:[{0:#32 2:4 4:#64}]}" },
	{ .name = "community, every field",
	    .kind = 7,
	    .slot = 31,
	    .payload =
		"{0:{en:~120} 1:{en:~2000} 2:[" T1 " " T2 "] 4:[" SKILL "] "
		"6:[" SKILL "] 8:7 10:1440 12:1000000 14:1 16:[{0:" EN_A
		"1:{en:~500} 2:[" SKILL "] 4:744 6:10000 8:0}{0:" EN_A "}] "
		"18:[#32 #32] 20:3 22:{en:\"x\"} 24:[\"de\"] 26:~80 28:3 "
		"30:[de] 32:0 34:#32 36:[" SLOT "] 38:~256 "
		"40:[{0:\"a:b\" 2:{en:\"a\"}}] 42:~64 44:#32}" },
	{ .name = "attestation, every field",
	    .kind = 8,
	    .slot = 255,
	    .payload = "{0:#32 1:{en:~500} 2:63 4:1000 6:4294967295 "
		       "8:[" T1 " " T2 "] 10:5}" },
	{ .name = "envelope of 2048 bytes",
	    .kind = 11,
	    .region = "zz",
	    .payload = "{0:#2048}" },
	{ .name = "envelope of 4096 bytes",
	    .kind = 11,
	    .region = "zz",
	    .payload = "{0:#4096}" },
	{ .name = "vocabulary, every field",
	    .kind = 9,
	    .slot = 63,
	    .payload = "{0:[{0:\"urn:x:a\" 2:5 4:{en:\"a\"} 6:[" T1 "] 8:[" T2
		       "] 10:[" T1 "]}" ENTRY "] 2:{en:\"V\"} 4:\"CC0-1.0\"}" },
	{ .name = "statistic, every field",
	    .kind = 10,
	    .slot = 255,
	    .payload =
		"{0:11 1:{en:\"x\"} 2:{en:~120} 4:4 6:[{0:-1000000000000 "
		"2:" T1 " 4:\"2512\" 6:\"C\" 8:\"de\" 10:0 12:4294967295 "
		"14:9007199254740991 16:-1 18:1000000000000}{0:0}] 8:6 10:9 "
		"12:\"EUR\" 14:5 16:{0:{en:\"Office\"} 2:\"CC-BY-4.0\" "
		"4:~256 6:~80} 18:499000 20:500000 22:{0:10 2:3 4:80} "
		"24:{0:1 2:1000 4:1 6:23 8:6} 26:[{0:\"a:b\" 2:{en:\"a\"}}] "
		"42:~64 46:[{0:#32 2:4 4:#64}]}" },
	{ .name = "revocation, stolen, of 9600 hours",
	    .kind = 12,
	    .expires_h = VECTOR_HOUR + 9600,
	    .payload = "{0:3}" },
	{ .name = "revocation made 9599 hours ago",
	    .kind = 12,
	    .seq = (VECTOR_HOUR - 9599) << 8,
	    .expires_h = VECTOR_HOUR + 1 },
	{ .name = "tombstone of a profile", .flags = 1 },
	{ .name = "tombstone of a demand", .kind = 3, .slot = 7, .flags = 1 },
	{ .name = "tombstone of an open kind", .kind = 99, .flags = 1 },
	{ .name = "tombstone with an unknown pv", .flags = 1, .pv = 7 },
	{ .name = "pv 0 was a draft: anything goes",
	    .pv = PV_0,
	    .payload = "{0:\"no list\" 6:99}",
	    .opaque = true },
	{ .name = "revocation of pv 0",
	    .kind = 12,
	    .pv = PV_0,
	    .payload = "{0:1}",
	    .opaque = true },
	{ .name = "pv without schema: anything goes",
	    .pv = 2,
	    .payload = "{0:\"no list\" 6:99}",
	    .opaque = true },
	{ .name = "largest pv", .pv = 9007199254740991, .opaque = true },
	{ .name = "unknown odd key is skipped", .payload = "{6:1 19:[true]}" },
	{ .name = "unknown even key makes it opaque",
	    .payload = "{6:1 20:0}",
	    .opaque = true },
	{ .name = "unknown odd key within",
	    .payload = "{0:[{0:" T1 " 1:{} 2:3}]}" },
	{ .name = "unknown even key within makes it opaque",
	    .payload = "{0:[{0:" T1 " 2:3 4:0}]}",
	    .opaque = true },
	{ .name = "key 2^64-1", .payload = "{18446744073709551615:0}" },
	{ .name = "key 2^32 makes it opaque",
	    .payload = "{4294967296:0}",
	    .opaque = true },
	{ .name = "key 2^32+1 is skipped", .payload = "{4294967297:0}" },
	{ .name = "key 2^53 makes it opaque",
	    .payload = "{9007199254740992:0}",
	    .opaque = true },
	{ .name = "key 2^64-2 makes it opaque",
	    .payload = "{18446744073709551614:0}",
	    .opaque = true },
	{ .name = "tombstone of a kind without schema", .kind = 8, .flags = 1 },
	{ .name = "envelope under a certificate",
	    .kind = 11,
	    .stamp = CERT_RIGHT },
	{ .name = "longest life of a profile",
	    .expires_h = VECTOR_HOUR + 2160 },
	{ .name = "longest life of a demand",
	    .kind = 3,
	    .expires_h = VECTOR_HOUR + 1440 },
	{ .name = "longest life of an envelope",
	    .kind = 11,
	    .expires_h = VECTOR_HOUR + 336 },
	{ .name = "longest life of an open kind",
	    .kind = 64,
	    .expires_h = VECTOR_HOUR + 720,
	    .opaque = true },
	{ .name = "shortest life", .expires_h = VECTOR_HOUR + 1 },
	{ .name = "counter 63", .seq = VECTOR_HOUR << 8 | 63 },
	{ .name = "made 89 days ago",
	    .seq = (VECTOR_HOUR - 2136) << 8,
	    .expires_h = VECTOR_HOUR + 24 },
	{ .name = "profile of 4096 bytes", .body_bytes = 4096 },
	{ .name = "open kind of 1024 bytes",
	    .kind = 64,
	    .body_bytes = 1024,
	    .opaque = true },
	{ .name = "organisation of 16384 bytes",
	    .kind = 2,
	    .body_bytes = 16384 },
	{ .name = "any region of two letters", .region = "qq" },
	{ .name = "last slot of an envelope", .kind = 11, .slot = 511 },

	/* Canonical msgpack: the edges of what is allowed. */
	SKIPPED("integers at the edges of their forms",
	    "[0 127 128 255 256 65535 65536 4294967295 4294967296 "
	    "18446744073709551615 -1 -32 -33 -128 -129 -32768 -32769 "
	    "-2147483648 -2147483649 -9223372036854775808]"),
	SKIPPED("booleans", "[true false]"),
	SKIPPED("texts and bins at the edges of their forms",
	    "[\"\" ~31 ~32 ~255 ~256 #0 #255 #256]"),
	SKIPPED("arrays and maps of 15 and 16",
	    "[[15*0] [16*0] {0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9 10:10 "
	    "11:11 12:12 13:13 14:14} {0:0 1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 "
	    "9:9 10:10 11:11 12:12 13:13 14:14 15:15}]"),
	SKIPPED("depth 6", "[[[[]]]]"),
	SKIPPED("depth 6 by maps", "{1:{1:{1:{1:0}}}}"),
	SKIPPED("a bin that holds what is not canonical", "h'c0c1ff'"),
	FITS("4096 items", 2, "{" ORG " 3:[4077*0]}"),
	SKIPPED("code points next to those refused",
	    "[x'a120' x'a17e' x'a2c2a0' x'a2d89b' x'a2d89d' x'a3e2808d' "
	    "x'a3e28090' x'a3e280a7' x'a3e280af' x'a3e281a5' x'a3e281aa']"),
	SKIPPED("U+200C, U+200D and U+FEFF",
	    "[x'a3e2808c' x'a3e2808d' x'a3efbbbf']"),
	SKIPPED("code points at the edges of UTF-8",
	    "[x'a2dfbf' x'a3e0a080' x'a3ed9fbf' x'a3ee8080' x'a3efbbbf' "
	    "x'a3efbfbf' x'a4f0908080' x'a4f48fbfbf']"),

	/* Canonical msgpack: what is refused. */
	REFUSED("uint 8 for 127", "x'cc7f'"),
	REFUSED("uint 8 for 0", "x'cc00'"),
	REFUSED("uint 16 for 255", "x'cd00ff'"),
	REFUSED("uint 32 for 65535", "x'ce0000ffff'"),
	REFUSED("uint 64 for 2^32-1", "x'cf00000000ffffffff'"),
	REFUSED("int 8 for 5", "x'd005'"),
	REFUSED("int 8 for -32", "x'd0e0'"),
	REFUSED("int 16 for 300", "x'd1012c'"),
	REFUSED("int 16 for -128", "x'd1ff80'"),
	REFUSED("int 32 for 65536", "x'd200010000'"),
	REFUSED("int 32 for -32768", "x'd2ffff8000'"),
	REFUSED("int 64 for 2^32", "x'd30000000100000000'"),
	REFUSED("int 64 for -2^31", "x'd3ffffffff80000000'"),
	REFUSED("str 8 for 1 byte", "x'd90161'"),
	REFUSED("str 8 for 31 bytes",
	    "x'd91f6161616161616161616161616161616161616161616161616161616161"
	    "6161'"),
	REFUSED("str 16 for 2 bytes", "x'da00026161'"),
	REFUSED("str 32 for 0 bytes", "x'db00000000'"),
	REFUSED("bin 16 for 1 byte", "x'c5000100'"),
	REFUSED("bin 32 for 0 bytes", "x'c600000000'"),
	REFUSED("array 16 for 1", "x'dc000100'"),
	REFUSED("array 32 for 0", "x'dd00000000'"),
	REFUSED("map 16 for 1", "x'de00010000'"),
	REFUSED("map 32 for 0", "x'df00000000'"),
	RAW("str 16 for 32 bytes", "x'da0020' 32*x'61'"),
	RAW("str 16 for 255 bytes", "x'da00ff' 255*x'61'"),
	RAW("str 32 for 256 bytes", "x'db00000100' 256*x'61'"),
	RAW("bin 16 for 255 bytes", "x'c500ff' 255*0"),
	RAW("bin 32 for 256 bytes", "x'c600000100' 256*0"),
	RAW("array 16 for 15", "x'dc000f' 15*0"),
	RAW("array 32 for 16", "x'dd00000010' 16*0"),
	RAW("map 16 for 15",
	    "x'de000f' 0 0 1 0 2 0 3 0 4 0 5 0 6 0 7 0 8 0 9 0 10 0 11 0 12 0 "
	    "13 0 14 0"),
	RAW("map 32 for 16",
	    "x'df00000010' 0 0 1 0 2 0 3 0 4 0 5 0 6 0 7 0 8 0 9 0 10 0 11 0 "
	    "12 0 13 0 14 0 15 0"),
	REFUSED("nil", "x'c0'"),
	REFUSED("never used c1", "x'c1'"),
	REFUSED("ext 8", "x'c7010500'"),
	REFUSED("ext 16", "x'c800010500'"),
	REFUSED("ext 32", "x'c9000000010500'"),
	REFUSED("float 32", "x'ca3f800000'"),
	REFUSED("float 64", "x'cb3ff0000000000000'"),
	REFUSED("fixext 1", "x'd40500'"),
	REFUSED("fixext 2", "x'd5050000'"),
	REFUSED("fixext 4", "x'd60500000000'"),
	REFUSED("fixext 8", "x'd7050000000000000000'"),
	REFUSED("fixext 16", "x'd80500000000000000000000000000000000'"),
	REFUSED("timestamp 32", "x'd6ff00000000'"),
	REFUSED("timestamp 64", "x'd7ff0000000000000000'"),
	REFUSED("timestamp 96", "x'c70cff000000000000000000000000'"),
	REFUSED("map keys descend", "{2:0 1:0}"),
	REFUSED("map key twice", "{1:0 1:0}"),
	REFUSED("map keys descend later", "{1:0 300:0 299:0}"),
	REFUSED("map key is a str", "{\"a\":0}"),
	REFUSED("map key is negative", "{-1:0}"),
	REFUSED("map key is false", "{false:0}"),
	REFUSED("map key is true", "{true:0}"),
	REFUSED("map key is an array", "{[]:0}"),
	REFUSED("map key is a bin", "{#1:0}"),
	REFUSED("map key not in its shortest form", "{x'cc01':0}"),
	REFUSED("UTF-8: continuation alone", "x'a180'"),
	REFUSED("UTF-8: overlong in 2", "x'a2c080'"),
	REFUSED("UTF-8: overlong in 2, U+007F", "x'a2c1bf'"),
	REFUSED("UTF-8: overlong in 3", "x'a3e09fbf'"),
	REFUSED("UTF-8: overlong in 4", "x'a4f08fbfbf'"),
	REFUSED("UTF-8: surrogate U+D800", "x'a3eda080'"),
	REFUSED("UTF-8: surrogate U+DFFF", "x'a3edbfbf'"),
	REFUSED("UTF-8: U+110000", "x'a4f4908080'"),
	REFUSED("UTF-8: first byte f5", "x'a4f5808080'"),
	REFUSED("UTF-8: first byte ff", "x'a1ff'"),
	REFUSED("UTF-8: cut after 1 of 2", "x'a1c3'"),
	REFUSED("UTF-8: cut after 2 of 3", "x'a2e282'"),
	REFUSED("UTF-8: cut after 3 of 4", "x'a3f09f98'"),
	REFUSED("UTF-8: no continuation", "x'a2c341'"),
	REFUSED("control U+0000", "x'a100'"),
	REFUSED("control: tab", "x'a109'"),
	REFUSED("control: line feed", "x'a10a'"),
	REFUSED("control U+001F", "x'a11f'"),
	REFUSED("control U+007F", "x'a17f'"),
	REFUSED("control U+0080", "x'a2c280'"),
	REFUSED("control U+009F", "x'a2c29f'"),
	REFUSED("bidi U+061C", "x'a2d89c'"),
	REFUSED("bidi U+200E", "x'a3e2808e'"),
	REFUSED("bidi U+200F", "x'a3e2808f'"),
	REFUSED("separator U+2028", "x'a3e280a8'"),
	REFUSED("separator U+2029", "x'a3e280a9'"),
	REFUSED("bidi U+202A", "x'a3e280aa'"),
	REFUSED("bidi U+202E", "x'a3e280ae'"),
	REFUSED("bidi U+2066", "x'a3e281a6'"),
	REFUSED("bidi U+2069", "x'a3e281a9'"),
	REFUSED("depth 7", "[[[[[]]]]]"),
	REFUSED("depth 7, an empty map", "[[[[{}]]]]"),
	REFUSED("depth 7 by maps", "{1:{1:{1:{1:{}}}}}"),
	{ .name = "4097 items",
	    .kind = 2,
	    .payload = "{" ORG " 3:[4078*0]}",
	    .want = "not-canonical" },
	REFUSED("array of 2^32-1 items", "x'ddffffffff'"),
	REFUSED("map of 2^32-1 pairs", "x'dfffffffff'"),
	REFUSED("map of 2^31 pairs", "x'df80000000'"),
	REFUSED("str longer than the body", "x'daffff61'"),
	REFUSED("bin longer than the body", "x'c6ffffffff00'"),
	{ .name = "byte after the body",
	    .body_tail = "0",
	    .want = "not-canonical" },
	{ .name = "body cut short", .body_cut = 1, .want = "not-canonical" },
	BODY_IS("empty body", "", "not-canonical"),
	OUTER("no bytes", "", "not-canonical"),
	OUTER("byte after the record", "[B 1 S] 0", "not-canonical"),
	OUTER("record twice", "[B 1 S] [B 1 S]", "not-canonical"),
	{ .name = "record cut short", .cut = 1, .want = "not-canonical" },
	OUTER("outer array 16", "x'dc0003' B 1 S", "not-canonical"),
	OUTER("body's header too long", "[L 1 S]", "not-canonical"),
	OUTER("sigtype's form too long", "[B x'cc01' S]", "not-canonical"),
	OUTER("signature's header too long", "[B 1 T]", "not-canonical"),
	OUTER("nil for the signature", "[B 1 x'c0']", "not-canonical"),
	FIELD("v's form too long", 0, "x'cc01'", "not-canonical"),
	FIELD("control in net", 1, "x'a2610a'", "not-canonical"),
	{ .name = "body's array 16",
	    .body = "x'dc000c' 1 \"test-a\" 1 #32 \"de\" 0 0 0 0 #0 0 {}",
	    .want = "not-canonical" },

	/* The outer shape. */
	OUTER("array of 2", "[B 1]", "malformed"),
	OUTER("array of 4", "[B 1 S 0]", "malformed"),
	OUTER("array of 0", "[]", "malformed"),
	OUTER("map outside", "{0:B 1:1 2:S}", "malformed"),
	OUTER("bin outside", "B", "malformed"),
	OUTER("integer outside", "7", "malformed"),
	OUTER("body is a str", "[\"body\" 1 S]", "malformed"),
	OUTER("body is an array", "[[] 1 S]", "malformed"),
	OUTER("sigtype is negative", "[B -1 S]", "malformed"),
	OUTER("sigtype is a str", "[B \"1\" S]", "malformed"),
	OUTER("sigtype is true", "[B true S]", "malformed"),
	OUTER("signature of 63 bytes", "[B 1 #63]", "malformed"),
	OUTER("signature of 65 bytes", "[B 1 #65]", "malformed"),
	OUTER("signature is a str", "[B 1 ~64]", "malformed"),
	OUTER("sigtype 0", "[B 0 S]", "unknown-sigtype"),
	OUTER("sigtype 2", "[B 2 S]", "unknown-sigtype"),
	OUTER("sigtype 2^64-1, 100 bytes", "[B 18446744073709551615 #100]",
	    "unknown-sigtype"),
	{ .name = "sigtype 2 with a body that is not canonical",
	    .body = "x'c0'",
	    .outer = "[B 2 S]",
	    .want = "unknown-sigtype" },
	{ .name = "signature of 63 bytes, body not canonical",
	    .body = "x'c0'",
	    .outer = "[B 1 #63]",
	    .want = "malformed" },

	/* The body's shape. */
	BODY_IS("body is an integer", "1", "malformed"),
	BODY_IS("body is a map", "{0:1}", "malformed"),
	BODY_IS("body is an array of 0", "[]", "malformed"),
	BODY_IS("body is [1]", "[1]", "malformed"),
	BODY_IS("body is [\"1\"]", "[\"1\"]", "malformed"),
	BODY_IS("body is [2]", "[2]", "unknown-version"),
	{ .name = "11 fields", .count = 11, .want = "malformed" },
	{ .name = "13 fields", .count = 13, .want = "malformed" },
	{ .name = "13 fields of version 2",
	    .count = 13,
	    .field = { "2" },
	    .want = "unknown-version" },
	FIELD("v is 0", 0, "0", "unknown-version"),
	FIELD("v is 2", 0, "2", "unknown-version"),
	FIELD("v is negative", 0, "-1", "malformed"),
	FIELD("v is a str", 0, "\"1\"", "malformed"),
	FIELD("net is a bin", 1, "h'746573742d61'", "malformed"),
	FIELD("net is empty", 1, "\"\"", "malformed"),
	FIELD("net of 17", 1, "\"test-aaaaaaaaaaaa\"", "malformed"),
	FIELD("net with a capital", 1, "\"Test-a\"", "malformed"),
	FIELD("net with a dot", 1, "\"test.a\"", "malformed"),
	FIELD("net with a blank", 1, "\"test a\"", "malformed"),
	FIELD("net with an umlaut", 1, "\"test-ä\"", "malformed"),
	FIELD("kind is a str", 2, "\"profile\"", "malformed"),
	FIELD("kind is negative", 2, "-1", "malformed"),
	FIELD("author is a str", 3, "~32", "malformed"),
	FIELD("author of 31", 3, "#31", "malformed"),
	FIELD("author of 33", 3, "#33", "malformed"),
	FIELD("region is a bin", 4, "h'6465'", "malformed"),
	FIELD("region of 1", 4, "\"d\"", "malformed"),
	FIELD("region of 3", 4, "\"deu\"", "malformed"),
	FIELD("region in capitals", 4, "\"DE\"", "malformed"),
	FIELD("region with a digit", 4, "\"d1\"", "malformed"),
	FIELD("region is an umlaut", 4, "\"ä\"", "malformed"),
	FIELD("slot is a bin", 5, "#0", "malformed"),
	FIELD("slot is 2^32", 5, "4294967296", "malformed"),
	FIELD("seq is a str", 6, "\"0\"", "malformed"),
	FIELD("seq is negative", 6, "-5", "malformed"),
	FIELD("seq is 2^53", 6, "9007199254740992", "malformed"),
	FIELD("expires is an array", 7, "[]", "malformed"),
	FIELD("expires is 2^32", 7, "4294967296", "malformed"),
	FIELD("flags is true", 8, "true", "malformed"),
	FIELD("flags is 2^53", 8, "9007199254740992", "malformed"),
	FIELD("stamp is a str", 9, "~9", "malformed"),
	FIELD("stamp is an integer", 9, "0", "malformed"),
	FIELD("pv is a str", 10, "\"0\"", "malformed"),
	FIELD("pv is 2^53", 10, "9007199254740992", "malformed"),
	FIELD("payload is an array", 11, "[]", "malformed"),
	FIELD("payload is a bin", 11, "h'80'", "malformed"),
	FIELD("payload is an integer", 11, "0", "malformed"),

	/* Network, kind, class, size, flags, slot. */
	{ .name = "another network", .net = "test-b", .want = "wrong-net" },
	{ .name = "a network's name that begins like ours",
	    .net = "test-a1",
	    .want = "wrong-net" },
	{ .name = "another network before an unknown kind",
	    .net = "main",
	    .kind = 13,
	    .want = "wrong-net" },
	FIELD("kind 0", 2, "0", "unknown-kind"),
	{ .name = "kind 13", .kind = 13, .want = "unknown-kind" },
	{ .name = "kind 63", .kind = 63, .want = "unknown-kind" },
	{ .name = "kind 128", .kind = 128, .want = "unknown-kind" },
	FIELD("kind 2^32+1", 2, "4294967297", "unknown-kind"),
	FIELD("kind 2^64-1", 2, "18446744073709551615", "unknown-kind"),
	{ .name = "profile in demand",
	    .topic = "demand",
	    .want = "wrong-class" },
	{ .name = "demand in people",
	    .kind = 3,
	    .topic = "people",
	    .want = "wrong-class" },
	{ .name = "open kind in learn",
	    .kind = 64,
	    .topic = "learn",
	    .want = "wrong-class" },
	{ .name = "revocation in mail",
	    .kind = 12,
	    .topic = "mail",
	    .want = "wrong-class" },
	{ .name = "wrong class before too many bytes",
	    .topic = "learn",
	    .body_bytes = 4097,
	    .want = "wrong-class" },
	{ .name = "profile of 4097 bytes",
	    .body_bytes = 4097,
	    .want = "oversize" },
	{ .name = "profile of 4097 bytes before an unknown flag",
	    .body_bytes = 4097,
	    .flags = 2,
	    .want = "oversize" },
	{ .name = "open kind of 1025 bytes",
	    .kind = 64,
	    .body_bytes = 1025,
	    .want = "oversize" },
	{ .name = "body of 16385 bytes",
	    .kind = 2,
	    .body_bytes = 16385,
	    .want = "oversize" },
	{ .name = "body of 16385 bytes, not canonical",
	    .body = "16385*x'c1'",
	    .want = "oversize" },
	{ .name = "body of 16385 bytes, sigtype 2",
	    .body = "16385*x'c1'",
	    .outer = "[B 2 S]",
	    .want = "oversize" },
	{ .name = "body of 16385 bytes, signature of 2 bytes",
	    .body = "16385*x'c1'",
	    .outer = "[B 1 #2]",
	    .want = "oversize" },
	{ .name = "body of 16384 bytes, not canonical",
	    .body = "16384*x'c1'",
	    .want = "not-canonical" },
	{ .name = "record of 16465 bytes, not canonical",
	    .outer = "#16461 x'c0'",
	    .want = "oversize" },
	{ .name = "record of 16464 bytes, not canonical",
	    .outer = "#16460 x'c0'",
	    .want = "not-canonical" },
	{ .name = "flag bit 1", .flags = 2, .want = "unknown-flag" },
	{ .name = "flag bit 52",
	    .flags = UINT64_C(1) << 52,
	    .want = "unknown-flag" },
	{ .name = "deleted and flag bit 7",
	    .flags = 129,
	    .want = "unknown-flag" },
	{ .name = "unknown flag before slot and times",
	    .flags = 4,
	    .slot = 9,
	    .expires_h = 1,
	    .want = "unknown-flag" },
	{ .name = "profile in slot 1", .slot = 1, .want = "bad-slot" },
	{ .name = "organisation in slot 1",
	    .kind = 2,
	    .slot = 1,
	    .want = "bad-slot" },
	{ .name = "demand in slot 1024",
	    .kind = 3,
	    .slot = 1024,
	    .want = "bad-slot" },
	{ .name = "course in slot 256",
	    .kind = 4,
	    .slot = 256,
	    .want = "bad-slot" },
	{ .name = "assessment in slot 32",
	    .kind = 5,
	    .slot = 32,
	    .want = "bad-slot" },
	{ .name = "pathway in slot 32",
	    .kind = 6,
	    .slot = 32,
	    .want = "bad-slot" },
	{ .name = "community in slot 32",
	    .kind = 7,
	    .slot = 32,
	    .want = "bad-slot" },
	{ .name = "attestation in slot 256",
	    .kind = 8,
	    .slot = 256,
	    .want = "bad-slot" },
	{ .name = "vocabulary in slot 64",
	    .kind = 9,
	    .slot = 64,
	    .want = "bad-slot" },
	{ .name = "statistic in slot 256",
	    .kind = 10,
	    .slot = 256,
	    .want = "bad-slot" },
	{ .name = "envelope in slot 512",
	    .kind = 11,
	    .slot = 512,
	    .want = "bad-slot" },
	{ .name = "revocation in slot 1",
	    .kind = 12,
	    .slot = 1,
	    .want = "bad-slot" },
	{ .name = "open kind in slot 1",
	    .kind = 64,
	    .slot = 1,
	    .want = "bad-slot" },
	{ .name = "envelope under a certificate in slot 1",
	    .kind = 11,
	    .slot = 1,
	    .stamp = CERT_RIGHT,
	    .want = "bad-slot" },
	{ .name = "envelope with a stamp of the one byte 3 in slot 1",
	    .kind = 11,
	    .slot = 1,
	    .field = { [9] = "h'03'" },
	    .want = "bad-slot" },
	{ .name = "demand under a certificate in slot 1",
	    .kind = 3,
	    .slot = 1,
	    .stamp = CERT_RIGHT,
	    .want = "bad-stamp" },
	{ .name = "slot before times",
	    .slot = 1,
	    .expires_h = 1,
	    .want = "bad-slot" },

	/* Times. */
	{ .name = "counter 64",
	    .seq = VECTOR_HOUR << 8 | 64,
	    .want = "bad-times" },
	{ .name = "counter 255",
	    .seq = VECTOR_HOUR << 8 | 255,
	    .want = "bad-times" },
	{ .name = "expires in the hour it is made",
	    .expires_h = VECTOR_HOUR,
	    .want = "bad-times" },
	{ .name = "expires before it is made",
	    .expires_h = VECTOR_HOUR - 1,
	    .want = "bad-times" },
	{ .name = "profile of 2161 hours",
	    .expires_h = VECTOR_HOUR + 2161,
	    .want = "bad-times" },
	{ .name = "organisation of 9601 hours",
	    .kind = 2,
	    .expires_h = VECTOR_HOUR + 9601,
	    .want = "bad-times" },
	{ .name = "demand of 1441 hours",
	    .kind = 3,
	    .expires_h = VECTOR_HOUR + 1441,
	    .want = "bad-times" },
	{ .name = "course of 1441 hours",
	    .kind = 4,
	    .expires_h = VECTOR_HOUR + 1441,
	    .want = "bad-times" },
	{ .name = "assessment of 9601 hours",
	    .kind = 5,
	    .expires_h = VECTOR_HOUR + 9601,
	    .want = "bad-times" },
	{ .name = "vocabulary of 9601 hours",
	    .kind = 9,
	    .expires_h = VECTOR_HOUR + 9601,
	    .want = "bad-times" },
	{ .name = "envelope of 337 hours",
	    .kind = 11,
	    .expires_h = VECTOR_HOUR + 337,
	    .want = "bad-times" },
	{ .name = "revocation of 9601 hours",
	    .kind = 12,
	    .expires_h = VECTOR_HOUR + 9601,
	    .want = "bad-times" },
	{ .name = "revocation of 9599 hours",
	    .kind = 12,
	    .expires_h = VECTOR_HOUR + 9599,
	    .want = "bad-times" },
	{ .name = "revocation of one hour",
	    .kind = 12,
	    .expires_h = VECTOR_HOUR + 1,
	    .want = "bad-times" },
	{ .name = "tombstone of a revocation, of one hour",
	    .kind = 12,
	    .flags = 1,
	    .expires_h = VECTOR_HOUR + 1,
	    .want = "bad-times" },
	{ .name = "open kind of 721 hours",
	    .kind = 64,
	    .expires_h = VECTOR_HOUR + 721,
	    .want = "bad-times" },
	{ .name = "seq of the largest hour",
	    .field = { [6] = "9007199254740736" },
	    .want = "bad-times" },
	{ .name = "of the next hour",
	    .seq = (VECTOR_HOUR + 1) << 8,
	    .want = "from-future" },
	{ .name = "of the next hour, 600 s before it",
	    .seq = (VECTOR_HOUR + 1) << 8,
	    .now = (VECTOR_HOUR + 1) * 3600 - 600 },
	{ .name = "of the next hour, 601 s before it",
	    .seq = (VECTOR_HOUR + 1) << 8,
	    .now = (VECTOR_HOUR + 1) * 3600 - 601,
	    .want = "from-future" },
	{ .name = "of the hour after the next, 3601 s before it",
	    .seq = (VECTOR_HOUR + 2) << 8,
	    .now = (VECTOR_HOUR + 2) * 3600 - 3601,
	    .want = "from-future" },
	{ .name = "in the last second that it counts",
	    .expires_h = VECTOR_HOUR + 1,
	    .now = (VECTOR_HOUR + 1) * 3600 - 1 },
	{ .name = "in the first second that it does not",
	    .expires_h = VECTOR_HOUR + 1,
	    .now = (VECTOR_HOUR + 1) * 3600,
	    .want = "expired" },
	{ .name = "bad times before the future",
	    .seq = (VECTOR_HOUR + 1) << 8 | 64,
	    .want = "bad-times" },
	{ .name = "expires in this hour",
	    .seq = (VECTOR_HOUR - 24) << 8,
	    .expires_h = VECTOR_HOUR,
	    .want = "expired" },
	{ .name = "of hour 0",
	    .field = { [6] = "0", [7] = "24" },
	    .want = "expired" },
	{ .name = "expired before a bad stamp",
	    .seq = (VECTOR_HOUR - 24) << 8,
	    .expires_h = VECTOR_HOUR,
	    .stamp = STAMP_ABSENT,
	    .want = "expired" },

	/* Stamps. */
	{ .name = "no stamp", .stamp = STAMP_ABSENT, .want = "bad-stamp" },
	{ .name = "open kind without a stamp",
	    .kind = 64,
	    .stamp = STAMP_ABSENT,
	    .want = "bad-stamp" },
	{ .name = "tombstone without a stamp",
	    .flags = 1,
	    .stamp = STAMP_ABSENT,
	    .want = "bad-stamp" },
	{ .name = "another author's stamp",
	    .stamp = STAMP_OF_OTHER,
	    .want = "bad-stamp" },
	{ .name = "too little work",
	    .stamp = STAMP_UNWORKED,
	    .want = "bad-stamp" },
	{ .name = "stamp of 8 bytes",
	    .stamp = STAMP_SHORT,
	    .want = "bad-stamp" },
	{ .name = "stamp of 10 bytes",
	    .stamp = STAMP_LONG,
	    .want = "bad-stamp" },
	{ .name = "stamp of the one byte 1",
	    .field = { [9] = "h'01'" },
	    .want = "bad-stamp" },
	{ .name = "stamp type 2",
	    .stamp = STAMP_TYPE_2,
	    .want = "unknown-stamp" },
	{ .name = "stamp type 0",
	    .stamp = STAMP_TYPE_0,
	    .want = "unknown-stamp" },
	{ .name = "stamp type 255, long",
	    .field = { [9] = "h'ff00000000000000000000000000000000'" },
	    .want = "unknown-stamp" },
	{ .name = "stamp on a revocation",
	    .kind = 12,
	    .stamp = STAMP_FORCED,
	    .want = "bad-stamp" },
	{ .name = "unknown stamp on a revocation",
	    .kind = 12,
	    .field = { [9] = "h'02'" },
	    .want = "bad-stamp" },
	{ .name = "certificate on a profile",
	    .stamp = CERT_RIGHT,
	    .want = "bad-stamp" },
	{ .name = "certificate on a demand",
	    .kind = 3,
	    .stamp = CERT_RIGHT,
	    .want = "bad-stamp" },
	CERTIFIED("certificate of 108 bytes", CERT_SHORT),
	CERTIFIED("certificate of 110 bytes", CERT_LONG),
	CERTIFIED("certificate that ends before the record", CERT_ENDS_EARLY),
	CERTIFIED("certificate of a company without work", CERT_UNWORKED),
	CERTIFIED("certificate with the author's nonce", CERT_NONCE_OF_AUTHOR),
	CERTIFIED("certificate for another key", CERT_FOR_OTHER),
	CERTIFIED("certificate for another network", CERT_OTHER_NET),
	CERTIFIED("certificate signed as a record is", CERT_OTHER_DOMAIN),
	CERTIFIED("certificate signed by somebody else", CERT_OTHER_KEY),
	CERTIFIED("certificate with a bit flipped", CERT_FLIPPED),
	CERTIFIED("certificate with a later not_after", CERT_NOT_AFTER),
	{ .name = "bad stamp before a bad signature",
	    .stamp = STAMP_UNWORKED,
	    .sign = SIGN_ZERO,
	    .want = "bad-stamp" },
	{ .name = "unknown stamp before a bad signature",
	    .stamp = STAMP_TYPE_2,
	    .sign = SIGN_ZERO,
	    .want = "unknown-stamp" },

	/* Signatures. */
	SIGNED("signature with a bit of S flipped", SIGN_FLIPPED),
	SIGNED("signature with a bit of R flipped", SIGN_FLIPPED_R),
	SIGNED("signature by another key", SIGN_OTHER_KEY),
	SIGNED("signature with S + L", SIGN_PLUS_L),
	SIGNED("signature over another domain", SIGN_OTHER_DOMAIN),
	SIGNED("signature for another network", SIGN_OTHER_NET),
	SIGNED("signature with another sigtype within", SIGN_OTHER_TYPE),
	SIGNED("signature over the body", SIGN_BODY),
	SIGNED("signature of zeros", SIGN_ZERO),
	/* S = h * a: [S]B - [h]A is the neutral point, which is R. */
	{ .name = "R of order 1, the equation holds",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "01000000000000000000000000000000"
		   "00000000000000000000000000000000"
		   "da32e60f1a43255d7650480ca165a36a"
		   "9789465e065f5c41b3b60aecdf94c805",
	    .want = "bad-signature" },
	{ .name = "author's key of order 1",
	    .key = "01000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .sign = SIGN_TWO_B,
	    .want = "bad-signature" },
	{ .name = "author's key of order 1, with the top bit",
	    .key = "01000000000000000000000000000000"
		   "00000000000000000000000000000080",
	    .sign = SIGN_TWO_B,
	    .want = "bad-signature" },
	{ .name = "author's key of order 1, y = p + 1",
	    .key = "eeffffffffffffffffffffffffffffff"
		   "ffffffffffffffffffffffffffffff7f",
	    .sign = SIGN_TWO_B,
	    .want = "bad-signature" },
	{ .name = "author's key is no point",
	    .key = "02000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .sign = SIGN_TWO_B,
	    .want = "bad-signature" },
	{ .name = "author's key is not below p",
	    .key = "ffffffffffffffffffffffffffffffff"
		   "ffffffffffffffffffffffffffffff7f",
	    .sign = SIGN_TWO_B,
	    .want = "bad-signature" },
	/* These signatures were found for bodies of pv 0; the pv is of no
	 * importance. Parts of small order: points are multiples of the one whose
	 * encoding is the fourth of the standard's list. */
	{ .name = "author's key with a part of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 5,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "edc876d6831fd2105d0b4389ca2e2831"
		   "66469289146e2ce06faefe98b22548df"
		   "515bf201afce95a0f948747a33c5c1e3"
		   "cba6582de8bd5934531f791f9064e10b",
	    .opaque = true },
	{ .name = "author's key with a part of order 8, it holds but for the "
		  "cofactor",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "58666666666666666666666666666666"
		   "66666666666666666666666666666666"
		   "12db259ea286783e3664f398cdcec653"
		   "08330ed97e086527bcff2b27f49f8b01",
	    .want = "bad-signature" },
	{ .name = "author's key with a part of order 4, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 5,
	    .key = "eead13dcb9c05640b2c0bbbe4208c2dd"
		   "958edee0ed3a9339eb33e1fa8ca10119",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "edc876d6831fd2105d0b4389ca2e2831"
		   "66469289146e2ce06faefe98b22548df"
		   "8faca95364bf5640b923c6fb9b18885f"
		   "13211ca8205864fbca7f0653f7261d0c",
	    .opaque = true },
	{ .name = "author's key with a part of order 4, it holds but for the "
		  "cofactor",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "eead13dcb9c05640b2c0bbbe4208c2dd"
		   "958edee0ed3a9339eb33e1fa8ca10119",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "58666666666666666666666666666666"
		   "66666666666666666666666666666666"
		   "27b868a057b727452c4b1114cc2f7d44"
		   "ca27ba4a1575f4866a8e13c141df3508",
	    .want = "bad-signature" },
	{ .name = "author's key with a part of order 2, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 4,
	    .key = "57fc8b5feaa6663fada179919c7466e5"
		   "61b88f52fbed8f5e99f45e1f349ae63e",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "2f1132ca61ab38dff00f2fea3228f24c"
		   "6c71d58085b80e47e19515cb27e8d047"
		   "0f8bff16c18e3ac5dc8f9f81f4e23873"
		   "2bf9fcb277496c8ff55e825683412305",
	    .opaque = true },
	{ .name = "author's key with a part of order 2, it holds but for the "
		  "cofactor",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "57fc8b5feaa6663fada179919c7466e5"
		   "61b88f52fbed8f5e99f45e1f349ae63e",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "58666666666666666666666666666666"
		   "66666666666666666666666666666666"
		   "2975221720862cb21e1ccdb7a581e188"
		   "0ecf21571e69e041a3518a37e67bfe0c",
	    .want = "bad-signature" },
	{ .name =
		"author's key and R with a part of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 9,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "e445a9708d645e4bfbfd5a5b3948e64e"
		   "b2dfe10796d3c8b7149a1c17881a4aec"
		   "fc3a0cfe8242ad6101ad834786c107e2"
		   "4b2d3c2117a669641b088ed1f87a9c09",
	    .opaque = true },
	{ .name = "R with a part of order 8, the equation holds but for the "
		  "cofactor",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "960374a0155999c0525e866e638b991a"
		   "9e4770ad041270a1660ba1e0cb6519c1",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "98519eadf35b995233b51b5cd23e9cc5"
		   "a28b639b5a4af0ec903cb960d81b7819"
		   "ee354758d31f00570b1da8f4f66c2e3b"
		   "c0a2db19c07977f7da3b8c6dbeeb3905",
	    .want = "bad-signature" },
	{ .name = "R with a part of order 2, the equation holds but for the "
		  "cofactor",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "960374a0155999c0525e866e638b991a"
		   "9e4770ad041270a1660ba1e0cb6519c1",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "95999999999999999999999999999999"
		   "99999999999999999999999999999999"
		   "48fee6bf9fab0502e72357bc738b9000"
		   "acdfe6a745baa30a2d8ea7562196f508",
	    .want = "bad-signature" },
	{ .name = "author's key is point 1 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 9,
	    .key = "c7176a703d4dd84fba3c0b760d10670f"
		   "2a2053fa2c39ccc64ec7fd7792ac037a",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "c0f1225584444ec730446e231390781f"
		   "fdd2f256e9fcbeb2f40dddc2c2233d7f"
		   "09000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 1 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 2,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "c7176a703d4dd84fba3c0b760d10670f"
		   "2a2053fa2c39ccc64ec7fd7792ac037a"
		   "d15033a67c287c789730e8108af6cc0e"
		   "dcff8e3d878b6c41dd5dcb9ef920cb05",
	    .want = "bad-signature" },
	{ .name = "author's key is point 2 of order 4, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "00000000000000000000000000000000"
		   "00000000000000000000000000000080",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "58666666666666666666666666666666"
		   "66666666666666666666666666666666"
		   "01000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 2 of order 4, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 3,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "00000000000000000000000000000000"
		   "00000000000000000000000000000080"
		   "c4402c7a3784b0e3c5f6c2b41e3f7f20"
		   "b6023fa971dd868ff324eb7f2caa7b0f",
	    .want = "bad-signature" },
	{ .name = "author's key is point 3 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 8,
	    .key = "26e8958fc2b227b045c3f489f2ef98f0"
		   "d5dfac05d3c63339b13802886d53fc05",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "b4b937fca95b2f1e93e41e62fc3c7881"
		   "8ff38a66096fad6e7973e5c90006d321"
		   "08000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 3 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 6,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "26e8958fc2b227b045c3f489f2ef98f0"
		   "d5dfac05d3c63339b13802886d53fc05"
		   "bc0e3b9889c395d21fdea51654418f11"
		   "28c11727e081673aaa135f03fddabd06",
	    .want = "bad-signature" },
	{ .name = "author's key is point 4 of order 2, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "ecffffffffffffffffffffffffffffff"
		   "ffffffffffffffffffffffffffffff7f",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "58666666666666666666666666666666"
		   "66666666666666666666666666666666"
		   "01000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 4 of order 2, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 2,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "ecffffffffffffffffffffffffffffff"
		   "ffffffffffffffffffffffffffffff7f"
		   "4be8166269ae7050d65930b2c1381b90"
		   "f2ae36f8672697f18390e76074945103",
	    .want = "bad-signature" },
	{ .name = "author's key is point 5 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 19,
	    .key = "26e8958fc2b227b045c3f489f2ef98f0"
		   "d5dfac05d3c63339b13802886d53fc85",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "b9551d690261fe83305f433f8230182e"
		   "f45cd6ddb65b7c2247435ad9935a183f"
		   "13000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 5 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 1,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "26e8958fc2b227b045c3f489f2ef98f0"
		   "d5dfac05d3c63339b13802886d53fc85"
		   "c68fbb9ee8e4989e7e92109926813997"
		   "b4d2934abe89ce83ba7bcf0d7fb1dc02",
	    .want = "bad-signature" },
	{ .name = "author's key is point 6 of order 4, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 7,
	    .key = "00000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "b862409fb5c4c4123df2abf7462b88f0"
		   "41ad36dd6864ce872fd5472be363c5b1"
		   "07000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 6 of order 4, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 11,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "00000000000000000000000000000000"
		   "00000000000000000000000000000000"
		   "958d2ece77676af10cf368b38760da5f"
		   "7b06c562e6e97d72dca33ff597b2610d",
	    .want = "bad-signature" },
	{ .name = "author's key is point 7 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 23,
	    .key = "c7176a703d4dd84fba3c0b760d10670f"
		   "2a2053fa2c39ccc64ec7fd7792ac03fa",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "eec0332b78793d66ab6993a41f7b2704"
		   "05e546fc239af64d9ab7579c550c24a3"
		   "17000000000000000000000000000000"
		   "00000000000000000000000000000000",
	    .want = "bad-signature" },
	{ .name = "R is point 7 of order 8, the equation holds",
	    .region = "zz",
	    .expires_h = VECTOR_HOUR + 24,
	    .key = "0e09dec2366dcd5de1a73859dfe2d1ba"
		   "c814857da0169f7e477d8f424b4292a7",
	    .pv = PV_0,
	    .sign = SIGN_GIVEN,
	    .sig = "c7176a703d4dd84fba3c0b760d10670f"
		   "2a2053fa2c39ccc64ec7fd7792ac03fa"
		   "a37766b06f4dd89f229d1730498d05e6"
		   "db146d51df4eab866fdf57e16d662e0b",
	    .want = "bad-signature" },
	{ .name = "bad signature before a bad payload",
	    .sign = SIGN_ZERO,
	    .payload = "{6:9}",
	    .want = "bad-signature" },
	{ .name = "revocation signed by another key",
	    .kind = 12,
	    .sign = SIGN_OTHER_KEY,
	    .want = "bad-signature" },

	/* Payloads. */
	{ .name = "tombstone with content",
	    .flags = 1,
	    .payload = "{6:1}",
	    .want = "bad-payload" },
	{ .name = "tombstone with content, unknown pv",
	    .flags = 1,
	    .pv = 7,
	    .payload = "{1:0}",
	    .want = "bad-payload" },
	{ .name = "tombstone with content, open kind",
	    .kind = 64,
	    .flags = 1,
	    .payload = "{1:0}",
	    .want = "bad-payload" },
	{ .name = "tombstone of a revocation",
	    .kind = 12,
	    .flags = 1,
	    .want = "bad-payload" },
	BREAKS("uint below", 2, "{" ORG " 14:0}"),
	BREAKS("uint above", 2, "{" ORG " 14:6}"),
	BREAKS("uint is a str", 2, "{" ORG " 14:\"1\"}"),
	BREAKS("uint is true", 2, "{" ORG " 14:true}"),
	BREAKS("uint is negative", 3, "{" GIG " 20:-1}"),
	BREAKS("uint is 2^53", 3,
	    "{" GIG " 28:{2:9007199254740992 4:\"EUR\" 6:1}}"),
	BREAKS("uint is 2^64-1", 3,
	    "{" GIG " 28:{2:18446744073709551615 4:\"EUR\" 6:1}}"),
	BREAKS("uint is 2^32 where 2^32-1 is the end", 3,
	    "{" GIG " 36:4294967296}"),
	BREAKS("int below", 3, "{" GIG " 26:-721}"),
	BREAKS("int above", 3, "{" GIG " 26:841}"),
	BREAKS("int is -2^63", 3, "{" GIG " 26:-9223372036854775808}"),
	BREAKS("bool is 2", 4, "{" CLASS " 16:2}"),
	BREAKS("bool is msgpack's true", 4, "{" CLASS " 16:true}"),
	BREAKS("str too short", 2, "{" ORG " 20:~3}"),
	BREAKS("str too long", 2, "{" ORG " 20:~257}"),
	BREAKS("str is a bin", 2, "{" ORG " 20:#20}"),
	BREAKS("str counts bytes, not letters", 3,
	    "{" GIG " 22:\"äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüä.\"}"),
	BREAKS("text is a str", 2, "{0:\"A\"}"),
	BREAKS("text without a language", 2, "{0:{}}"),
	BREAKS("text in 9 languages", 2,
	    "{0:{bg:~1 cs:~1 da:~1 de:~1 en:~1 es:~1 fr:~1 it:~1 nl:~1}}"),
	FITS("text in 8 languages", 2,
	    "{0:{bg:~1 cs:~1 da:~1 de:~1 en:~1 es:~1 fr:~1 it:~1}}"),
	BREAKS("text's key is no language", 2, "{0:{1:\"A\"}}"),
	BREAKS("text's key is one letter", 2, "{0:{97:\"A\"}}"),
	BREAKS("text's key has a capital", 2, "{0:{17509:\"A\"}}"),
	BREAKS("text's key is four letters", 2, "{0:{1684366949:\"A\"}}"),
	BREAKS("text's value is empty", 2, "{0:{en:\"\"}}"),
	BREAKS("text's value too long", 2, "{0:{en:~121}}"),
	BREAKS("text's value is a bin", 2, "{0:{en:#1}}"),
	BREAKS("bytes too few", 1, "{16:#31}"),
	BREAKS("bytes too many", 1, "{16:#33}"),
	BREAKS("bytes are a str", 1, "{16:~32}"),
	BREAKS("term of 7", 1, "{4:[#7]}"),
	BREAKS("term of 9", 1, "{4:[#9]}"),
	BREAKS("term is a str", 1, "{4:[~8]}"),
	BREAKS("term is an integer", 1, "{4:[1]}"),
	BREAKS("language is a str", 1, "{8:[{0:\"en\" 2:1}]}"),
	BREAKS("language is 0", 1, "{8:[{0:0 2:1}]}"),
	BREAKS("language in capitals", 4, "{" CLASS " 18:[17477]}"),
	BREAKS("CEFR 8", 1, "{8:[{0:en 2:8}]}"),
	BREAKS("region in capitals in a list", 2, "{" ORG " 8:[\"DE\"]}"),
	BREAKS("region of 3 in a list", 2, "{" ORG " 8:[\"deu\"]}"),
	BREAKS(
	    "currency in small letters", 4, "{" CLASS " 28:{0:1 2:\"eur\"}}"),
	BREAKS("currency of 2", 4, "{" CLASS " 28:{0:1 2:\"EU\"}}"),
	BREAKS("choice 0", 1, "{6:0}"),
	BREAKS("choice above", 1, "{6:6}"),
	BREAKS("choice is a str", 1, "{6:\"up-to-5\"}"),
	BREAKS("bits 0", 1, "{12:0}"),
	BREAKS("bits with an unknown one", 1, "{12:513}"),
	BREAKS("bits are a list", 1, "{12:[1]}"),
	BREAKS("list is a map", 1, "{4:{}}"),
	BREAKS("list is empty", 1, "{4:[]}"),
	FITS("list as long as may be", 1, "{4:[16*" T1 "]}"),
	BREAKS("list too long", 1, "{4:[17*" T1 "]}"),
	BREAKS("65 skills", 1, "{0:[65*" SKILL "]}"),
	FITS("64 skills", 1, "{0:[64*" SKILL "]}"),
	BREAKS("257 terms", 9, "{0:[257*" ENTRY "] 2:" EN_A "}"),
	BREAKS("last item of a list", 1, "{4:[" T1 " " T2 " 0]}"),
	BREAKS("map is a list", 2, "{" ORG " 2:[]}"),
	BREAKS("map without what it must have", 1, "{0:[{0:" T1 "}]}"),
	BREAKS("level 0 of a skill", 1, "{0:[{0:" T1 " 2:0}]}"),
	BREAKS("level 6 of a skill", 1, "{0:[{0:" T1 " 2:6}]}"),
	BREAKS("bad field beside an unknown even key", 1, "{6:9 20:0}"),
	BREAKS("organisation without a name", 2, "{}"),
	BREAKS("demand without a type", 3, "{2:" EN_A "}"),
	BREAKS("demand without a title", 3, "{0:2}"),
	BREAKS("weight 0 of a requirement", 3, "{" GIG " 6:[{0:" T1 " 4:0}]}"),
	BREAKS("requirement without a weight", 3, "{" GIG " 6:[{0:" T1 "}]}"),
	BREAKS("pay without a currency", 3, "{" GIG " 28:{0:1 6:1}}"),
	BREAKS("pay without a period", 3, "{" GIG " 28:{0:1 4:\"EUR\"}}"),
	BREAKS("course without what it teaches", 4, "{0:1 2:" EN_A "}"),
	BREAKS("cosig of 63 bytes", 4, "{" CLASS " 46:[{0:#32 2:1 4:#63}]}"),
	BREAKS("assessment without a measure", 5, "{0:" EN_A "}"),
	BREAKS("assessment of 129 items", 5,
	    "{" TEST " 4:[129*{0:" T1 " 2:4 4:" EN_A "}]}"),
	BREAKS("item of type 6", 5, "{" TEST " 4:[{0:" T1 " 2:6 4:" EN_A "}]}"),
	BREAKS("item without a prompt", 5, "{" TEST " 4:[{0:" T1 " 2:4}]}"),
	BREAKS("item with one option", 5,
	    "{" TEST " 4:[{0:" T1 " 2:1 4:" EN_A " 6:[" EN_A "]}]}"),
	BREAKS("option that is no text", 5,
	    "{" TEST " 4:[{0:" T1 " 2:1 4:" EN_A " 6:[\"a\" \"b\"]}]}"),
	BREAKS("key_hash of 32 bytes", 5,
	    "{" TEST " 4:[{0:" T1 " 2:1 4:" EN_A " 16:#32}]}"),
	BREAKS("measure up to level 6", 5, "{0:" EN_A " 2:[{0:" T1 " 4:6}]}"),
	BREAKS("external without a key", 5, "{" TEST " 14:{0:\"a:bc\"}}"),
	BREAKS("pathway without steps", 6, "{0:" EN_A "}"),
	BREAKS("pathway of 65 steps", 6, "{0:" EN_A " 4:[65*{}]}"),
	BREAKS("step that needs step 64", 6, "{0:" EN_A " 4:[{8:[64]}]}"),
	BREAKS("step of grade 100", 6, "{0:" EN_A " 4:[{10:100}]}"),
	BREAKS("step with a course that is an id", 6,
	    "{0:" EN_A " 4:[{4:[#32]}]}"),
	BREAKS("step with a course of slot 1024", 6,
	    "{0:" EN_A " 4:[{4:[{0:#32 2:1024}]}]}"),
	BREAKS("step with a skill without level", 6,
	    "{0:" EN_A " 4:[{2:[{0:" T1 "}]}]}"),
	BREAKS("community without a purpose", 7, "{0:" EN_A " 18:[#32] 20:1}"),
	BREAKS("community without a facilitator", 7,
	    "{0:" EN_A " 2:[" T1 "] 20:1}"),
	BREAKS("attestation without an end", 8, "{0:#32 2:1 4:1}"),
	BREAKS("attestation of a budget above", 8, "{0:#32 2:1 4:1001 6:0}"),
	BREAKS("envelope of 1025 bytes", 11, "{0:#1025}"),
	BREAKS("envelope of 1023 bytes", 11, "{0:#1023}"),
	BREAKS("envelope that seals nothing", 11, "{}"),
	BREAKS("vocabulary without terms", 9, "{2:" EN_A "}"),
	BREAKS("vocabulary without a name", 9, "{0:[" ENTRY "]}"),
	BREAKS("statistic without figures", 10,
	    "{0:1 2:" EN_A " 4:1 8:2 18:0 20:1}"),
	BREAKS("statistic without a basis", 10,
	    "{0:1 2:" EN_A " 6:[{0:1}] 8:2 18:0 20:1}"),
	BREAKS("figure without a value", 10,
	    "{0:1 2:" EN_A " 4:1 6:[{2:" T1 "}] 8:2 18:0 20:1}"),
	BREAKS("figure below the smallest", 10,
	    "{0:1 2:" EN_A " 4:1 6:[{0:-1000000000001}] 8:2 18:0 20:1}"),
	BREAKS("257 figures", 10,
	    "{0:1 2:" EN_A " 4:1 6:[257*{0:1}] 8:2 18:0 20:1}"),
	BREAKS("source without a licence", 10,
	    "{0:1 2:" EN_A " 4:1 6:[{0:1}] 8:2 16:{0:{en:\"a\"}} 18:0 20:1}"),
	BREAKS("noise without its epsilon", 10, "{" TABLE " 24:{0:1 4:1}}"),
	BREAKS("revocation without a reason", 12, "{}"),
	BREAKS("revocation for reason 5", 12, "{0:5}"),
};

/* Names: a term for a URI, and so on. */
static const char *const vector_uris[] = {
	"http://data.europa.eu/esco/skill/a17286c5-238d-4f0b-bc24-29e9121345de",
	"http://data.europa.eu/esco/isco/C2512",
	"urn:onet:2.A.1.b",
	"urn:onet:15-1252.00",
	"urn:ohcn:active-listening",
	"urn:ohcn:public-speaking",
	"https://example.org/skills/rope-access",
	"https://example.org/skills/rope-access/",
	"urn:x:prüfen",
	"a:b",
};

static const struct {
	const char *text;
	uint32_t code; /* 0: no language */
} vector_languages[] = {
	{ "de", 0x6465 },
	{ "en", 0x656e },
	{ "gsw", 0x677377 },
	{ "aa", 0x6161 },
	{ "zzz", 0x7a7a7a },
	{ "", 0 },
	{ "d", 0 },
	{ "DE", 0 },
	{ "d1", 0 },
	{ "deut", 0 },
	{ "en-gb", 0 },
};

static const struct {
	const char *name;
	unsigned bits; /* 0: no network's name */
} vector_nets[] = {
	{ "main", 24 },
	{ "test-a", 8 },
	{ "test-", 8 },
	{ "test", 24 },
	{ "a", 24 },
	{ "0123456789abcdef", 24 },
	{ "my-test-1", 24 },
	{ "", 0 },
	{ "0123456789abcdefg", 0 },
	{ "Main", 0 },
	{ "ma in", 0 },
	{ "ma_in", 0 },
	{ "ma.in", 0 },
};

/* (seq, first byte of the id, last byte of the id); who wins. */
struct vector_contender {
	uint64_t seq;
	uint8_t first, last;
};
static const struct {
	const char *name;
	unsigned n, winner;
	struct vector_contender of[5];
} vector_winners[] = {
	{ "alone", 1, 0, { { 128000000, 9, 9 } } },
	{ "larger seq", 2, 1, { { 128000000, 0, 0 }, { 128000001, 255, 0 } } },
	{ "larger hour, smaller counter", 2, 0,
	    { { 500001 << 8, 7, 7 }, { 500000 << 8 | 63, 7, 8 } } },
	{ "same seq, smaller id", 2, 1,
	    { { 128000000, 2, 0 }, { 128000000, 1, 255 } } },
	{ "ids differ in the last byte", 2, 0,
	    { { 128000000, 1, 0 }, { 128000000, 1, 1 } } },
	{ "ids are unsigned bytes", 2, 1,
	    { { 128000000, 0x80, 0 }, { 128000000, 0x7f, 0 } } },
	{ "seq beyond 32 bits", 2, 1,
	    { { 4294967295u, 0, 0 }, { 4294967296u, 0, 0 } } },
	{ "five", 5, 3,
	    { { 128000000, 0, 0 }, { 128000005, 9, 0 }, { 128000004, 0, 0 },
		{ 128000005, 8, 1 }, { 128000005, 8, 2 } } },
};

/* Nonces that are good on nets with 24 bits; found by search. */
static const struct {
	const char *net;
	unsigned author;
	uint64_t nonce;
	bool good;
} vector_stamps[] = {
	{ "main", 0, UINT64_C(0x9be71d), true },
	{ "main", 1, UINT64_C(0x9be71d), false },
	{ "mainx", 0, UINT64_C(0x9be71d), false },
	{ "main", 1, UINT64_C(0x7268b4), true },
	{ "main", 0, UINT64_C(0x74aecd), false }, /* 23 zero bits */
};
