// A js-libp2p peer for tests/nat, in a public namespace: answers AutoNAT v2
// and asks a node of ours; or, as B of DCUtR, is called through a relay.
// nat_peer.js autonat|dcutr OUR_ADDRESS ITS_OWN_IP
// Prints one JSON line per event.
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const [mode, address, ip] = process.argv.slice(2)
const relayed = mode === 'dcutr'
const node = await createLibp2p({
  addresses: { listen: [`/ip4/${ip}/tcp/4001`, ...(relayed ? [`${address}/p2p-circuit`] : [])] },
  transports: [tcp(), circuitRelayTransport()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify({ runOnLimitedConnection: true }),
    ...(relayed ? { dcutr: dcutr() } : { autonat: autoNATv2({ startupDelay: 0, refreshInterval: 1000 }) })
  }
})
const say = o => console.log(JSON.stringify(o))
node.addEventListener('self:peer:update', () => say({ addrs: node.getMultiaddrs().map(String) }))
await node.dial(multiaddr(address))
say({ ready: node.peerId.toString(), protocols: node.getProtocols() })
setInterval(() => say({ addrs: node.getMultiaddrs().map(String) }), 2000)
