// Our host and go-libp2p with go-libp2p-pubsub: tests/interop/go.
import { foreignTests } from './foreign.js'

foreignTests({
  name: 'go',
  command: process.env.OHCN_GO_PEER,
  tells: true,
  signed: true,
  exchange: true,
  protocols: 120,
  keys: ['ed25519', 'rsa', 'ecdsa', 'secp256k1'],
  versions: [[null, '/meshsub/1.2.0'], ['1.2,1.1,1.0', '/meshsub/1.2.0'],
    ['1.1', '/meshsub/1.1.0'], ['1.1,1.0,flood', '/meshsub/1.1.0']],
  unspoken: [['1.3', 'we do not offer it'], ['1.0', 'no PRUNE backoff, no peer exchange'], ['flood', 'no mesh']],
  refused: [['it signs, its default', ['sign=strict', 'id=default']],
    ['StrictNoSign that still sends from and seqno', ['sign=author']]]
})
