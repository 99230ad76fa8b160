// Our host and rust-libp2p: tests/interop/rust.
import { foreignTests } from './foreign.js'

foreignTests({
  name: 'rust',
  command: process.env.OHCN_RUST_PEER,
  rsaAsked: true,
  protocols: 50,
  takesAtOnce: 1, // libp2p-stream drops what its reader does not wait for
  resetIsEnd: true, // rust-yamux
  keys: ['ed25519', 'rsa', 'ecdsa', 'secp256k1'],
  versions: [[null, '/meshsub/1.2.0'], ['1.1', '/meshsub/1.1.0']],
  unspoken: [['1.0', 'no PRUNE backoff, no peer exchange']],
  refused: [['it signs, its default', ['sign=strict', 'id=default']],
    ['without a signature but with from and seqno', ['sign=author']]]
})
