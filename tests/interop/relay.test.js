// Circuit relay v2 with a stock js-libp2p: js carries for two of our nodes,
// and ours carries for two of js and for one of each, both ways.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { RealNode } from './node.js'
import { jsPeer, until } from './peers.js'

const NET = 'test-relay'
const STRANGER = '12D3KooWLRPJAA5o6x6zXjMKB4bDVmVx9FYwBEKVEaHHMUYD7UQi'
const LIMITED = { runOnLimitedConnection: true }

const services = {
  identify: identify({ runOnLimitedConnection: true }),
  ping: ping({ runOnLimitedConnection: true })
}

/** A js peer that is reached through relays alone, or carries for others. */
const jsClient = (listen = []) => jsPeer({
  libp2p: { addresses: { listen }, transports: [tcp(), circuitRelayTransport()], services }
})
const jsRelay = () => jsPeer({
  libp2p: { services: { ...services, relay: circuitRelayServer({ reservations: { maxReservations: 8 } }) } }
})

const own = node => node.must('status')
const peerOf = async (node, id) => (await node.must('peer', 'list')).peers.find(p => p.peer_id === id)

/** Runs with nodes of ours and of js that are stopped afterwards. */
async function cast (run) {
  const ours = []
  const js = []
  const add = {
    node: async settings => {
      const n = await RealNode.start(NET, { 'mdns.mode': 'off', 'kad.mode': 'off', ...settings })
      ours.push(n)
      return n
    },
    js: async promise => {
      const p = await promise
      js.push(p)
      return p
    }
  }
  try {
    await run(add)
  } finally {
    await Promise.all(js.map(p => p.stop()))
    for (const n of ours) assert.equal(await n.stop(), null)
  }
}

const held = node => until('our node has a place at the relay',
  async () => (await own(node)).reach.relays.find(r => r.held), 20000)

describe('relay', () => {
  it('of js carries our nodes', async () => {
    await cast(async add => {
      const relay = await add.js(jsRelay())
      const at = relay.getMultiaddrs()[0].toString()
      const b = await add.node({ 'relay.peers': at, 'peers.bootstrap': at })
      const a = await add.node({ 'peers.bootstrap': at })
      const place = await held(b)
      // The limits that js says; it means 120 s and says milliseconds.
      assert.equal(place.limit_seconds, 120000)
      assert.equal(place.limit_bytes, 131072)
      assert.ok(place.until > Date.now() / 1000 + 60)
      const id = (await own(b)).peer_id
      const announced = (await own(b)).reach.announced
      assert.ok(announced.some(x => x.includes('/p2p-circuit')), announced)
      await a.must('peer', 'connect', `${at}/p2p-circuit/p2p/${id}`)
      const p = await until('a has b as a peer, identified', async () => {
        const p = await peerOf(a, id)
        return p?.identified ? p : null
      })
      assert.equal(p.relayed, true)
      assert.match(p.address, /p2p-circuit/)
      assert.ok(await peerOf(b, (await own(a)).peer_id))
      // js gives up: both notice.
      await relay.stop()
      await until('the circuit is gone', async () => !(await peerOf(a, id)))
      await until('the place is gone', async () => !(await own(b)).reach.relays.some(r => r.held))
    })
  })

  it('of ours carries js peers', async () => {
    await cast(async add => {
      const relay = await add.node({ 'relay.service': 'yes' })
      const b = await add.js(jsClient([`${relay.address}/p2p-circuit`]))
      const via = await until('js has a place at our relay',
        () => b.getMultiaddrs().find(a => a.toString().includes('/p2p-circuit')))
      assert.equal((await own(relay)).reach.relay_service.reservations, 1)
      const a = await add.js(jsClient())
      const c = await a.dial(multiaddr(via.toString()))
      assert.equal(c.remotePeer.toString(), b.peerId.toString())
      assert.ok(c.limits, 'js does not know that it is limited')
      const rtt = await a.services.ping.ping(c.remotePeer, LIMITED)
      assert.ok(rtt >= 0)
      assert.equal((await own(relay)).reach.relay_service.circuits, 1)
      await c.close()
      await until('the circuit has ended', async () =>
        (await own(relay)).reach.relay_service.circuits === 0)
    })
  })

  it('cuts what is more than the limit', async () => {
    await cast(async add => {
      const relay = await add.node({ 'relay.service': 'yes' })
      const b = await add.js(jsClient([`${relay.address}/p2p-circuit`]))
      let received = 0
      await b.handle('/test/sink', async stream => {
        for await (const data of stream) received += data.byteLength
      }, LIMITED)
      const via = await until('js has a place at our relay',
        () => b.getMultiaddrs().find(a => a.toString().includes('/p2p-circuit')))
      const a = await add.js(jsClient())
      const c = await a.dial(multiaddr(via.toString()))
      const stream = await c.newStream('/test/sink', LIMITED)
      const piece = new Uint8Array(16384)
      for (let i = 1; i <= 32 && stream.status === 'open'; i++) {
        if (!stream.send(piece)) await stream.onDrain().catch(() => {})
        // A reset drops what is still under way.
        await until('the piece is there, or the end', () =>
          received === i * piece.length || stream.status !== 'open' || c.status !== 'open')
      }
      await until('the relay has cut it', () => c.status !== 'open')
      assert.ok(received > 65536, `${received}`)
      assert.ok(received <= 131072, `${received}`)
    })
  })

  it('of ours joins js and ours, both ways', async () => {
    await cast(async add => {
      const relay = await add.node({ 'relay.service': 'yes' })
      const b = await add.node({ 'relay.peers': relay.address, 'peers.bootstrap': relay.address })
      await held(b)
      const id = (await own(b)).peer_id
      // js comes to ours
      const a = await add.js(jsClient([`${relay.address}/p2p-circuit`]))
      const c = await a.dial(multiaddr(`${relay.address}/p2p-circuit/p2p/${id}`))
      assert.equal(c.remotePeer.toString(), id)
      assert.ok(await a.services.ping.ping(c.remotePeer, LIMITED) >= 0)
      await until('ours knows js', async () => (await peerOf(b, a.peerId.toString()))?.identified)
      await c.close()
      await until('it has ended', async () => !(await peerOf(b, a.peerId.toString())))
      // ours comes to js
      const via = await until('js has a place at our relay',
        () => a.getMultiaddrs().find(x => x.toString().includes('/p2p-circuit')))
      await b.must('peer', 'connect', via.toString())
      const p = await until('ours has js, identified', async () => {
        const p = await peerOf(b, a.peerId.toString())
        return p?.identified ? p : null
      })
      assert.equal(p.relayed, true)
    })
  })

  it('says no to who has no place', async () => {
    await cast(async add => {
      const relay = await add.node({ 'relay.service': 'yes' })
      const idle = await add.node({ 'relay.client': 'no', 'peers.bootstrap': relay.address })
      const a = await add.js(jsClient())
      await assert.rejects(a.dial(multiaddr(`${relay.address}/p2p-circuit/p2p/${(await own(idle)).peer_id}`)),
        /NO_RESERVATION|reservation|failed/i)
      // And a node that does not carry does not even speak it.
      await assert.rejects(a.dial(multiaddr(`${idle.address}/p2p-circuit/p2p/${STRANGER}`)))
    })
  })
})
