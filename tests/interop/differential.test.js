// Two implementations of the standard side by side: records made and spoilt at
// random are judged by codec.js, written from the text alone, and by our C
// code (tests/tool/judge.c). Outcome, id and opacity must be the same.
// OHCN_SEED chooses other records, OHCN_CASES how many.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import * as c from './codec.js'
import { EDGES, SEED, badMaps, good, goodMap, oneOf, random, randomBytes, randomText, randomValue, someNumber } from './random.js'
import { PAYLOADS, PV } from './schemas.js'

const BUILD = process.env.OHCN_BUILD ?? fileURLToPath(new URL('../../build/test', import.meta.url))
const CASES = Number(process.env.OHCN_CASES ?? 1000)
const NETS = ['test-a', 'test-b']
const NOW = 1800000060
const HOUR = Math.floor(NOW / 3600)
const { hex, unhex } = c

const chance = percent => random(1, 100) <= percent
const insert = (bytes, at, more, cut = 0) => c.concat(bytes.subarray(0, at), more, bytes.subarray(at + cut))

// ---- authors, some with keys and signatures off the beaten track

const order = ed25519.Point.Fn.ORDER
const B = ed25519.Point.BASE
const T = ed25519.Point.fromBytes(unhex(c.SMALL_ORDER[3]))
const little = bytes => BigInt('0x' + hex(bytes.slice().reverse()))
const scalar = n => unhex(n.toString(16).padStart(64, '0')).reverse()

function author (i) {
  const secret = c.personaSecret(new Uint8Array(32), i)
  const head = sha512(secret).slice(0, 32)
  head[0] &= 248
  head[31] = (head[31] & 63) | 64
  const a = little(head) % order
  // 1: an ordinary key; else one with a part of small order, or only that
  const torsion = i < 4 ? 0n : BigInt(i - 3) % 8n
  const own = i < 12 ? a : 0n
  const point = (own === 0n ? ed25519.Point.ZERO : B.multiply(own)).add(T.multiplyUnsafe(torsion))
  const key = point.toBytes()
  const sign = torsion === 0n && own !== 0n
    ? message => ed25519.sign(message, secret)
    : message => equation(message, key, own)
  return { secret, key, sign, stamps: NETS.map(net => c.workStamp(net, key)) }
}

/** [S]B = R + [h]A up to a part of small order, which may cancel out. */
function equation (message, key, a) {
  let sig
  for (let tries = random(1, 12); tries > 0; tries--) {
    const r = oneOf([0n, 1n, BigInt(random(2, 1e9))])
    const R = (r === 0n ? ed25519.Point.ZERO : B.multiply(r)).add(T.multiplyUnsafe(BigInt(random(0, 7)))).toBytes()
    const h = little(sha512(c.concat(R, key, message))) % order
    sig = c.concat(R, scalar((r + h * a) % order))
    if (c.verify(sig, message, key)) break
  }
  return sig
}

const PLAIN = [0, 1, 2, 3].map(author)
const ODD = Array.from({ length: 16 }, (_, i) => author(4 + i))
const someone = () => chance(92) ? oneOf(PLAIN) : oneOf(ODD)

// ---- records

const FIELDS = ['v', 'net', 'kind', 'author', 'region', 'slot', 'seq', 'expires', 'flags', 'stamp', 'pv', 'payload']
const KINDS = [...c.KINDS.keys(), 64, 99, 127]

const BAD = Object.fromEntries(Object.keys(PAYLOADS).map(kind => [kind, badMaps(PAYLOADS[kind])]))

function payloadOf (kind) {
  const table = PAYLOADS[kind]
  if (table === undefined || chance(5)) return new Map([[random(0, 30), randomValue(3)]])
  const payload = chance(20) ? new Map(oneOf(BAD[kind])) : goodMap(table)
  if (chance(15)) payload.set(oneOf([...EDGES.filter(e => e >= 0 && e < 2n ** 53n).map(Number), 2n ** 64n - 1n, 2n ** 64n - 2n, 19, 62]), randomValue(4))
  return payload
}

function certificate (net, by, expires) {
  const company = oneOf(PLAIN)
  const stamp = c.certificateStamp(chance(90) ? net : oneOf(NETS), chance(90) ? by.key : oneOf(PLAIN).key,
    expires + oneOf([-1, 0, 0, 0, 1]), company.secret)
  if (chance(20)) stamp[random(0, stamp.length - 1)] ^= 1 << random(0, 7)
  return chance(90) ? stamp : stamp.subarray(0, random(1, 109))
}

function stampOf (kind, net, by, expires) {
  if (kind === c.REVOCATION ? chance(95) : chance(3)) return new Uint8Array(0)
  if (kind === c.ENVELOPE ? chance(50) : chance(2)) return certificate(net, by, expires)
  if (chance(90)) return by.stamps[NETS.indexOf(net)]
  return c.concat(Uint8Array.of(oneOf([0, 1, 1, 1, 2, 3, 255])), randomBytes(oneOf([0, 7, 8, 8, 8, 9, 108])))
}

/** Fields of a record that is fine, most of the time. */
function fieldsOf (by) {
  const kind = oneOf(KINDS)
  const { slots, hours } = c.kindOf(kind)
  const net = chance(97) ? NETS[0] : NETS[1]
  const made = HOUR + (chance(80) ? -random(0, Math.min(hours - 1, 40)) : random(-hours - 1, 2))
  const expires = made + (kind === c.REVOCATION && chance(90) ? hours : chance(90) ? someNumber(Math.min(41, hours), hours) : random(-1, hours + 1))
  const deleted = chance(10)
  const slot = chance(95) ? someNumber(0, kind === c.ENVELOPE ? oneOf([0, slots - 1]) : slots - 1) : oneOf([slots, 1, 2 ** 32 - 1])
  return {
    v: 1,
    net,
    kind,
    author: by.key,
    region: oneOf(['de', 'zz', 'fr']),
    slot,
    seq: Math.max(0, made) * 256 + (chance(97) ? someNumber(0, 63) : random(64, 255)),
    expires: Math.max(0, expires),
    flags: deleted ? 1 : chance(2) ? oneOf([2, 3, 128, 2 ** 52]) : 0,
    stamp: stampOf(kind, net, by, Math.max(0, expires)),
    pv: chance(93) ? PV : oneOf([0, 1, 255, 2 ** 53 - 1]),
    payload: deleted && chance(90) ? new Map() : payloadOf(kind)
  }
}

/** One field of another type, or at an edge. */
function spoilField (f) {
  const name = oneOf([...FIELDS, 'v', 'kind', 'kind'])
  f[name] = oneOf([
    () => oneOf([0, 2, 13, 63, 65, 127, 128]),
    () => randomValue(2),
    () => { const e = oneOf(EDGES); return e > -(2n ** 53n) && e < 2n ** 53n ? Number(e) : e },
    () => oneOf(['', 'a', 'zz', 'de1', 'test-a', 'A-', 'test-', '0123456789abcdef', '0123456789abcdefg', 'ä']),
    () => randomBytes(oneOf([0, 1, 31, 32, 33]))
  ])()
}

// Heads of msgpack, and bytes that texts trip over.
const TRAPS = ['c0', 'c1', 'c2', 'c3', 'c40100', 'c5000100', 'c600000000', 'c70000', 'ca00000000', 'cb0000000000000000',
  'cc00', 'cc7f', 'cc80', 'cd00ff', 'cd0100', 'ce0000ffff', 'ce00010000', 'cf00000000ffffffff', 'cf0000000100000000',
  'd0df', 'd0e0', 'd07f', 'd1ff7f', 'd1ff80', 'd2ffff7fff', 'd2ffff8000', 'd3ffffffff7fffffff', 'd3ffffffff80000000',
  'd40000', 'd90161', 'da0001', 'db00000001', 'dc0000', 'dd00000000', 'de0000', 'df00000000', 'ddffffffff', 'dfffffffff',
  '80', '90', 'a0', '8f', '9f', 'bf', 'e0', 'ff', '9191919191', '8101810181018101', '09', '7f', 'a109', 'a3e2808c', 'a3e2808e', 'a2c285',
  'a3eda080', 'a3efbfbf', 'a4f48fbfbf', 'a4f4908080', 'a2c080']

function spoilBytes (bytes) {
  for (let n = oneOf([1, 1, 1, 2, 5]); n > 0 && bytes.length > 0; n--) {
    const at = random(0, bytes.length - 1)
    bytes = oneOf([
      () => { const out = bytes.slice(); out[at] ^= 1 << random(0, 7); return out },
      () => { const out = bytes.slice(); out[at] = random(0, 255); return out },
      () => insert(bytes, at, unhex(oneOf(TRAPS)), random(0, 1)),
      () => insert(bytes, at, c.encode(randomValue(4)), 1),
      () => insert(bytes, at, randomBytes(random(0, 3)), random(0, 3)),
      () => bytes.slice(0, at),
      () => c.concat(bytes, randomBytes(1))
    ])()
  }
  return bytes
}

// ---- msgpack that is well-formed, but now and then not canonical

const bigEndian = (x, n) => unhex(BigInt.asUintN(8 * n, BigInt(x)).toString(16).padStart(2 * n, '0'))

/** A head: the shortest form, now and then a longer one that holds n. */
function head (n, forms) {
  const fit = forms.filter(([most]) => n <= most)
  const [, first, bytes] = chance(4) ? oneOf(fit) : fit[0]
  return bytes === 0 ? Uint8Array.of(first + n) : c.concat(Uint8Array.of(first), bigEndian(n, bytes))
}

function wildInteger () {
  const v = chance(60) ? oneOf(EDGES) : BigInt(random(-300, 300))
  if (chance(92)) return c.encode(v > -(2n ** 53n) && v < 2n ** 53n ? Number(v) : v)
  const fit = [1, 2, 4, 8].filter(n => v < 0 ? v >= -(2n ** BigInt(8 * n - 1)) : v < 2n ** BigInt(8 * n))
  const n = oneOf(fit)
  const log = Math.log2(n)
  return c.concat(Uint8Array.of((v < 0 || chance(20) ? 0xd0 : 0xcc) + log), bigEndian(v, n))
}

const POINTS = [0, 0x1f, 0x20, 0x7e, 0x7f, 0x9f, 0xa0, 0x61b, 0x61c, 0x61d, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2010, 0x2027,
  0x2028, 0x202e, 0x202f, 0x2065, 0x2066, 0x2069, 0x206a, 0xd7ff, 0xe000, 0xfeff, 0xffff, 0x10000, 0x10ffff]

function wildText () {
  let text = Buffer.from(randomText(oneOf([0, 1, 5, 31, 32, 33, 255, 256])))
  if (chance(10)) text = Buffer.concat([text, Buffer.from(String.fromCodePoint(Math.min(0x10ffff, Math.max(0, oneOf(POINTS) + random(-1, 1)))))])
  if (chance(4)) text = Buffer.concat([text, randomBytes(random(1, 4))])
  return c.concat(head(text.length, [[31, 0xa0, 0], [255, 0xd9, 1], [65535, 0xda, 2], [2 ** 32, 0xdb, 4]]), text)
}

function wildMap (depth) {
  const n = oneOf([0, 1, 2, 3, 15, 16])
  const keys = Array.from({ length: n }, (_, i) => c.encode(i * oneOf([1, 2, 127, 70000]) + i))
  if (chance(95)) keys.sort((a, b) => c.decode(a) - c.decode(b))
  if (n > 0 && chance(4)) keys[random(0, n - 1)] = wild(depth)
  return c.concat(head(n, [[15, 0x80, 0], [65535, 0xde, 2], [2 ** 32, 0xdf, 4]]), ...keys.flatMap(key => [key, wild(depth)]))
}

/** One value at a depth; those within the sixth are small. */
function wild (depth) {
  if (depth > 1 && depth < 8 && chance(50)) {
    return chance(50)
      ? c.concat(head(1, [[15, 0x90, 0], [65535, 0xdc, 2]]), wild(depth + 1))
      : c.concat(head(1, [[15, 0x80, 0], [65535, 0xde, 2]]), Uint8Array.of(random(0, 127)), wild(depth + 1))
  }
  switch (random(0, depth < 3 ? 7 : 4)) {
    case 0: case 1: return wildInteger()
    case 2: return wildText()
    case 3: {
      const n = oneOf([0, 1, 255, 256])
      return c.concat(head(n, [[255, 0xc4, 1], [65535, 0xc5, 2], [2 ** 32, 0xc6, 4]]), randomBytes(n))
    }
    case 4: return chance(96)
      ? Uint8Array.of(random(0xc2, 0xc3))
      : unhex(oneOf(['c0', 'c1', 'ca3f800000', 'cb3ff0000000000000', 'c7010500', 'd40100', 'd6ff00000000', 'd7' + '00'.repeat(9)]))
    case 5: {
      const n = oneOf([0, 1, 2, 15, 16])
      const items = Array.from({ length: n }, () => wild(depth + 1))
      return c.concat(head(n, [[15, 0x90, 0], [65535, 0xdc, 2], [2 ** 32, 0xdd, 4]]), ...items)
    }
    default: return wildMap(depth + 1)
  }
}

function encodeOr (value, other) {
  try {
    return c.encode(value)
  } catch (e) {
    if (!(e instanceof c.NotCanonical)) throw e
    return other
  }
}

/** A body with the signature of its author, whatever its bytes are. */
function signed (body, by, net, sigtype = 1) {
  const sig = by.sign(c.signedBytes(net, c.recordId(body), sigtype))
  return c.encode([body, sigtype, sig])
}

const filler = n => new Map([[1, new Uint8Array(n)]])

const MAKERS = {
  'as it should be': (f, by, body) => signed(body, by, f.net),
  'a field spoilt': (f, by) => {
    const { net } = f
    for (let n = oneOf([1, 1, 2]); n > 0; n--) spoilField(f)
    return signed(encodeOr(FIELDS.map(name => f[name]), Uint8Array.of(0)), by, net)
  },
  'more or fewer fields': (f, by) => {
    const list = FIELDS.map(name => f[name])
    list.splice(random(0, 11), random(0, 2), ...Array.from({ length: random(0, 2) }, () => randomValue(3)))
    return signed(encodeOr(list, Uint8Array.of(0x90)), by, f.net)
  },
  'the body spoilt, then signed': (f, by, body) => signed(spoilBytes(body), by, f.net),
  'the payload spoilt, then signed': (f, by, body) => {
    const payload = encodeOr(f.payload, Uint8Array.of(0x80))
    return signed(c.concat(body.subarray(0, body.length - payload.length), spoilBytes(payload)), by, f.net)
  },
  'any msgpack in the payload, then signed': (f, by) => {
    Object.assign(f, { kind: oneOf([1, 6]), stamp: by.stamps[0], net: NETS[0], pv: 0, slot: 0, flags: 0 })
    Object.assign(f, { seq: HOUR * 256, expires: HOUR + 9, payload: new Map() })
    const body = c.encode(FIELDS.map(name => f[name]))
    return signed(c.concat(body.subarray(0, -1), Uint8Array.of(0x81, 1), wild(2)), by, f.net)
  },
  'around the number of items': (f, by) => {
    const items = random(4076, 4082) // 4079 are 4096 in all
    const payload = c.concat(unhex('8103dc'), bigEndian(items, 2), new Uint8Array(items))
    const body = c.encode(FIELDS.map(name => name === 'payload' ? new Map() : name === 'kind' ? 7 : f[name]))
    return signed(c.concat(body.subarray(0, -1), payload), by, f.net)
  },
  'the record spoilt': (f, by, body) => spoilBytes(signed(body, by, f.net)),
  'around the sizes': (f, by) => {
    const most = oneOf([c.kindOf(f.kind).bytes, 1024, 4096, 16384])
    const rest = c.encode(FIELDS.map(name => name === 'payload' ? filler(1000) : f[name])).length - 1000
    return signed(c.encode(FIELDS.map(name => name === 'payload' ? filler(Math.max(256, most - rest + random(-2, 2))) : f[name])), by, f.net)
  },
  'the outer array spoilt': (f, by, body) => {
    const list = [body, 1, c.decode(signed(body, by, f.net))[2]]
    if (chance(70)) list[random(0, 2)] = randomValue(3)
    if (chance(30)) list.splice(random(0, 3), random(0, 1), ...Array.from({ length: random(0, 2) }, () => randomValue(4)))
    return encodeOr(list, new Uint8Array(0))
  },
  'another sigtype': (f, by, body) => signed(chance(50) ? body : spoilBytes(body), by, f.net, oneOf([0, 2, 255, 2 ** 32])),
  'signed by or for others': (f, by, body) => oneOf([
    () => signed(body, oneOf(PLAIN), f.net),
    () => signed(body, by, oneOf(NETS)),
    () => c.encode([body, 1, ed25519.sign(body, by.secret)]),
    () => { // S + L
      const bytes = signed(body, by, f.net)
      const s = little(bytes.subarray(-32)) + order
      return s < 2n ** 256n ? c.concat(bytes.subarray(0, -32), scalar(s)) : bytes
    },
    () => c.concat(signed(body, by, f.net).subarray(0, -64), T.multiplyUnsafe(BigInt(random(0, 7))).toBytes(), scalar(BigInt(random(0, 9)))),
    () => signed(encodeOr(FIELDS.map(name => name === 'author' ? unhex(oneOf(c.SMALL_ORDER)) : f[name]), body), by, f.net)
  ])(),
  'bytes of no record': () => chance(50) ? randomBytes(random(0, 40)) : encodeOr(randomValue(0), new Uint8Array(1))
}

const WEIGHTS = { 'as it should be': 8, 'any msgpack in the payload, then signed': 8, 'the payload spoilt, then signed': 3 }
const WAYS = Object.keys(MAKERS).flatMap(way => Array.from({ length: WEIGHTS[way] ?? 1 }, () => way))

function makeCase () {
  const by = someone()
  const fields = fieldsOf(by)
  const way = oneOf(WAYS)
  let body
  do { // a payload may have too many items
    body = encodeOr(FIELDS.map(name => fields[name]), null)
    if (body === null) fields.payload = payloadOf(fields.kind)
  } while (body === null)
  const bytes = MAKERS[way](fields, by, body)
  const now = chance(90) ? NOW : HOUR * 3600 + oneOf([0, 1, 2999, 3000, 3599, 3600, -3600, -86400])
  const mask = chance(70) ? 0 : random(1, 31)
  return { way, bytes, now, mask, net: NETS[0] }
}

// ---- the two judges

function byCodec ({ bytes, now, mask, net }) {
  const classes = mask === 0 ? null : c.CLASSES.filter((_, i) => mask >> i & 1)
  return c.judge(bytes, { net, now, classes })
}

function byUs (cases) {
  const input = cases.map(k => `${k.now} ${k.net} ${k.mask} ${hex(k.bytes)}\n`).join('')
  const run = spawnSync(`${BUILD}/tests/tool_judge`, { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  assert.equal(run.error, undefined)
  assert.equal(run.status, 0, run.stderr)
  const lines = run.stdout.trimEnd().split('\n').map(line => line.split(' '))
  assert.equal(lines.length, cases.length)
  return lines.map(([outcome, id, opaque]) => ({ outcome, id, opaque: opaque === '1' }))
}

describe('codec.js and our code', () => {
  /** Judges them by both; how often each outcome came. */
  function compare (cases) {
    const ours = byUs(cases)
    const seen = {}
    const differ = cases.flatMap((k, i) => {
      const { outcome, record: r } = byCodec(k)
      seen[outcome] = (seen[outcome] ?? 0) + 1
      const same = ours[i].outcome === outcome &&
        (ours[i].id === '-' || ours[i].id === hex(r.id)) &&
        (outcome !== 'fine' || (ours[i].id !== '-' && ours[i].opaque === r.opaque))
      return same ? [] : [`${k.way}: codec.js says ${outcome}${r?.opaque ? ' opaque' : ''}, we ${JSON.stringify(ours[i])}\n` +
        `  echo ${k.now} ${k.net} ${k.mask} ${hex(k.bytes)} | tool_judge`]
    })
    assert.deepEqual(differ, [], `${differ.length} differ`)
    return seen
  }

  it(`agree about ${CASES} records, seed ${SEED}`, () => {
    const seen = compare(Array.from({ length: CASES }, makeCase))
    console.log(JSON.stringify(seen))
    // it only says something if it gets everywhere
    if (CASES < 1000) return
    assert.ok(seen.fine > CASES / 10)
    for (const name of ['oversize', 'malformed', 'not-canonical', 'wrong-net', 'wrong-class', 'bad-times', 'bad-slot',
      'bad-stamp', 'bad-signature', 'bad-payload', 'unknown-version', 'unknown-kind', 'unknown-sigtype', 'unknown-flag',
      'unknown-stamp', 'from-future', 'expired']) assert.ok(seen[name] > 0, `no ${name}`)
  })

  it('agree about every form at its edges, every first byte, odd code points', () => {
    const values = []
    for (const edge of EDGES) {
      for (const v of [edge - 1n, edge, edge + 1n]) {
        for (const n of [1, 2, 4, 8]) {
          if (v >= -(2n ** BigInt(8 * n - 1)) && v < 2n ** BigInt(8 * n)) {
            for (const first of [0xcc, 0xd0]) values.push(c.concat(Uint8Array.of(first + Math.log2(n)), bigEndian(v, n)))
          }
        }
      }
    }
    for (const n of [0, 1, 14, 15, 16, 17, 30, 31, 32, 33, 254, 255, 256, 257, 1000]) {
      const pairs = c.encode(new Map(Array.from({ length: n }, (_, i) => [i, 0])))
      const inside = { items: new Uint8Array(n), text: new Uint8Array(n).fill(97), pairs: pairs.subarray(n < 16 ? 1 : 3) }
      for (const [what, first, bytes, most] of [['text', 0xa0, 0, 31], ['text', 0xd9, 1, 255], ['text', 0xda, 2], ['text', 0xdb, 4],
        ['items', 0xc4, 1, 255], ['items', 0xc5, 2], ['items', 0xc6, 4], ['items', 0x90, 0, 15], ['items', 0xdc, 2], ['items', 0xdd, 4],
        ['pairs', 0x80, 0, 15], ['pairs', 0xde, 2], ['pairs', 0xdf, 4]]) {
        if (n > (most ?? n)) continue
        values.push(c.concat(bytes === 0 ? Uint8Array.of(first + n) : c.concat(Uint8Array.of(first), bigEndian(n, bytes)), inside[what]))
      }
    }
    for (let first = 0; first < 256; first++) {
      for (const n of [0, 1, 2, 4, 5, 8, 9, 16, 17]) values.push(c.concat(Uint8Array.of(first), new Uint8Array(n)))
    }
    for (const point of POINTS) {
      for (const near of [point - 1, point, point + 1]) {
        if (near < 0 || near > 0x10ffff) continue
        const text = Buffer.from(String.fromCodePoint(near))
        values.push(c.concat(Uint8Array.of(0xa0 + text.length), text))
      }
    }
    // in an opaque record, whose payload is nothing but canonical
    const [by] = PLAIN
    const fields = { v: 1, net: NETS[0], kind: 8, author: by.key, region: 'zz', slot: 0, seq: HOUR * 256, expires: HOUR + 9 }
    Object.assign(fields, { flags: 0, stamp: by.stamps[0], pv: 0, payload: new Map() })
    const front = c.encode(FIELDS.map(name => fields[name])).subarray(0, -1)
    const seen = compare(values.map(v =>
      ({ way: hex(v), bytes: signed(c.concat(front, Uint8Array.of(0x81, 1), v), by, NETS[0]), now: NOW, mask: 0, net: NETS[0] })))
    assert.ok(seen.fine > 200 && seen['not-canonical'] > 1000, JSON.stringify(seen))
  })

  it('agree about every way to break a payload', () => {
    const [by] = PLAIN
    const cases = Object.entries(BAD).flatMap(([kind, list]) => list.flatMap(payload => {
      const life = Number(kind) === c.REVOCATION ? 9600 : 9
      const fields = { v: 1, net: NETS[0], kind: Number(kind), author: by.key, region: 'zz', slot: 0, seq: HOUR * 256, expires: HOUR + life }
      Object.assign(fields, { flags: 0, stamp: life === 9600 ? new Uint8Array(0) : by.stamps[0], pv: PV, payload })
      const body = encodeOr(FIELDS.map(name => fields[name]), null)
      return body === null ? [] : [{ way: `kind ${kind}`, bytes: signed(body, by, NETS[0]), now: NOW, mask: 0, net: NETS[0] }]
    }))
    const seen = compare(cases)
    assert.ok(seen['bad-payload'] > 1000, JSON.stringify(seen))
  })

  it('agree about the keys and signatures at the edges of the curve', () => {
    const cases = []
    for (const by of ODD) {
      for (let i = 0; i < 8; i++) {
        const fields = { v: 1, net: NETS[0], kind: 1, author: by.key, region: 'zz', slot: 0, seq: HOUR * 256 + i }
        Object.assign(fields, { expires: HOUR + 9, flags: 0, stamp: by.stamps[0], pv: 0, payload: new Map([[6, good('uint 1..5')]]) })
        cases.push({ way: hex(by.key), bytes: signed(c.encode(FIELDS.map(name => fields[name])), by, NETS[0]), now: NOW, mask: 0, net: NETS[0] })
      }
    }
    const seen = compare(cases)
    assert.ok(seen.fine > 10 && seen['bad-signature'] > 10, JSON.stringify(seen))
  })
})
