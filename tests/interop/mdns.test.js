// Multicast DNS with js-libp2p's @libp2p/mdns on loopback: each side finds
// the other, without an address. js takes the interface of the default route
// unless it is told; where loopback carries no multicast for it, a named skip.
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { after, before, describe, it } from 'node:test'
import { mdns } from '@libp2p/mdns'
import { RealNode } from './node.js'
import { jsPeer, until } from './peers.js'

const NET = 'test-mdns'
const GROUP = '224.0.0.251'

/** Does a packet to the group come back on loopback? */
async function multicastWorks () {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
  try {
    await new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.bind(5353, resolve)
    })
    socket.addMembership(GROUP, '127.0.0.1')
    socket.setMulticastInterface('127.0.0.1')
    socket.setMulticastLoopback(true)
    return await new Promise(resolve => {
      socket.on('message', m => { if (m.toString() === 'is anybody there') resolve(true) })
      socket.send('is anybody there', 5353, GROUP)
      setTimeout(() => resolve(false), 2000)
    })
  } catch {
    return false
  } finally {
    socket.close()
  }
}

describe('mdns of js-libp2p', async () => {
  const works = await multicastWorks()
  if (!works) console.log('SKIP interop/mdns: no multicast on loopback')
  const options = { skip: !works }
  let our, js
  const found = []

  before(async () => {
    if (!works) return
    our = await RealNode.start(NET, {
      'mdns.mode': 'on', 'mdns.loopback': 'yes', 'mdns.interval': '1s'
    })
    // What mDNS itself has found: the peer's own event comes once, and without
    // addresses when our call was faster.
    js = await jsPeer({
      libp2p: {
        peerDiscovery: [components => {
          const finder = mdns({ interval: 1000, interface: '127.0.0.1' })(components)
          finder.addEventListener('peer', e => found.push(e.detail))
          return finder
        }]
      }
    })
  })

  after(async () => {
    await js?.stop()
    if (our !== undefined) assert.equal(await our.stop(), null)
  })

  it('js finds us', options, async () => {
    const id = our.address.split('/p2p/')[1]
    const peer = await until('js to find us', () => found.find(p => p.id.toString() === id))
    assert.ok(peer.multiaddrs.some(m => m.toString().startsWith(our.address.split('/p2p/')[0])),
      peer.multiaddrs.join(' '))
  })

  it('we find js, and call', options, async () => {
    await until('our node to call js', () =>
      js.getConnections().some(c => c.direction === 'inbound' && c.remotePeer.toString() === our.address.split('/p2p/')[1]))
  })
})
