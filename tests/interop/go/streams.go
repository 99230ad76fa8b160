package main

import (
	"context"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Sent back as it comes.
const echoProtocol = "/ohcn-test/echo/1"

// The answering side says at once that it will write nothing, reads to the
// end and tells the number of bytes: half-closed the other way round.
const drainProtocol = "/ohcn-test/drain/1"

// The byte at a place of what an echo client sends.
func pattern(at uint64) byte {
	return byte(at*31 + at>>11)
}

func (n *node) handleStreams() {
	n.host.SetStreamHandler(echoProtocol, n.onEcho)
	n.host.SetStreamHandler(drainProtocol, func(s network.Stream) {
		s.CloseWrite()
		count, err := io.Copy(io.Discard, s)
		say(line{"event": "drained", "peer": s.Conn().RemotePeer().String(),
			"bytes": count, "good": err == nil})
		s.Close()
	})
}

func (n *node) onEcho(s network.Stream) {
	buf := make([]byte, 65536)
	var count uint64
	for {
		if n.slow {
			time.Sleep(2 * time.Millisecond)
		}
		got, err := s.Read(buf)
		count += uint64(got)
		if _, failed := s.Write(buf[:got]); failed != nil {
			err = failed
		}
		if err == io.EOF {
			s.Close()
			return
		}
		if err != nil {
			say(line{"event": "gone", "bytes": count, "why": err.Error()})
			s.Reset()
			return
		}
	}
}

// Sends bytes, closes for writing, reads to the end.
func (n *node) send(ctx context.Context, who peer.ID, what string, bytes uint64) {
	name := protocol.ID(echoProtocol)
	if what == "drain" {
		name = drainProtocol
	}
	s, err := n.host.NewStream(ctx, who, name)
	if err != nil {
		say(line{"event": what, "bytes": 0, "good": false, "why": err.Error()})
		return
	}
	sent := make(chan error, 1)
	go func() {
		buf := make([]byte, 65536)
		for at := uint64(0); at < bytes; {
			part := min(uint64(len(buf)), bytes-at)
			for i := range part {
				buf[i] = pattern(at + i)
			}
			if _, err := s.Write(buf[:part]); err != nil {
				sent <- err
				return
			}
			at += part
		}
		sent <- s.CloseWrite()
	}()
	buf := make([]byte, 65536)
	var count uint64
	wrong := false
	for err == nil {
		if n.slow {
			time.Sleep(2 * time.Millisecond)
		}
		var got int
		got, err = s.Read(buf)
		for i, b := range buf[:got] {
			wrong = wrong || b != pattern(count+uint64(i))
		}
		count += uint64(got)
	}
	failed := <-sent
	want := bytes
	if what == "drain" {
		want = 0
	}
	say(line{"event": what, "bytes": count, "why": failure(failed),
		"good": !wrong && count == want && err == io.EOF && failed == nil})
	s.Close()
}

// Opens an echo stream, sends something and resets it with a code, which go
// puts into the length of a window update.
func (n *node) resetOne(ctx context.Context, who peer.ID) error {
	s, err := n.host.NewStream(ctx, who, echoProtocol)
	if err != nil {
		return err
	}
	if _, err = s.Write(make([]byte, 100000)); err != nil {
		return err
	}
	// A reset that overtakes the negotiation leaves no stream to be reset.
	if _, err = s.Read(make([]byte, 1)); err != nil {
		return err
	}
	return s.ResetWithError(0x7fffffff)
}
