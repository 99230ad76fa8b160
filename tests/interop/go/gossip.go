package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

type joined struct {
	topic  *pubsub.Topic
	sub    *pubsub.Subscription
	cancel context.CancelFunc
}

// The router, and what its tracer saw.
type gossip struct {
	self   peer.ID
	router *pubsub.PubSub
	topics map[string]*joined

	lock    sync.Mutex
	speaks  map[peer.ID]protocol.ID     // of our stream to it
	meshes  map[string]map[peer.ID]bool // by topic
	rejects map[string]int              // by reason
	counts  map[string]int
}

func startGossip(ctx context.Context, h host.Host, options map[string]string) (*gossip, error) {
	g := &gossip{self: h.ID(), topics: map[string]*joined{},
		speaks:  map[peer.ID]protocol.ID{},
		meshes:  map[string]map[peer.ID]bool{},
		rejects: map[string]int{},
		counts:  map[string]int{}}
	// Go drops what does not fit its queue for a peer, 32 by default.
	all := []pubsub.Option{pubsub.WithRawTracer(g),
		pubsub.WithPeerOutboundQueueSize(1024)}
	if options["sign"] != "strict" {
		all = append(all, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign))
	}
	// Without this, StrictNoSign still sends from and seqno.
	if options["sign"] == "" || options["sign"] == "none" {
		all = append(all, pubsub.WithNoAuthor())
	}
	if options["id"] != "default" {
		all = append(all, pubsub.WithMessageIdFn(func(m *pb.Message) string {
			sum := sha256.Sum256(m.GetData())
			return string(sum[:])
		}))
	}
	if options["px"] == "on" {
		all = append(all, pubsub.WithPeerExchange(true))
	}
	if d, err := strconv.Atoi(options["d"]); err == nil {
		p := pubsub.DefaultGossipSubParams()
		p.D, p.Dlo, p.Dhi, p.Dout, p.Dscore, p.Dlazy = d, max(d-1, 1), d, min(d/2, max(d-2, 0)), 0, d
		all = append(all, pubsub.WithGossipSubParams(p))
	}
	if v := options["versions"]; v != "" {
		ids := []protocol.ID{}
		for _, one := range strings.Split(v, ",") {
			if one == "flood" {
				ids = append(ids, pubsub.FloodSubID)
			} else {
				ids = append(ids, protocol.ID("/meshsub/"+one+".0"))
			}
		}
		all = append(all, pubsub.WithGossipSubProtocols(ids, pubsub.GossipSubDefaultFeatures))
	}
	var err error
	g.router, err = pubsub.NewGossipSub(ctx, h, all...)
	return g, err
}

func (g *gossip) join(name string) (*joined, error) {
	if j := g.topics[name]; j != nil {
		return j, nil
	}
	t, err := g.router.Join(name)
	if err != nil {
		return nil, err
	}
	g.topics[name] = &joined{topic: t}
	return g.topics[name], nil
}

func (g *gossip) subscribe(ctx context.Context, name string) error {
	j, err := g.join(name)
	if err != nil {
		return err
	}
	if j.sub, err = j.topic.Subscribe(pubsub.WithBufferSize(4096)); err != nil {
		return err
	}
	ctx, j.cancel = context.WithCancel(ctx)
	go func() {
		for {
			m, err := j.sub.Next(ctx)
			if err != nil {
				return
			}
			if m.ReceivedFrom == g.self {
				continue // our own
			}
			say(line{"event": "message", "topic": name,
				"from": m.ReceivedFrom.String(), "verdict": "accept",
				"data": hex.EncodeToString(m.Data)})
		}
	}()
	return nil
}

func (g *gossip) unsubscribe(name string) error {
	j := g.topics[name]
	if j == nil || j.sub == nil {
		return fmt.Errorf("not subscribed")
	}
	j.cancel()
	j.sub.Cancel()
	j.sub = nil
	return nil
}

func (g *gossip) publish(ctx context.Context, name, text string) error {
	j, err := g.join(name)
	if err != nil {
		return err
	}
	data, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	return j.topic.Publish(ctx, data)
}

func (g *gossip) stats() line {
	g.lock.Lock()
	defer g.lock.Unlock()
	speaks := map[string]string{}
	for p, v := range g.speaks {
		speaks[p.String()] = string(v)
	}
	l := line{"event": "stats", "speaks": speaks, "rejects": g.rejects}
	for name, n := range g.counts {
		l[name] = n
	}
	// A copy: say() comes after the lock.
	rejects := map[string]int{}
	for why, n := range g.rejects {
		rejects[why] = n
	}
	l["rejects"] = rejects
	return l
}

func (g *gossip) mesh(name string) line {
	g.lock.Lock()
	defer g.lock.Unlock()
	in := []string{}
	for p := range g.meshes[name] {
		in = append(in, p.String())
	}
	slices.Sort(in)
	return line{"event": "mesh", "topic": name, "peers": in,
		"subscribed": len(g.router.ListPeers(name))}
}

func (g *gossip) count(name string, n int) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.counts[name] += n
}

// What control messages an RPC carries.
func (g *gossip) countRPC(way string, rpc *pubsub.RPC) {
	g.count("rpc_"+way, 1)
	g.count("messages_"+way, len(rpc.GetPublish()))
	c := rpc.GetControl()
	g.count("ihave_"+way, len(c.GetIhave()))
	g.count("iwant_"+way, len(c.GetIwant()))
	g.count("graft_"+way, len(c.GetGraft()))
	g.count("prune_"+way, len(c.GetPrune()))
	g.count("idontwant_"+way, len(c.GetIdontwant()))
	if c.GetExtensions() != nil {
		g.count("extensions_"+way, 1)
	}
	for _, p := range c.GetPrune() {
		g.count("px_"+way, len(p.GetPeers()))
		for _, info := range p.GetPeers() {
			if len(info.GetSignedPeerRecord()) > 0 {
				g.count("px_signed_"+way, 1)
			}
		}
	}
}

func (g *gossip) OnNewOutboundStream(p peer.ID, v protocol.ID) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.speaks[p] = v
}

func (g *gossip) OnClosedOutboundStream(p peer.ID) {
	g.lock.Lock()
	defer g.lock.Unlock()
	delete(g.speaks, p)
	for _, in := range g.meshes {
		delete(in, p)
	}
}

func (g *gossip) Graft(p peer.ID, topic string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.meshes[topic] == nil {
		g.meshes[topic] = map[peer.ID]bool{}
	}
	g.meshes[topic][p] = true
}

func (g *gossip) Prune(p peer.ID, topic string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	delete(g.meshes[topic], p)
}

func (g *gossip) RejectMessage(_ *pubsub.Message, reason string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.rejects[reason]++
}

func (g *gossip) Join(string)                          {}
func (g *gossip) Leave(string)                         {}
func (g *gossip) ValidateMessage(*pubsub.Message)      {}
func (g *gossip) DeliverMessage(*pubsub.Message)       { g.count("delivered", 1) }
func (g *gossip) DuplicateMessage(*pubsub.Message)     { g.count("duplicates", 1) }
func (g *gossip) ThrottlePeer(peer.ID)                 {}
func (g *gossip) RecvRPC(rpc *pubsub.RPC)              { g.countRPC("in", rpc) }
func (g *gossip) SendRPC(rpc *pubsub.RPC, _ peer.ID)   { g.countRPC("out", rpc) }
func (g *gossip) DropRPC(*pubsub.RPC, peer.ID)         { g.count("dropped", 1) }
func (g *gossip) UndeliverableMessage(*pubsub.Message) { g.count("undeliverable", 1) }
