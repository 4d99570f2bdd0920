package discordtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	bad := []discordtest.Option{
		discordtest.WithShards(0), discordtest.WithMaxConcurrency(0), discordtest.WithIdentifyWindow(0),
		discordtest.WithSessionStartLimit(1, 2, time.Hour), discordtest.WithGuilds(-1), discordtest.WithMembers(0),
		discordtest.WithHeartbeatInterval(0), discordtest.WithHeartbeatTimeout(-1), discordtest.WithToken(""),
		discordtest.WithResumeWindow(-1), discordtest.WithReplayLimit(-1), discordtest.WithCompressThreshold(-1),
		discordtest.WithFieldOrder("op", "d"), discordtest.WithSendLimit(0, 0), discordtest.WithBuckets(0, 0), discordtest.WithRecordLimit(0),
		discordtest.WithWriteTimeout(0),
	}
	_, err := discordtest.NewServer(bad...)
	if err == nil {
		t.Fatal("a server with only bad options started")
	}
	for name := range strings.FieldsSeq("WithShards(0) WithMaxConcurrency(0) WithIdentifyWindow(0s) WithSessionStartLimit(1 WithGuilds(-1) WithMembers(0)" +
		" WithHeartbeatInterval(0s) WithHeartbeatTimeout(-1ns) WithToken( WithResumeWindow(-1ns) WithReplayLimit(-1) WithCompressThreshold(-1)" +
		" WithFieldOrder(op, WithSendLimit(0 WithBuckets( WithRecordLimit(0) WithWriteTimeout(0s)") {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s:\n%v", name, err)
		}
	}
	newServer(t, nil, discordtest.WithGuilds(0))
}

func TestManyServersSideBySide(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s, err := discordtest.NewServer(discordtest.WithGuilds(i + 1))
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = s.Close() }()
			sess, err := s.NewSession(0, 1)
			if err != nil {
				t.Error(err)
				return
			}
			if err := sess.Open(); err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = sess.Close() }()
			c, err := s.WaitConn(testContext(t), 0)
			if err == nil {
				err = c.WaitGuilds(testContext(t))
			}
			if err != nil {
				t.Error(err)
				return
			}
			if got := c.Sent()["GUILD_CREATE"]; got != i+1 {
				t.Errorf("server %d sent %d guilds, want %d", i, got, i+1)
			}
		})
	}
	wg.Wait()
}

// Close ends open connections, whatever the clients do, and can be repeated.
func TestCloseWithOpenConnections(t *testing.T) {
	t.Parallel()
	s, err := discordtest.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	s.Behave(discordtest.Behavior{HelloDelay: time.Hour, Times: 1})
	slow := dialGateway(t, s)
	ready := dialGateway(t, s)
	ready.expectOp(10)
	ready.identify(0, 1)
	ready.expectOp(0)
	s.Delay("", "", time.Hour)
	sess := newSession(t, s, 0, 1)
	rest := make(chan error, 1)
	go func() {
		_, err := sess.User("@me")
		rest <- err
	}()
	waiting := make(chan error, 1)
	go func() {
		_, err := s.WaitConn(context.Background(), 5)
		waiting <- err
	}()
	eventually(t, "both are connected", func() bool { return len(s.Conns()) == 2 })
	start := time.Now()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	wg.Wait()
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("Close took %v", d)
	}
	if err := <-waiting; !errors.Is(err, discordtest.ErrClosed) {
		t.Errorf("WaitConn: %v, want ErrClosed", err)
	}
	if err := <-rest; err != nil { // with an error or an answer: it only has to return
		t.Logf("the request that was held back: %v", err)
	}
	if slow.readClose() == 0 || ready.readClose() == 0 {
		t.Error("a connection is still open")
	}
	if len(s.Conns()) != 0 {
		t.Errorf("%d connections after Close", len(s.Conns()))
	}
	if _, err := sess.User("@me"); err == nil {
		t.Error("REST answers after Close")
	}
}

func TestSnowflakes(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(1000))
	at := time.Date(2024, 5, 6, 7, 8, 9, int(123*time.Millisecond), time.UTC)
	seen := map[string]bool{}
	for range 10_000 {
		id := s.NewID(at)
		if seen[id] {
			t.Fatalf("id %s twice", id)
		}
		seen[id] = true
		if got, err := discordtest.SnowflakeTime(id); err != nil || !got.Equal(at) {
			t.Fatalf("id %s is of %v, %v; want %v", id, got, err, at)
		}
	}
	if got, err := discordtest.SnowflakeTime(discordtest.Snowflake(at)); err != nil || !got.Equal(at) {
		t.Errorf("Snowflake: %v, %v", got, err)
	}
	if _, err := discordtest.SnowflakeTime("x"); err == nil {
		t.Error("x is a snowflake")
	}
	for _, shards := range []int{1, 2, 3, 4, 5, 7, 16} {
		total := 0
		for shard := range shards {
			n := s.Census(shard, shards).Guilds
			total += n
			if n < 1000/shards || n > 1000/shards+1 {
				t.Errorf("shard %d of %d has %d of 1000 guilds", shard, shards, n)
			}
		}
		if total != 1000 {
			t.Errorf("%d shards have %d guilds", shards, total)
		}
	}
}

func TestNothingPrintsTokens(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithToken("top-secret"))
	sess := newSession(t, s, 0, 1)
	c := open(t, s, sess)
	p := s.Interaction(discordtest.ApplicationCommand, time.Now(), "ping", discordtest.WithID("1", "interaction-secret"))
	r := discordtest.Request{Method: "POST", Path: "/interactions/1/interaction-secret/callback", Pattern: "/interactions/{id}/{token}/callback"}
	for _, text := range []string{fmt.Sprintf("%+v", c.Identify()), p.String(), fmt.Sprint(p), fmt.Sprint(r)} {
		if strings.Contains(text, "secret") {
			t.Errorf("a token is in %q", text)
		}
	}
}
