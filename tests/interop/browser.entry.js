// Runs in a browser: js-libp2p dials our node by WebSocket, and tells the
// test what came of it. Bundled by browser.test.js.
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const report = what => fetch('/report', { method: 'POST', body: JSON.stringify(what) })

async function main () {
  const { address, topic } = await (await fetch('/task')).json()
  const node = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // A browser's peer refuses loopback unless it is told otherwise.
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true })
    }
  })
  await report({ step: 'started', peer: node.peerId.toString() })
  node.services.pubsub.addEventListener('message', event =>
    report({ step: 'message', data: Array.from(event.detail.data) }))
  node.services.pubsub.subscribe(topic)
  await node.dial(multiaddr(address))
  const ms = await node.services.ping.ping(multiaddr(address))
  await report({ step: 'ping', ms })
  while (node.services.pubsub.getMeshPeers(topic).length === 0) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  await node.services.pubsub.publish(topic, new Uint8Array([0xb0, 0x0b]))
  await report({ step: 'published' })
}

main().catch(error => report({ step: 'failed', why: String(error), stack: error.stack }))
