package discordtest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/discordtest"
)

func TestMain(m *testing.M) {
	// The tests mostly wait: for timers, and for discordgo's Close, which sleeps for a
	// second. -parallel still overrides this.
	if err := flag.Set("test.parallel", "8"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		// A heartbeat during the second that discordgo's Close sleeps makes discordgo
		// reconnect without end, to a server that has closed.
		goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).reconnect"),
		// After 4014 it looks for up to five seconds whether it was only moved. At all
		// other times its listener is in ReadMessage.
		goleak.IgnoreTopFunction("github.com/bwmarrin/discordgo.(*VoiceConnection).wsListen"))
}

// deadline is the maximum time that a test waits for anything.
const deadline = 90 * time.Second

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

func newServer(t testing.TB, opts ...discordtest.Option) *discordtest.Server {
	t.Helper()
	s, err := discordtest.NewServer(opts...)
	if err != nil {
		t.Fatalf("NewServer: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// A discord is a [discordtest.Server], or a [discordtest.Bot] of one.
type discord interface {
	NewSession(shard, shards int) (*discordgo.Session, error)
	WaitConn(ctx context.Context, shard int) (*discordtest.Conn, error)
}

func newSession(t testing.TB, s discord, shard, shards int) *discordgo.Session {
	t.Helper()
	sess, err := s.NewSession(shard, shards)
	if err != nil {
		t.Fatalf("NewSession: %v", err)
	}
	return sess
}

// open opens a session and closes it at the end of the test. discordgo's Close takes a
// second, so tests run in parallel.
func open(t testing.TB, s discord, sess *discordgo.Session) *discordtest.Conn {
	t.Helper()
	if err := sess.Open(); err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = sess.Close() })
	c, err := s.WaitConn(testContext(t), max(sess.ShardID, 0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// closeAll closes sessions in parallel.
func closeAll(sessions ...*discordgo.Session) {
	var wg sync.WaitGroup
	for _, sess := range sessions {
		wg.Go(func() { _ = sess.Close() })
	}
	wg.Wait()
}

// eventually polls a condition that has no event to wait for.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(deadline); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// events collects dispatches as discordgo's handlers see them. It sets SyncEvents to
// keep their order.
func events(sess *discordgo.Session) <-chan *discordgo.Event {
	sess.SyncEvents = true
	ch := make(chan *discordgo.Event, 10_000)
	sess.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		select {
		case ch <- e:
		default:
		}
	})
	return ch
}

// waitEvent receives events until one has the type.
func waitEvent(t testing.TB, ch <-chan *discordgo.Event, eventType string) *discordgo.Event {
	t.Helper()
	timeout := time.NewTimer(deadline)
	defer timeout.Stop()
	for {
		select {
		case e := <-ch:
			if e.Type == eventType {
				return e
			}
		case <-timeout.C:
			t.Fatalf("no %s arrived", eventType)
		}
	}
}
