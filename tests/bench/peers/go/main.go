// go-libp2p as one side of the network benchmarks: the same lines as
// tests/tool/bench_peer.c, whose head lists them.
package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const sink = "/ohcn-bench/sink/1"

var (
	messages, bad atomic.Uint64
	sayLock       sync.Mutex
	ctx           = context.Background()
)

func say(v map[string]any) {
	sayLock.Lock()
	defer sayLock.Unlock()
	line, _ := json.Marshal(v)
	fmt.Println(string(line))
}

// Counts what comes and answers with the number of bytes.
func onSink(s network.Stream) {
	n, err := io.CopyBuffer(io.Discard, s, make([]byte, 65536))
	if err != nil {
		s.Reset()
		return
	}
	_ = binary.Write(s, binary.BigEndian, uint64(n))
	s.Close()
}

func newHost() (host.Host, error) {
	// no limits of our own: what is measured is not their cost
	manager, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits))
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(manager),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
	if err != nil {
		return nil, err
	}
	h.SetStreamHandler(sink, onSink)
	return h, nil
}

func validate(signed bool) pubsub.ValidatorEx {
	return func(_ context.Context, _ peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		d := m.Data
		if signed && (len(d) <= 96 || !ed25519.Verify(d[64:96], d[96:], d[:64])) {
			bad.Add(1)
			return pubsub.ValidationReject
		}
		messages.Add(1)
		return pubsub.ValidationAccept
	}
}

func subscribe(ps *pubsub.PubSub, topic string, signed bool) error {
	// inline, as it is told for cheap checks; goroutines for signatures
	err := ps.RegisterTopicValidator(topic, validate(signed),
		pubsub.WithValidatorInline(!signed), pubsub.WithValidatorConcurrency(8192))
	if err != nil {
		return err
	}
	t, err := ps.Join(topic)
	if err != nil {
		return err
	}
	sub, err := t.Subscribe(pubsub.WithBufferSize(4096))
	if err != nil {
		return err
	}
	go func() {
		for {
			if _, err := sub.Next(ctx); err != nil {
				return
			}
		}
	}()
	say(map[string]any{"event": "done"})
	return nil
}

func dialOnce(h host.Host, to *peer.AddrInfo) error {
	if err := h.Connect(ctx, *to); err != nil {
		return err
	}
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	if r := <-ping.Ping(c, h, to.ID); r.Error != nil {
		return r.Error
	}
	return h.Network().ClosePeer(to.ID)
}

func dial(h host.Host, count, parallel int, addresses []string) error {
	var begun, good, failed atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for _, a := range addresses[:parallel] {
		to, err := peer.AddrInfoFromString(a)
		if err != nil {
			return err
		}
		all.Add(1)
		go func() {
			defer all.Done()
			for begun.Add(1) <= int64(count) {
				if err := dialOnce(h, to); err != nil {
					fmt.Fprintln(os.Stderr, "dial:", err)
					failed.Add(1)
				} else {
					good.Add(1)
				}
			}
		}()
	}
	all.Wait()
	say(map[string]any{"event": "dialled", "count": good.Load(),
		"failed": failed.Load(), "seconds": time.Since(start).Seconds()})
	return nil
}

func sendOne(h host.Host, to peer.ID, bytes int64) (uint64, error) {
	s, err := h.NewStream(ctx, to, sink)
	if err != nil {
		return 0, err
	}
	zeros := make([]byte, 65536)
	for left := bytes; left > 0; {
		n := min(left, int64(len(zeros)))
		if _, err := s.Write(zeros[:n]); err != nil {
			return 0, err
		}
		left -= n
	}
	if err := s.CloseWrite(); err != nil {
		return 0, err
	}
	var got uint64
	err = binary.Read(s, binary.BigEndian, &got)
	s.Close()
	return got, err
}

func send(h host.Host, address string, bytes int64, streams int) error {
	to, err := peer.AddrInfoFromString(address)
	if err != nil {
		return err
	}
	if err := h.Connect(ctx, *to); err != nil {
		return err
	}
	var sum, failed atomic.Uint64
	var all sync.WaitGroup
	start := time.Now()
	for range streams {
		all.Add(1)
		go func() {
			defer all.Done()
			n, err := sendOne(h, to.ID, bytes/int64(streams))
			if err != nil {
				failed.Add(1)
			}
			sum.Add(n)
		}()
	}
	all.Wait()
	say(map[string]any{"event": "sent", "bytes": sum.Load(),
		"failed": failed.Load(), "seconds": time.Since(start).Seconds()})
	return nil
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func command(h host.Host, ps *pubsub.PubSub, w []string) error {
	switch {
	case w[0] == "connect" && len(w) == 2:
		to, err := peer.AddrInfoFromString(w[1])
		if err != nil {
			return err
		}
		if err := h.Connect(ctx, *to); err != nil {
			return err
		}
		say(map[string]any{"event": "connected"})
	case w[0] == "subscribe" && len(w) > 1:
		return subscribe(ps, w[1], len(w) > 2 && w[2] == "signed")
	case w[0] == "count":
		say(map[string]any{"event": "count", "messages": messages.Load(), "bad": bad.Load()})
	case w[0] == "dial" && len(w) > 3:
		return dial(h, number(w[1]), number(w[2]), w[3:])
	case w[0] == "send" && len(w) == 4:
		return send(h, w[1], int64(number(w[2])), number(w[3]))
	case w[0] == "quit":
		os.Exit(0)
	default:
		return fmt.Errorf("no such command: %s", w[0])
	}
	return nil
}

func main() {
	hosts := 1
	if len(os.Args) > 2 && os.Args[1] == "hosts" {
		hosts = number(os.Args[2])
	}
	var all []host.Host
	var addresses []string
	for range hosts {
		h, err := newHost()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		all = append(all, h)
		addresses = append(addresses, fmt.Sprintf("%s/p2p/%s", h.Addrs()[0], h.ID()))
	}
	ps, err := pubsub.NewGossipSub(ctx, all[0],
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(m *pb.Message) string {
			id := sha256.Sum256(m.Data)
			return string(id[:])
		}),
		// the default of 32 would drop nearly everything here
		pubsub.WithValidateQueueSize(65536))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	say(map[string]any{"event": "listening", "addresses": addresses})
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 65536), 65536)
	for in.Scan() {
		if w := strings.Fields(in.Text()); len(w) > 0 {
			if err := command(all[0], ps, w); err != nil {
				say(map[string]any{"event": "failed", "why": err.Error()})
			}
		}
	}
}
