// What lies between TCP and the host: WebSocket, private networks, SOCKS 5.
// Our host and a stock js-libp2p in both directions, and a browser's.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { RealNode } from './node.js'
import { ECHO, OurPeer, hex, jsPeer, unhex, until } from './peers.js'

const BUILD = process.env.OHCN_BUILD
const MIB = 1024 * 1024
const KEY = '0123456789abcdef'.repeat(4)
const OTHER_KEY = 'fedcba9876543210'.repeat(4)

const pattern = at => (at * 31 + Math.floor(at / 2048)) & 0xff

const swarmKey = key => new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${key}`)

async function ended (codes) {
  for (const code of await Promise.all(codes)) assert.equal(code, 0)
}

const jsWs = (libp2p = {}) => jsPeer({
  libp2p: {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets(), tcp()],
    ...libp2p
  }
})

const jsPrivate = (key, libp2p = {}) => jsPeer({
  libp2p: { connectionProtector: preSharedKey({ psk: swarmKey(key) }), ...libp2p }
})

const echoBack = js => js.handle(ECHO, async stream => {
  for await (const data of stream) {
    if (!stream.send(data)) await stream.onDrain()
  }
  await stream.close()
})

/** A megabyte there and back on a stream that js opens. */
async function echoFromJs (js, address, total = MIB) {
  const stream = await js.dialProtocol(address, ECHO)
  let received = 0
  let wrong = 0
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
  for (let at = 0; at < total; at += 65536) {
    const chunk = Uint8Array.from({ length: 65536 }, (_, i) => pattern(at + i))
    if (!stream.send(chunk)) await stream.onDrain()
  }
  await stream.close().catch(() => {})
  await done
  assert.equal(wrong, 0)
}

async function echoFromUs (our, id, total = MIB) {
  assert.equal(await our.run(`echo ${id} ${total}`), 'ok')
  const echo = await our.event(e => e.event === 'echo', 60000)
  assert.equal(echo.good, true, `${echo.bytes} bytes came back`)
}

/** A message each way on a topic that both are subscribed to. */
async function gossipBothWays (js, our) {
  const topic = '/ohcn/1/test-js/people/0'
  const got = []
  js.services.pubsub.addEventListener('message', e => got.push(hex(e.detail.data)))
  js.services.pubsub.subscribe(topic)
  assert.equal(await our.run(`subscribe ${topic}`), 'ok')
  await until('js has us in its mesh', () => js.services.pubsub.getMeshPeers(topic).length === 1)
  assert.equal(await our.run(`publish ${topic} 0102`), 'ok')
  await until('js has it', () => got.includes('0102'))
  await js.services.pubsub.publish(topic, unhex('0a0b'))
  assert.equal((await our.event(e => e.data === '0a0b')).verdict, 'accept')
}

describe('WebSocket', () => {
  it('js dials us: identify, echo, gossip', async () => {
    const js = await jsWs()
    const our = await OurPeer.start(BUILD, ['ws'])
    assert.match(our.address, /\/tcp\/\d+\/ws\/p2p\//)
    await js.dial(multiaddr(our.address))
    const seen = await our.event(e => e.event === 'identified')
    assert.match(seen.remote, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws$/)
    await echoFromJs(js, multiaddr(our.address), 4 * MIB)
    await gossipBothWays(js, our)
    await js.stop()
    await our.event(e => e.event === 'down')
    await ended([our.quit()])
  })

  it('we dial js: identify, echo, gossip', async () => {
    const js = await jsWs()
    const our = await OurPeer.start(BUILD)
    await echoBack(js)
    assert.equal(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
    const seen = await our.event(e => e.event === 'identified')
    assert.match(seen.remote, /\/ws$/)
    assert.equal(js.getConnections()[0].remoteAddr.toString().includes('/ws'), true)
    await echoFromUs(our, js.peerId, 4 * MIB)
    await gossipBothWays(js, our)
    await ended([our.quit()])
    await until('js sees us go', () => js.getConnections().length === 0)
    await js.stop()
  })

  it('a slow reader is felt, and costs us no memory', async () => {
    const js = await jsWs()
    const our = await OurPeer.start(BUILD, ['ws', 'slow'])
    let most = 0
    const watch = setInterval(() => {
      our.run('memory').then(() => our.event(e => e.event === 'memory'))
        .then(e => { most = Math.max(most, e.now) }).catch(() => {})
    }, 100)
    await echoFromJs(js, multiaddr(our.address), 8 * MIB)
    clearInterval(watch)
    assert.ok(most > 0 && most < 3 * MIB, `${most} bytes at most`)
    await js.stop()
    await ended([our.quit()])
  })

  it('what is no WebSocket gets an answer in HTTP, or is cut', async () => {
    const our = await OurPeer.start(BUILD, ['ws'])
    const port = Number(our.address.split('/')[4])
    const answer = say => new Promise(resolve => {
      let text = ''
      const s = net.connect(port, '127.0.0.1', () => s.write(say))
      s.on('data', d => { text += d })
      s.on('close', () => resolve(text))
      s.on('error', () => resolve(text))
      setTimeout(() => resolve('open'), 60000).unref()
    })
    assert.match(await answer('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1.1 426 /)
    assert.match(await answer('POST / HTTP/1.1\r\n\r\n'), /^HTTP\/1.1 405 /)
    assert.match(await answer(`GET / HTTP/1.1\r\nCookie: ${'x'.repeat(9000)}`), /^HTTP\/1.1 431 /)
    assert.match(await answer(Buffer.from('132f6d756c746973747265616d2f312e302e300a00', 'hex')), /^HTTP\/1.1 4/)
    // Nothing, and half a request: the handshake's time runs from the start.
    assert.deepEqual(await Promise.all([answer(''), answer('GET / HTTP/1.1\r\nHost: ')]), ['', ''])
    await ended([our.quit()])
  })

  it('a server that is no WebSocket: the dial says why', async () => {
    const server = http.createServer((_, answer) => { answer.end('hello') })
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
    const our = await OurPeer.start(BUILD)
    assert.equal(await our.run(`dial /ip4/127.0.0.1/tcp/${server.address().port}/ws`), 'peer')
    await until('the reason is told', () => our.stderr.includes('the server does not want it'))
    assert.equal(await our.run(`dial /dns4/localhost/tcp/${server.address().port}/tls/ws`), 'form')
    server.closeAllConnections()
    server.close()
    await ended([our.quit()])
  })
})

describe('a private network', () => {
  it('js dials us: identify, echo, gossip', async () => {
    const js = await jsPrivate(KEY)
    const our = await OurPeer.start(BUILD, [`psk=${KEY}`])
    await js.dial(multiaddr(our.address))
    await our.event(e => e.event === 'identified')
    await echoFromJs(js, multiaddr(our.address), 4 * MIB)
    await gossipBothWays(js, our)
    await js.stop()
    await ended([our.quit()])
  })

  it('we dial js: identify, echo, gossip', async () => {
    const js = await jsPrivate(KEY)
    const our = await OurPeer.start(BUILD, [`psk=${KEY}`])
    await echoBack(js)
    assert.equal(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
    await our.event(e => e.event === 'identified')
    await echoFromUs(our, js.peerId, 4 * MIB)
    await gossipBothWays(js, our)
    await ended([our.quit()])
    await js.stop()
  })

  it('within WebSocket, both directions', async () => {
    const js = await jsWs({ connectionProtector: preSharedKey({ psk: swarmKey(KEY) }) })
    const our = await OurPeer.start(BUILD, ['ws', `psk=${KEY}`])
    await echoBack(js)
    await js.dial(multiaddr(our.address))
    await our.event(e => e.event === 'identified')
    await echoFromJs(js, multiaddr(our.address))
    await js.hangUp(multiaddr(our.address))
    await our.event(e => e.event === 'down')
    assert.equal(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
    await our.event(e => e.event === 'identified')
    await echoFromUs(our, js.peerId)
    await js.stop()
    await ended([our.quit()])
  })

  it('another key, or none, fails for both and lets nobody in', async () => {
    const ways = [
      [await jsPrivate(OTHER_KEY), await OurPeer.start(BUILD, [`psk=${KEY}`])],
      [await jsPeer(), await OurPeer.start(BUILD, [`psk=${KEY}`])],
      [await jsPrivate(OTHER_KEY), await OurPeer.start(BUILD)]
    ]
    for (const [js, our] of ways) {
      // because it is hung up, not since nothing comes
      await assert.rejects(js.dial(multiaddr(our.address)), e => e.name !== 'TimeoutError')
      await until('we have seen why', () => our.stderr.includes('not multistream-select'))
      assert.notEqual(await our.run(`dial ${js.getMultiaddrs()[0]}`), 'ok')
      await until('it ends', async () => {
        await our.run('stats')
        return (await our.event(e => e.event === 'stats')).conns_now === 0
      }, 12000)
      assert.equal(our.events.filter(e => e.event === 'up').length, 0)
      assert.equal(js.getConnections().length, 0)
      await js.stop()
      await ended([our.quit()])
    }
  })

  it('a stranger sees noise alone', async () => {
    const our = await OurPeer.start(BUILD, [`psk=${KEY}`])
    const seen = await new Promise(resolve => {
      const parts = []
      const server = net.createServer(s => {
        s.on('error', () => {})
        s.on('data', d => {
          parts.push(d)
          if (Buffer.concat(parts).length > 24 + 60) resolve(Buffer.concat(parts))
        })
      })
      server.listen(0, '127.0.0.1', () => {
        our.run(`dial /ip4/127.0.0.1/tcp/${server.address().port}`)
        setTimeout(() => server.close(), 3000).unref()
      })
    })
    assert.ok(!seen.includes('multistream') && !seen.includes('noise'))
    await ended([our.quit()])
  })
})

/**
 * A SOCKS 5 proxy for one test; ${how} says how it behaves. What it was asked
 * for stands in proxy.asked as "user:password@host:port".
 */
async function socksProxy (how = {}) {
  const proxy = { asked: [] }
  const read = socket => {
    let held = Buffer.alloc(0)
    let wake = () => {}
    socket.on('data', d => { held = Buffer.concat([held, d]); wake() })
    const take = async n => {
      while (held.length < n) await new Promise(resolve => { wake = resolve })
      const out = held.subarray(0, n)
      held = held.subarray(n)
      return out
    }
    take.rest = () => held
    return take
  }
  const serve = async socket => {
    const take = read(socket)
    if (how.silent) return
    if (how.garbage) return socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const [version, count] = await take(2)
    assert.equal(version, 5)
    const methods = [...await take(count)]
    let who = ''
    const method = how.password && methods.includes(2) ? 2 : methods.includes(0) ? 0 : 0xff
    socket.write(Buffer.from([5, method]))
    if (method === 2) {
      const [, user] = await take(2)
      const name = (await take(user)).toString()
      const secret = (await take((await take(1))[0])).toString()
      const good = how.password === true || how.password === `${name}:${secret}`
      socket.write(Buffer.from([1, good ? 0 : 1]))
      if (!good) return socket.end()
      who = `${name}:${secret}@`
    }
    const [, command, , kind] = await take(4)
    assert.equal(command, 1)
    let host
    if (kind === 1) host = [...await take(4)].join('.')
    else if (kind === 3) host = (await take((await take(1))[0])).toString()
    else host = 'v6:' + hex(await take(16))
    const port = (await take(2)).readUInt16BE()
    proxy.asked.push(`${who}${host}:${port}`)
    if (how.refuse) return socket.end(Buffer.from([5, how.refuse, 0, 1, 0, 0, 0, 0, 0, 0]))
    const to = net.connect(how.port ?? port, '127.0.0.1', async () => {
      const answer = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
      for (const byte of how.slow ? answer : [answer]) {
        socket.write(typeof byte === 'number' ? Buffer.from([byte]) : byte)
        if (how.slow) await new Promise(resolve => setTimeout(resolve, 30))
      }
      socket.removeAllListeners('data')
      to.write(take.rest())
      socket.pipe(to).pipe(socket)
    })
    to.on('error', () => socket.destroy())
    socket.on('error', () => to.destroy())
    socket.on('close', () => to.destroy())
  }
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    serve(socket).catch(() => socket.destroy())
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  proxy.at = `127.0.0.1:${server.address().port}`
  proxy.close = () => server.close()
  return proxy
}

describe('SOCKS 5', () => {
  const ONION = 'vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd'

  it('TCP and WebSocket, addresses, names and onions go through it', async () => {
    const js = await jsWs({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] } })
    await echoBack(js)
    const all = js.getMultiaddrs().map(a => a.toString())
    const port = ws => Number(all.find(a => a.includes('/ws') === ws).split('/')[4])
    const cases = [
      [`/ip4/192.0.2.7/tcp/4141/p2p/${js.peerId}`, '192.0.2.7:4141', false],
      [`/ip6/2001:db8::7/tcp/4141/p2p/${js.peerId}`, 'v6:20010db8000000000000000000000007:4141', false],
      [`/dns4/peer.invalid/tcp/4142/ws/p2p/${js.peerId}`, 'peer.invalid:4142', true],
      [`/onion3/${ONION}:4141/p2p/${js.peerId}`, `${ONION}.onion:4141`, false],
      [`/onion3/${ONION}:80/ws/p2p/${js.peerId}`, `${ONION}.onion:80`, true]
    ]
    for (const [address, asked, ws] of cases) {
      const proxy = await socksProxy({ port: port(ws), slow: true })
      const our = await OurPeer.start(BUILD, [`socks5=${proxy.at}`])
      assert.equal(await our.run(`dial ${address}`), 'ok', address)
      const seen = await our.event(e => e.event === 'identified')
      assert.equal(seen.peer, js.peerId.toString())
      await echoFromUs(our, js.peerId, 100000)
      assert.deepEqual(proxy.asked, [asked])
      await ended([our.quit()])
      proxy.close()
    }
    await js.stop()
  })

  it('each peer has a name of its own there; a set password is kept to', async () => {
    const js = [await jsPeer(), await jsPeer()]
    const proxy = await socksProxy({ password: true })
    const our = await OurPeer.start(BUILD, [`socks5=${proxy.at}`])
    for (const peer of js) assert.equal(await our.run(`dial ${peer.getMultiaddrs()[0]}`), 'ok')
    assert.equal(proxy.asked.length, 2)
    const names = proxy.asked.map(text => text.split('@')[0])
    for (const name of names) assert.match(name, /^([0-9a-f]{16}):\1$/)
    assert.notEqual(names[0], names[1])
    await ended([our.quit()])
    proxy.close()

    const strict = await socksProxy({ password: 'me:secret' })
    const good = await OurPeer.start(BUILD, [`socks5=me:secret@${strict.at}`])
    assert.equal(await good.run(`dial ${js[0].getMultiaddrs()[0]}`), 'ok')
    assert.equal(strict.asked[0].split('@')[0], 'me:secret')
    const bad = await OurPeer.start(BUILD, [`socks5=me:wrong@${strict.at}`])
    assert.equal(await bad.run(`dial ${js[0].getMultiaddrs()[0]}`), 'auth')
    assert.equal(strict.asked.length, 1)
    await ended([good.quit(), bad.quit()])
    strict.close()
    for (const peer of js) await peer.stop()
  })

  it('refused, garbage, silent, gone: each dial fails and says why', async () => {
    const gone = await socksProxy()
    gone.close()
    const cases = [
      [await socksProxy({ refuse: 5 }), 'closed', /proxy: connection refused/],
      [await socksProxy({ refuse: 4 }), 'closed', /proxy: host unreachable/],
      [await socksProxy({ refuse: 0xf0 }), 'closed', /onion service/],
      [await socksProxy({ garbage: true }), 'peer', /does not speak SOCKS 5/],
      [await socksProxy({ silent: true }), 'closed', /nobody answers/],
      [gone, 'closed', /the proxy cannot be reached/]
    ]
    for (const [proxy, error, why] of cases) {
      const our = await OurPeer.start(BUILD, [`socks5=${proxy.at}`])
      assert.equal(await our.run('dial /ip4/127.0.0.1/tcp/9'), error)
      await until(`it says ${why}`, () => why.test(our.stderr))
      await ended([our.quit()])
      proxy.close()
    }
    // Without a proxy an onion is no address that can be dialled.
    const our = await OurPeer.start(BUILD)
    assert.equal(await our.run(`dial /onion3/${ONION}:80`), 'form')
    await ended([our.quit()])
  })

  it('ends in the middle of the handshake of the proxy', async () => {
    const proxy = await socksProxy({ silent: true })
    const our = await OurPeer.start(BUILD, [`socks5=${proxy.at}`])
    our.send('dial /ip4/127.0.0.1/tcp/9')
    await new Promise(resolve => setTimeout(resolve, 200))
    await ended([our.quit()])
    proxy.close()
  })
})

describe('the whole node', () => {
  it('a private network over WebSocket, by its settings', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ohcn-psk-')), 'swarm.key')
    writeFileSync(file, swarmKey(KEY), { mode: 0o600 })
    const node = await RealNode.start('test-js', {
      'listen.addresses': '/ip4/127.0.0.1/tcp/0/ws',
      'network.psk_file': file
    })
    assert.match(node.address, /\/ws\/p2p\//)
    // kubo's fingerprint of this key, by the command that shows it
    const shown = await node.must('network', 'key', 'show', file)
    assert.ok(node.log().includes(`fingerprint=${shown.fingerprint}`))
    const js = await jsWs({ connectionProtector: preSharedKey({ psk: swarmKey(KEY) }) })
    const invitation = (await node.must('invite')).link
    assert.ok(invitation.includes(`psk=${shown.fingerprint}`))
    const open = await RealNode.start('test-js')
    const refused = await open.cli('join', invitation)
    assert.equal(refused.json.code, 'E3315')
    assert.equal(await open.stop(), null)
    const stranger = await jsWs()
    await js.dial(multiaddr(node.address))
    await until('it is told of', async () => (await node.must('peer', 'list')).peers.length === 1)
    await assert.rejects(stranger.dial(multiaddr(node.address)))
    await js.stop()
    await stranger.stop()
    assert.equal(await node.stop(), null)
    rmSync(file)
  })

  it('through a proxy: it tells no address, and looks no name up', async () => {
    const js = await jsPeer()
    const proxy = await socksProxy({ password: true, port: Number(js.getMultiaddrs()[0].toString().split('/')[4]) })
    const node = await RealNode.start('test-js', {
      'network.socks5': proxy.at,
      'peers.bootstrap': `/dns4/peer.invalid/tcp/4141/p2p/${js.peerId}`
    })
    await until('it has come through the proxy', () => js.getConnections().length === 1)
    assert.match(proxy.asked[0], /^[0-9a-f]{16}:[0-9a-f]{16}@peer\.invalid:4141$/)
    const peer = await until('js has identified it', async () => {
      const p = await js.peerStore.get(js.getConnections()[0].remotePeer)
      return p.protocols.length > 0 ? p : null
    })
    assert.deepEqual(peer.addresses.map(a => a.multiaddr.toString()).filter(a => !a.includes('peer.invalid')), [])
    await js.stop()
    assert.equal(await node.stop(), null)
    proxy.close()
  })
})
