package fleet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/ingest"
)

// connect opens a connection that lasts as long as the test.
func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// trickle sends a push that never ends, byte by byte, until the fleet hangs up.
func trickle(t *testing.T, addr string) {
	conn := connect(t, addr)
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: fleet\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000000\r\n\r\n", ingest.Path); err != nil {
		t.Error(err)
		return
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-t.Context().Done():
			return
		case <-tick.C:
			if _, err := conn.Write([]byte{0}); err != nil {
				return
			}
		}
	}
}

// TestSlowMembers: processes are served while others hold a thousand connections that say
// nothing, or push byte by byte, over each protocol. A connection that says nothing is
// closed.
func TestSlowMembers(t *testing.T) {
	p := start(t)
	var silent []net.Conn
	for _, addr := range []string{p.OTLPGRPC(), p.OTLPHTTP(), p.Addr()} {
		for range 333 {
			silent = append(silent, connect(t, addr))
		}
	}
	var slow sync.WaitGroup
	t.Cleanup(slow.Wait)
	for range 32 {
		slow.Go(func() { trickle(t, p.OTLPHTTP()) })
	}
	discord := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(4))
	push(t, p.OTLPGRPC())
	newBot(t, discord, "grpc", 1, 2, 0)
	push(t, p.OTLPHTTP(), "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	newBot(t, discord, "http", 1, 2, 1)
	expect.Eventually(t, "both to be up", func() bool { return p.overview(t).Totals.Shards.Up == 2 })
	if code := p.get(t, "/api/fleet/v1/overview", nil); code != http.StatusOK {
		t.Errorf("a viewer gets %d", code)
	}
	for _, n := range []int{0, 333, 666} { // one of each address; gRPC's own limit is two minutes
		if err := silent[n].SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, silent[n]); err != nil {
			t.Errorf("a connection that says nothing is not closed: %v", err)
		}
	}
}

// TestHeaderFlood: a request with more headers than there is room for is refused.
func TestHeaderFlood(t *testing.T) {
	p := start(t)
	flood := strings.Repeat("x", 64<<10)
	for _, addr := range []string{p.OTLPHTTP(), p.Addr()} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Flood", flood)
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s answers %d", addr, response.StatusCode)
		}
	}
	conn, err := grpc.NewClient(p.OTLPGRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := pmetricotlp.NewGRPCClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), expect.Patience)
	defer cancel()
	// The client may know the limit, and not send.
	if _, err := client.Export(grpcmetadata.AppendToOutgoingContext(ctx, "x-flood", flood), pmetricotlp.NewExportRequest()); err == nil || status.Code(err) == codes.DeadlineExceeded {
		t.Errorf("over gRPC: %v", err)
	}
	if _, err := client.Export(ctx, pmetricotlp.NewExportRequest()); err != nil {
		t.Errorf("over gRPC without it: %v", err)
	}
}

// TestManyViewers: a thousand viewers at once get the same overview, which is made once.
func TestManyViewers(t *testing.T) {
	p := start(t)
	discord := newDiscord(t, discordtest.WithShards(1), discordtest.WithGuilds(2))
	push(t, p.OTLPGRPC())
	newBot(t, discord, "0", 1, 1, 0)
	expect.Eventually(t, "the bot", func() bool { return cluster(p.overview(t), "0").State == "up" })
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	const viewers = 1000
	tags := make(chan string, viewers)
	begin := make(chan struct{})
	for range viewers {
		go func() {
			<-begin
			tags <- func() string {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Addr()+"/api/fleet/v1/overview", http.NoBody)
				if err != nil {
					return err.Error()
				}
				response, err := client.Do(r)
				if err != nil {
					return err.Error()
				}
				defer response.Body.Close()
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					return err.Error()
				}
				return response.Status + " " + response.Header.Get("ETag")
			}()
		}()
	}
	close(begin)
	saw := map[string]int{}
	for range viewers {
		saw[<-tags]++
	}
	for tag, n := range saw {
		if !strings.HasPrefix(tag, "200 OK \"") || len(saw) > 2 { // one is made anew after 5 s
			t.Errorf("%d viewers got %s", n, tag)
		}
	}
}
