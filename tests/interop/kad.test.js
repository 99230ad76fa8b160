// Kademlia with js-libp2p's @libp2p/kad-dht, under our protocol id: each side
// finds peers through the other, and provider records cross both ways.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { RealNode } from './node.js'
import { jsPeer, until } from './peers.js'

const NET = 'test-kad'
const PROTOCOL = `/ohcn/${NET}/kad/1.0.0`

const cidOf = text =>
  CID.createV1(0x55, digest.create(0x12, createHash('sha256').update(text).digest()))

async function dhtPeer (options = {}) {
  return await jsPeer({
    libp2p: {
      services: {
        identify: identify(),
        ping: ping(),
        dht: kadDHT({
          protocol: PROTOCOL,
          clientMode: false,
          peerInfoMapper: passthroughMapper,
          ...options
        })
      }
    }
  })
}

/** A call of the API of our node. */
async function api (node, method, path, body) {
  const { json } = await node.cli('paths')
  return await new Promise((resolve, reject) => {
    const r = request({ socketPath: json.socket, method, path: `/api/v1${path}`, headers: { 'X-OHCN': '1' } }, res => {
      let text = ''
      res.on('data', d => { text += d })
      res.on('end', () => resolve(JSON.parse(text)))
    })
    r.on('error', reject)
    r.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const kadOf = async node => (await api(node, 'GET', '/discovery')).kad

/** What js knows of others. */
const others = async js => (await js.peerStore.all()).filter(p => !p.id.equals(js.peerId))

async function collect (events, name) {
  const out = []
  for await (const e of events) if (e.name === name) out.push(e)
  return out
}

describe('kad-dht of js-libp2p', () => {
  let our, a, b, c

  before(async () => {
    our = await RealNode.start(NET, { 'kad.mode': 'server', 'mdns.mode': 'off' })
    a = await dhtPeer()
    b = await dhtPeer()
    c = await dhtPeer()
    // Ours in the middle; c is behind a alone.
    await a.dial(multiaddr(our.address))
    await b.dial(multiaddr(our.address))
    await c.dial(a.getMultiaddrs()[0])
    await until('our table has both', async () => (await kadOf(our)).contacts >= 2)
  })

  after(async () => {
    for (const p of [a, b, c]) await p?.stop()
    assert.equal(await our.stop(), null)
  })

  it('js finds a peer through us', async () => {
    const found = await a.services.dht.findPeer(b.peerId, { signal: AbortSignal.timeout(60000) })
    const events = []
    for await (const e of found) events.push(e)
    const last = events.find(e => e.name === 'FINAL_PEER')
    assert.ok(last, JSON.stringify(events.map(e => e.name)))
    assert.ok(last.peer.id.equals(b.peerId))
    const addresses = new Set(last.peer.multiaddrs.map(m => m.toString().split('/p2p/')[0]))
    assert.deepEqual([...addresses], b.getMultiaddrs().map(m => m.toString().split('/p2p/')[0]))
  })

  it('js gets the closest peers from us', async () => {
    const key = createHash('sha256').update('closest').digest()
    const events = await collect(
      b.services.dht.getClosestPeers(key, { signal: AbortSignal.timeout(60000) }), 'PEER_RESPONSE')
    const answered = events.map(e => e.from.toString())
    assert.ok(answered.includes(our.address.split('/p2p/')[1]), answered.join(' '))
    const told = events.flatMap(e => e.closer.map(p => p.id.toString()))
    assert.ok(told.includes(a.peerId.toString()), told.join(' '))
  })

  it('a provider record of js goes to us and comes back', async () => {
    const cid = cidOf('something that a provides')
    const before = (await kadOf(our)).provider_records
    for await (const _ of a.services.dht.provide(cid, { signal: AbortSignal.timeout(60000) }));
    await until('we hold the record', async () => (await kadOf(our)).provider_records > before)
    const events = await collect(
      b.services.dht.findProviders(cid, { signal: AbortSignal.timeout(60000) }), 'PROVIDER')
    const ids = events.flatMap(e => e.providers.map(p => p.id.toString()))
    assert.ok(ids.includes(a.peerId.toString()), ids.join(' '))
  })

  it('js finds us as a provider of our network', async () => {
    const events = await collect(
      c.services.dht.findProviders(cidOf(`ohcn/${NET}`), { signal: AbortSignal.timeout(60000) }), 'PROVIDER')
    const ours = events.flatMap(e => e.providers).find(p => p.id.toString() === our.address.split('/p2p/')[1])
    assert.ok(ours)
    assert.ok(ours.multiaddrs.length >= 1)
  })

  it('we find a peer through js', async () => {
    // c has never talked to us; a tells.
    const { code, json } = await our.cli('peer', 'find', c.peerId.toString())
    assert.equal(code, 0, JSON.stringify(json))
    assert.equal(json.found[0].peer_id, c.peerId.toString())
    assert.equal(`${json.found[0].addresses[0]}/p2p/${c.peerId}`, c.getMultiaddrs()[0].toString())
  })

  it('we get the closest from js', async () => {
    const { found } = await api(our, 'POST', '/discovery/find', { near: b.peerId.toString() })
    const ids = found.map(p => p.peer_id).sort()
    assert.deepEqual(ids, [a, b, c].map(p => p.peerId.toString()).sort())
  })

  it('we find providers that js holds', async () => {
    const topic = 'something that c provides'
    for await (const _ of c.services.dht.provide(cidOf(topic), { signal: AbortSignal.timeout(60000) }));
    const { found } = await api(our, 'POST', '/discovery/find', { topic })
    assert.deepEqual(found.map(p => p.peer_id), [c.peerId.toString()])
  })

  it('values are refused, and nothing else suffers', async () => {
    const key = Buffer.from('/v/key')
    const events = []
    try {
      for await (const e of b.services.dht.put(key, Buffer.from('value'), { signal: AbortSignal.timeout(60000) })) events.push(e)
    } catch (e) { events.push({ name: e.message }) }
    const kad = await kadOf(our)
    assert.ok(kad.refused > 0, JSON.stringify(events.map(e => e.name)))
    for await (const e of a.services.dht.findPeer(b.peerId, { signal: AbortSignal.timeout(60000) })) events.push(e)
    assert.ok(events.some(e => e.name === 'FINAL_PEER'))
  })
})

describe('a js client', () => {
  it('is not in our table', async () => {
    const our = await RealNode.start(NET, { 'kad.mode': 'server', 'mdns.mode': 'off' })
    const js = await dhtPeer({ clientMode: true })
    await js.dial(multiaddr(our.address))
    await until('js knows that we serve', async () => {
      return (await others(js)).some(p => p.protocols.includes(PROTOCOL))
    })
    await new Promise(resolve => setTimeout(resolve, 1000))
    assert.equal((await kadOf(our)).contacts, 0)
    await js.stop()
    assert.equal(await our.stop(), null)
  })

  it('of ours says nothing of a server', async () => {
    const our = await RealNode.start(NET, { 'kad.mode': 'client', 'mdns.mode': 'off' })
    const js = await dhtPeer()
    // Not js's peer store: that learns a protocol also from a stream of it
    // that we open as a client.
    const said = []
    js.addEventListener('peer:identify', e => said.push(e.detail))
    await js.dial(multiaddr(our.address))
    await until('js has identified us', async () => said.some(i => i.protocols.length > 2))
    await until('we have it in the table', async () => (await kadOf(our)).contacts === 1)
    for (const { peerId, protocols } of said) {
      assert.ok(!protocols.includes(PROTOCOL), `${peerId} of ${our.address}: ${protocols}`)
    }
    await js.stop()
    assert.equal(await our.stop(), null)
  })
})
