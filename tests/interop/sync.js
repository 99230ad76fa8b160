// Section 13 of proto/SPEC.md, sync, written from the text alone: what it
// agrees about with our node is what the text says. Test-only: numbers of 64
// bits are BigInts, and sets are arrays that are searched from the beginning.
import { blake2b } from '@noble/hashes/blake2.js'
import * as c from './codec.js'

export const PROTOCOL = '/ohcn/sync/1'
export const CLOSE = { busy: 1, crawlers: 2, net: 3, scope: 4, limit: 5 }
export const TYPES = { HELLO: 1, WELCOME: 2, CLOSE: 3, REFUSE: 4, FRESH: 5, RANGES: 6, LIST: 7, ASK: 8, CODED: 9, MORE: 10, WANT: 11, RECORD: 12, END: 13, DONE: 14 }
const T = TYPES
const M64 = (1n << 64n) - 1n
const FRESH_MAX = 1024
const IDS_MAX = 8000 // short ids, in one message
const SYMBOLS_MAX = 5000 // of one message
const INDEX_MAX = 2 ** 20
const EMPTY = new Uint8Array(0)

const mod64 = x => BigInt.asUintN(64, x)

function u64be (x) {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, x)
  return out
}

const readU64 = (bytes, at = 0) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at)

// ---- values

/** SipHash-2-4: a BigInt. */
export function siphash (key, message) {
  const little = (bytes, at) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true)
  const rotl = (x, n) => ((x << n) | (x >> (64n - n))) & M64
  const k0 = little(key, 0)
  const k1 = little(key, 8)
  let [a, b, d, e] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n]
  const round = () => {
    a = (a + b) & M64; b = rotl(b, 13n) ^ a; a = rotl(a, 32n)
    d = (d + e) & M64; e = rotl(e, 16n) ^ d
    a = (a + e) & M64; e = rotl(e, 21n) ^ a
    d = (d + b) & M64; b = rotl(b, 17n) ^ d; d = rotl(d, 32n)
  }
  const padded = new Uint8Array((Math.floor(message.length / 8) + 1) * 8)
  padded.set(message)
  padded[padded.length - 1] = message.length
  for (let at = 0; at < padded.length; at += 8) {
    const word = little(padded, at)
    e ^= word
    round(); round()
    a ^= word
  }
  d ^= 0xffn
  round(); round(); round(); round()
  return a ^ b ^ d ^ e
}

export function saltOf (dialer, listener) {
  const person = new Uint8Array(16)
  person.set(new TextEncoder().encode('ohcn-sync-1'))
  return blake2b(c.concat(dialer, listener), { dkLen: 16, personalization: person })
}

export const valueOf = (salt, id) => siphash(salt, id)

/** { count, sum, z } of values. */
export function print (values) {
  let sum = 0n
  const z = new Array(8).fill(0)
  for (const v of values) {
    sum += v
    for (let j = 0; j < 8; j++) z[j] += ((v >> BigInt(j)) & 1n) === 0n ? 1 : -1
  }
  return { count: values.length, sum: mod64(sum), z: z.map(x => x & 0xffff) }
}

export const printBytes = p => c.concat(u64be(p.sum), ...p.z.map(x => Uint8Array.of(x >> 8, x & 255)))

function readPrint (count, bytes) {
  return { count, sum: readU64(bytes), z: Array.from({ length: 8 }, (_, j) => bytes[8 + 2 * j] << 8 | bytes[9 + 2 * j]) }
}

const samePrint = (a, b) => a.count === b.count && a.sum === b.sum

/** About how many differences there are between two that are not equal. */
export function estimate (a, b) {
  let squares = 0
  for (let j = 0; j < 8; j++) {
    const d = ((a.z[j] - b.z[j]) << 16) >> 16
    squares += d * d
  }
  return Math.max(1, Math.abs(a.count - b.count), Math.floor(squares / 8))
}

// ---- scopes

export const EVERYTHING = { classes: 31, kinds: null, regions: null, since: 0, samples: [] }

const isDefined = kind => c.kindOf(kind) !== undefined

/** Is a record { kind, region, hour, author } in it? */
export function inScope (scope, r) {
  if (r.kind === c.REVOCATION) return true
  if (!isDefined(r.kind)) return false
  const cls = c.CLASSES.indexOf(c.kindOf(r.kind).class)
  return (scope.classes >> cls & 1) === 1 &&
    (scope.kinds === null || (scope.kinds[r.kind >= 64 ? 0 : 1] >> BigInt(r.kind % 64) & 1n) === 1n) &&
    (scope.regions === null || scope.regions.includes(r.region)) &&
    r.hour >= scope.since &&
    scope.samples.every(s => Number(siphash(c.concat(s.salt, s.salt), r.author.subarray(0, 8)) >> 32n) < s.below)
}

/** A bad array throws. */
export function readScope (v) {
  const need = good => { if (!good) throw new Error('not a scope') }
  need(Array.isArray(v))
  if (v.length === 0) return EVERYTHING
  need([4, 6, 8].includes(v.length))
  const [classes, kinds, regions, since] = v
  need(c.isUint(classes) && classes < 32 && c.isBin(kinds) && [0, 16].includes(kinds.length))
  need(c.isBin(regions) && regions.length % 2 === 0 && regions.length <= 64 && c.isUint(since) && since < 2 ** 32)
  const names = Array.from({ length: regions.length / 2 }, (_, i) => String.fromCharCode(regions[2 * i], regions[2 * i + 1]))
  need(names.every((n, i) => /^[a-z][a-z]$/.test(n) && (i === 0 || names[i - 1] < n)))
  const samples = []
  for (let i = 4; i < v.length; i += 2) {
    need(c.isBin(v[i]) && v[i].length === 8 && c.isUint(v[i + 1]) && v[i + 1] < 2 ** 32 - 1)
    samples.push({ salt: v[i], below: v[i + 1] })
  }
  need(samples.length < 2 || c.compare(samples[0].salt, samples[1].salt) < 0)
  return { classes, kinds: kinds.length === 0 ? null : [readU64(kinds, 0), readU64(kinds, 8)], regions: names.length === 0 ? null : names, since, samples }
}

export function writeScope (s) {
  if (s.classes === 31 && s.kinds === null && s.regions === null && s.since === 0 && s.samples.length === 0) return []
  return [s.classes, s.kinds === null ? EMPTY : c.concat(...s.kinds.map(u64be)),
    s.regions === null ? EMPTY : new TextEncoder().encode([...s.regions].sort().join('')), s.since,
    ...s.samples.flatMap(x => [x.salt, x.below])]
}

/** What both have; null: it would have more than two samples. */
export function commonScope (a, b) {
  const regions = a.regions === null ? b.regions : b.regions === null ? a.regions : a.regions.filter(r => b.regions.includes(r))
  const kinds = a.kinds === null ? b.kinds : b.kinds === null ? a.kinds : a.kinds.map((k, i) => k & b.kinds[i])
  const samples = []
  for (const s of [...a.samples, ...b.samples]) {
    const twin = samples.find(t => c.same(t.salt, s.salt))
    if (twin === undefined) samples.push({ ...s })
    else twin.below = Math.min(twin.below, s.below)
  }
  if (samples.length > 2) return null
  samples.sort((x, y) => c.compare(x.salt, y.salt))
  const none = regions !== null && regions.length === 0
  return { classes: none ? 0 : a.classes & b.classes, kinds, regions: none ? null : regions, since: Math.max(a.since, b.since), samples }
}

// ---- items and bounds

const START = { hour: 0, prefix: EMPTY }
const LAST = { hour: 2 ** 32, prefix: EMPTY }

function beforeBound (item, b) {
  if (item.hour !== b.hour) return item.hour < b.hour
  const full = new Uint8Array(16)
  full.set(b.prefix)
  return c.compare(item.id, full) < 0
}

const inRange = (items, from, to) => items.filter(i => !beforeBound(i, from) && beforeBound(i, to))

export const itemOrder = (a, b) => a.hour - b.hour || c.compare(a.id, b.id)

/** The shortest bound between two neighbours. */
function boundBetween (a, b) {
  if (a.hour !== b.hour) return { hour: b.hour, prefix: EMPTY }
  let n = 0
  while (a.id[n] === b.id[n]) n++
  return { hour: b.hour, prefix: b.id.subarray(0, n + 1) }
}

/** Where to cut the whole order: bounds, the first of them START. */
function cut (items) {
  const bounds = []
  let size = 256
  let at = items.length
  while (at > 0 && bounds.length < 200) {
    const from = Math.max(0, at - size)
    if (from === 0) break
    bounds.unshift(boundBetween(items[from - 1], items[from]))
    size = Math.max(256, Math.min(Math.floor(size * 3 / 2), Math.floor(items.length / 48)))
    at = from
  }
  if (bounds.length === 0 || bounds[0].hour > 0) {
    while (bounds.length > 0 && bounds[0].hour === 1 && bounds[0].prefix.length === 0) bounds.shift()
    bounds.unshift({ hour: 1, prefix: EMPTY })
  }
  return [START, ...bounds]
}

// ---- coded symbols

function mix (h) {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const GOLDEN = 0x9e3779b9
const halves = v => [Number(v >> 32n), Number(v & 0xffffffffn)]

export function check (v) {
  const [hi, lo] = halves(v)
  return mix(hi ^ mix((lo + GOLDEN) | 0))
}

/** The symbols below `end` that a value maps to. */
export function walk (v, end) {
  const [hi, lo] = halves(v)
  const out = [0]
  for (let k = 1; ; k++) {
    const step = Math.imul(k, GOLDEN)
    const r = mix((hi + step) | 0) + 1
    const q = mix((lo + step) | 0) + 1
    const i = out[out.length - 1]
    const next = Math.min(Math.floor((i + 1) * 2 ** 32 / r), Math.floor((i + 2) * 2 ** 32 / q) - 1)
    if (next >= Math.min(end, INDEX_MAX)) return end > 0 ? out : []
    out.push(next)
  }
}

/** Symbols 0..n-1 of values: [[sum, checks], ...]. */
export function symbolsOf (values, n) {
  const out = Array.from({ length: n }, () => [0n, 0])
  for (const v of values) change(out, v, walk(v, n), 1)
  return out
}

function change (symbols, v, indices, sign) {
  const k = check(v)
  for (const i of indices) {
    symbols[i][0] = mod64(symbols[i][0] + (sign > 0 ? v : -v))
    symbols[i][1] = (symbols[i][1] + (sign > 0 ? k : -k)) >>> 0
  }
}

export const symbolBytes = s => c.concat(...s.map(([sum, checks]) => c.concat(u64be(sum), Uint8Array.of(checks >>> 24, checks >>> 16, checks >>> 8, checks))))

export function readSymbols (bytes) {
  const out = []
  for (let at = 0; at < bytes.length; at += 12) out.push([readU64(bytes, at), new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 8)])
  return out
}

/** { theirs, ours }: what one side alone has; null: too few symbols. */
export function peel (received, mine) {
  const n = received.length
  const symbols = received.map(s => [...s])
  for (const v of mine) change(symbols, v, walk(v, n), -1)
  const theirs = new Set()
  const ours = new Set()
  const work = symbols.map((_, i) => i)
  while (work.length > 0) {
    const at = work.pop()
    const [s, checks] = symbols[at]
    if (s === 0n && checks === 0) continue
    for (const [v, sign, found] of [[s, 1, theirs], [mod64(-s), -1, ours]]) {
      if (check(v) !== (sign > 0 ? checks : -checks >>> 0)) continue
      const indices = walk(v, n)
      if (!indices.includes(at) || found.has(v)) continue
      found.add(v)
      change(symbols, v, indices, -sign)
      work.push(...indices)
      break
    }
  }
  return symbols.every(([s, k]) => s === 0n && k === 0) ? { theirs: [...theirs], ours: [...ours] } : null
}

// ---- messages

const SHAPES = {
  [T.HELLO]: 'saxuby', [T.WELCOME]: 'axubybuuxu', [T.CLOSE]: 'u', [T.REFUSE]: 'i', [T.FRESH]: 'buuxj', [T.RANGES]: null,
  [T.LIST]: 'ububj', [T.ASK]: 'ubub', [T.CODED]: 'bub', [T.MORE]: 'u', [T.WANT]: 'i', [T.RECORD]: 'b', [T.END]: '', [T.DONE]: 'bu'
}

export class Fault extends Error {}

function need (good, what) {
  if (!good) throw new Fault(what)
}

const ids = bytes => {
  need(bytes.length % 8 === 0, 'short ids')
  return Array.from({ length: bytes.length / 8 }, (_, i) => readU64(bytes, 8 * i))
}
const idBytes = values => c.concat(...values.map(u64be))

export function frame (message) {
  const bytes = c.encode(message)
  return c.concat(c.uvarint(bytes.length), bytes)
}

export function readMessage (bytes) {
  const m = c.decode(bytes)
  need(Array.isArray(m) && m.length > 0 && SHAPES[m[0]] !== undefined, 'a type that is not used')
  const shape = SHAPES[m[0]] ?? 'bu' + 'ubub'.repeat((m.length - 3) / 4)
  need(m.length - 1 === shape.length, 'a number of values that is not used')
  for (let i = 0; i < shape.length; i++) {
    const v = m[i + 1]
    switch (shape[i]) {
      case 's': need(c.isStr(v), 'no text'); break
      case 'a': need(Array.isArray(v), 'no array'); break
      case 'u': case 'y': need(c.isUint(v), 'no number'); break
      case 'x': need(c.isBin(v) && v.length === 8, 'not 8 bytes'); break
      case 'i': need(c.isBin(v) && v.length > 0 && v.length % 8 === 0, 'no short ids'); break
      case 'j': need(c.isBin(v) && v.length % 8 === 0, 'no short ids'); break
      default: need(c.isBin(v), 'no bytes')
    }
  }
  return m
}

/** Whole messages out of a stream's pieces. */
export class Inbox {
  rest = EMPTY
  constructor (pieces) { this.pieces = pieces[Symbol.asyncIterator]() }

  async message () {
    for (;;) {
      let head = null
      try { head = this.rest.length > 0 ? c.readUvarint(this.rest) : null } catch (e) { need(this.rest.length < 9, 'a length') }
      if (head !== null) {
        const [n, used] = head
        need(n >= 1 && n <= 65536, 'a length')
        if (this.rest.length >= used + n) {
          const bytes = this.rest.subarray(used, used + n)
          this.rest = this.rest.subarray(used + n)
          return readMessage(new Uint8Array(bytes))
        }
      }
      const { value, done } = await this.pieces.next()
      need(!done, 'the stream ended')
      this.rest = c.concat(this.rest, value instanceof Uint8Array ? value : value.subarray())
    }
  }

  async turn () {
    const out = []
    for (;;) {
      const m = await this.message()
      out.push(m)
      if (m[0] === T.CLOSE) throw Object.assign(new Fault(`closed: ${m[1]}`), { close: m[1] })
      if ([T.HELLO, T.WELCOME, T.END, T.DONE].includes(m[0])) return out
      need(out.length < 2e6, 'an endless turn')
    }
  }
}

const chunks = (list, n) => Array.from({ length: Math.ceil(list.length / n) }, (_, i) => list.slice(i * n, (i + 1) * n))

/**
 * One session. `own`: { dialer, net, scope, nonce, flags, tag, head, cursor
 * ({ tag, rid } of the peer's store, or null), records(scope) -> [{ hour, id,
 * bytes, rid }], take(bytes) -> { verdict: kept|refuse|beaten|reject, id,
 * winner }, coded: may symbols be sent, refused(id) }. `send` takes bytes.
 * What it did; throws Fault.
 */
export class Session {
  turns = 0
  got = 0
  given = 0
  bytesOut = 0
  coded = null // ours on the way: { ranges, sent }
  symbols = []
  attempts = 0
  ranges = null // that we sent: [{ from, to, print }]
  theirs = null // that we got
  lied = false

  constructor (own, inbox, send) {
    this.own = { flags: 0, tag: EMPTY, head: 0, cursor: null, coded: true, refused () {}, ...own }
    this.inbox = inbox
    this.sendBytes = send
  }

  async write (messages) {
    for (const m of messages) {
      const bytes = frame(m)
      this.bytesOut += bytes.length
      await this.sendBytes(bytes)
    }
    this.turns++
  }

  async read () {
    const turn = await this.inbox.turn()
    this.turns++
    need(this.turns <= 40, 'too many turns')
    return turn
  }

  async run () {
    await (this.own.dialer ? this.dial() : this.listen())
    return { equal: this.equal === true, turns: this.turns, got: this.got, given: this.given, bytesOut: this.bytesOut, cursor: this.peerHead }
  }

  cursorFields () {
    return this.own.cursor === null ? [EMPTY, 0] : [this.own.cursor.tag, this.own.cursor.rid]
  }

  settle (scope, nonces, cursor) {
    this.scope = commonScope(this.own.scope, readScope(scope))
    if (this.scope === null) return false
    this.salt = saltOf(...nonces)
    this.items = this.own.records(this.scope).map(r => ({ ...r, value: valueOf(this.salt, r.id) })).sort(itemOrder)
    this.byValue = new Map(this.items.map(i => [i.value, i]))
    const valid = cursor.tag.length === 4 && c.same(cursor.tag, this.own.tag)
    const fresh = this.items.filter(i => i.rid > cursor.rid)
    this.fresh = valid && fresh.length <= FRESH_MAX ? fresh : null
    return true
  }

  print (items = this.items) { return print(items.map(i => i.value)) }

  async dial () {
    const { own } = this
    await this.write([[T.HELLO, own.net, writeScope(own.scope), own.nonce, own.flags, ...this.cursorFields()]])
    const [w] = await this.read()
    need(w[0] === T.WELCOME, 'no WELCOME')
    const [, scope, nonce, flags, tag, rid, peerTag, peerHead, count, sum, fresh] = w
    this.peerFlags = flags
    this.peerHead = { tag: peerTag, rid: peerHead }
    need(this.settle(scope, [own.nonce, nonce], { tag, rid }), 'scopes')
    const mine = this.print()
    if (samePrint(mine, { count, sum: readU64(sum) })) {
      this.equal = true
      await this.write([[T.DONE, own.tag, own.head]])
      return
    }
    if (own.cursor !== null && fresh > 0 && this.fresh !== null) {
      await this.write([[T.FRESH, own.tag, own.head, mine.count, u64be(mine.sum), idBytes(this.fresh.map(i => i.value))], [T.END]])
    } else {
      await this.write([this.makeRanges(), [T.END]])
    }
    await this.talk(false)
  }

  async listen () {
    const { own } = this
    const [h] = await this.read()
    need(h[0] === T.HELLO, 'no HELLO')
    const [, net, scope, nonce, flags, tag, rid] = h
    this.peerFlags = flags
    this.cursorOfPeer = { tag, rid }
    const close = net !== own.net ? CLOSE.net : (flags & 1) !== 0 && own.noCrawlers ? CLOSE.crawlers : 0
    if (close !== 0 || !this.settle(scope, [nonce, own.nonce], { tag, rid })) {
      await this.write([[T.CLOSE, close || CLOSE.scope]])
      throw new Fault('declined')
    }
    const mine = this.print()
    await this.write([[T.WELCOME, writeScope(own.scope), own.nonce, own.flags, ...this.cursorFields(), own.tag, own.head,
      mine.count, u64be(mine.sum), this.fresh === null ? 0 : 1 + this.fresh.length]])
    await this.talk(false)
  }

  /** Turn after turn until it is over; did our last one end with DONE? */
  async talk (done) {
    for (;;) {
      const turn = await this.read()
      const last = turn[turn.length - 1]
      const records = turn.some(m => m[0] === T.RECORD)
      const answer = await this.answer(turn)
      if (last[0] === T.DONE) {
        this.peerHead = { tag: last[1], rid: last[2] }
        if (!records || done) {
          if (turn.length === 1 && this.turns === 3) this.equal = true
          return
        }
      }
      done = !answer.some(m => [T.FRESH, T.RANGES, T.LIST, T.ASK, T.CODED, T.MORE, T.WANT].includes(m[0]))
      await this.write([...answer, done ? [T.DONE, this.own.tag, this.own.head] : [T.END]])
      if (done && last[0] === T.DONE) return
      if (done && !answer.some(m => m[0] === T.RECORD)) return
    }
  }

  makeRanges () {
    const bounds = cut(this.items)
    this.ranges = bounds.map((from, i) => {
      const to = bounds[i + 1] ?? LAST
      return { from, to, print: this.print(inRange(this.items, from, to)) }
    })
    const m = [T.RANGES, this.own.tag, this.own.head]
    this.ranges.forEach((r, i) => m.push(r.from.hour - (i > 0 ? this.ranges[i - 1].from.hour : 0), r.from.prefix, r.print.count, printBytes(r.print)))
    return m
  }

  readRanges (m) {
    let hour = 0
    this.theirs = []
    for (let i = 3; i < m.length; i += 4) {
      hour += m[i]
      const range = { from: { hour, prefix: m[i + 1] }, to: LAST, print: readPrint(m[i + 2], m[i + 3]) }
      if (this.theirs.length > 0) this.theirs[this.theirs.length - 1].to = range.from
      this.theirs.push(range)
    }
    need(this.theirs.length >= 1 && this.theirs.length <= 256, 'ranges')
    this.peerHead = { tag: m[1], rid: m[2] }
  }

  /** What the peer's turn is worth: our messages, without the last one. */
  async answer (turn) {
    const out = { refuse: new Set(), ranges: null, lists: [], asks: [], coded: [], more: null, want: new Set(), give: new Set(), winners: [] }
    for (const m of turn) {
      switch (m[0]) {
        case T.REFUSE: for (const v of ids(m[1])) { const i = this.byValue.get(v); if (i) this.own.refused(i) } break
        case T.FRESH: this.onFresh(m, out); break
        case T.RANGES: this.readRanges(m); this.compare(out); break
        case T.LIST: this.onList(m, out); break
        case T.ASK: this.list({ hour: m[1], prefix: m[2] }, { hour: m[3], prefix: m[4] }, out); break
        case T.CODED: this.onCoded(m); break
        case T.MORE: this.sendSymbols(m[1], out); break
        case T.WANT: for (const v of ids(m[1])) if (this.byValue.has(v)) out.give.add(v); break
        case T.RECORD: this.onRecord(m[1], out); break
      }
    }
    if (turn.some(m => m[0] === T.CODED)) this.tryPeel(out)
    const give = [...out.give].map(v => this.byValue.get(v)).sort(itemOrder)
    this.given += give.length + out.winners.length
    return [
      ...chunks([...out.refuse], IDS_MAX).map(l => [T.REFUSE, idBytes(l)]),
      ...(out.ranges === null ? [] : [out.ranges]),
      ...out.lists, ...out.asks, ...out.coded,
      ...(out.more === null ? [] : [[T.MORE, out.more]]),
      ...chunks([...out.want], IDS_MAX).map(l => [T.WANT, idBytes(l)]),
      ...give.map(i => [T.RECORD, i.bytes]),
      ...out.winners.map(bytes => [T.RECORD, bytes])
    ]
  }

  onFresh (m, out) {
    this.peerHead = { tag: m[1], rid: m[2] }
    const listed = ids(m[5])
    const known = new Set(listed)
    const missing = listed.filter(v => !this.byValue.has(v))
    const extra = (this.fresh ?? []).filter(i => !known.has(i.value))
    const mine = this.print()
    const sum = mod64(mine.sum + missing.reduce((a, v) => a + v, 0n) - extra.reduce((a, i) => a + i.value, 0n))
    if (m[3] === mine.count + missing.length - extra.length && readU64(m[4]) === sum) {
      for (const v of missing) out.want.add(v)
      for (const i of extra) out.give.add(i.value)
    } else {
      out.ranges = this.makeRanges()
    }
  }

  compare (out) {
    const coded = []
    this.theirs.forEach((r, k) => {
      const mine = inRange(this.items, r.from, r.to)
      const p = this.print(mine)
      if (samePrint(p, r.print)) return
      if (r.print.count === 0) for (const i of mine) out.give.add(i.value)
      else if (this.own.coded && mine.length > 4 * estimate(p, r.print)) coded.push([k, estimate(p, r.print)])
      else if (mine.length <= r.print.count) this.list(r.from, r.to, out)
      else out.asks.push([T.ASK, r.from.hour, r.from.prefix, r.to.hour, r.to.prefix])
    })
    if (coded.length === 0) return
    const bits = new Uint8Array(Math.ceil(this.theirs.length / 8))
    for (const [k] of coded) bits[k >> 3] |= 1 << (k & 7)
    this.coded = { bits, sent: 0, values: coded.flatMap(([k]) => inRange(this.items, this.theirs[k].from, this.theirs[k].to).map(i => i.value)) }
    const d = coded.reduce((a, [, e]) => a + e, 0) + Math.floor(Math.sqrt(coded.reduce((a, [, e]) => a + e * e, 0)))
    this.sendSymbols(d + Math.floor(3 * d / 8) + 3 * Math.floor(Math.sqrt(d)) + 12, out)
  }

  sendSymbols (total, out) {
    need(this.coded !== null && total > this.coded.sent && total <= 2 ** 18, 'MORE')
    const symbols = symbolsOf(this.coded.values, total)
    for (let at = this.coded.sent; at < total; at += SYMBOLS_MAX) {
      out.coded.push([T.CODED, this.coded.bits, at, symbolBytes(symbols.slice(at, Math.min(at + SYMBOLS_MAX, total)))])
    }
    this.coded.sent = total
  }

  list (from, to, out) {
    const mine = inRange(this.items, from, to)
    const parts = mine.length === 0 ? [[]] : chunks(mine, IDS_MAX)
    parts.forEach((part, k) => {
      const a = k === 0 ? from : boundBetween(parts[k - 1][parts[k - 1].length - 1], part[0])
      const b = k === parts.length - 1 ? to : boundBetween(part[part.length - 1], parts[k + 1][0])
      out.lists.push([T.LIST, a.hour, a.prefix, b.hour, b.prefix, idBytes(part.map(i => i.value))])
    })
  }

  onList (m, out) {
    const listed = ids(m[5])
    const known = new Set(listed)
    for (const i of inRange(this.items, { hour: m[1], prefix: m[2] }, { hour: m[3], prefix: m[4] })) {
      if (!known.has(i.value)) out.give.add(i.value)
    }
    for (const v of listed) if (!this.byValue.has(v)) out.want.add(v)
  }

  onCoded (m) {
    need(this.ranges !== null && m[1].length === Math.ceil(this.ranges.length / 8) && m[2] === this.symbols.length && m[3].length % 12 === 0, 'CODED')
    this.codedRanges = this.ranges.filter((_, k) => m[1][k >> 3] >> (k & 7) & 1)
    this.symbols.push(...readSymbols(m[3]))
  }

  tryPeel (out) {
    const mine = this.codedRanges.flatMap(r => inRange(this.items, r.from, r.to)).map(i => i.value)
    const found = peel(this.symbols, mine)
    if (found === null) {
      if (++this.attempts < 3) out.more = this.symbols.length * 2 + 16
      else for (const r of this.codedRanges) out.asks.push([T.ASK, r.from.hour, r.from.prefix, r.to.hour, r.to.prefix])
      return
    }
    for (const v of found.theirs) out.want.add(v)
    for (const v of found.ours) {
      need(this.byValue.has(v), 'symbols of what we do not have')
      out.give.add(v)
    }
  }

  onRecord (bytes, out) {
    this.got++
    const { verdict, id, winner } = this.own.take(bytes)
    need(verdict !== 'reject', 'a bad record')
    if (verdict === 'refuse') out.refuse.add(valueOf(this.salt, id))
    if (verdict === 'beaten') out.winners.push(winner)
  }
}
