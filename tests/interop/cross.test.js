// Our real node and an independent implementation, as somebody would try it by
// hand: records made by codec.js go in by import, by gossip of a stock
// js-libp2p; what the node holds and publishes comes out by export and
// gossip, and is read by codec.js. Sync has a test of its own.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import * as c from './codec.js'
import { RealNode, readExport, writeExport, writeFile } from './node.js'
import { jsPeer, until } from './peers.js'
import { goodMap, randomBytes } from './random.js'
import { MAPS, PAYLOADS, PV } from './schemas.js'

const { hex } = c
const NET = 'test-js'
const WORDS = '/usr/lib/python3/dist-packages/mnemonic/wordlist/english.txt'
const now = () => Math.floor(Date.now() / 1000)
const thisHour = () => Math.floor(now() / 3600)
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

// ---- records of now

let authors = 0

function author () {
  const secret = c.personaSecret(randomBytes(32), authors++)
  const key = c.publicKey(secret)
  return { secret, key, stamp: c.workStamp(NET, key) }
}

function record (kind, by, fields = {}) {
  const hour = thisHour()
  const revocation = kind === c.REVOCATION
  const bytes = c.make({
    net: NET,
    kind,
    region: 'de',
    seq: hour * 256,
    expires: hour + (revocation ? 9600 : 48),
    stamp: revocation ? new Uint8Array(0) : by.stamp,
    pv: PV,
    payload: PAYLOADS[kind] === undefined ? new Map([[0, 'anything'], [2, [1, 2, 3]]]) : goodMap(PAYLOADS[kind], true),
    ...fields
  }, by.secret)
  // every field at once may be more than a profile can hold: then another
  return fields.payload === undefined && judge(bytes).outcome === 'oversize' ? record(kind, by, fields) : bytes
}

const judge = (bytes, cls) => c.judge(bytes, { net: NET, now: now(), classes: cls === undefined ? null : [cls] })
const idOf = bytes => judge(bytes).record.id

/** A payload as section 10 says that JSON has it. */
function jsonOf (type, v, name) {
  const [word, rest] = /^(\w+)(?:[: ]+(.+))?$/s.exec(type).slice(1)
  switch (word) {
    case 'bool': return v === 1
    case 'text': return Object.fromEntries([...v].map(([key, text]) => [c.languageText(key), text]))
    case 'bytes':
      if (['organisation', 'posting_keys', 'co_authors', 'key', 'author', 'facilitators'].includes(name)) return c.keyToDid(v)
      return hex(v)
    case 'term': return hex(v)
    case 'language': return c.languageText(v)
    case 'choice': return c.choices(type).find(([n]) => n === v)[1]
    case 'bits': return c.choices(type).filter(([n]) => (v & n) !== 0).map(([, text]) => text)
    case 'list': return v.map(item => jsonOf(/ of (.+)$/.exec(type)[1], item, name))
    case 'map': return jsonMap(MAPS[rest], v)
    default: return v
  }
}

function jsonMap (table, map) {
  return Object.fromEntries(table.filter(([key]) => map.has(key)).map(([key, name, type]) => [name, jsonOf(type, map.get(key), name)]))
}

/** What `record show` says must be what codec.js reads. */
function checkShown (shown, bytes) {
  const { outcome, record: r } = judge(bytes)
  assert.equal(outcome, 'fine')
  assert.equal(shown.id, c.idToCid(r.id))
  assert.equal(shown.author, c.keyToDid(r.author))
  assert.equal(shown.bytes_hex, hex(bytes))
  assert.equal(shown.kind_number, r.kind)
  assert.equal(shown.made, c.hourOf(r.seq) * 3600)
  assert.equal(shown.expires, r.expires * 3600)
  assert.equal(shown.size, bytes.length)
  for (const name of ['region', 'slot', 'seq', 'flags', 'deleted', 'pv', 'opaque']) assert.equal(shown[name], r[name], name)
  if (!r.deleted && !r.opaque) assert.deepEqual(shown.payload, jsonMap(PAYLOADS[r.kind], r.payload))
}

/** Its signature type in more bytes than needed; all of section 15's shape. */
const longSigtype = bytes => c.concat(bytes.subarray(0, -67), Uint8Array.of(0xcc, 1), bytes.subarray(-66))

const sorted = list => list.map(hex).sort()

async function checkImport (node, records, outcomes) {
  const { code, read, outcomes: got, rejected } = await node.import(...records)
  const refused = Object.entries(outcomes).filter(([o]) => c.VERDICTS[o] === 'reject').reduce((sum, [, n]) => sum + n, 0)
  assert.deepEqual({ read, outcomes: got, rejected }, { read: records.length, outcomes, rejected: refused })
  assert.equal(code, refused > 0 ? 7 : 0)
}

/** A js peer in all topics, called by our node's address; what it hears. */
async function listener (node) {
  const js = await jsPeer()
  const got = []
  js.services.pubsub.addEventListener('message', e => got.push({ topic: e.detail.topic, bytes: new Uint8Array(e.detail.data) }))
  for (const cls of c.CLASSES) js.services.pubsub.subscribe(c.topic(NET, cls))
  await js.dial(multiaddr(node.address))
  await until('meshes', () => c.CLASSES.every(cls => js.services.pubsub.getMeshPeers(c.topic(NET, cls)).length > 0))
  return { js, got, publish: (cls, bytes) => js.services.pubsub.publish(c.topic(NET, cls), bytes) }
}

describe('a node and files', () => {
  let node
  const made = []

  before(async () => { node = await RealNode.start(NET) })
  after(async () => { assert.equal(await node?.stop() ?? null, null) })

  it('its identity is that of its words', async t => {
    if (!existsSync(WORDS)) {
      console.log('SKIP interop/words: no list of words (Debian package python3-mnemonic)')
      return t.skip()
    }
    const { words } = await node.must('key', 'words')
    const seed = c.wordsToSeed(words, readFileSync(WORDS, 'utf8').trim().split('\n'))
    assert.equal(c.keyToDid(c.publicKey(c.personaSecret(seed, 0))), node.did)
  })

  it('takes a record of each kind', async () => {
    for (const kind of [...c.KINDS.keys(), 64, 99, 127]) made.push(record(kind, author()))
    const by = author()
    made.push(record(3, by, { slot: 1023 }), record(3, by, { slot: 7, flags: 1, payload: new Map() }))
    made.push(record(5, author(), { flags: 1, payload: new Map() }))
    made.push(record(4, author(), { pv: 3, payload: new Map([[0, 'unknown version']]) }))
    made.push(record(1, author(), { payload: new Map([[20, 0]]) }), record(1, author(), { payload: new Map([[21, true]]) }))
    const company = author()
    const oneTime = author()
    made.push(record(c.ENVELOPE, oneTime, { stamp: c.certificateStamp(NET, oneTime.key, thisHour() + 48, company.secret) }))
    for (const bytes of made) assert.equal(judge(bytes).outcome, 'fine')
    await checkImport(node, made, { stored: made.length })
    await checkImport(node, made, { duplicate: made.length })
  })

  it('shows each with what codec.js reads in it', async () => {
    for (const bytes of made) {
      const shown = await node.show(idOf(bytes))
      assert.notEqual(shown, null)
      // an unknown odd key is named in JSON
      if (shown.payload !== null) delete shown.payload._unknown_keys
      checkShown(shown, bytes)
      if (bytes === made[0]) {
        const { out } = await node.raw('record', 'show', shown.id, '--bytes')
        assert.equal(out.trim(), hex(bytes))
      }
    }
  })

  it('exports what it took, byte for byte', async () => {
    assert.deepEqual(sorted(await node.export()), sorted(made))
    // revocations are of every choice
    const demands = made.filter(bytes => [3, c.REVOCATION].includes(judge(bytes).record.kind))
    assert.deepEqual(sorted(await node.export('--kind', 'demand')), sorted(demands))
  })

  it('has the outcome of codec.js for what is wrong', async () => {
    const by = author()
    const other = author()
    const hour = thisHour()
    const bad = {
      oversize: record(1, by, { payload: new Map([[1, new Uint8Array(4096)]]) }),
      malformed: record(1, by, { region: 'DE' }),
      'not-canonical': longSigtype(record(1, by)),
      'wrong-net': record(1, by, { net: 'test-jt' }),
      'bad-times': record(1, by, { expires: hour + 2161 }),
      'bad-slot': record(1, by, { slot: 1 }),
      'bad-stamp': record(1, by, { stamp: new Uint8Array(0) }),
      'bad-signature': record(1, by, { author: other.key, stamp: other.stamp }),
      'bad-payload': record(1, by, { payload: new Map([[6, 9]]) }),
      'unknown-version': record(1, by, { v: 2 }),
      'unknown-kind': record(13, by),
      'unknown-sigtype': record(1, by, { sigtype: 2 }),
      'unknown-flag': record(1, by, { flags: 4 }),
      'unknown-stamp': record(1, by, { stamp: c.concat(Uint8Array.of(2), randomBytes(8)) }),
      'from-future': record(1, by, { seq: (hour + 3) * 256 }),
      expired: record(1, by, { seq: (hour - 5) * 256, expires: hour })
    }
    for (const [outcome, bytes] of Object.entries(bad)) {
      assert.equal(judge(bytes).outcome, outcome)
      await checkImport(node, [bytes], { [outcome]: 1 })
    }
    // all at once, with one good record between them
    const fine = record(1, by)
    const each = Object.fromEntries(Object.keys(bad).map(outcome => [outcome, 1]))
    await checkImport(node, [...Object.values(bad), fine], { ...each, stored: 1 })
    made.push(fine)
  })

  it('knows winners, tombstones and revocations as codec.js does', async () => {
    const held = new c.Held()
    const by = author()
    const hour = thisHour()
    const demand = (n, more) => record(3, by, { seq: hour * 256 + n, payload: new Map([[0, 2], [2, new Map([[25966, `${n}`]])]]), ...more })
    const steps = [demand(5), demand(4), demand(6), demand(5), demand(6), demand(6, { region: 'fr' }), demand(6, { region: 'zz' }),
      demand(7, { flags: 1, payload: new Map() }), demand(8), demand(1, { slot: 1 }), demand(0, { expires: hour + 99 }),
      record(c.REVOCATION, by, { payload: new Map([[0, 2]]) }), demand(9), demand(8),
      record(c.REVOCATION, by, { seq: hour * 256 + 1, payload: new Map([[0, 3]]) }),
      record(c.REVOCATION, by, { payload: new Map([[0, 2]]) })]
    for (const bytes of steps) {
      const outcome = held.add(bytes, { net: NET, now: now() })
      await checkImport(node, [bytes], { [outcome]: 1 })
    }
    const mine = (await node.export()).filter(bytes => hex(judge(bytes).record.author) === hex(by.key))
    assert.deepEqual(sorted(mine), sorted([...held.winners.values()].map(r => c.assemble(r, r.sig))))
    made.push(...mine)
  })

  it('takes of a damaged file what is whole, and says so', async () => {
    const [one, two, three] = [1, 1, 1].map(kind => record(kind, author()))
    const file = writeFile(NET, [one, two.subarray(0, -1), three])
    const { code, json } = await node.cli('record', 'import', node.write('hurt.ohcn', file))
    assert.equal(code, 7)
    assert.deepEqual(json.outcomes, { stored: 2 })
    assert.equal(json.damaged_bytes, c.uvarint(two.length - 1).length + two.length - 1)
    assert.equal(await node.show(idOf(two)), null)
    made.push(one, three)
    assert.deepEqual(sorted(await node.export()), sorted(made))
    const other = node.write('other.ohcn', writeFile('test-other', [two]))
    assert.equal((await node.cli('record', 'import', other)).code, 1)
    assert.deepEqual(sorted(await node.export()), sorted(made))
  })
})

describe('a node and gossip', () => {
  let node
  let one
  let two

  before(async () => {
    node = await RealNode.start(NET)
    one = await listener(node)
    two = await listener(node)
  })
  after(async () => {
    await one?.js.stop()
    await two?.js.stop()
    assert.equal(await node?.stop() ?? null, null)
  })

  const has = (peer, bytes) => peer.got.some(m => hex(m.bytes) === hex(bytes))

  it('from js: stored, and passed on to another', async () => {
    for (const [cls, kind] of [['people', 1], ['demand', 2], ['demand', 3], ['learn', 4], ['learn', 7], ['mail', 11], ['meta', 9], ['meta', 12], ['meta', 100]]) {
      const bytes = record(kind, author())
      assert.equal(judge(bytes, cls).outcome, 'fine')
      await one.publish(cls, bytes)
      const shown = await until(`kind ${kind} is stored`, () => node.show(idOf(bytes)))
      checkShown(shown, bytes)
      assert.equal(shown.heard, true)
      await until(`kind ${kind} goes on`, () => has(two, bytes))
      assert.equal(two.got.find(m => hex(m.bytes) === hex(bytes)).topic, c.topic(NET, cls))
    }
  })

  it('from js: what is not good goes nowhere', async t => {
    const by = author()
    const forged = record(1, by)
    forged[forged.length - 1] ^= 1
    const bad = [
      ['bad-signature', 'people', forged],
      ['wrong-class', 'learn', record(1, by)],
      ['bad-stamp', 'people', record(1, by, { stamp: c.concat(Uint8Array.of(1), randomBytes(7)) })],
      ['unknown-kind', 'meta', record(13, by)],
      ['not-canonical', 'mail', randomBytes(50)]
    ]
    // Of a third: who sends such things is not told much any more.
    const rogue = await listener(node)
    t.after(() => rogue.js.stop())
    const counted = async (outcome, publish) => {
      const before = (await node.outcomes())[outcome] ?? 0
      await publish()
      await until(`${outcome} is counted`, async () => ((await node.outcomes())[outcome] ?? 0) > before)
    }
    // a forged copy does not keep the true record away, by whomever it comes
    const genuine = record(1, author(), { payload: new Map([[6, 2]]) })
    const copy = genuine.slice()
    copy[copy.length - 40] ^= 1
    await counted('bad-signature', () => rogue.publish('people', copy))
    await two.publish('people', genuine)
    await until('the true one is stored', () => node.show(idOf(genuine)))
    await until('the true one goes on', () => has(one, genuine))
    for (const [outcome, cls, bytes] of bad) await counted(outcome, () => rogue.publish(cls, bytes))
    await pause(1500)
    for (const [outcome, , bytes] of bad) assert.ok(!has(two, bytes), outcome)
    assert.ok(!has(two, copy))
    assert.equal(await node.show(idOf(forged)), null)
  })

  it('from the node: js hears it and codec.js reads it', async () => {
    const need = { type: 'gig', title: { en: 'Mend the roof', de: 'Dach flicken' }, place: 'Berlin', hours_day: 6 }
    const lesson = {
      type: 'micro-lesson',
      title: { en: 'Slate' },
      teaches: [{ term: 'https://example.org/skills/slate', to: 2 }],
      terms: [{ uri: 'https://example.org/skills/slate', labels: { en: 'Slate work' } }]
    }
    await node.must('organisation', 'edit', '--name', 'Dachwerk', '--type', 'company')
    await node.must('profile', 'edit', '--language', 'de=native', '--hours', 'up-to-10', '--seeks', 'gig')
    const sent = [
      ['demand', 3, await node.must('demand', 'post', node.write('need.json', JSON.stringify(need)))],
      ['learn', 4, await node.must('course', 'post', node.write('lesson.json', JSON.stringify(lesson)))],
      ['demand', 2, await node.must('organisation', 'publish')],
      ['people', 1, await node.must('profile', 'publish', '--now')]
    ]
    const read = {}
    for (const [cls, kind, answer] of sent) {
      assert.equal(answer.record.topic, c.topic(NET, cls))
      const id = hex(c.cidToId(answer.record.id))
      const heard = await until(`js hears kind ${kind}`, () => one.got.find(m =>
        m.topic === c.topic(NET, cls) && judge(m.bytes, cls).outcome === 'fine' && hex(idOf(m.bytes)) === id))
      await until('the other js too', () => has(two, heard.bytes))
      const { record: r } = judge(heard.bytes, cls)
      assert.equal(r.kind, kind)
      assert.equal(r.opaque, false)
      assert.equal(r.seq, answer.record.seq)
      assert.equal(c.keyToDid(r.author), node.did)
      assert.equal(heard.bytes.length, answer.record.size)
      assert.equal(hex(c.assemble(r, r.sig)), hex(heard.bytes), 'codec.js would write it so')
      assert.equal((await node.show(r.id)).bytes_hex, hex(heard.bytes))
      read[kind] = r
    }
    assert.deepEqual(jsonMap(PAYLOADS[3], read[3].payload), need)
    const slate = c.termId('https://example.org/skills/slate')
    assert.equal(hex(read[4].payload.get(4)[0].get(0)), hex(slate))
    assert.equal(read[1].payload.get(6), 2)
    assert.equal(read[2].payload.get(18), 1)
    // an end: a tombstone in the same slot
    await node.must('profile', 'forget', '--yes')
    const end = await until('js hears the end', () => one.got.map(m => judge(m.bytes, 'people')).find(({ outcome, record: r }) =>
      outcome === 'fine' && r.deleted && c.keyToDid(r.author) === node.did))
    assert.ok(c.beats(end.record, read[1]))
    assert.ok(end.record.expires >= read[1].expires)
  })
})
