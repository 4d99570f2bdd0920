package e2e

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A host runs processes of examples/clustered, each against a fake Discord of its own, with two shards each.
type host struct {
	program   string
	processes int
}

const shardsPerExample = 2

func newHost(t testing.TB, processes int) host {
	t.Helper()
	return host{goBuild(t, toolSet(t).Root(), "./examples/clustered"), processes}
}

// start starts the process of a number. It identifies with max_concurrency 1: five seconds pass between its shards.
func (h host) start(t testing.TB, n int, env ...string) *process {
	t.Helper()
	return launch(t, fmt.Sprint("clustered-", n), h.program, append([]string{
		"CLUSTER_ID=" + strconv.Itoa(n), "SHARDS_PER_CLUSTER=" + strconv.Itoa(shardsPerExample),
		"SHARD_COUNT=" + strconv.Itoa(h.processes*shardsPerExample), "ARGUS_HOST=127.0.0.1",
	}, env...), "-demo")
}

// connected waits until the process says that its shards are.
func (h host) connected(t testing.TB, p *process) {
	t.Helper()
	last := fmt.Sprintf("is connected, %d of %d", shardsPerExample, shardsPerExample)
	eventually(t, p.name+" has connected its shards", 30*time.Second, func() (bool, string) {
		if p.ended() {
			t.Fatalf("%s has ended: %v\n%s", p.name, p.err, tail(p.logged(), 20))
		}
		return strings.Contains(p.logged(), last), tail(p.logged(), 3)
	})
}

// freePorts finds so many free ports in a row.
func freePorts(t testing.TB, n int) (first int) {
	t.Helper()
search:
	for range 100 {
		_, port, err := net.SplitHostPort(freeAddr(t))
		if err != nil {
			t.Fatal(err)
		}
		if first, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
		for p := first; p < first+n; p++ {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
			if err != nil {
				continue search
			}
			_ = l.Close()
		}
		return first
	}
	t.Fatalf("there are no %d free ports in a row", n)
	return 0
}

// TestSharedHost: processes of one host take a port each, from one setting that is the same for all, and Prometheus scrapes each.
func TestSharedHost(t *testing.T) {
	t.Parallel()
	h := newHost(t, 3)
	base := freePorts(t, h.processes)
	var targets []any
	for n := range h.processes {
		p := h.start(t, n, "ARGUS_PORT_BASE="+strconv.Itoa(base))
		target := net.JoinHostPort("127.0.0.1", strconv.Itoa(base+n))
		targets = append(targets, target)
		p.reachable("http://"+target+"/readyz", nil)
	}
	p := startPrometheus(t, "prometheus", deployConfig(t, "static.yml", discovery(t, "static_configs", func(sd map[string]any) { sd["targets"] = targets })))
	p.waitValue("count(up == 1)", float64(h.processes), 30*time.Second)
	p.waitValue("count(discord_shard_up == 1)", float64(h.processes*shardsPerExample), 30*time.Second)
	for n, target := range targets {
		if v, ok := p.value(fmt.Sprintf(`count(discord_shard_up{cluster="%d",instance=%q} == 1)`, n, target)); !ok || v != shardsPerExample {
			t.Errorf("%s has %v shards (%v) of the cluster %d, want %d", target, v, ok, n, shardsPerExample)
		}
	}
	if v, ok := p.value("count(count by (shard) (discord_shard_up))"); !ok || v != float64(h.processes*shardsPerExample) {
		t.Errorf("there are %v shards (%v), want %d", v, ok, h.processes*shardsPerExample)
	}
}

// TestPortTakenTwice: of two processes with one port, the second says so and what to do, runs on without its page, and has it as soon as the
// first has ended.
func TestPortTakenTwice(t *testing.T) {
	t.Parallel()
	h := newHost(t, 2)
	addr := freeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	page := "http://" + addr + "/metrics"
	first := h.start(t, 0, "ARGUS_PORT="+port)
	first.reachable(page, nil)
	second := h.start(t, 1, "ARGUS_PORT="+port)
	h.connected(t, second)
	for _, text := range []string{
		"cannot listen on " + addr, "address already in use", "give each process of a host its own port with ARGUS_PORT",
		"the bot keeps running without its pages, and the server keeps retrying",
	} {
		if !strings.Contains(second.logged(), text) {
			t.Errorf("the log of the second process does not say %q:\n%s", text, tail(second.logged(), 20))
		}
	}
	cluster := func() (string, string) {
		_, body, err := get(t.Context(), page, nil)
		for n := range h.processes {
			if strings.Contains(body, fmt.Sprintf(`argus_up{cluster="%d"} 1`, n)) {
				return strconv.Itoa(n), ""
			}
		}
		return "", fmt.Sprint(err, " ", len(body), " bytes")
	}
	if c, saw := cluster(); c != "0" {
		t.Errorf("while both run the page is that of the cluster %q, want 0; %s", c, saw)
	}
	first.stop()
	took := eventually(t, "the second process has the page", time.Minute, func() (bool, string) {
		c, saw := cluster()
		return c == "1", saw
	})
	t.Logf("the second process has the page %v after the first has ended", took.Round(100*time.Millisecond))
	h.connected(t, second)
}
