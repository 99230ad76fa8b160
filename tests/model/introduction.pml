/*
 * The introduction of SPEC.md, section 19, with an intruder who carries all
 * envelopes, is a company (E) and a persona to others, and has their keys.
 * Cryptography is perfect: what is sealed opens with the key and the root,
 * what is signed cannot be changed. proto/mail/MODEL.md says what is claimed.
 *
 * The honest company C makes an offer to the person P (conversation 1) and one
 * to the intruder (2). P takes one offer, from whoever it is, and goes the
 * whole way: interest, word of the company, commit, identities.
 *
 * FLAW 1: an offer counts for whom its signature is from, and the signature
 *         says not to whom it goes (surreptitious forwarding).
 * FLAW 2: a person opens when the company has committed, not when it opened.
 * FLAW 3: a company takes an answer to its first key without the root, and
 *         that key is told in public.
 */
#ifndef FLAW
#define FLAW 0
#endif

#define NOBODY 0
#define C      1 /* the honest company */
#define E      2 /* the intruder, as a company */
#define P      3 /* the person */
#define I      4 /* the intruder, as a person */

/* X25519 keys; the intruder has the secrets of KE and IE. */
#define IP 1 /* intro key of P */
#define IE 2 /* intro key of the intruder's persona */
#define A1 3 /* first reply key of C in conversation 1 */
#define A2 4 /* ... in 2 */
#define BP 5 /* first reply key of P */
#define KE 6 /* of the intruder */

/* Roots: which sealing of a first message they came of. */
#define RC1 1 /* C's to IP: known to C and P */
#define RC2 2 /* C's to IE: known to C and the intruder */
#define RI  3 /* the intruder's to IP: known to it and P */

/* What each has done, for the claims. */
bool offered1, offered2;          /* C signed and sealed */
bool interest1;                   /* C took an interest in 1 */
bool committed1, opened1, seen1;  /* C in 1; P's identity is seen */
bool committed2, opened2;         /* C in 2 */
bool word1;                       /* C wrote in 1 */
byte heard1;                      /* reply key that C heard in 1 */

byte p_company;                   /* whom P believes to talk with */
byte p_root, p_first;             /* root and A of P's conversation */
bool p_interest, p_talk, p_committed, p_saw, p_opened;
bool p_saw_commit;

/* What the intruder knows besides its own. */
bool knows_sig2;    /* C's signature to I, with A2 */
bool knows_bp;      /* P's reply key (public) */
bool knows_a1;      /* A1 (public) */
bool knows_p;       /* P's identity */
bool knows_c1;      /* what C says in 1 */

/* Does the intruder read what is sealed to key k with root r (and the second
 * root, of that and of keys a and b)? It needs the secret of the key. */
#define READS(k, r) (((k) == KE || (k) == IE) && (r) != RC1)

active proctype company()
{
	do
	:: !offered1 -> offered1 = true;
#if FLAW == 3
		knows_a1 = true
#endif
	:: !offered2 -> atomic { offered2 = true; knows_sig2 = true }
	/* P's interest, genuine: sealed to A1 with RC1. */
	:: offered1 && !interest1 && p_interest && p_first == A1 &&
	    p_root == RC1 ->
		atomic { interest1 = true; heard1 = BP }
	/* The intruder's: it would need A1 and the root. */
	:: offered1 && !interest1 && knows_a1 && FLAW == 3 ->
		atomic { interest1 = true; heard1 = KE }
	:: interest1 && !word1 -> word1 = true;
		if
		:: READS(heard1, (FLAW == 3 -> RI : RC1)) -> knows_c1 = true
		:: else
		fi
	:: word1 && !committed1 -> committed1 = true
	/* Opens when P has committed, to whom it heard. */
	:: committed1 && !opened1 && ((p_committed && heard1 == BP) ||
	    heard1 == KE) ->
		opened1 = true
	:: opened1 && !seen1 && p_opened && p_company == C -> seen1 = true
	/* In 2 the intruder answers as a person of its own. */
	:: offered2 && !committed2 -> committed2 = true
	:: committed2 && !opened2 -> opened2 = true
	:: true -> break
	od
}

/* P judges an offer: who carries it, whose signature, to whom, to which key,
 * what is sealed by whom, and under which author it was sealed. */
inline judge(author, bound, signer, to, key, root, first)
{
	if
	:: p_company == NOBODY &&
	    author == bound && /* the context of the sealing */
#if FLAW == 1
	    true ->
		p_company = signer;
#else
	    signer == author && to == P && key == IP ->
		p_company = author;
#endif
		p_root = root;
		p_first = first
	:: else
	fi
}

active proctype intruder()
{
	do
	/* C's offer to P, as it came; or under the intruder's name. */
	:: offered1 -> atomic { judge(C, C, C, P, IP, RC1, A1) }
	:: offered1 -> atomic { judge(E, C, C, P, IP, RC1, A1) }
	/* An offer of its own, honest or not, with a key of its own or of C's;
	 * a signature of its own, or C's to the intruder's persona. */
	:: atomic { judge(E, E, E, P, IP, RI, KE) }
	:: offered2 -> atomic { judge(E, E, E, P, IP, RI, A2) }
	:: knows_sig2 -> atomic { judge(E, E, C, I, IE, RI, KE) }
	:: knows_sig2 -> atomic { judge(E, E, C, I, IE, RI, A2) }
	/* What P sends to a key of the intruder's is read. */
	:: p_interest && READS(p_first, p_root) -> knows_bp = true
	:: p_opened && READS(p_first, p_root) -> knows_p = true
	:: true -> break
	od
}

/* The company's word, for P: under its name, with P's root and keys. C makes
 * it in 1 alone; the intruder under E, or, if P takes the signer for the
 * company and the author for a carrier, for any. */
#define C_SPEAKS(what) (p_company == C && p_root == RC1 && (what))
#define E_SPEAKS                                                             \
	(knows_bp && p_root == RI && (p_company == E || FLAW == 1))

active proctype person()
{
	do
	:: p_company != NOBODY && !p_interest -> p_interest = true
	:: p_interest && !p_talk && (C_SPEAKS(word1) || E_SPEAKS) ->
		p_talk = true
	:: p_talk && !p_committed -> p_committed = true
	:: p_talk && !p_saw_commit && (C_SPEAKS(committed1) || E_SPEAKS) ->
		p_saw_commit = true
	:: p_saw_commit && !p_saw && (C_SPEAKS(opened1) || E_SPEAKS) ->
		p_saw = true
	:: p_committed && !p_opened &&
#if FLAW == 2
	    p_saw_commit
#else
	    p_saw
#endif
	    -> p_opened = true
	:: true -> break
	od
}

/* ---- what is claimed, in every state ---- */

/* Who believes to talk with C does, about an offer that C made for them. */
#define AGREES (p_company != C || (offered1 && p_root == RC1 && p_first == A1))
/* The identity of a person goes to whom they believe to talk with. */
#define SECRET (!knows_p || p_company == E)
/* What C says to P is not read. */
#define WORDS (!knows_c1)
/* The company's identity first. */
#define ORDER (!p_opened || p_saw)
/* Who answered C's offer to P is P. */
#define ANSWER (!interest1 || heard1 == BP)

ltl claims { [] (AGREES && SECRET && WORDS && ORDER && ANSWER) }
/* Not a claim: that the way to the end exists, so that nothing above holds
 * for want of it. It must fail. */
ltl nobody_arrives { [] !(seen1 && p_opened && p_company == C) }
ltl nobody_errs { [] !(knows_p && p_company == E) }
