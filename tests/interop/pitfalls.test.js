// What has gone wrong between libp2p implementations, against our host: by
// stock js-libp2p in other than our settings, and by bytes written by hand.
// README.md has the list of pitfalls and where each is tested.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { OurPeer, hex, jsPeer, killAll, unhex, until } from './peers.js'

const BUILD = process.env.OHCN_BUILD
const TOPIC = '/ohcn/1/test-pitfalls/people/0'

after(killAll)

/** A js peer that offers these gossip protocols alone. */
async function jsThatSpeaks (protocols, options = {}) {
  const js = await jsPeer({ ...options, libp2p: { start: false } })
  js.services.pubsub.multicodecs = protocols
  js.services.pubsub.protocols = protocols
  await js.start()
  return js
}

async function joined (js, our) {
  js.services.pubsub.subscribe(TOPIC)
  assert.equal(await our.run(`subscribe ${TOPIC}`), 'ok')
  await js.dial(multiaddr(our.address))
  await our.event(e => e.event === 'identified')
}

const inMesh = async our => (await our.ask(`topic ${TOPIC}`)).mesh

describe('signatures', () => {
  it('what a default js peer signs is refused, counted, and costs no connection', async () => {
    const js = await jsPeer({ gossipsub: { globalSignaturePolicy: 'StrictSign' } })
    const our = await OurPeer.start(BUILD)
    await joined(js, our)
    await until('mesh', async () => await inMesh(our) === 1)
    for (let i = 0; i < 3; i++) await js.services.pubsub.publish(TOPIC, Uint8Array.of(1, i))
    await until('counted', async () => (await our.ask('stats')).signed_refused >= 3)
    assert.equal(our.events.filter(e => e.event === 'message').length, 0)
    assert.ok(await js.services.ping.ping(peerIdFromString(our.id)) >= 0)
    await js.stop()
    assert.equal(await our.quit(), 0)
  })
})

describe('versions of gossip', () => {
  for (const [protocols, spoken] of [
    [['/meshsub/1.1.0'], '/meshsub/1.1.0'],
    [['/meshsub/1.1.0', '/meshsub/1.0.0', '/floodsub/1.0.0'], '/meshsub/1.1.0'],
    [['/meshsub/1.3.0', '/meshsub/1.2.0'], '/meshsub/1.2.0']
  ]) {
    it(`js speaks ${protocols}: ${spoken}`, async () => {
      const js = await jsThatSpeaks(protocols)
      const our = await OurPeer.start(BUILD)
      const got = []
      js.services.pubsub.addEventListener('message', e => got.push(hex(e.detail.data)))
      await joined(js, our)
      await until('our mesh', async () => await inMesh(our) === 1)
      await until('its mesh', () => js.services.pubsub.getMeshPeers(TOPIC).length === 1)
      assert.equal(js.services.pubsub.streamsOutbound.get(our.id).protocol, spoken)
      await js.services.pubsub.publish(TOPIC, unhex('aa01'))
      await our.event(e => e.data === 'aa01')
      assert.equal(await our.run(`publish ${TOPIC} bb01`), 'ok')
      await until('it has ours', () => got.includes('bb01'))
      await js.stop()
      assert.equal(await our.quit(), 0)
    })
  }

  for (const protocols of [['/meshsub/1.0.0'], ['/floodsub/1.0.0']]) {
    it(`js speaks ${protocols} alone: connected, without gossip`, async () => {
      const js = await jsThatSpeaks(protocols)
      const our = await OurPeer.start(BUILD)
      await joined(js, our)
      await new Promise(resolve => setTimeout(resolve, 1500))
      assert.equal(await inMesh(our), 0)
      assert.equal((await our.ask('peers')).peers[0].gossips, false)
      assert.ok(await js.services.ping.ping(peerIdFromString(our.id)) >= 0)
      await js.stop()
      assert.equal(await our.quit(), 0)
    })
  }
})

describe('peer exchange with js', () => {
  it('we prune, js dials whom we name', async () => {
    const js = await jsPeer({ gossipsub: { scoreThresholds: { acceptPXThreshold: 0 } } })
    const our = await OurPeer.start(BUILD)
    const third = await OurPeer.start(BUILD)
    await third.run(`subscribe ${TOPIC}`)
    await joined(js, our)
    assert.equal(await our.run(`dial ${third.address}`), 'ok')
    await until('two in our mesh', async () => await inMesh(our) === 2)
    assert.equal(await our.run(`unsubscribe ${TOPIC}`), 'ok')
    await until('js has dialled the third', () => js.getPeers().some(p => p.toString() === third.id))
    await js.stop()
    assert.deepEqual(await Promise.all([our.quit(), third.quit()]), [0, 0])
  })
})

// ---- by hand

const lp = text => {
  const n = text.length / 2
  assert.ok(n < 128 * 128)
  return n < 128 ? hex(Uint8Array.of(n)) + text : hex(Uint8Array.of(n & 127 | 128, n >> 7)) + text
}
const field = (number, text) => hex(Uint8Array.of(number << 3 | 2)) + lp(text)
const ascii = text => Buffer.from(text).toString('hex')
const subscription = topic => field(1, '0801' + field(2, ascii(topic)))
const message = (topic, data, more = '') => field(2, field(2, data) + field(4, ascii(topic)) + more)
const control = (number, text) => field(3, field(number, text))

describe('RPCs by hand', () => {
  let js
  let our
  let stream

  before(async () => {
    js = await jsPeer()
    our = await OurPeer.start(BUILD)
  })
  after(async () => {
    await js.stop()
    assert.equal(await our.quit(), 0)
  })

  const write = text => stream.send(unhex(text))
  const topic = async () => await our.ask(`topic ${TOPIC}`)

  it('empty RPCs, unknown fields and extensions are passed over', async () => {
    assert.equal(await our.run(`subscribe ${TOPIC}`), 'ok')
    // js opens a stream of its own, which ours then replaces
    await js.dial(multiaddr(our.address))
    await until('js has its stream', () => js.services.pubsub.streamsOutbound.has(our.id))
    await our.event(e => e.event === 'identified')
    stream = await js.dialProtocol(multiaddr(our.address), '/meshsub/1.2.0')
    const extensions = control(6, '5001' + 'e289e21801')
    write('00' + lp('') + lp(field(15, 'ffff')) + lp(extensions) + lp(extensions) +
      lp(subscription(TOPIC) + field(10, field(1, ascii(TOPIC)))) + '00')
    await until('we know of the subscription', async () => (await topic()).peers === 1)
    write(lp(message(TOPIC, '00aa')))
    await our.event(e => e.data === '00aa')
    assert.equal((await our.ask('stats')).protocol_errors, 0)
  })

  it('the id is of the data alone: the same from two is one message', async () => {
    write(lp(message(TOPIC, '00bb')) + lp(message(TOPIC, '00bb')))
    await our.event(e => e.data === '00bb')
    // by hand as well: js itself sends nothing that it has heard of from us
    const other = await jsPeer()
    await other.dial(multiaddr(our.address))
    await until('it has its stream', () => other.services.pubsub.streamsOutbound.has(our.id))
    await our.event(e => e.event === 'identified' && e.peer === other.peerId.toString())
    const second = await other.dialProtocol(multiaddr(our.address), '/meshsub/1.2.0')
    second.send(unhex(lp(subscription(TOPIC)) + lp(message(TOPIC, '00bb'))))
    await until('counted', async () => (await our.ask('stats')).duplicates >= 2)
    assert.equal(our.events.filter(e => e.event === 'message').length, 0)
    await other.stop()
  })

  for (const [what, more] of [
    ['from', field(1, '0024080112200000000000000000000000000000000000000000000000000000000000000000')],
    ['seqno', field(3, '0000000000000001')],
    ['signature', field(5, '00'.repeat(64))],
    ['key', field(6, '08011220' + '00'.repeat(32))],
    ['an empty signature', field(5, '')]
  ]) {
    it(`a message with ${what} is refused`, async () => {
      const before = (await our.ask('stats')).signed_refused
      write(lp(message(TOPIC, '00cc', more)))
      await until('counted', async () => (await our.ask('stats')).signed_refused === before + 1)
      assert.equal(our.events.filter(e => e.data === '00cc').length, 0)
    })
  }

  it('ids that are not ours (go, js, rust by default) are passed over', async () => {
    const ids = [
      '00240801122000' + '11'.repeat(31) + '16d4f5a0c0000001', // go: from and seqno
      '0801122000' + '11'.repeat(31) + '16d4f5a0c0000001', // js: key and seqno
      ascii('12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ51')] // rust: text
    const s = await our.ask('stats')
    write(lp(control(1, field(1, ascii(TOPIC)) + ids.map(id => field(2, id)).join(''))))
    write(lp(control(2, ids.map(id => field(1, id)).join(''))))
    write(lp(control(5, ids.map(id => field(1, id)).join(''))))
    await until('read', async () => (await our.ask('stats')).rpc_in >= s.rpc_in + 3)
    const now = await our.ask('stats')
    assert.equal(now.protocol_errors, 0)
    assert.equal(now.iwant_served, s.iwant_served)
  })

  it('a PRUNE with the longest backoff, and one with many peers, harm nobody', async () => {
    write(lp(control(4, field(1, ascii(TOPIC)) + '18ffffffffffffffffff01')))
    write(lp(control(4, field(1, ascii(TOPIC)) + field(2, field(1, '00')).repeat(64))))
    write(lp(message(TOPIC, '00dd')))
    await our.event(e => e.data === '00dd')
    assert.equal((await our.ask('stats')).protocol_errors, 0)
  })

  it('an RPC that is no protobuf costs the peer its connection, counted', async () => {
    write('03ffffff')
    await until('counted', async () => (await our.ask('stats')).protocol_errors === 1)
  })
})

describe('round trips', () => {
  it('small ones are not delayed (TCP_NODELAY)', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    await js.dial(multiaddr(our.address))
    // A delay takes 40 ms each time, a busy machine has quick moments.
    const all = []
    while (all.filter(ms => ms < 30).length < 4) {
      assert.ok(all.length < 300, `${all}`)
      all.push(await js.services.ping.ping(peerIdFromString(our.id)))
    }
    await js.stop()
    assert.equal(await our.quit(), 0)
  })
})
