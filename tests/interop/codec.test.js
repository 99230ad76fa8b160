// The independent codec (codec.js) against the golden vectors, the tables of
// proto/SPEC.md and itself: reading, writing, and records made at random. The
// random ones are the same at each run unless OHCN_SEED is set.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import * as c from './codec.js'
import { badMaps, good, goodMap, oneOf, random, randomBytes, randomValue, shuffle, someNumber } from './random.js'
import { MAPS, PAYLOADS, PV } from './schemas.js'

const { hex, unhex } = c
const read = path => readFileSync(new URL(path, import.meta.url), 'utf8')
const vectors = name => JSON.parse(read(`../vectors/${name}.json`))
const spec = read('../../proto/SPEC.md')

const WORDS = '/usr/lib/python3/dist-packages/mnemonic/wordlist/english.txt'
const NET = 'test-a'
const NOW = 1800000060
const HOUR = Math.floor(NOW / 3600)
const at = { net: NET, now: NOW }

const isCanonical = bytes => {
  try {
    c.decode(bytes)
    return true
  } catch (e) {
    assert.ok(e instanceof c.NotCanonical, e)
    return false
  }
}

// ---- authors

function author (name) {
  const secret = c.personaSecret(Uint8Array.from({ length: 32 }, (_, i) => i), name)
  const key = c.publicKey(secret)
  return { secret, key, stamp: c.workStamp(NET, key) }
}

const alice = author(0)
const bob = author(1)

/** A record of this hour that is fine, by alice. */
function record (fields, by = alice) {
  const revocation = fields.kind === c.REVOCATION
  const stamp = revocation ? new Uint8Array(0) : by.stamp
  const expires = HOUR + (revocation ? 9600 : 24)
  return c.make({ net: NET, kind: 1, seq: HOUR * 256, expires, stamp, ...fields }, by.secret)
}

function smallest (kind) {
  return new Map((PAYLOADS[kind] ?? []).filter(([, , , must]) => must).map(([key, , type]) => [key, good(type)]))
}

const ALL_KINDS = [...c.KINDS.keys(), 64, 100, 127]
const outcome = (bytes, more) => c.judge(bytes, { ...at, ...more }).outcome

// ---- the golden vectors

describe('records.json', () => {
  const { net, now, cases } = vectors('records')
  const judged = v => c.judge(unhex(v.bytes), { net, now: v.now ?? now, classes: v.class === null ? null : [v.class] })

  it('is a set that tests something', () => {
    assert.ok(cases.length >= 400, `${cases.length} cases`)
    assert.equal(new Set(cases.map(v => v.name)).size, cases.length, 'names are unique')
    const stateless = Object.keys(c.VERDICTS).filter(o => !['stored', 'relayed', 'duplicate', 'stale',
      'revoked', 'out-of-scope', 'rate-limited', 'queue-full'].includes(o))
    assert.deepEqual([...new Set(cases.map(v => v.outcome))].sort(), [...stateless, 'fine'].sort())
  })

  it('every case has its outcome and verdict', () => {
    const wrong = cases.flatMap(v => {
      const { outcome, verdict } = judged(v)
      return outcome === v.outcome && verdict === v.verdict ? [] : [`${v.name}: ${outcome}, should be ${v.outcome}`]
    })
    assert.deepEqual(wrong, [])
  })

  it('every record that is fine has its fields', () => {
    for (const v of cases.filter(v => v.outcome === 'fine')) {
      const { record: r } = judged(v)
      const got = {
        id: hex(r.id),
        cid: c.idToCid(r.id),
        author: hex(r.author),
        did: c.keyToDid(r.author),
        payload: hex(c.encode(r.payload))
      }
      for (const name of ['kind', 'region', 'slot', 'seq', 'expires', 'flags', 'pv', 'opaque']) got[name] = r[name]
      for (const [name, value] of Object.entries(got)) assert.equal(value, v[name], `${v.name}: ${name}`)
      assert.ok(v.bytes.includes(v.payload), v.name)
    }
  })

  it('every record that is fine is made again from its fields', () => {
    for (const v of cases.filter(v => v.outcome === 'fine')) {
      const bytes = unhex(v.bytes)
      const { stamp } = judged(v).record
      const fields = { v: 1, net, kind: v.kind, author: c.didToKey(v.did), region: v.region, slot: v.slot, seq: v.seq }
      Object.assign(fields, { expires: v.expires, flags: v.flags, stamp, pv: v.pv, payload: c.decode(unhex(v.payload)) })
      assert.equal(hex(c.assemble(fields, bytes.subarray(-64))), v.bytes, v.name)
    }
  })

  it('what is canonical is written as it was read', () => {
    let canonical = 0
    for (const v of cases) {
      const bytes = unhex(v.bytes)
      const expected = v.outcome !== 'not-canonical'
      if (!isCanonical(bytes)) {
        assert.ok(!expected || v.outcome === 'oversize', v.name)
        continue
      }
      canonical++
      assert.equal(hex(c.encode(c.decode(bytes))), v.bytes, v.name)
    }
    assert.ok(canonical > 300)
  })

  it('a record of another class, network or time is refused', () => {
    for (const v of cases.filter(v => v.outcome === 'fine')) {
      const bytes = unhex(v.bytes)
      const others = c.CLASSES.filter(name => name !== c.kindOf(v.kind).class)
      assert.equal(outcome(bytes, { net, now, classes: others }), 'wrong-class', v.name)
      assert.equal(outcome(bytes, { net, now, classes: [] }), 'wrong-class', v.name)
      assert.equal(outcome(bytes, { net: 'test-b', now }), 'wrong-net', v.name)
      assert.equal(outcome(bytes, { net, now: v.expires * 3600 - 1 }), 'fine', v.name)
      assert.equal(outcome(bytes, { net, now: v.expires * 3600 }), 'expired', v.name)
      const made = c.hourOf(v.seq) * 3600
      assert.equal(outcome(bytes, { net, now: made - 600 }), 'fine', v.name)
      assert.equal(outcome(bytes, { net, now: made - 601 }), 'from-future', v.name)
    }
  })
})

describe('names.json', () => {
  const names = vectors('names')

  it('ids and keys', () => {
    assert.ok(names.ids.length > 0)
    for (const { bytes, cid, did } of names.ids) {
      assert.equal(c.idToCid(unhex(bytes)), cid)
      assert.equal(hex(c.cidToId(cid)), bytes)
      assert.equal(c.keyToDid(unhex(bytes)), did)
      assert.equal(hex(c.didToKey(did)), bytes)
    }
    assert.ok(names.refused.length > 0)
    for (const { cid, did } of names.refused) {
      assert.equal(did === undefined ? c.cidToId(cid) : c.didToKey(did), null, cid ?? did)
    }
  })

  it('terms, languages, networks, topics', () => {
    for (const { uri, term } of names.terms) assert.equal(hex(c.termId(uri)), term, uri)
    for (const { text, code } of names.languages) {
      assert.equal(c.languageCode(text), code, text)
      if (code !== 0) assert.equal(c.languageText(code), text)
    }
    for (const { net, bits } of names.nets) assert.equal(c.netBits(net), bits, net)
    for (const { net, class: name, number, topic } of names.topics) {
      assert.equal(c.topic(net, name), topic)
      assert.equal(c.CLASSES[number], name)
    }
    for (const list of ['terms', 'languages', 'nets', 'topics']) assert.ok(names[list].length > 0, list)
  })

  it('random ones, there and back', () => {
    for (let i = 0; i < 300; i++) {
      const bytes = randomBytes(32)
      bytes.fill(0, 0, random(0, 3) === 0 ? random(0, 32) : 0)
      const cid = c.idToCid(bytes)
      assert.deepEqual(c.cidToId(cid), bytes)
      assert.deepEqual(c.didToKey(c.keyToDid(bytes)), bytes)
      assert.equal(c.cidToId(cid.toUpperCase()), null)
      assert.equal(c.cidToId(cid + '='), null)
      assert.equal(c.cidToId(cid.slice(0, -1)), null)
    }
    for (let code = 0; code < 2 ** 24; code += 997) {
      const text = c.languageText(code)
      if (text !== null) assert.equal(c.languageCode(text), code)
    }
  })
})

describe('stamps.json', () => {
  it('work is done or not', () => {
    const { stamps } = vectors('stamps')
    assert.ok(stamps.some(s => s.good) && stamps.some(s => !s.good))
    for (const s of stamps) {
      assert.equal(c.netBits(s.net), s.bits)
      assert.equal(c.workDone(s.net, unhex(s.key), unhex(s.nonce)), s.good, JSON.stringify(s))
    }
  })

  it('work is found', () => {
    for (let i = 0; i < 20; i++) {
      const key = randomBytes(32)
      const nonce = c.searchWork(NET, key)
      assert.ok(c.workDone(NET, key, nonce))
      assert.equal(c.workStamp(NET, key).length, 9)
    }
  })
})

describe('winners.json', () => {
  it('the winner, in any order', () => {
    const { sets } = vectors('winners')
    assert.ok(sets.length > 0)
    for (const { name, records, winner } of sets) {
      const list = records.map(({ seq, id }) => ({ seq, id: unhex(id) }))
      const best = list[winner]
      for (let i = 0; i < 10; i++) {
        assert.equal(c.winner(list), best, name)
        shuffle(list)
      }
    }
  })
})

describe('keys.json', () => {
  const keys = vectors('keys')

  it('personas', () => {
    assert.ok(keys.seeds.length > 0)
    for (const { seed, personas } of keys.seeds) {
      assert.ok(personas.length > 0)
      for (const p of personas) assert.equal(hex(c.publicKey(c.personaSecret(unhex(seed), p.index))), p.public)
    }
  })

  it('words', t => {
    if (!existsSync(WORDS)) {
      console.log('SKIP interop/words: no list of words (Debian package python3-mnemonic)')
      return t.skip()
    }
    const list = readFileSync(WORDS, 'utf8').trim().split('\n')
    assert.equal(list.length, 2048)
    for (const { seed, words, spellings } of keys.seeds) {
      assert.ok(spellings.length > 0)
      for (const text of spellings) assert.equal(hex(c.wordsToSeed(text, list)), seed, text)
      assert.equal(c.seedToWords(unhex(seed), list), words)
      assert.equal(hex(c.wordsToSeed(words, list)), seed)
      assert.equal(hex(c.wordsToSeed(words.toUpperCase().replaceAll(' ', '\r\n  '), list)), seed)
      assert.equal(c.wordsToSeed(words.split(' ').slice(1).join(' '), list), null)
      assert.equal(c.wordsToSeed(words + ' zoo', list), null)
      assert.equal(c.wordsToSeed(words.replace(/\w+$/, 'ability'), list), null, 'checksum')
    }
  })

  it('the sealed file', () => {
    const { passphrase, secret, file } = keys.sealed
    const bytes = unhex(file)
    assert.equal(hex(c.unseal(bytes, passphrase)), secret)
    assert.equal(c.unseal(bytes, passphrase + 'x'), null)
    const [salt, nonce] = [bytes.slice(17, 33), bytes.slice(33, 57)]
    assert.equal(hex(c.seal(unhex(secret), passphrase, { ops: 2, kib: 65536, salt, nonce })), file)
    for (const [offset, to] of [[0, 'x'.charCodeAt()], [8, 2], [12, 1], [12, 65], [14, 0], [13, 1]]) {
      const other = bytes.slice()
      other[offset] = to
      assert.equal(c.unseal(other, passphrase), null, `byte ${offset} is ${to}`)
    }
    assert.equal(c.unseal(bytes.slice(0, 72), passphrase), null)
  })
})

// ---- the text of the standard

describe('SPEC.md', () => {
  const section = (from, to) => spec.slice(spec.indexOf(`\n## ${from}. `), spec.indexOf(`\n## ${to}. `))
  const rows = text => text.split('\n').filter(l => l.startsWith('| ')).map(l => l.split(' | ').map(s => s.replace(/^\| | \|$/g, '')))

  it('has the payload tables of schemas.js', () => {
    const [kinds, maps] = [{}, {}]
    for (const part of section(10, 11).split(/\n#{3,4} /)) {
      const table = rows(part).filter(([key]) => /^\d+$/.test(key)).map(([key, name, type, must]) =>
        [Number(key), name.replaceAll('`', ''), type, ...(must === 'yes' ? [true] : [])])
      const [, kind, pv] = /^Kind (\S+), pv (\d+)/.exec(part) ?? []
      const [, map] = /^Map (.+)/.exec(part) ?? []
      if (kind !== undefined) {
        const number = [...c.KINDS].find(([, k]) => k.name === kind)[0]
        assert.equal(Number(pv), PV)
        kinds[number] = table
      }
      if (map !== undefined) maps[map] = table
    }
    assert.deepEqual(kinds, PAYLOADS)
    assert.deepEqual(maps, MAPS)
  })

  it('has the kinds of codec.js', () => {
    const number = text => Number(text.replaceAll(',', '').match(/^(?:exactly )?(\d+)/)[1])
    const table = rows(section(7, 8)).slice(1)
    assert.equal(table.length, c.KINDS.size + 1)
    for (const [n, name, cls, slots, hours, bytes] of table) {
      const kind = { name, class: cls, slots: number(slots), hours: number(hours), bytes: number(bytes) }
      assert.deepEqual(c.kindOf(number(n)), kind)
      assert.equal(hours.startsWith('exactly '), number(n) === c.REVOCATION)
    }
    for (const n of [0, 13, 63, 128, 2 ** 32 + 1, 2n ** 64n - 1n]) assert.equal(c.kindOf(n), undefined)
  })

  it('has the outcomes and verdicts of codec.js', () => {
    const text = section(9, 10)
    const table = rows(text.slice(text.indexOf('### Outcomes'))).slice(1)
    assert.deepEqual(Object.fromEntries(table.map(([o, verdict]) => [o.replaceAll('`', ''), verdict])), c.VERDICTS)
  })

  it('lists all encodings of small order', () => {
    const listed = [...section(5, 6).matchAll(/^ {4}([0-9a-f]{64})$/gm)].map(m => m[1])
    assert.deepEqual(listed, c.SMALL_ORDER)
    // the eight points, by multiples of one of order 8, and y + p where it fits
    const T = ed25519.Point.fromBytes(unhex(listed[3]))
    const found = new Set()
    for (let i = 0n; i < 8n; i++) {
      const bytes = T.multiplyUnsafe(i).toBytes()
      bytes[31] &= 0x7f
      found.add(hex(bytes))
      const y = BigInt('0x' + hex(bytes.slice().reverse())) + 2n ** 255n - 19n
      if (y < 2n ** 255n) found.add(hex(unhex(y.toString(16).padStart(64, '0')).reverse()))
    }
    assert.deepEqual([...found].sort(), [...listed].sort())
  })
})

// ---- by itself

describe('canonical msgpack', () => {
  it('random values, there and back', () => {
    let tried = 0
    for (let i = 0; i < 3000; i++) {
      const value = randomValue(0)
      let bytes
      try {
        bytes = c.encode(value)
      } catch (e) {
        assert.match(e.message, /too many items/)
        continue
      }
      tried++
      assert.deepEqual(c.decode(bytes), value)
      for (const cut of [0, random(0, bytes.length - 1), bytes.length - 1]) assert.ok(!isCanonical(bytes.subarray(0, cut)))
      assert.ok(!isCanonical(c.concat(bytes, randomBytes(1))))
    }
    assert.ok(tried > 2500)
  })

  it('whatever is read has one encoding', () => {
    let canonical = 0
    for (let i = 0; i < 60000; i++) {
      let bytes
      if (i % 2) bytes = randomBytes(random(1, 6))
      else {
        bytes = c.encode(randomValue(3))
        bytes[random(0, Math.min(bytes.length - 1, 9))] = random(0, 255)
      }
      if (!isCanonical(bytes)) continue
      canonical++
      assert.equal(hex(c.encode(c.decode(bytes))), hex(bytes))
    }
    assert.ok(canonical > 1000, `${canonical}`)
  })

  it('every code point', () => {
    const refused = []
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue
      const text = String.fromCodePoint(point)
      const got = c.readText(Buffer.from(text))
      if (got === null) refused.push(point)
      else if (got !== text) assert.fail(point.toString(16))
    }
    const count = (a, b) => b - a + 1
    assert.equal(refused.length, count(0, 0x1f) + count(0x7f, 0x9f) + 1 + 2 + count(0x2028, 0x202e) + count(0x2066, 0x2069))
  })

  it('text is UTF-8 as the platform has it', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    for (let i = 0; i < 60000; i++) {
      const bytes = Uint8Array.from({ length: random(1, 5) }, () =>
        oneOf([random(0x80, 0xff), random(0x80, 0xbf), random(0xe0, 0xf5), 0x20, 0xa5]))
      let text = null
      try {
        text = decoder.decode(bytes)
      } catch {}
      if (text !== null && /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text)) text = null // eslint-disable-line no-control-regex
      assert.equal(c.readText(bytes), text, hex(bytes))
      assert.equal(c.textOk(bytes), text !== null)
    }
  })

  it('the writer refuses what has no encoding', () => {
    for (const v of [null, undefined, 1.5, NaN, 2n ** 64n, -(2n ** 63n) - 1n, '\ud800', 'a\tb', '\u202e', new Map([[-1, 0]]),
      new Map([['a', 0]]), new Map([[5, 0], [5n, 0]]), [[[[[[[]]]]]]], new Array(4096).fill(0), {}, Symbol('x')]) {
      assert.throws(() => c.encode(v), c.NotCanonical)
    }
    assert.equal(c.encode(new Array(4095).fill(0)).length, 3 + 4095)
  })

  it('uvarint', () => {
    for (const n of [0, 1, 127, 128, 16383, 16384, 16464, 2 ** 32, 2 ** 53 - 1, 2n ** 63n - 1n]) {
      const bytes = c.uvarint(n)
      assert.deepEqual(c.readUvarint(bytes), [n, bytes.length])
      assert.equal(c.readUvarint(bytes.subarray(0, -1)), null)
    }
    for (const text of ['', '80', '8000', '808080808080808080', 'ffffffffffffffffff01']) assert.equal(c.readUvarint(unhex(text)), null, text)
    assert.throws(() => c.uvarint(2n ** 63n), RangeError)
  })
})

describe('payloads', () => {
  it('what fits is good, what does not is bad', () => {
    let broken = 0
    for (const kind of Object.keys(PAYLOADS).map(Number)) {
      for (let i = 0; i < 50; i++) {
        const payload = goodMap(PAYLOADS[kind], i === 0)
        assert.deepEqual(c.checkPayload(kind, PV, payload), { good: true, opaque: false }, `${kind}`)
        assert.deepEqual(c.checkPayload(kind, PV, new Map([...payload, [2n ** 64n - 1n, true], [2n ** 64n - 2n, false]])),
          { good: true, opaque: true })
        assert.deepEqual(c.checkPayload(kind, 1 - PV, payload), { good: true, opaque: true })
      }
      for (const payload of badMaps(PAYLOADS[kind])) {
        broken++
        if (c.checkPayload(kind, PV, payload).good) assert.fail(`kind ${kind}: ${inspect(payload, { depth: 9 })}`)
      }
    }
    assert.ok(broken > 1500, `${broken}`)
  })
})

describe('payloads.json', () => {
  it('holds what fits, what is opaque and what is bad', () => {
    const { pv, cases } = vectors('payloads')
    for (const { kind, name, result, payload } of cases) {
      const { good, opaque } = c.checkPayload(kind, pv, c.decode(unhex(payload)))
      assert.equal(!good ? 'bad' : opaque ? 'opaque' : 'fine', result, `kind ${kind}: ${name}`)
    }
    assert.deepEqual([...new Set(cases.map(({ kind }) => kind))].sort((a, b) => a - b), Object.keys(PAYLOADS).map(Number))
  })
})

describe('records', () => {
  it('random ones of each kind are fine', () => {
    for (const kind of ALL_KINDS) {
      for (let i = 0; i < 20; i++) {
        const { slots, hours } = c.kindOf(kind)
        const by = oneOf([alice, bob])
        const made = HOUR - random(0, hours - 1)
        const fields = {
          kind,
          region: oneOf(['de', 'zz', 'qq']),
          slot: someNumber(0, slots - 1),
          seq: made * 256 + random(0, 63),
          expires: kind === c.REVOCATION ? made + hours : someNumber(HOUR + 1, made + hours),
          flags: kind === c.REVOCATION ? 0 : oneOf([0, 0, 0, 1]),
          pv: kind === c.REVOCATION ? PV : oneOf([PV, PV, PV, 0, 5, 2 ** 53 - 1]),
          payload: new Map()
        }
        if (!fields.flags && PAYLOADS[kind]) fields.payload = goodMap(PAYLOADS[kind])
        if (!fields.flags && (!PAYLOADS[kind] || fields.pv !== PV)) fields.payload = new Map([[random(0, 9), randomValue(4)]])
        const bytes = record(fields, by)
        const { outcome, verdict, record: r } = c.judge(bytes, { ...at, classes: [c.kindOf(kind).class] })
        const tooLong = r.body.length > c.kindOf(kind).bytes
        assert.equal(outcome, tooLong ? 'oversize' : 'fine', `kind ${kind}`)
        if (tooLong) continue
        assert.equal(verdict, 'accept')
        for (const name of Object.keys(fields)) assert.deepEqual(r[name], fields[name], name)
        assert.deepEqual(r.author, by.key)
        assert.equal(hex(c.assemble(r, r.sig)), hex(bytes))
        assert.equal(hex(c.make(r, by.secret)), hex(bytes), 'a signature is always the same')
        if (r.deleted) assert.equal(r.opaque, false)
      }
    }
  })

  it('any byte that changes makes it bad', () => {
    const bytes = record({ kind: 3, payload: smallest(3) })
    assert.equal(outcome(bytes), 'fine')
    for (let i = 0; i < bytes.length; i++) {
      const other = bytes.slice()
      other[i] ^= 1 << random(0, 7)
      assert.notEqual(outcome(other), 'fine', `byte ${i}`)
      assert.equal(outcome(bytes.subarray(0, i)), 'not-canonical')
    }
  })

  it('the first check that fails decides', () => {
    // each step breaks one check more, later ones first
    const broken = { kind: 1, payload: new Map([[0, 0]]) }
    const steps = [
      ['bad-payload', {}],
      ['bad-signature', { author: bob.key, stamp: bob.stamp }],
      ['bad-stamp', { stamp: Uint8Array.of(1, 0, 0) }],
      ['unknown-stamp', { stamp: Uint8Array.of(2) }],
      ['bad-stamp', { stamp: new Uint8Array(0) }],
      ['expired', { seq: (HOUR - 9) * 256, expires: HOUR - 8 }],
      ['from-future', { seq: (HOUR + 1) * 256, expires: HOUR + 2 }],
      ['bad-times', { expires: HOUR + 2162 }],
      ['bad-times', { expires: HOUR + 1 }],
      ['bad-times', { seq: (HOUR + 1) * 256 + 64 }],
      ['bad-slot', { slot: 1 }],
      ['unknown-flag', { flags: 2 }],
      ['oversize', { payload: new Map([[1, new Uint8Array(4096)]]) }],
      ['wrong-class', { region: 'qq' }, { classes: ['mail'] }],
      ['unknown-kind', { kind: 13 }, { classes: ['mail'] }],
      ['wrong-net', { net: 'test-b' }],
      ['malformed', { region: 'DE' }],
      ['unknown-version', { v: 2 }],
      ['malformed', { v: -1 }]
    ]
    for (const [expected, fields, more] of steps) {
      Object.assign(broken, fields)
      assert.equal(outcome(record(broken), more), expected, JSON.stringify(fields))
    }
  })

  it('a revocation lives exactly 9,600 hours', () => {
    for (const more of [{ payload: smallest(12) }, { flags: 1 }]) {
      const revocation = hours => outcome(record({ kind: c.REVOCATION, expires: HOUR + hours, ...more }))
      for (const hours of [0, 1, 9599, 9601]) assert.equal(revocation(hours), 'bad-times')
      assert.equal(revocation(9600), more.flags ? 'bad-payload' : 'fine')
    }
  })

  it('envelopes under a certificate', () => {
    const stamp = c.certificateStamp(NET, alice.key, HOUR + 24, bob.secret)
    assert.equal(stamp.length, 109)
    const payload = smallest(c.ENVELOPE)
    const envelope = fields => outcome(record({ kind: c.ENVELOPE, stamp, payload, ...fields }))
    assert.equal(envelope({}), 'fine')
    assert.equal(envelope({ expires: HOUR + 23 }), 'fine')
    assert.equal(envelope({ expires: HOUR + 25 }), 'bad-stamp')
    assert.equal(envelope({ slot: 1 }), 'bad-slot')
    assert.equal(envelope({ slot: 1, stamp: alice.stamp }), 'fine')
    assert.equal(envelope({ kind: 64, payload: new Map() }), 'bad-stamp')
    assert.equal(outcome(record({ kind: c.ENVELOPE, stamp, payload }, bob)), 'bad-stamp')
    for (let i = 0; i < stamp.length; i++) {
      const other = stamp.slice()
      other[i] ^= 1
      // another nonce of the company's may do the work too
      const luck = i >= 33 && i < 41 && c.workDone(NET, bob.key, other.subarray(33, 41))
      assert.equal(envelope({ stamp: other }), luck ? 'fine' : i === 0 ? 'unknown-stamp' : 'bad-stamp', `byte ${i}`)
    }
  })

  it('keys and R with a part of small order: the equation alone decides', () => {
    const Point = ed25519.Point
    const little = bytes => BigInt('0x' + hex(bytes.slice().reverse()))
    const scalar = n => unhex(n.toString(16).padStart(64, '0')).reverse()
    const order = Point.Fn.ORDER
    const T = Point.fromBytes(unhex(c.SMALL_ORDER[3]))
    const head = sha512(alice.secret).slice(0, 32)
    head[0] &= 248
    head[31] = (head[31] & 63) | 64
    const a = little(head) % order
    const mixed = Point.BASE.multiply(a).add(T).toBytes()
    const fields = { v: 1, net: NET, kind: 1, author: mixed, region: 'zz', slot: 0, seq: HOUR * 256, expires: HOUR + 24 }
    Object.assign(fields, { flags: 0, stamp: c.workStamp(NET, mixed), pv: 0, payload: new Map() })
    const [body] = c.decode(c.assemble(fields, new Uint8Array(64)))
    const message = c.signedBytes(NET, c.recordId(body))
    const seen = { fine: 0, 'bad-signature': 0 }
    for (let r = 1n; r <= 40n; r++) {
      const R = Point.BASE.multiply(r).toBytes()
      const h = little(sha512(c.concat(R, mixed, message))) % order
      const got = outcome(c.assemble(fields, c.concat(R, scalar((r + h * a) % order))))
      assert.equal(got, h % 8n === 0n ? 'fine' : 'bad-signature')
      seen[got]++
    }
    assert.ok(seen.fine > 0 && seen['bad-signature'] > 0)

    const R = Point.BASE.multiply(5n).add(T).toBytes()
    const plain = { ...fields, author: alice.key, stamp: alice.stamp }
    const [other] = c.decode(c.assemble(plain, new Uint8Array(64)))
    const h = little(sha512(c.concat(R, alice.key, c.signedBytes(NET, c.recordId(other))))) % order
    assert.equal(outcome(c.assemble(plain, c.concat(R, scalar((5n + h * a) % order)))), 'bad-signature')
  })
})

describe('what is held', () => {
  it('seq goes up', () => {
    assert.equal(c.nextSeq(NOW), HOUR * 256)
    assert.equal(c.nextSeq(NOW, HOUR * 256), HOUR * 256 + 1)
    assert.equal(c.nextSeq(NOW, HOUR * 256 + 62), HOUR * 256 + 63)
    assert.equal(c.nextSeq(NOW, HOUR * 256 + 63), null)
    assert.equal(c.nextSeq(NOW + 3600, HOUR * 256 + 63), (HOUR + 1) * 256)
    assert.equal(c.nextSeq(NOW - 3600, HOUR * 256), HOUR * 256 + 1, 'the clock went back')
    assert.equal(c.nextSeq(NOW - 3600, HOUR * 256 + 63), null)
    assert.equal(c.nextSeq(NOW, HOUR * 256 + 63), null, 'the hour must exceed the last one')
  })

  it('checks 24 to 26', () => {
    const held = new c.Held()
    const add = (fields, now = NOW) => held.add(record(fields), { net: NET, now })
    const seq = n => ({ seq: HOUR * 256 + n })
    assert.equal(add(seq(5)), 'stored')
    assert.equal(add(seq(5)), 'duplicate')
    assert.equal(add(seq(4)), 'stale')
    assert.equal(add({ ...seq(4), flags: 1, payload: new Map([[0, 0]]) }), 'stale', 'before the payload')
    assert.equal(add({ ...seq(6), flags: 1, expires: HOUR + 2 }), 'stored', 'a tombstone')
    const later = NOW + 3 * 3600
    assert.equal(add(seq(5), later), 'stale', 'the floor, when the tombstone is gone')
    assert.equal(add(seq(7), later), 'stored')
    assert.equal(add({ ...seq(1), kind: 3, payload: smallest(3) }), 'stored', 'another slot')
    assert.equal(add({ kind: c.REVOCATION, payload: smallest(12) }), 'stored')
    assert.equal(held.winners.size, 1)
    assert.equal(add(seq(9)), 'revoked')
    assert.equal(held.add(record({}, bob), at), 'stored')
    assert.equal(add({ kind: c.REVOCATION, ...seq(1), payload: smallest(12) }), 'stored')
    assert.equal(add({ kind: c.REVOCATION, payload: smallest(12) }), 'stale')
    const last = NOW + 9599 * 3600
    const fresh = hour => ({ seq: (HOUR + hour) * 256, expires: HOUR + hour + 1 })
    assert.equal(add(fresh(9599), last), 'revoked')
    assert.equal(add(fresh(9600), last + 3600), 'stored', 'the revocation is over')
  })

  it('a floor lasts as long as any verified record of its slot', () => {
    const hours = n => NOW + n * 3600
    const [first, second] = [record({ seq: HOUR * 256, expires: HOUR + 20 }), record({ seq: HOUR * 256 + 1, expires: HOUR + 2 })]
    const forged = first.slice()
    forged[forged.length - 1] ^= 1
    const run = (steps) => {
      const held = new c.Held()
      return steps.map(([bytes, now]) => held.add(bytes, { net: NET, now }))
    }
    // the loser comes after the winner, verified or not
    assert.deepEqual(run([[second, NOW], [first, NOW], [first, hours(3)], [first, hours(19)]]), ['stored', 'stale', 'stale', 'stale'])
    assert.deepEqual(run([[first, NOW], [second, NOW], [first, hours(3)]]), ['stored', 'stored', 'stale'])
    assert.deepEqual(run([[second, NOW], [forged, NOW], [first, hours(3)]]), ['stored', 'bad-signature', 'stored'])
    // honest about arrival: who hears the loser late holds it
    assert.deepEqual(run([[second, NOW], [first, hours(3)], [second, hours(3)]]), ['stored', 'stored', 'expired'])
  })

  it('the order in which records come does not matter', () => {
    for (let round = 0; round < 10; round++) {
      const list = Array.from({ length: 12 }, () => record({
        kind: oneOf([1, 3]), slot: 0, seq: HOUR * 256 + random(0, 3), flags: 1, region: oneOf(['de', 'zz', 'fr'])
      }, oneOf([alice, bob])))
      if (round % 3 === 0) list.push(record({ kind: c.REVOCATION, payload: smallest(12) }))
      const sets = Array.from({ length: 4 }, () => {
        shuffle(list)
        const held = new c.Held()
        for (const bytes of list) held.add(bytes, at)
        return [...held.winners.values()].map(r => hex(r.id)).sort()
      })
      assert.ok(sets[0].length > 0)
      for (const set of sets) assert.deepEqual(set, sets[0])
    }
  })
})
