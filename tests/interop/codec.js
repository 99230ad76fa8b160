// The record standard in JavaScript, written from proto/SPEC.md alone: what
// it agrees about with our node is what the text says. Test-only: it is slow
// and does not care about side channels. Section numbers are the standard's.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { argon2id } from '@noble/hashes/argon2.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { MAPS, PAYLOADS, PV } from './schemas.js'

const utf8 = new TextEncoder()
const ascii = text => utf8.encode(text)
export const hex = bytes => Buffer.from(bytes).toString('hex')
export const unhex = text => new Uint8Array(Buffer.from(text, 'hex'))
export const same = (a, b) => compare(a, b) === 0

/** Byte strings in order, as unsigned bytes: below 0, 0, above 0. */
export function compare (a, b) {
  return Buffer.compare(a, b)
}

export function concat (...parts) {
  return new Uint8Array(Buffer.concat(parts))
}

// ---- 1 Notation

const u8 = x => Uint8Array.of(x)

function u32be (x) {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, x)
  return out
}

function u64be (x) {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(x))
  return out
}

function pad16 (text) {
  const out = new Uint8Array(16)
  out.set(ascii(text))
  return out
}

function hash (bits, person, message) {
  return blake2b(message, { dkLen: bits / 8, personalization: pad16(person) })
}

export function uvarint (x) {
  const out = []
  let n = BigInt(x)
  while (n >= 128n) {
    out.push(Number(n & 127n) | 128)
    n >>= 7n
  }
  out.push(Number(n))
  if (out.length > 9) throw new RangeError('uvarint of more than 9 bytes')
  return Uint8Array.from(out)
}

/** [number, bytes used]; null if it is cut short or not minimal. */
export function readUvarint (bytes, at = 0) {
  let n = 0n
  for (let i = 0; i < 9 && at + i < bytes.length; i++) {
    const b = bytes[at + i]
    n |= BigInt(b & 127) << BigInt(7 * i)
    if (b < 128) return b === 0 && i > 0 ? null : [small(n), i + 1]
  }
  return null
}

// ---- 2 Canonical msgpack. Integers are numbers below 2^53 and BigInts from
// there on, str strings, bin Uint8Arrays, maps Maps.

const MAX_DEPTH = 6
const MAX_ITEMS = 4096

export class NotCanonical extends Error {}

const small = n => n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n
export const isInt = v => typeof v === 'bigint' || Number.isInteger(v)
export const isUint = v => isInt(v) && v >= 0
export const isStr = v => typeof v === 'string'
export const isBin = v => v instanceof Uint8Array
export const isMap = v => v instanceof Map

const FORBIDDEN = [[0x00, 0x1f], [0x7f, 0x9f], [0x61c, 0x61c], [0x200e, 0x200f],
  [0x2028, 0x202e], [0x2066, 0x2069]]

const allowed = point => !FORBIDDEN.some(([a, b]) => point >= a && point <= b)

/** 2.3: the text of the bytes, null if they are no text of the standard. */
export function readText (bytes) {
  let out = ''
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++]
    let more = 0
    let point = first
    let least = 0
    if (first >= 0xf0 && first <= 0xf7) [more, point, least] = [3, first & 0x07, 0x10000]
    else if (first >= 0xe0 && first <= 0xef) [more, point, least] = [2, first & 0x0f, 0x800]
    else if (first >= 0xc0 && first <= 0xdf) [more, point, least] = [1, first & 0x1f, 0x80]
    else if (first >= 0x80) return null
    for (; more > 0; more--) {
      if (i >= bytes.length || (bytes[i] & 0xc0) !== 0x80) return null
      point = point << 6 | (bytes[i++] & 0x3f)
    }
    if (point < least || point > 0x10ffff) return null
    if (point >= 0xd800 && point <= 0xdfff) return null
    if (!allowed(point)) return null
    out += String.fromCodePoint(point)
  }
  return out
}

export const textOk = bytes => readText(bytes) !== null

class Reader {
  constructor (bytes) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
    this.items = 0
  }

  take (n) {
    if (n > this.bytes.length - this.at) throw new NotCanonical('cut short')
    this.at += n
    return this.at - n
  }

  /** A big-endian number of n bytes that must be at least `least`. */
  uint (n, least) {
    const at = this.take(n)
    const x = n === 1
      ? this.view.getUint8(at)
      : n === 2
        ? this.view.getUint16(at)
        : n === 4 ? this.view.getUint32(at) : small(this.view.getBigUint64(at))
    if (x < least) throw new NotCanonical('a shorter form exists')
    return x
  }

  negative (n, most) {
    const at = this.take(n)
    const x = small(BigInt.asIntN(8 * n, BigInt('0x' + hex(this.bytes.subarray(at, at + n)))))
    if (x > most) throw new NotCanonical('a shorter form exists, or it is not negative')
    return x
  }

  str (n) {
    const at = this.take(n)
    const text = readText(this.bytes.subarray(at, at + n))
    if (text === null) throw new NotCanonical('text')
    return text
  }

  bin (n) {
    const at = this.take(n)
    return this.bytes.slice(at, at + n)
  }

  enter (depth) {
    if (depth > MAX_DEPTH) throw new NotCanonical('too deep')
  }

  array (n, depth) {
    this.enter(depth)
    const out = []
    for (let i = 0; i < n; i++) out.push(this.value(depth))
    return out
  }

  map (n, depth) {
    this.enter(depth)
    const out = new Map()
    let last = -1
    for (let i = 0; i < n; i++) {
      const key = this.value(depth)
      if (!isUint(key)) throw new NotCanonical('a key is no unsigned integer')
      if (key <= last) throw new NotCanonical('keys do not ascend')
      last = key
      out.set(key, this.value(depth))
    }
    return out
  }

  value (depth) {
    if (++this.items > MAX_ITEMS) throw new NotCanonical('too many items')
    const b = this.bytes[this.take(1)]
    if (b <= 0x7f) return b
    if (b <= 0x8f) return this.map(b & 15, depth + 1)
    if (b <= 0x9f) return this.array(b & 15, depth + 1)
    if (b <= 0xbf) return this.str(b & 31)
    if (b >= 0xe0) return b - 256
    switch (b) {
      case 0xc2: return false
      case 0xc3: return true
      case 0xc4: return this.bin(this.uint(1, 0))
      case 0xc5: return this.bin(this.uint(2, 256))
      case 0xc6: return this.bin(this.uint(4, 65536))
      case 0xcc: return this.uint(1, 128)
      case 0xcd: return this.uint(2, 256)
      case 0xce: return this.uint(4, 65536)
      case 0xcf: return this.uint(8, 2 ** 32)
      case 0xd0: return this.negative(1, -33)
      case 0xd1: return this.negative(2, -129)
      case 0xd2: return this.negative(4, -32769)
      case 0xd3: return this.negative(8, -(2 ** 31) - 1)
      case 0xd9: return this.str(this.uint(1, 32))
      case 0xda: return this.str(this.uint(2, 256))
      case 0xdb: return this.str(this.uint(4, 65536))
      case 0xdc: return this.array(this.uint(2, 16), depth + 1)
      case 0xdd: return this.array(this.uint(4, 65536), depth + 1)
      case 0xde: return this.map(this.uint(2, 16), depth + 1)
      case 0xdf: return this.map(this.uint(4, 65536), depth + 1)
    }
    throw new NotCanonical('a type that is not used')
  }
}

/** The value that fills the bytes; throws NotCanonical. */
export function decode (bytes) {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (reader.at !== bytes.length) throw new NotCanonical('bytes after the value')
  return value
}

class Writer {
  parts = []
  items = 0

  /** First byte and number of the shortest form: [up to, first byte, bytes]. */
  head (n, forms) {
    for (const [most, first, bytes] of forms) {
      if (n > most) continue
      if (bytes === 0) this.parts.push(u8(first + Number(n)))
      else this.parts.push(u8(first), u64be(n).subarray(8 - bytes))
      return
    }
    throw new NotCanonical('too large a number')
  }

  enter (depth) {
    if (depth > MAX_DEPTH) throw new NotCanonical('too deep')
  }

  integer (v) {
    if (v >= 0) {
      this.head(v, [[127, 0x00, 0], [255, 0xcc, 1], [65535, 0xcd, 2],
        [2 ** 32 - 1, 0xce, 4], [2n ** 64n - 1n, 0xcf, 8]])
      return
    }
    const bytes = v >= -32 ? 0 : v >= -128 ? 1 : v >= -32768 ? 2 : v >= -(2 ** 31) ? 4 : 8
    if (v < -(2n ** 63n)) throw new NotCanonical('too small a number')
    if (bytes === 0) this.parts.push(u8(256 + Number(v)))
    else {
      const first = { 1: 0xd0, 2: 0xd1, 4: 0xd2, 8: 0xd3 }[bytes]
      this.parts.push(u8(first), u64be(BigInt.asUintN(64, BigInt(v))).subarray(8 - bytes))
    }
  }

  value (v, depth) {
    if (++this.items > MAX_ITEMS) throw new NotCanonical('too many items')
    if (v === false || v === true) this.parts.push(u8(v ? 0xc3 : 0xc2))
    else if (isInt(v)) this.integer(v)
    else if (isStr(v)) {
      if (!v.isWellFormed()) throw new NotCanonical('a surrogate')
      for (const c of v) if (!allowed(c.codePointAt(0))) throw new NotCanonical('text')
      const bytes = ascii(v)
      this.head(bytes.length, [[31, 0xa0, 0], [255, 0xd9, 1], [65535, 0xda, 2], [2 ** 32 - 1, 0xdb, 4]])
      this.parts.push(bytes)
    } else if (isBin(v)) {
      this.head(v.length, [[255, 0xc4, 1], [65535, 0xc5, 2], [2 ** 32 - 1, 0xc6, 4]])
      this.parts.push(v)
    } else if (Array.isArray(v)) {
      this.enter(depth + 1)
      this.head(v.length, [[15, 0x90, 0], [65535, 0xdc, 2], [2 ** 32 - 1, 0xdd, 4]])
      for (const item of v) this.value(item, depth + 1)
    } else if (isMap(v)) {
      this.enter(depth + 1)
      this.head(v.size, [[15, 0x80, 0], [65535, 0xde, 2], [2 ** 32 - 1, 0xdf, 4]])
      const pairs = [...v].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
      let last = -1
      for (const [key, item] of pairs) {
        // 5 and 5n are two keys of a Map
        if (!isUint(key) || key <= last) throw new NotCanonical('key')
        last = key
        this.value(key, depth + 1)
        this.value(item, depth + 1)
      }
    } else throw new NotCanonical('a type that is not used')
  }
}

export function encode (value) {
  const writer = new Writer()
  writer.value(value, 0)
  return concat(...writer.parts)
}

// ---- 4 Ids and names

export const recordId = body => hash(256, 'ohcn-rec-v1', body)

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const CID_HEAD = unhex('018104a0e40220')

export function idToCid (id) {
  let out = 'b'
  let have = 0
  let bits = 0
  for (const b of concat(CID_HEAD, id)) {
    have = have << 8 | b
    for (bits += 8; bits >= 5; bits -= 5) out += BASE32[have >> (bits - 5) & 31]
    have &= (1 << bits) - 1
  }
  if (bits > 0) out += BASE32[have << (5 - bits) & 31]
  return out
}

/** The id; null if the text is none. */
export function cidToId (text) {
  if (text.length !== 64 || text[0] !== 'b') return null
  const out = []
  let have = 0
  let bits = 0
  for (const c of text.slice(1)) {
    const digit = BASE32.indexOf(c)
    if (digit < 0) return null
    have = have << 5 | digit
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push(have >> bits)
      have &= (1 << bits) - 1
    }
  }
  const bytes = Uint8Array.from(out)
  if (have !== 0 || !same(bytes.subarray(0, 7), CID_HEAD)) return null
  return bytes.slice(7)
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function base58 (bytes) {
  let n = BigInt('0x00' + hex(bytes))
  let out = ''
  for (; n > 0n; n /= 58n) out = BASE58[Number(n % 58n)] + out
  for (let i = 0; i < bytes.length && bytes[i] === 0; i++) out = '1' + out
  return out
}

function unbase58 (text) {
  let n = 0n
  for (const c of text) {
    const digit = BASE58.indexOf(c)
    if (digit < 0) return null
    n = n * 58n + BigInt(digit)
  }
  const zeros = text.match(/^1*/)[0].length
  let digits = n === 0n ? '' : n.toString(16)
  if (digits.length % 2 === 1) digits = '0' + digits
  return concat(new Uint8Array(zeros), unhex(digits))
}

export const keyToDid = key => 'did:key:z' + base58(concat(unhex('ed01'), key))

/** The key; null if the text is not the did:key of an Ed25519 key. */
export function didToKey (text) {
  if (!text.startsWith('did:key:z')) return null
  const bytes = unbase58(text.slice(9))
  if (bytes === null || bytes.length !== 34 || bytes[0] !== 0xed || bytes[1] !== 0x01) return null
  return bytes.slice(2)
}

export const termId = uri => hash(64, 'ohcn-term-v1', ascii(uri))

/** The integer of a language; 0 if the text is none. */
export function languageCode (text) {
  if (!/^[a-z]{2,3}$/.test(text)) return 0
  return [...ascii(text)].reduce((n, b) => n * 256 + b, 0)
}

/** The text of a language's integer; null if it is none. */
export function languageText (code) {
  if (!Number.isInteger(code) || code < 0 || code >= 2 ** 24) return null
  const text = String.fromCharCode(...[code >> 16, code >> 8 & 255, code & 255].filter((b, i) => b > 0 || i > 0))
  return languageCode(text) === code && code > 0 ? text : null
}

export const netOk = net => /^[a-z0-9-]{1,16}$/.test(net)

// ---- 5 Signature

const L = 2n ** 252n + 27742317777372353535851937790883648493n
const P = 2n ** 255n - 19n

export const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
]

const littleEndian = bytes => BigInt('0x' + hex(bytes.slice().reverse()))

function cleared (point) {
  const out = point.slice()
  out[31] &= 0x7f
  return out
}

/** Strict and without cofactor, step by step as section 5 has it. */
export function verify (sig, message, key) {
  if (sig.length !== 64 || key.length !== 32) return false
  const R = sig.subarray(0, 32)
  const S = littleEndian(sig.subarray(32))
  if (S >= L) return false
  if (SMALL_ORDER.includes(hex(cleared(R)))) return false
  if (littleEndian(cleared(key)) >= P || SMALL_ORDER.includes(hex(cleared(key)))) return false
  let A
  try {
    A = ed25519.Point.fromBytes(key)
  } catch {
    return false
  }
  const h = littleEndian(sha512(concat(R, key, message))) % L
  const sum = ed25519.Point.BASE.multiplyUnsafe(S).add(A.multiplyUnsafe(h).negate())
  return same(sum.toBytes(), R)
}

export const publicKey = secret => ed25519.getPublicKey(secret)

const named = net => concat(u8(net.length), ascii(net))

export function signedBytes (net, id, sigtype = 1) {
  return concat(pad16('ohcn-sig-v1'), named(net), u8(sigtype), id)
}

// ---- 6 Stamp

/** Zero bits that work needs in this network; 0 if its name is none. */
export function netBits (net) {
  return !netOk(net) ? 0 : net.startsWith('test-') ? 8 : 24
}

export function workDone (net, key, nonce) {
  const digest = hash(256, 'ohcn-stamp-v1', concat(named(net), key, nonce))
  return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) < 1n << BigInt(64 - netBits(net))
}

/** The first nonce from `start` on that does it. */
export function searchWork (net, key, start = 0n) {
  for (let n = BigInt(start); ; n++) {
    const nonce = u64be(n)
    if (workDone(net, key, nonce)) return nonce
  }
}

export const workStamp = (net, key) => concat(u8(1), searchWork(net, key))

function certificateBytes (net, author, notAfter) {
  return concat(pad16('ohcn-cert-v1'), named(net), author, u32be(notAfter))
}

/** What a company gives to a key that is to answer it. */
export function certificateStamp (net, author, notAfter, companySecret) {
  const company = publicKey(companySecret)
  return concat(u8(3), company, searchWork(net, company), u32be(notAfter),
    ed25519.sign(certificateBytes(net, author, notAfter), companySecret))
}

/** Outcome of checks 27 to 29, null if the stamp is good. */
function checkStamp (r) {
  const { stamp } = r
  if ((stamp.length === 0) !== (r.kind === REVOCATION)) return 'bad-stamp'
  if (stamp.length === 0) return null
  if (stamp[0] !== 1 && stamp[0] !== 3) return 'unknown-stamp'
  if (stamp[0] === 1) {
    return stamp.length === 9 && workDone(r.net, r.author, stamp.subarray(1)) ? null : 'bad-stamp'
  }
  if (stamp.length !== 109 || r.kind !== ENVELOPE) return 'bad-stamp'
  const company = stamp.subarray(1, 33)
  const notAfter = Buffer.from(stamp).readUInt32BE(41)
  if (r.expires > notAfter) return 'bad-stamp'
  if (!workDone(r.net, company, stamp.subarray(33, 41))) return 'bad-stamp'
  return verify(stamp.subarray(45), certificateBytes(r.net, r.author, notAfter), company) ? null : 'bad-stamp'
}

// ---- 7 Kinds

export const ENVELOPE = 11
export const REVOCATION = 12
export const CLASSES = ['people', 'demand', 'learn', 'mail', 'meta']

const kind = (name, cls, slots, hours, bytes) => ({ name, class: cls, slots, hours, bytes })

export const KINDS = new Map([
  [1, kind('profile', 'people', 1, 2160, 4096)],
  [2, kind('organisation', 'demand', 1, 9600, 16384)],
  [3, kind('demand', 'demand', 1024, 1440, 16384)],
  [4, kind('course', 'learn', 256, 1440, 16384)],
  [5, kind('assessment', 'learn', 32, 9600, 16384)],
  [6, kind('pathway', 'learn', 32, 9600, 16384)],
  [7, kind('community', 'learn', 32, 9600, 16384)],
  [8, kind('attestation', 'meta', 256, 9600, 16384)],
  [9, kind('vocabulary', 'meta', 64, 9600, 16384)],
  [10, kind('statistic', 'meta', 256, 9600, 16384)],
  [ENVELOPE, kind('envelope', 'mail', 512, 336, 16384)],
  [REVOCATION, kind('revocation', 'meta', 1, 9600, 16384)]
])

const OPEN = kind('open', 'meta', 1, 720, 1024)

export const kindOf = n => n >= 64 && n <= 127 ? OPEN : KINDS.get(n)

const slotsOf = r => r.kind === ENVELOPE && r.stamp[0] === 3 ? 1 : kindOf(r.kind).slots

export const topic = (net, cls) => `/ohcn/1/${net}/${cls}/0`

// ---- 8 Time, slots, winners

export const hourOf = seq => Math.floor(seq / 256)
const hourAt = seconds => Math.floor(seconds / 3600)

/** The next seq of a slot; null if its author has to wait. */
export function nextSeq (now, last = -1) {
  const seq = Math.max(hourAt(now) * 256, last + 1)
  return seq % 256 > 63 ? null : seq
}

export function beats (a, b) {
  return a.seq > b.seq || (a.seq === b.seq && compare(a.id, b.id) < 0)
}

export const winner = records => records.reduce((best, r) => beats(r, best) ? r : best)

// ---- 9 Validation and outcomes

export const VERDICTS = {
  stored: 'accept',
  relayed: 'accept',
  oversize: 'reject',
  malformed: 'reject',
  'not-canonical': 'reject',
  'wrong-net': 'reject',
  'wrong-class': 'reject',
  'bad-times': 'reject',
  'bad-slot': 'reject',
  'bad-stamp': 'reject',
  'bad-signature': 'reject',
  'bad-payload': 'reject',
  'unknown-version': 'ignore',
  'unknown-kind': 'ignore',
  'unknown-sigtype': 'ignore',
  'unknown-flag': 'ignore',
  'unknown-stamp': 'ignore',
  'from-future': 'ignore',
  expired: 'ignore',
  duplicate: 'ignore',
  stale: 'ignore',
  revoked: 'ignore',
  'out-of-scope': 'ignore',
  'rate-limited': 'ignore',
  'queue-full': 'ignore'
}

const MAX_RECORD = 16464
const MAX_BODY = 16384
const below = bits => v => v < 2 ** bits

const FIELDS = [
  ['v', isUint, () => true],
  ['net', isStr, netOk],
  ['kind', isUint, () => true],
  ['author', isBin, v => v.length === 32],
  ['region', isStr, v => /^[a-z]{2}$/.test(v)],
  ['slot', isUint, below(32)],
  ['seq', isUint, below(53)],
  ['expires', isUint, below(32)],
  ['flags', isUint, below(53)],
  ['stamp', isBin, () => true],
  ['pv', isUint, below(53)],
  ['payload', isMap, () => true]
]

function decodeOrNull (bytes) {
  try {
    return [decode(bytes)]
  } catch (e) {
    if (e instanceof NotCanonical) return null
    throw e
  }
}

/** Checks 1 to 12: the outcome, or the record. */
function open (bytes) {
  if (bytes.length > MAX_RECORD) return 'oversize'
  const outer = decodeOrNull(bytes)
  if (outer === null) return 'not-canonical'
  const [triple] = outer
  if (!Array.isArray(triple) || triple.length !== 3) return 'malformed'
  const [body, sigtype, sig] = triple
  if (!isBin(body) || !isUint(sigtype)) return 'malformed'
  if (body.length > MAX_BODY) return 'oversize'
  if (sigtype !== 1) return 'unknown-sigtype'
  if (!isBin(sig) || sig.length !== 64) return 'malformed'
  const inner = decodeOrNull(body)
  if (inner === null) return 'not-canonical'
  const [fields] = inner
  if (!Array.isArray(fields) || fields.length < 1 || !isUint(fields[0])) return 'malformed'
  if (fields[0] !== 1) return 'unknown-version'
  if (fields.length !== 12) return 'malformed'
  if (!FIELDS.every(([, type], i) => type(fields[i]))) return 'malformed'
  if (!FIELDS.every(([, , range], i) => range(fields[i]))) return 'malformed'
  const r = { body, sig }
  FIELDS.forEach(([name], i) => { r[name] = fields[i] })
  return r
}

/** Checks 13 to 23. */
function checkHeader (r, net, now, classes) {
  if (r.net !== net) return 'wrong-net'
  const kind = kindOf(r.kind)
  if (kind === undefined) return 'unknown-kind'
  if (classes !== null && !classes.includes(kind.class)) return 'wrong-class'
  if (r.body.length > kind.bytes) return 'oversize'
  if (r.flags > 1) return 'unknown-flag'
  if (r.slot >= slotsOf(r)) return 'bad-slot'
  if (r.seq % 256 > 63) return 'bad-times'
  if (r.expires <= hourOf(r.seq)) return 'bad-times'
  const life = r.expires - hourOf(r.seq)
  if (life > kind.hours || (r.kind === REVOCATION && life !== kind.hours)) return 'bad-times'
  if (hourOf(r.seq) > hourAt(now + 600)) return 'from-future'
  if (r.expires <= hourAt(now)) return 'expired'
  return null
}

/** Checks 30 to 32; says in the record whether it is opaque. */
function checkContent (r) {
  r.opaque = false
  if (!verify(r.sig, signedBytes(r.net, r.id), r.author)) return 'bad-signature'
  if (r.deleted) return r.kind !== REVOCATION && r.payload.size === 0 ? null : 'bad-payload'
  const { good, opaque } = checkPayload(r.kind, r.pv, r.payload)
  r.opaque = opaque
  return good ? null : 'bad-payload'
}

/**
 * What becomes of a record: its outcome ('fine' if nothing is wrong), the
 * verdict, and the record as far as it could be read. `classes` are those of
 * the place it came from, null: all. `held` makes checks 24 to 26.
 */
export function judge (bytes, { net, now, classes = null, held = null }) {
  const done = (outcome, record = null) =>
    ({ outcome, verdict: outcome === 'fine' ? 'accept' : VERDICTS[outcome], record })
  const r = open(bytes)
  if (isStr(r)) return done(r)
  r.id = recordId(r.body)
  r.deleted = r.flags === 1
  let outcome = checkHeader(r, net, now, classes) ?? held?.check(r, now) ?? null
  // what could make a floor last longer has to be verified first (section 8)
  const stretches = outcome === 'stale' && held.stretches(r)
  if (outcome === null || stretches) outcome = checkStamp(r) ?? checkContent(r)
  r.verified = outcome === null
  if (stretches && outcome === null) outcome = 'stale'
  return done(outcome ?? 'fine', r)
}

/** Signs a record. Left out fields have the values of the simplest record. */
export function make (fields, secret) {
  const r = {
    v: 1, author: publicKey(secret), region: 'zz', slot: 0, flags: 0, pv: PV, payload: new Map(), sigtype: 1, ...fields
  }
  const body = encode(FIELDS.map(([name]) => r[name]))
  const sig = ed25519.sign(signedBytes(r.net, recordId(body), r.sigtype), secret)
  return encode([body, r.sigtype, sig])
}

/** The bytes of a record from its fields and a signature made before. */
export function assemble (r, sig) {
  return encode([encode(FIELDS.map(([name]) => r[name])), 1, sig])
}

/** The records that are held, with checks 24 to 26; its scope is everything. */
export class Held {
  winners = new Map()
  floors = new Map()
  latest = new Map()

  static slot (r) {
    return `${hex(r.author)}/${r.kind}/${r.slot}`
  }

  sweep (now) {
    for (const [slot, r] of this.winners) {
      if (r.expires > hourAt(now)) continue
      this.floors.set(slot, r)
      this.winners.delete(slot)
    }
    for (const slot of [...this.floors.keys()]) {
      if (this.latest.get(slot) > hourAt(now)) continue
      this.floors.delete(slot)
      this.latest.delete(slot)
    }
  }

  check (r, now) {
    this.sweep(now)
    const slot = Held.slot(r)
    const revocation = this.winners.get(`${hex(r.author)}/${REVOCATION}/0`)
    if (r.kind !== REVOCATION && revocation !== undefined) return 'revoked'
    const best = this.winners.get(slot)
    if (best !== undefined && same(best.id, r.id)) return 'duplicate'
    if (best !== undefined && !beats(r, best)) return 'stale'
    const floor = this.floors.get(slot)
    if (floor !== undefined && !beats(r, floor)) return 'stale'
    return null
  }

  /** Would this record, which is stale, make the slot's floor last longer? */
  stretches (r) {
    return r.expires > this.latest.get(Held.slot(r))
  }

  /** Judges and keeps a record; its outcome. */
  add (bytes, { net, now, classes = null }) {
    const { outcome, record: r } = judge(bytes, { net, now, classes, held: this })
    if (outcome === 'stale' && r.verified) this.latest.set(Held.slot(r), r.expires)
    if (outcome !== 'fine') return outcome
    const slot = Held.slot(r)
    if (r.kind === REVOCATION) {
      const mine = key => key.startsWith(hex(r.author)) && key !== slot
      for (const map of [this.winners, this.floors, this.latest]) {
        for (const key of [...map.keys()].filter(mine)) map.delete(key)
      }
    }
    if (this.winners.has(slot)) this.floors.set(slot, this.winners.get(slot))
    this.winners.set(slot, r)
    this.latest.set(slot, Math.max(r.expires, this.latest.get(slot) ?? 0))
    return 'stored'
  }
}

// ---- 10 Payloads

const NUMBERS = { '2³²−1': 2 ** 32 - 1, '2⁵³−1': 2 ** 53 - 1 }
const number = text => NUMBERS[text] ?? Number(text)
const between = (n, a, b) => n >= a && n <= b
const strOk = (v, a, b) => isStr(v) && between(ascii(v).length, a, b)

/** The numbers of a choice or of bits, with their names. */
export function choices (type) {
  return type.split(': ')[1].split(', ').map(c => c.split(' = ')).map(([n, name]) => [Number(n), name])
}

/** The one range of bytes there is: an envelope has one of three sizes. */
export const SEALED = 'bytes 1024..4096'
export const SEALED_SIZES = [1024, 2048, 4096]

/** Whether v is what a type in the words of the standard says. */
function fits (type, v, seen) {
  let m
  if ((m = /^(uint|int) (\S+)\.\.(\S+)$/.exec(type))) return isInt(v) && between(v, number(m[2]), number(m[3]))
  if (type === 'bool') return v === 0 || v === 1
  if ((m = /^str (\d+)\.\.(\d+)$/.exec(type))) return strOk(v, number(m[1]), number(m[2]))
  if ((m = /^text (\d+)\.\.(\d+)$/.exec(type))) {
    return isMap(v) && between(v.size, 1, 8) &&
      [...v].every(([key, text]) => languageText(key) !== null && strOk(text, number(m[1]), number(m[2])))
  }
  if ((m = /^bytes (\d+)$/.exec(type))) return isBin(v) && v.length === number(m[1])
  if (type === SEALED) return isBin(v) && SEALED_SIZES.includes(v.length)
  if (type === 'term') return isBin(v) && v.length === 8
  if (type === 'language') return isUint(v) && languageText(v) !== null
  if (type === 'region') return isStr(v) && /^[a-z]{2}$/.test(v)
  if (type === 'currency') return isStr(v) && /^[A-Z]{3}$/.test(v)
  if (type.startsWith('choice: ')) return choices(type).some(([n]) => n === v)
  if (type.startsWith('bits: ')) {
    const mask = choices(type).reduce((sum, [n]) => sum + n, 0)
    return isUint(v) && between(v, 1, mask) && (v & ~mask) === 0
  }
  if ((m = /^list (\d+)\.\.(\d+) of (.+)$/.exec(type))) {
    return Array.isArray(v) && between(v.length, number(m[1]), number(m[2])) && v.every(item => fits(m[3], item, seen))
  }
  if ((m = /^map (.+)$/.exec(type))) return fitsTable(MAPS[m[1]], v, seen)
  throw new Error(`no such type: ${type}`)
}

function fitsTable (table, v, seen) {
  if (!isMap(v)) return false
  for (const key of v.keys()) {
    if (!table.some(([k]) => k === key) && BigInt(key) % 2n === 0n) seen.even = true
  }
  return table.every(([key, , type, must]) => v.has(key) ? fits(type, v.get(key), seen) : must !== true)
}

/** Whether a payload of this kind and pv is good, and whether opaque. */
export function checkPayload (kind, pv, payload) {
  if (PAYLOADS[kind] === undefined || pv !== PV) return { good: true, opaque: true }
  const seen = { even: false }
  const good = fitsTable(PAYLOADS[kind], payload, seen)
  return { good, opaque: seen.even }
}

// ---- 11 Keys

function keyed (key, n, person) {
  const salt = new Uint8Array(16)
  new DataView(salt.buffer).setBigUint64(0, BigInt(n), true)
  return blake2b(new Uint8Array(0), { dkLen: 32, key, salt, personalization: pad16(person) })
}

/** The Ed25519 seed of persona i. */
export function personaSecret (seed, i) {
  const persona = keyed(keyed(seed, 0, 'ohcn-root-v1'), i, 'persona_')
  return keyed(persona, 1, 'sign____')
}

/** The 24 words, given the list of 2048. */
export function seedToWords (seed, list) {
  let n = littleEndian(concat(seed, sha256(seed).subarray(0, 1)).reverse())
  const words = []
  for (; words.length < 24; n >>= 11n) words.unshift(list[Number(n & 2047n)])
  return words.join(' ')
}

/** The seed; null if the words are none. */
export function wordsToSeed (text, list) {
  const lower = text.replace(/[A-Z]/g, c => c.toLowerCase())
  const words = lower.split(/[ \t\r\n]+/).filter(w => w !== '')
  if (words.length !== 24) return null
  let n = 0n
  for (const word of words) {
    const index = list.indexOf(word)
    if (index < 0) return null
    n = n << 11n | BigInt(index)
  }
  const bytes = unhex(n.toString(16).padStart(66, '0'))
  const seed = bytes.slice(0, 32)
  return sha256(seed)[0] === bytes[32] ? seed : null
}

/** XChaCha20's key: ChaCha20's rounds of (key, nonce), without the sum. */
function hchacha20 (key, nonce) {
  const s = new Uint32Array(16)
  const words = bytes => [...Array(bytes.length / 4).keys()].map(i => Buffer.from(bytes).readUInt32LE(4 * i))
  s.set([...words(ascii('expand 32-byte k')), ...words(key), ...words(nonce)])
  const turn = (a, b, n) => { s[a] ^= s[b]; s[a] = s[a] << n | s[a] >>> (32 - n) }
  const quarter = (a, b, c, d) => {
    s[a] += s[b]; turn(d, a, 16)
    s[c] += s[d]; turn(b, c, 12)
    s[a] += s[b]; turn(d, a, 8)
    s[c] += s[d]; turn(b, c, 7)
  }
  for (let i = 0; i < 10; i++) {
    for (const q of [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
      [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]]) quarter(...q)
  }
  const out = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((w, i) => out.writeUInt32LE(s[w], 4 * i))
  return out
}

function sealKey (head, passphrase) {
  const b = Buffer.from(head)
  const [ops, kib] = [b.readUInt32BE(9), b.readUInt32BE(13)]
  if (!same(head.subarray(0, 9), concat(ascii('ohcnkey1'), u8(1)))) return null
  if (!between(ops, 2, 64) || !between(kib, 65536, 2097152)) return null
  const key = argon2id(ascii(passphrase), head.slice(17, 33), { t: ops, m: kib, p: 1, version: 0x13, dkLen: 32, maxmem: 2 ** 32 - 1 })
  const nonce = head.subarray(33, 57)
  return ['chacha20-poly1305', hchacha20(key, nonce.subarray(0, 16)),
    concat(new Uint8Array(4), nonce.subarray(16)), { authTagLength: 16 }]
}

/** The secret in a sealed file; null if it cannot be had. */
export function unseal (file, passphrase) {
  if (file.length < 57 + 16) return null
  const head = file.subarray(0, 57)
  const args = sealKey(head, passphrase)
  if (args === null) return null
  const cipher = createDecipheriv(...args)
  cipher.setAAD(head, { plaintextLength: file.length - 73 })
  cipher.setAuthTag(file.subarray(-16))
  const secret = cipher.update(file.subarray(57, -16))
  try {
    cipher.final()
  } catch {
    return null
  }
  return new Uint8Array(secret)
}

export function seal (secret, passphrase, { ops, kib, salt, nonce }) {
  const head = concat(ascii('ohcnkey1'), u8(1), u32be(ops), u32be(kib), salt, nonce)
  const cipher = createCipheriv(...sealKey(head, passphrase))
  cipher.setAAD(head, { plaintextLength: secret.length })
  const box = concat(cipher.update(secret), cipher.final())
  return concat(head, box, cipher.getAuthTag())
}
