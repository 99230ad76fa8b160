// Our host and a stock js-libp2p, in both directions: connect, identify,
// ping, a 32 MiB echo with back-pressure, gossip, a forged copy first, a peer
// that drops in the middle of a frame.
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { ECHO, OurPeer, hex, jsPeer, unhex, until } from './peers.js'

const BUILD = process.env.OHCN_BUILD
const MIB = 1024 * 1024

const pattern = at => (at * 31 + Math.floor(at / 2048)) & 0xff

function chunk (from, n) {
  const out = new Uint8Array(n)
  for (let i = 0; i < n; i++) out[i] = pattern(from + i)
  return out
}

async function ended (codes) {
  for (const code of await Promise.all(codes)) assert.equal(code, 0)
}

describe('connect, identify, ping', () => {
  it('js dials us', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    await js.dial(multiaddr(our.address))
    const seen = await our.event(e => e.event === 'identified')
    assert.equal(seen.peer, js.peerId.toString())
    assert.match(seen.agent, /libp2p/)
    const ms = await js.services.ping.ping(multiaddr(our.address))
    assert.ok(ms >= 0)
    const peer = await until('js knows our protocols', async () => {
      const p = await js.peerStore.get(peerIdFromString(our.id))
      return p.protocols.includes(ECHO) ? p : null
    })
    assert.ok(peer.protocols.includes('/meshsub/1.2.0'))
    assert.ok(peer.protocols.includes('/meshsub/1.1.0'))
    assert.ok(peer.protocols.includes('/ipfs/ping/1.0.0'))
    assert.equal(Buffer.from(peer.metadata.get('AgentVersion')).toString(), 'ohcn-peer/1')
    await js.stop()
    await our.event(e => e.event === 'down')
    await ended([our.quit()])
  })

  it('we dial js', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    assert.equal(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
    const seen = await our.event(e => e.event === 'identified')
    assert.equal(seen.peer, js.peerId.toString())
    assert.ok(seen.addresses >= 1)
    assert.equal(await our.run(`ping ${js.peerId}`), 'ok')
    assert.equal((await our.event(e => e.event === 'ping')).good, true)
    await ended([our.quit()])
    await until('js sees us go', () => js.getConnections().length === 0)
    await js.stop()
  })

  it('refuses another peer than the one that was dialled', async () => {
    const js = await jsPeer()
    const other = await OurPeer.start(BUILD)
    const our = await OurPeer.start(BUILD)
    const wrong = js.getMultiaddrs()[0].toString().replace(js.peerId.toString(), other.id)
    await our.run(`dial ${wrong}`)
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(our.events.filter(e => e.event === 'up').length, 0)
    await ended([our.quit(), other.quit()])
    await js.stop()
  })
})

describe('a 32 MiB echo with back-pressure', () => {
  const total = 32 * MIB

  it('js sends, our peer echoes slowly, memory stays bounded', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD, ['slow'])
    const stream = await js.dialProtocol(multiaddr(our.address), ECHO)
    let received = 0
    let wrong = 0
    let most = 0
    const done = new Promise((resolve, reject) => {
      stream.addEventListener('message', event => {
        for (const byte of event.data.subarray()) {
          if (byte !== pattern(received++)) wrong++
        }
        if (received === total) resolve()
      })
      stream.addEventListener('close', event => {
        if (received < total) reject(event.error ?? new Error(`closed at ${received}`))
      })
    })
    const watch = setInterval(() => {
      our.run('memory').then(() => our.event(e => e.event === 'memory'))
        .then(e => { most = Math.max(most, e.now) }).catch(() => {})
    }, 100)
    for (let at = 0; at < total; at += 65536) {
      if (!stream.send(chunk(at, 65536))) {
        await stream.onDrain()
      }
    }
    await stream.close().catch(() => {})
    await done
    clearInterval(watch)
    assert.equal(wrong, 0)
    assert.ok(most > 0 && most < 8 * MIB, `${most} bytes at most`)
    await js.stop()
    await ended([our.quit()])
  })

  it('we send, js echoes', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    await js.handle(ECHO, async stream => {
      for await (const data of stream) {
        if (!stream.send(data)) await stream.onDrain()
      }
      await stream.close()
    })
    assert.equal(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
    await our.event(e => e.event === 'identified')
    assert.equal(await our.run(`echo ${js.peerId} ${total}`), 'ok')
    const echo = await our.event(e => e.event === 'echo', 120000)
    assert.equal(echo.good, true, `${echo.bytes} bytes came back`)
    await js.stop()
    await ended([our.quit()])
  })
})

describe('gossip', () => {
  const topic = '/ohcn/1/test-js/people/0'
  let js
  let our
  const got = []

  before(async () => {
    js = await jsPeer()
    our = await OurPeer.start(BUILD)
    js.services.pubsub.addEventListener('message', e => got.push(hex(e.detail.data)))
    js.services.pubsub.subscribe(topic)
    assert.equal(await our.run(`subscribe ${topic}`), 'ok')
    assert.equal(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
    await until('js has us in its mesh', () => js.services.pubsub.getMeshPeers(topic).length === 1)
  })

  after(async () => {
    await js.stop()
    await ended([our.quit()])
  })

  it('speaks 1.2 with us', async () => {
    assert.ok(js.services.pubsub.streamsOutbound.get(our.id).protocol === '/meshsub/1.2.0')
  })

  it('from us to js', async () => {
    assert.equal(await our.run(`publish ${topic} 0102030405`), 'ok')
    await until('js has it', () => got.includes('0102030405'))
  })

  it('from js to us, a small and a big message', async () => {
    const big = chunk(0, 15000)
    await js.services.pubsub.publish(topic, unhex('0a0b'))
    await js.services.pubsub.publish(topic, big)
    assert.equal((await our.event(e => e.data === '0a0b')).verdict, 'accept')
    await our.event(e => e.data === hex(big))
  })

  it('a message comes once', async () => {
    await js.services.pubsub.publish(topic, unhex('77'))
    await our.event(e => e.data === '77')
    await new Promise(resolve => setTimeout(resolve, 1500))
    assert.equal(our.events.filter(e => e.data === '77').length, 0)
  })

  it('a hundred each way', async () => {
    for (let i = 0; i < 100; i++) {
      const n = i.toString(16).padStart(2, '0')
      await js.services.pubsub.publish(topic, unhex(`aa${n}`))
      our.send(`publish ${topic} bb${n}`)
    }
    await until('js has them', () => got.filter(m => m.startsWith('bb')).length === 100)
    await until('we have them', () => our.events.filter(e => e.event === 'message' && e.data.startsWith('aa')).length === 100)
  })
})

describe('a forged copy first', () => {
  // A record's id is that of its body, so a copy with a garbage signature
  // shares it; the message id is of all bytes, so the copy shadows nothing.
  const topic = '/ohcn/1/test-js/demand/0'
  const genuine = 'c0ffee00' + '11'.repeat(64)
  const forged = 'c0ffee00' + '22'.repeat(64)

  it('at our node', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    await our.run('reject ' + forged.slice(0, 20))
    await our.run(`subscribe ${topic}`)
    js.services.pubsub.subscribe(topic)
    await js.dial(multiaddr(our.address))
    await until('mesh', () => js.services.pubsub.getMeshPeers(topic).length === 1)
    await js.services.pubsub.publish(topic, unhex(forged))
    assert.equal((await our.event(e => e.data === forged)).verdict, 'reject')
    await js.services.pubsub.publish(topic, unhex(genuine))
    assert.equal((await our.event(e => e.data === genuine)).verdict, 'accept')
    await js.stop()
    await ended([our.quit()])
  })

  it('at a stock js peer, sent by us', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    const got = []
    js.services.pubsub.topicValidators.set(topic, (_, message) =>
      hex(message.data) === forged ? 'reject' : 'accept')
    js.services.pubsub.addEventListener('message', e => got.push(hex(e.detail.data)))
    js.services.pubsub.subscribe(topic)
    await our.run(`subscribe ${topic}`)
    await our.run(`dial ${js.getMultiaddrs()[0]}`)
    await until('mesh', () => js.services.pubsub.getMeshPeers(topic).length === 1)
    assert.equal(await our.run(`publish ${topic} ${forged}`), 'ok')
    assert.equal(await our.run(`publish ${topic} ${genuine}`), 'ok')
    await until('the genuine one', () => got.includes(genuine))
    assert.ok(!got.includes(forged))
    await js.stop()
    await ended([our.quit()])
  })
})

describe('a peer that drops in the middle', () => {
  it('of a handshake, of a frame: we go on', async () => {
    const js = await jsPeer()
    const our = await OurPeer.start(BUILD)
    const port = Number(our.address.split('/')[4])
    const starts = [
      '', '13', '132f6d756c746973747265616d2f312e302e300a',
      '132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a',
      '132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a0020' + '05'.repeat(16)
    ]
    for (const start of starts) {
      await new Promise(resolve => {
        const s = net.connect(port, '127.0.0.1', () => {
          s.write(Buffer.from(start, 'hex'), () => setTimeout(() => { s.destroy(); resolve() }, 50))
        })
        s.on('error', resolve)
      })
    }
    // A whole connection that is cut while a stream is busy.
    const stream = await js.dialProtocol(multiaddr(our.address), ECHO)
    stream.send(chunk(0, 100000))
    for (const c of js.getConnections()) c.abort(new Error('cut'))
    await our.event(e => e.event === 'down')
    // Still well.
    const other = await jsPeer()
    await other.dial(multiaddr(our.address))
    assert.ok(await other.services.ping.ping(multiaddr(our.address)) >= 0)
    await other.stop()
    await js.stop()
    await ended([our.quit()])
  })

  it('garbage at the door is cut', async () => {
    const our = await OurPeer.start(BUILD)
    const port = Number(our.address.split('/')[4])
    const answer = await new Promise(resolve => {
      const s = net.connect(port, '127.0.0.1', () => s.write(Buffer.alloc(70000, 0x41)))
      s.on('close', () => resolve('closed'))
      s.on('error', () => resolve('closed'))
      s.resume()
      setTimeout(() => resolve('open'), 60000).unref()
    })
    assert.equal(answer, 'closed')
    await ended([our.quit()])
  })
})
