package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/argus-dgo/argus"
)

// A fleetServer is a real argus-fleet, with tokens of its own.
type fleetServer struct {
	*process
	addr          string
	otlp, grpc    string // addresses for OTLP over HTTP and gRPC
	data          string
	ingest, views string // tokens
}

// buildFleet builds argus-fleet.
func buildFleet(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "argus-fleet")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/argus-fleet") // as `make fleet`, whose objects it finds
	build.Dir = filepath.Join(toolSet(t).Root(), "fleet")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func startFleet(t testing.TB, program, name string, flags ...string) *fleetServer {
	t.Helper()
	dir := t.TempDir()
	f := &fleetServer{
		addr: freeAddr(t), otlp: freeAddr(t), grpc: freeAddr(t), data: filepath.Join(dir, "data"),
		ingest: "ingest-token-of-" + name, views: "viewer-token-of-" + name,
	}
	ingest, views := filepath.Join(dir, "ingest"), filepath.Join(dir, "viewer")
	write(t, ingest, []byte(f.ingest+"\n"))
	write(t, views, []byte(f.views+"\n"))
	f.process = launch(t, name, program, nil, append([]string{
		"--addr", f.addr, "--otlp-grpc-addr", f.grpc, "--otlp-http-addr", f.otlp, "--data", f.data, "--ingest-token-file", ingest, "--viewer-token-file", views,
	}, flags...)...)
	f.ready()
	return f
}

func (f *fleetServer) ready() {
	f.t.Helper()
	f.reachable("http://"+f.addr+"/readyz", nil)
}

// ask decodes a document of the fleet.
func (f *fleetServer) ask(path string, into any) error {
	status, body, err := get(f.t.Context(), "http://"+f.addr+path, http.Header{"Authorization": {"Bearer " + f.views}})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%d %s", status, body)
	}
	return json.Unmarshal([]byte(body), into)
}

// query decodes the fleet's answer to an expression as of now.
func (f *fleetServer) query(expr string, into any) error {
	return f.ask("/api/v1/query?query="+url.QueryEscape(expr), into)
}

// clusters are the states of all clusters in the overview, and what they have.
func (f *fleetServer) clusters() string {
	var overview struct {
		Clusters []struct {
			Cluster, State string
			Shards         struct{ Up, Total int }
			Guilds         *int
		}
	}
	if err := f.ask("/api/fleet/v1/overview", &overview); err != nil {
		return err.Error()
	}
	text := ""
	for _, c := range overview.Clusters {
		guilds := "?"
		if c.Guilds != nil {
			guilds = strconv.Itoa(*c.Guilds)
		}
		text += fmt.Sprintf("%s is %s with %d of %d shards and %s guilds. ", c.Cluster, c.State, c.Shards.Up, c.Shards.Total, guilds)
	}
	return text
}

// samples is the number of samples of a series between two times.
func (f *fleetServer) samples(series string, from, to time.Time) int {
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	window := int(to.Sub(from).Seconds())
	expr := fmt.Sprintf("sum(count_over_time(%s[%ds] @ %d))", series, window, to.Unix())
	if err := f.query(expr, &answer); err != nil || len(answer.Data.Result) != 1 {
		return -1
	}
	n, err := strconv.Atoi(fmt.Sprint(answer.Data.Result[0].Value[1]))
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// TestTwoFleets: two fleets that know nothing of one another have the same of bots whose pushes a Collector sends to both. While one is
// away, the other goes on; when it comes back, it has what it missed; one that has lost its disk sees everybody with the next pushes.
func TestTwoFleets(t *testing.T) {
	t.Parallel()
	program := buildFleet(t)
	a, b := startFleet(t, program, "fleet-a"), startFleet(t, program, "fleet-b")
	c := startCollector(t, map[string]string{
		"FLEET_A_ENDPOINT": "http://" + a.otlp, "FLEET_A_AUTHORIZATION": "Bearer " + a.ingest,
		"FLEET_B_ENDPOINT": "http://" + b.otlp, "FLEET_B_AUTHORIZATION": "Bearer " + b.ingest,
	}, fleets)
	startBot(t, "0", 2, pushTo(c.grpc))
	startBot(t, "1", 2, pushTo(c.grpc), argus.WithBot("moderation"))
	const all = "0 is up with 2 of 2 shards and 4 guilds. 1 is up with 2 of 2 shards and 4 guilds. "
	see := func(f *fleetServer) {
		t.Helper()
		eventually(t, f.name+" sees all", 2*time.Minute, func() (bool, string) { saw := f.clusters(); return saw == all, saw })
	}
	see(a)
	see(b)
	a.answersDashboards()

	const series = `discord_shard_up{shard="0"}`
	away := time.Now()
	a.kill()
	eventually(t, "fleet-b goes on", 2*time.Minute, func() (bool, string) {
		n := b.samples(series, away, time.Now())
		return n >= 10, fmt.Sprint(n, " samples since then")
	})
	see(b)
	back := time.Now()
	a.start()
	a.ready()
	see(a)
	eventually(t, "fleet-a has what it missed", 2*time.Minute, func() (bool, string) {
		has, want := a.samples(series, away, back), b.samples(series, away, back)
		return want >= 10 && has == want, fmt.Sprintf("%d samples of %d", has, want)
	})

	b.stop()
	if err := os.RemoveAll(b.data); err != nil {
		t.Fatal(err)
	}
	b.start()
	b.ready()
	see(b)
}
