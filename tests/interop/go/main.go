// A go-libp2p peer for the interop tests. It speaks the line protocol of
// tests/tool/peer/: one JSON object a line out, one command a line in.
// Arguments are NAME=VALUE:
//
//	key=ed25519|rsa|ecdsa|secp256k1   of the identity
//	versions=1.0,1.1,1.2,1.3,flood    of gossip; default: go's own list
//	sign=none|author|strict           StrictNoSign without and with from and
//	                                  seqno, or go's default
//	id=sha256|default                 of messages, default: go's own function
//	px=on                             peer exchange in PRUNE
//	extra=N                           N more protocols, for a long identify
//	slow=on                           echoes are read in small steps
//	d=N                               mesh of N peers (D, D_lo, D_hi)
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

type line map[string]any

var outLock sync.Mutex

func say(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	outLock.Lock()
	defer outLock.Unlock()
	fmt.Println(string(text))
}

type node struct {
	host   host.Host
	gossip *gossip
	slow   bool
}

func identity(kind string) (crypto.PrivKey, error) {
	types := map[string]int{"": crypto.Ed25519, "ed25519": crypto.Ed25519,
		"rsa": crypto.RSA, "ecdsa": crypto.ECDSA, "secp256k1": crypto.Secp256k1}
	t, known := types[kind]
	if !known {
		return nil, fmt.Errorf("key=%s", kind)
	}
	key, _, err := crypto.GenerateKeyPair(t, 2048)
	return key, err
}

func start(ctx context.Context, options map[string]string) (*node, error) {
	key, err := identity(options["key"])
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.DisableRelay(),
	)
	if err != nil {
		return nil, err
	}
	n := &node{host: h, slow: options["slow"] == "on"}
	n.handleStreams()
	extra, _ := strconv.Atoi(options["extra"])
	for i := range extra {
		name := fmt.Sprintf("/ohcn-test/one-more-of-many-protocols/%04d", i)
		h.SetStreamHandler(protocol.ID(name), func(s network.Stream) { s.Reset() })
	}
	h.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(net network.Network, c network.Conn) {
			if len(net.ConnsToPeer(c.RemotePeer())) == 1 {
				say(line{"event": "up", "peer": c.RemotePeer().String()})
			}
		},
		DisconnectedF: func(net network.Network, c network.Conn) {
			if len(net.ConnsToPeer(c.RemotePeer())) == 0 {
				say(line{"event": "down", "peer": c.RemotePeer().String()})
			}
		},
	})
	sub, err := h.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return nil, err
	}
	go func() {
		for e := range sub.Out() {
			id := e.(event.EvtPeerIdentificationCompleted)
			// Go checks the record and throws it away; peer exchange
			// has it from the peer store.
			signed := id.SignedPeerRecord != nil
			if book, ok := peerstore.GetCertifiedAddrBook(h.Peerstore()); ok && signed {
				book.ConsumePeerRecord(id.SignedPeerRecord, peerstore.ConnectedAddrTTL)
			}
			say(line{"event": "identified", "peer": id.Peer.String(),
				"agent": id.AgentVersion, "version": id.ProtocolVersion,
				"addresses": len(id.ListenAddrs), "signed": signed,
				"protocols": id.Protocols,
				"observed":  fmt.Sprint(id.ObservedAddr)})
		}
	}()
	n.gossip, err = startGossip(ctx, h, options)
	return n, err
}

func failure(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}

func (n *node) command(ctx context.Context, words []string) (line, error) {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	var who peer.ID
	if id, err := peer.Decode(arg(1)); err == nil {
		who = id
	}
	switch words[0] {
	case "dial":
		info, err := peer.AddrInfoFromString(arg(1))
		if err != nil {
			return nil, err
		}
		return nil, n.host.Connect(ctx, *info)
	case "close":
		return nil, n.host.Network().ClosePeer(who)
	case "ping":
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		r := <-ping.Ping(ctx, n.host, who)
		say(line{"event": "ping", "peer": who.String(), "good": r.Error == nil})
		return nil, r.Error
	case "echo", "drain":
		bytes, err := strconv.ParseUint(arg(2), 10, 64)
		if err != nil {
			return nil, err
		}
		go n.send(ctx, who, words[0], bytes)
		return nil, nil
	case "reset":
		return nil, n.resetOne(ctx, who)
	case "subscribe":
		return nil, n.gossip.subscribe(ctx, arg(1))
	case "unsubscribe":
		return nil, n.gossip.unsubscribe(arg(1))
	case "publish":
		return nil, n.gossip.publish(ctx, arg(1), arg(2))
	case "stats":
		return n.gossip.stats(), nil
	case "mesh":
		return n.gossip.mesh(arg(1)), nil
	}
	return nil, fmt.Errorf("what is %q?", words[0])
}

func main() {
	options := map[string]string{}
	for _, a := range os.Args[1:] {
		name, value, _ := strings.Cut(a, "=")
		options[name] = value
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n, err := start(ctx, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say(line{"event": "listening", "peer": n.host.ID().String(),
		"address": fmt.Sprintf("%s/p2p/%s", n.host.Addrs()[0], n.host.ID())})
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	for in.Scan() {
		words := strings.Fields(in.Text())
		if len(words) == 0 {
			continue
		}
		if words[0] == "quit" {
			break
		}
		more, err := n.command(ctx, words)
		if more != nil {
			say(more)
		}
		say(line{"event": "done", "command": words[0], "error": failure(err)})
	}
	n.host.Close()
}
