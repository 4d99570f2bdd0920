package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/bottest"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/credential"
)

func bearer(t *testing.T, token string) Access {
	t.Helper()
	c, err := credential.Token(token)
	if err != nil {
		t.Fatal(err)
	}
	return Access{Credential: c}
}

func TestMain(m *testing.M) {
	if err := bottest.ClearEnv(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

const token = "planted-token"

// TestPage reads the page of a real process, under another namespace.
func TestPage(t *testing.T) {
	discord := bottest.Discord(t, discordtest.WithShards(8), discordtest.WithSessionStartLimit(1000, 700, time.Hour))
	bot := bottest.Start(t, discord, "127.0.6.1:0", "a", []int{4, 5}, 8, argus.WithNamespace("mybot"), argus.WithAuthToken(token))
	bot.Dial(t, discord)
	began := time.Now()
	page, err := NewClient("/metrics", bearer(t, token)).Page(t.Context(), bot.Addr())
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Processes) != 1 {
		t.Fatalf("%d processes", len(page.Processes))
	}
	p := page.Processes[0]
	if p.Cluster != "a" || !reflect.DeepEqual(p.Shards, map[int]bool{4: false, 5: false}) || p.ShardCount != 8 || p.Argus != instrument.Version() ||
		!strings.HasPrefix(p.Discordgo, "v") || p.Budget != nil || p.Late != nil || p.Down != nil {
		t.Errorf("%+v", p)
	}
	if page.Within < 500*time.Millisecond || page.Within > 500*time.Millisecond+took || page.Clock.Abs() > page.Within {
		t.Errorf("the clock is off by %v, within %v", page.Clock, page.Within)
	}
	if _, err := bot.Sessions[0].GatewayBot(); err != nil {
		t.Fatal(err)
	}
	page, err = NewClient("/metrics", bearer(t, token)).Page(t.Context(), bot.Addr())
	if err != nil {
		t.Fatal(err)
	}
	b := page.Processes[0].Budget
	if b == nil || b.Remaining != 700 || b.Total != 1000 || b.Concurrency < 1 || time.Until(b.Reset) > time.Hour || time.Until(b.Reset) < 50*time.Minute {
		t.Errorf("the budget is %+v", b)
	}
	for given, want := range map[string]error{"": ErrNeedsToken, "other": ErrWrongToken} {
		if _, err := NewClient("/metrics", bearer(t, given)).Page(t.Context(), bot.Addr()); !errors.Is(err, want) {
			t.Errorf("with the token %q: %v, want %v", given, err, want)
		}
	}
}

// TestPageOfTwoBots: two Arguses that share a page are two processes, whose clusters have one name.
func TestPageOfTwoBots(t *testing.T) {
	registry := client.NewRegistry()
	shared := argus.WithRegistry(registry, registry)
	discord := bottest.Discord(t)
	music := bottest.Start(t, discord, "127.0.6.2:0", "a", []int{0}, 1, shared, argus.WithBot("music"), argus.WithRegion("eu"), argus.WithServiceName("jukebox"),
		argus.WithResourceAttributes(attribute.String("service.namespace", "fun")))
	music.Dial(t, discord)
	mod := bottest.Start(t, discord, "127.0.6.3:0", "a", []int{0, 1}, 2, shared, argus.WithBot("mod"))
	page, err := NewClient("/metrics", Access{}).Page(t.Context(), mod.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Processes) != 2 {
		t.Fatalf("%d processes", len(page.Processes))
	}
	first, second := page.Processes[0], page.Processes[1]
	if first.Bot != "mod" || first.Cluster != "a" || first.Region != "" || first.Service != "discord-bot" || len(first.Shards) != 0 || first.Unopened != 2 || first.ShardCount != 2 {
		t.Errorf("%+v", first)
	}
	if second.Bot != "music" || second.Cluster != "a" || second.Region != "eu" || second.Service != "fun/jukebox" || len(second.Shards) != 1 || second.Unopened != 0 || second.ShardCount != 1 {
		t.Errorf("%+v", second)
	}
	if first.Instance == "" || first.Instance == second.Instance {
		t.Errorf("the instances are %q and %q", first.Instance, second.Instance)
	}
}

// TestOthers: what is not Argus' page is recognized, and the token is sent nowhere else.
func TestOthers(t *testing.T) {
	var leaked atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked.Store(leaked.Load() || r.Header.Get("Authorization") != "")
	}))
	defer elsewhere.Close()
	t.Setenv("HTTP_PROXY", elsewhere.URL)
	for want, handler := range map[string]http.HandlerFunc{
		"redirect (status 302)":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"returned status 500":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"not a metrics page":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"it has no argus_up":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("go_goroutines 3\n")) },
		"longer than 1000 bytes": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1001)) },
		"the response ended early": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("argus_up 1\n"))
		},
	} {
		t.Run(want, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			client := NewClient("/metrics", bearer(t, token))
			client.most = 1000
			_, err := client.Page(t.Context(), strings.TrimPrefix(server.URL, "http://"))
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
	t.Run("a long answer that is wrong", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+strings.Repeat("x", 5000)+"\r\n\r\n")
			_ = conn.Close()
		}))
		defer server.Close()
		_, err := NewClient("/metrics", bearer(t, token)).Page(t.Context(), strings.TrimPrefix(server.URL, "http://"))
		if err == nil || !strings.Contains(err.Error(), "transfer encoding") || len(err.Error()) > 400 {
			t.Errorf("%v, want net/http's words, cut", err)
		}
	})
	for name, greets := range map[string]bool{"no HTTP": false, "no HTTP, and it speaks first": true} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.6.2:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				if greets {
					_, _ = conn.Write([]byte("SSH-2.0-OpenSSH\r\n"))
				}
				_, _ = conn.Read(make([]byte, 4096))
				if !greets {
					_, _ = conn.Write([]byte("-ERR unknown command\r\n"))
				}
			}()
			if _, err := NewClient("/metrics", Access{}).Page(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "does not speak HTTP") {
				t.Errorf("%v", err)
			}
			<-done
		})
	}
	t.Run("gone while it is asked", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.6.2:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if conn, err := l.Accept(); err == nil {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				cancel()
				<-t.Context().Done()
			}
		}()
		if _, err := NewClient("/metrics", Access{}).Page(ctx, l.Addr().String()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want %v", err, context.Canceled)
		}
	})
	if leaked.Load() {
		t.Error("the token was sent to where a redirect, or a proxy, leads")
	}
	if text := fmt.Sprintf("%v %+v %#v", NewClient("/", bearer(t, token)), *NewClient("/", bearer(t, token)), *NewClient("/", bearer(t, token))); strings.Contains(text, token) {
		t.Errorf("the token is printed: %s", text)
	}
}

// TestPages: no more requests at a time than Concurrency, and none once the time is over.
func TestPages(t *testing.T) {
	var now, most atomic.Int64
	enough := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		if n > most.Load() {
			most.Store(n)
		}
		if n == Concurrency {
			close(enough)
		}
		<-enough
	}))
	defer server.Close()
	addresses := make([]string, 2*Concurrency)
	for i := range addresses {
		addresses[i] = strings.TrimPrefix(server.URL, "http://")
	}
	results := NewClient("/metrics", Access{}).Pages(t.Context(), addresses)
	if most.Load() != Concurrency || len(results) != len(addresses) {
		t.Errorf("%d requests at a time, %d results", most.Load(), len(results))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range NewClient("/metrics", Access{}).Pages(ctx, addresses) {
		if r.Err == nil || r.Address != addresses[0] {
			t.Fatalf("%+v", r)
		}
	}
}

func TestReadToken(t *testing.T) {
	for content, want := range map[string]string{"abc==": "abc==", "abc\r\n": "abc", "": "", "planted secret": "", strings.Repeat("a", 65<<10): ""} {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadToken(path)
		request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		got.Set(request)
		if sent := strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer "); sent != want || (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("%.20q: %q, %v", content, sent, err)
		}
	}
}

// FuzzParse: a page of anybody's does no harm.
func FuzzParse(f *testing.F) {
	f.Add([]byte("argus_up{cluster=\"a\"} 1\nmybot_bot_info{argus_version=\"v1\",cluster=\"a\"} 1\nmybot_shard_up{cluster=\"a\",shard=\"3\"} 1\n"))
	f.Add([]byte("# TYPE argus_up histogram\nargus_up_bucket{le=\"1\"} 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		page, err := parse(text)
		if (err == nil) != (page != nil) || page != nil && len(page.Processes) == 0 {
			t.Errorf("%+v %v", page, err)
		}
	})
}
