// Sync as a stranger builds it from SPEC.md section 13 (sync.js): against the
// vectors, against itself, and with our real node in both directions over
// js-libp2p.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import * as c from './codec.js'
import { RealNode } from './node.js'
import { jsPeer, until } from './peers.js'
import { random, randomBytes } from './random.js'
import * as s from './sync.js'

const { hex, unhex } = c
const T = s.TYPES
const NET = 'test-js'
const now = () => Math.floor(Date.now() / 1000)
const thisHour = () => Math.floor(now() / 3600)
const vectors = JSON.parse(readFileSync(new URL('../vectors/sync.json', import.meta.url)))
const big = text => BigInt('0x' + text)
const scopeOf = text => s.readScope(c.decode(unhex(text)))
const scopeBytes = scope => hex(c.encode(s.writeScope(scope)))

describe('vectors of section 13', () => {
  it('values', () => {
    for (const v of vectors.values) {
      const salt = s.saltOf(unhex(v.dialer_nonce), unhex(v.listener_nonce))
      assert.equal(hex(salt), v.salt)
      assert.equal(s.valueOf(salt, unhex(v.id)), big(v.value))
    }
  })

  it('prints', () => {
    for (const v of vectors.prints) {
      const p = s.print(v.values.map(big))
      assert.equal(p.count, v.count)
      assert.equal(hex(s.printBytes(p)), v.print)
    }
  })

  it('coded symbols', () => {
    for (const v of vectors.walks) {
      assert.equal(s.check(big(v.value)), v.check)
      assert.deepEqual(s.walk(big(v.value), 2 ** 20), v.indices)
    }
    for (const v of vectors.coded) {
      for (const [side, symbols] of [[v.theirs, v.their_symbols], [v.ours, v.our_symbols]]) {
        assert.equal(hex(s.symbolBytes(s.symbolsOf(side.map(big), symbols.length / 24))), symbols)
      }
      const ours = new Set(v.ours)
      const theirs = new Set(v.theirs)
      const d = [...ours].filter(x => !theirs.has(x)).length + [...theirs].filter(x => !ours.has(x)).length
      const found = s.peel(s.symbolsOf(v.theirs.map(big), 3 * d + 16), v.ours.map(big))
      assert.deepEqual(found.theirs.map(x => x.toString(16).padStart(16, '0')).sort(), [...theirs].filter(x => !ours.has(x)).sort())
      assert.deepEqual(found.ours.map(x => x.toString(16).padStart(16, '0')).sort(), [...ours].filter(x => !theirs.has(x)).sort())
    }
  })

  it('scopes', () => {
    for (const v of vectors.scopes) {
      const scope = scopeOf(v.scope)
      assert.equal(scopeBytes(scope), v.scope)
      for (const r of v.records) assert.equal(s.inScope(scope, { ...r, author: unhex(r.author) }), r.in, JSON.stringify([v.scope, r]))
    }
    for (const v of vectors.meets) {
      const common = s.commonScope(scopeOf(v.a), scopeOf(v.b))
      assert.equal(common === null ? null : scopeBytes(common), v.common)
    }
  })

  it('hellos', () => {
    for (const v of vectors.hellos) assert.equal(helloGood(unhex(v.bytes)), v.good, v.name)
  })

  for (const v of vectors.sessions) it(`session: ${v.name}`, () => checkSession(v))
})

function helloGood (bytes) {
  try {
    const [n, used] = c.readUvarint(bytes)
    if (n < 1 || n > 65536 || used + n !== bytes.length) return false
    const m = s.readMessage(bytes.subarray(used))
    const [type, net, scope, , flags, tag, rid] = m
    s.readScope(scope)
    return type === T.HELLO && net === 'test' && flags < 2 ** 32 && (tag.length === 4 || (tag.length === 0 && rid === 0))
  } catch { return false }
}

/** The messages of a turn's bytes. */
function messagesOf (bytes) {
  const out = []
  for (let at = 0; at < bytes.length;) {
    const [n, used] = c.readUvarint(bytes, at)
    out.push(s.readMessage(bytes.subarray(at + used, at + used + n)))
    at += used + n
  }
  return out
}

const vectorItem = text => {
  const bytes = unhex(text)
  return { hour: new DataView(bytes.buffer).getUint32(0), id: bytes.subarray(4), bytes: c.concat(bytes, new Uint8Array(80).fill(bytes[4])) }
}

/** Each answer of a written session is what sync.js would have to answer. */
async function checkSession (v) {
  const sides = {}
  for (const name of ['dialer', 'listener']) {
    const side = v[name]
    const items = side.items.map(vectorItem)
    const fresh = new Set(side.fresh ?? [])
    const session = new s.Session({
      dialer: name === 'dialer',
      net: v.net,
      scope: scopeOf(side.scope),
      nonce: unhex(side.nonce),
      tag: unhex(side.tag),
      head: side.head,
      records: () => items.map((i, k) => ({ ...i, rid: fresh.has(k) ? 2 : 0 })),
      take: () => ({ verdict: 'kept' })
    })
    sides[name] = { session, side, received: [] }
  }
  const turns = v.turns.map(t => ({ from: t.from, messages: messagesOf(unhex(t.bytes)) }))
  const [[hello], [welcome]] = turns.slice(0, 2).map(t => t.messages)
  assert.equal(hex(hello[3]), v.dialer.nonce)
  if (welcome[0] === T.CLOSE) return assert.equal(v.listener.no_crawlers, true)
  for (const { session, side } of Object.values(sides)) {
    const common = session.settle(side === v.dialer ? welcome[1] : hello[2], [hello[3], welcome[2]], { tag: session.own.tag, rid: 1 })
    assert.equal(common, true)
  }
  const listener = sides.listener.session.print()
  assert.equal(welcome[8], listener.count)
  assert.equal(hex(welcome[9]), hex(s.printBytes(listener).subarray(0, 8)))
  for (const [k, { from, messages }] of turns.entries()) {
    if (k < 2) continue
    const to = from === 'dialer' ? 'listener' : 'dialer'
    const speaker = sides[from].session
    const expected = k > 2 ? await speaker.answer(turns[k - 1].messages) : []
    const values = (m, type) => new Set(m.filter(x => x[0] === type).flatMap(x => chunksOf8(x[1])))
    // what is no choice: who is given what, and asked for what
    if (k > 2) assert.deepEqual(values(messages, T.WANT), values(expected, T.WANT), `wants in turn ${k + 1}`)
    for (const m of messages) {
      if (m[0] === T.RANGES) checkRanges(speaker, m, sides[to].session)
      if (m[0] === T.LIST) checkList(speaker, m)
      if (m[0] === T.CODED) checkCoded(speaker, m)
      if (m[0] === T.RECORD) sides[to].received.push(hex(m[1].subarray(0, 20)))
    }
  }
  for (const [name, { side, received }] of Object.entries(sides)) {
    const refused = new Set(v[name === 'dialer' ? 'listener' : 'dialer'].refused)
    const kept = received.filter(item => !refused.has(item))
    // of two with the winner in the other's store the loser was sent, too
    if (v.name === 'a winner') assert.ok(side.received.every(item => kept.includes(item)))
    else assert.deepEqual(new Set(kept), new Set(side.received))
  }
}

const chunksOf8 = bytes => Array.from({ length: bytes.length / 8 }, (_, i) => hex(bytes.subarray(8 * i, 8 * i + 8)))

function checkRanges (speaker, m, other) {
  const receiver = new s.Session(other.own)
  receiver.readRanges(m)
  speaker.ranges = receiver.theirs
  for (const r of receiver.theirs) {
    const mine = speaker.items.filter(i => within(i, r.from, r.to))
    assert.deepEqual(speaker.print(mine), r.print)
  }
}

function checkList (speaker, m) {
  const mine = speaker.items.filter(i => within(i, { hour: m[1], prefix: m[2] }, { hour: m[3], prefix: m[4] }))
  assert.deepEqual(chunksOf8(m[5]).sort(), mine.map(i => i.value.toString(16).padStart(16, '0')).sort())
}

function checkCoded (speaker, m) {
  const ranges = speaker.theirs.filter((_, k) => m[1][k >> 3] >> (k & 7) & 1)
  const values = speaker.items.filter(i => ranges.some(r => within(i, r.from, r.to))).map(i => i.value)
  const n = m[3].length / 12
  assert.equal(hex(s.symbolBytes(s.symbolsOf(values, m[2] + n).slice(m[2]))), hex(m[3]))
}

function within (i, from, to) {
  const below = b => i.hour !== b.hour ? i.hour < b.hour : c.compare(i.id, c.concat(b.prefix, new Uint8Array(16 - b.prefix.length))) < 0
  return !below(from) && below(to)
}

// ---- a node of records in JavaScript

let authors = 0
const stamps = new Map()

function author () {
  const secret = c.personaSecret(new Uint8Array(32).fill(7), authors++)
  const key = c.publicKey(secret)
  if (!stamps.has(hex(key))) stamps.set(hex(key), c.workStamp(NET, key))
  return { secret, key, stamp: stamps.get(hex(key)) }
}

/** An open kind: no schema, so it is quick to make. */
function record (by, fields = {}) {
  const hour = thisHour()
  const kind = fields.kind ?? 70
  return c.make({
    net: NET,
    kind,
    region: 'de',
    seq: (hour - random(0, 40)) * 256,
    expires: hour + (kind === c.REVOCATION ? 9600 : 600),
    stamp: kind === c.REVOCATION ? new Uint8Array(0) : by.stamp,
    payload: kind === c.REVOCATION ? new Map() : new Map([[0, `n${random(0, 1e9)}`]]),
    ...fields
  }, by.secret)
}

const revocation = by => record(by, { kind: c.REVOCATION, seq: thisHour() * 256, payload: new Map([[0, 1]]) })

class Peer {
  held = new c.Held()
  bytes = new Map()
  rids = new Map()
  refusedIds = new Set()
  head = 0
  tag = randomBytes(4)

  constructor (scope = s.EVERYTHING) { this.scope = scope }

  add (bytes) {
    const outcome = this.held.add(bytes, { net: NET, now: now() })
    if (outcome === 'stored') {
      const id = hex(c.judge(bytes, { net: NET, now: now() }).record.id)
      this.bytes.set(id, bytes)
      this.rids.set(id, ++this.head)
    }
    return outcome
  }

  records (scope) {
    return [...this.held.winners.values()].filter(r => !this.refusedIds.has(hex(r.id)) &&
      s.inScope(scope, { kind: r.kind, region: r.region, hour: c.hourOf(r.seq), author: r.author })).map(r =>
      ({ hour: r.kind === c.REVOCATION ? 0 : c.hourOf(r.seq), id: r.id.subarray(0, 16), bytes: this.bytes.get(hex(r.id)), rid: this.rids.get(hex(r.id)), whole: hex(r.id) }))
  }

  take (bytes) {
    const outcome = this.add(bytes)
    if (outcome === 'stored' || outcome === 'duplicate') return { verdict: 'kept' }
    if (outcome === 'stale' || outcome === 'revoked') {
      const { record: r } = c.judge(bytes, { net: NET, now: now() })
      const slot = outcome === 'stale' ? c.Held.slot(r) : `${hex(r.author)}/${c.REVOCATION}/0`
      const best = this.held.winners.get(slot)
      return best === undefined ? { verdict: 'refuse', id: r.id.subarray(0, 16) } : { verdict: 'beaten', winner: this.bytes.get(hex(best.id)) }
    }
    return { verdict: c.VERDICTS[outcome] === 'reject' ? 'reject' : 'kept' }
  }

  session (dialer, inbox, send, more = {}) {
    return new s.Session({
      dialer,
      net: NET,
      scope: this.scope,
      nonce: randomBytes(8),
      tag: this.tag,
      head: this.head,
      records: scope => this.records(scope),
      take: bytes => this.take(bytes),
      refused: item => this.refusedIds.add(item.whole),
      ...more
    }, inbox, send)
  }

  ids () { return [...this.held.winners.values()].map(r => hex(r.id)).sort() }
}

/** A pipe: what is sent at one end comes out at the other. */
function pipe () {
  const queue = []
  let wake = () => {}
  return {
    send: bytes => { queue.push(bytes); wake() },
    pieces: (async function * () {
      for (;;) {
        while (queue.length === 0) await new Promise(resolve => { wake = resolve })
        yield queue.shift()
      }
    })()
  }
}

async function meet (a, b, more = {}) {
  const [ab, ba] = [pipe(), pipe()]
  return await Promise.all([
    a.session(true, new s.Inbox(ba.pieces), ab.send, more).run(),
    b.session(false, new s.Inbox(ab.pieces), ba.send, more).run()
  ])
}

describe('sync.js with itself', () => {
  for (const [name, common, left, right, coded] of [
    ['nothing', 0, 0, 0, true], ['equal', 30, 0, 0, true], ['one has all', 0, 40, 0, true], ['lists', 20, 7, 9, false], ['symbols', 60, 2, 3, true]]) {
    it(name, async () => {
      const [a, b] = [new Peer(), new Peer()]
      for (let i = 0; i < common; i++) { const r = record(author()); a.add(r); b.add(r) }
      for (let i = 0; i < left; i++) a.add(record(author()))
      for (let i = 0; i < right; i++) b.add(record(author()))
      const [x] = await meet(a, b, { coded })
      assert.deepEqual(a.ids(), b.ids())
      assert.equal(a.ids().length, common + left + right)
      assert.equal(x.equal, left + right === 0)
      const [again] = await meet(b, a, { coded })
      assert.equal(again.equal, true)
    })
  }

  it('winners, tombstones and revocations come back', async () => {
    const [a, b] = [new Peer(), new Peer()]
    const by = Array.from({ length: 4 }, author)
    const seq = (thisHour() - 50) * 256
    for (const x of by) { const r = record(x, { seq }); a.add(r); b.add(r) }
    a.add(record(by[0], { seq: seq + 256 }))
    a.add(record(by[1], { seq: seq + 256, flags: 1, payload: new Map() }))
    a.add(revocation(by[2]))
    await meet(b, a)
    assert.deepEqual(a.ids(), b.ids())
    const [again] = await meet(a, b)
    assert.equal(again.equal, true)
  })
})

// ---- with our node

describe('sync.js with our node', () => {
  let node, js, peer
  const sessions = [] // that the node opened to us
  const options = {}

  before(async () => {
    js = await jsPeer()
    peer = new Peer()
    await js.handle(s.PROTOCOL, async stream => {
      const session = peer.session(false, new s.Inbox(stream), sender(stream), options)
      const result = await session.run().catch(e => ({ failed: e.message }))
      sessions.push(result)
      await stream.close().catch(() => {})
    })
    node = await RealNode.start(NET, { 'peers.bootstrap': js.getMultiaddrs()[0].toString() })
    await until('the node has dialled js', () => js.getPeers().length > 0)
  })

  after(async () => {
    await js.stop()
    assert.equal(await node.stop(), null)
  })

  const sender = stream => async bytes => { if (!stream.send(bytes)) await stream.onDrain() }

  async function dial (more = {}) {
    const stream = await js.dialProtocol(multiaddr(node.address), s.PROTOCOL)
    const session = peer.session(true, new s.Inbox(stream), sender(stream), more)
    try {
      return await session.run()
    } finally {
      await stream.close().catch(() => {})
    }
  }

  /** Busy is no failure: later. */
  async function sync (more) {
    return await until('a session', async () => await dial(more).catch(e => {
      if (e.close === s.CLOSE.busy) return null
      throw e
    }))
  }

  const nodeIds = async () => (await node.export()).map(r => hex(c.judge(r, { net: NET, now: now() }).record.id)).sort()

  async function agree () {
    await until('both hold the same', async () => JSON.stringify(await nodeIds()) === JSON.stringify(peer.ids()))
  }

  it('the node takes what we have, by its own session', async () => {
    for (let i = 0; i < 30; i++) peer.add(record(author()))
    await node.cli('sync', 'now') // it may be at it already
    await until('a session of the node', () => sessions.some(x => x.failed === undefined && x.given > 0))
    await agree()
  })

  for (const coded of [false, true]) {
    it(`a few on both sides, ${coded ? 'with' : 'without'} symbols of ours`, async () => {
      await node.import(...Array.from({ length: 6 }, () => record(author())))
      for (let i = 0; i < 5; i++) peer.add(record(author()))
      const result = await sync({ coded })
      assert.equal(result.equal, false)
      await agree()
      assert.equal((await sync({ coded })).equal, true)
    })
  }

  it('winners come back, whatever was offered', async () => {
    const by = Array.from({ length: 4 }, author)
    const seq = (thisHour() - 50) * 256
    await node.import(...by.map(x => record(x, { seq: seq + 512, payload: new Map([[0, 'new']]) })))
    await node.import(revocation(by[3]))
    for (const x of by) peer.add(record(x, { seq }))
    await sync()
    await agree()
    assert.equal(peer.held.winners.has(`${hex(by[3].key)}/70/0`), false)
  })

  it('many, to a peer that has nothing', async () => {
    await node.import(...Array.from({ length: 400 }, () => record(author())))
    const empty = new Peer()
    const old = peer
    peer = empty
    const result = await sync()
    assert.ok(result.got >= 400)
    await agree()
    for (const bytes of empty.bytes.values()) old.add(bytes)
    peer = old
  })

  it('a narrow scope', async () => {
    await node.import(record(author(), { region: 'at' }))
    const narrow = new Peer({ ...s.EVERYTHING, regions: ['at'] })
    const old = peer
    peer = narrow
    await sync()
    peer = old
    assert.ok([...narrow.held.winners.values()].every(r => r.region === 'at' || r.kind === c.REVOCATION))
    assert.ok([...narrow.held.winners.values()].some(r => r.region === 'at'))
    await sync()
    await agree()
  })

  it('a transfer that breaks off goes on', async () => {
    await node.import(...Array.from({ length: 200 }, () => record(author())))
    const before = peer.ids().length
    const take = bytes => {
      if (peer.ids().length >= before + 60) throw new Error('cut')
      return peer.take(bytes)
    }
    await assert.rejects(sync({ take }))
    assert.ok(peer.ids().length < before + 200)
    await sync()
    await agree()
  })

  it('liars are cut off, and others served', async () => {
    const lies = [
      ['garbage', [Uint8Array.of(5, 0xc1, 2, 3, 4, 5)]],
      ['a message out of place', [s.frame([T.END])]],
      ['a huge message', [Uint8Array.of(0xff, 0xff, 0xff, 0x7f)]],
      ['another network', [s.frame([T.HELLO, 'test-other', [], randomBytes(8), 0, new Uint8Array(0), 0])]],
      ['out of turn', [s.frame([T.HELLO, NET, [], randomBytes(8), 0, new Uint8Array(0), 0]), s.frame([T.END]), s.frame([T.END])]]
    ]
    for (const [name, bytes] of lies) {
      const stream = await js.dialProtocol(multiaddr(node.address), s.PROTOCOL)
      let over = false
      stream.addEventListener('close', () => { over = true })
      const read = (async () => { for await (const piece of stream) void piece })().catch(() => {})
      for (const b of bytes) stream.send(b)
      await until(`${name}: the node ends it`, () => over || ['closed', 'reset', 'aborted'].includes(stream.status) || stream.remoteWriteStatus === 'closed')
      stream.abort(new Error('over'))
      await read
    }
    assert.equal((await sync()).equal, true)
    assert.equal((await node.cli('status')).code, 0)
  })

  it('a listener that claims millions and sends nothing', async () => {
    await js.unhandle(s.PROTOCOL)
    let asked = 0
    await js.handle(s.PROTOCOL, async stream => {
      asked++
      const inbox = new s.Inbox(stream)
      try {
        await inbox.turn()
        stream.send(s.frame([T.WELCOME, [], randomBytes(8), 0, new Uint8Array(0), 0, randomBytes(4), 5e6, 5e6, randomBytes(8), 0]))
        for (;;) {
          await inbox.turn()
          stream.send(s.frame([T.MORE, 2 ** 18]))
          stream.send(s.frame([T.END]))
        }
      } catch { stream.abort(new Error('over')) }
    })
    await node.cli('sync', 'now')
    await until('the node has tried', () => asked > 0)
    await until('the node says why', async () =>
      (await node.must('sync', 'status')).peers.some(x => x.peer_id === js.peerId.toString() && x.why))
    // it does not want to hear of us for a while; others it serves
    const other = await jsPeer()
    const us = js
    js = other
    assert.equal((await sync()).equal, true)
    js = us
    await other.stop()
  })
})
