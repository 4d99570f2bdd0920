package otlp

import (
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// TestSilentConnectionOfGRPC: a silently broken connection is noticed in the next export, and that export succeeds.
func TestSilentConnectionOfGRPC(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	c := &collector{}
	addr, _ := serveAs(t, GRPC, c, "127.0.0.1:0")
	between := newForwarder(t, addr)
	e := newPushAs(t, GRPC, newRecord(), WithEndpoint("http://"+between.addr), WithTimeout(deadline))
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	between.silence()
	if err := e.ForceFlush(t.Context()); err != nil {
		t.Errorf("ForceFlush over a silent connection: %v", err)
	}
}

// TestReconnectDelay: the pauses between attempts to connect are no longer than configured. gRPC's own start at a second and grow.
func TestReconnectDelay(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var attempts atomic.Int32
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			attempts.Add(1)
			_ = conn.Close()
		}
	}()
	e := newPushAs(t, GRPC, newRecord(), WithEndpoint("http://"+l.Addr().String()), WithTimeout(4*time.Second),
		optionFunc(func(c *config) { c.reconnect = 20 * time.Millisecond }))
	if err := e.ForceFlush(t.Context()); err == nil {
		t.Error("the export went through")
	}
	if n := attempts.Load(); n < 10 {
		t.Errorf("%d attempts in 4 s, with pauses of 20 ms", n)
	}
}

// TestManyPings: a collector with gRPC's default limit on pings accepts an exporter that sends one with each export.
func TestManyPings(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 41 s")
	}
	t.Parallel()
	c := &collector{}
	addr, _ := serveAs(t, GRPC, c, "127.0.0.1:0")
	rec := newRecord()
	newPushAs(t, GRPC, rec, WithEndpoint("http://"+addr), WithInterval(10200*time.Millisecond)).Begin()
	for range 5 {
		receive(t, c)
	}
	if errs, states := rec.snapshot(); len(errs) != 0 || !slices.Equal(states, []bool{true}) {
		t.Errorf("reports %v, states %v", errs, states)
	}
}
