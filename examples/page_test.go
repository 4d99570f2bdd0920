package examples_test

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// get fetches a page, over a connection of its own.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error() // not yet there
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	return response.StatusCode, string(text)
}

// series are the values of one scrape or push, by name{label="value",…}.
type series map[string]float64

var sampleRE = regexp.MustCompile(`^([a-z_]+\{[^}]*\}) (\S+)$`)

// scrape reads the page of a process. It is empty as long as there is none.
func scrape(t *testing.T, url string) series {
	t.Helper()
	found := series{}
	status, body := get(t, url)
	if status != http.StatusOK {
		return found
	}
	for line := range strings.Lines(body) {
		if m := sampleRE.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			value, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				t.Fatalf("GET %s: %q: %v", url, line, err)
			}
			found[m[1]] = value
		}
	}
	return found
}

// sum adds up the series of a metric that have all the labels, each given as name="value".
func (s series) sum(metric string, labels ...string) (total float64, n int) {
	for key, value := range s {
		name, rest, _ := strings.Cut(key, "{")
		if name != metric || slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(rest, l) }) {
			continue
		}
		total += value
		n++
	}
	return total, n
}

// missing says which of the signs of a bot at work is not there yet.
func (s series) missing(cluster string, shards ...int) string {
	label := fmt.Sprintf("cluster=%q", cluster)
	for _, id := range shards {
		if up, n := s.sum("discord_shard_up", label, fmt.Sprintf("shard=%q", strconv.Itoa(id))); up != 1 || n != 1 {
			return fmt.Sprintf("discord_shard_up of shard %d of cluster %s", id, cluster)
		}
	}
	for _, want := range [][]string{
		{"discord_interactions_total", `type="application_command"`, `status="received"`},
		{"discord_app_commands_total", `command="ping"`, `status="success"`},
		{"discord_commands_total", `command="ping"`, `status="success"`},
	} {
		if count, _ := s.sum(want[0], append(want[1:], label)...); count == 0 {
			return fmt.Sprintf("%s of cluster %s", want, cluster)
		}
	}
	return ""
}

// check is for what must never be there: another cluster, another shard, a command that failed.
func (s series) check(t *testing.T, cluster string, shards ...int) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if strings.HasPrefix(key, "discord_") && !strings.Contains(key, fmt.Sprintf("cluster=%q", cluster)) {
			t.Errorf("%s is not of cluster %q", key, cluster)
		}
	}
	if up, n := s.sum("discord_shard_up"); int(up) != len(shards) || n != len(shards) {
		t.Errorf("discord_shard_up has %d series, %v of them up, want those of shards %v alone", n, up, shards)
	}
	for _, metric := range []string{"discord_app_commands_total", "discord_commands_total"} {
		if failed, _ := s.sum(metric, `status="error"`); failed != 0 {
			t.Errorf("%s: %v commands have failed", metric, failed)
		}
	}
	if faults, _ := s.sum("argus_instrumentation_errors_total"); faults != 0 {
		t.Errorf("argus_instrumentation_errors_total is %v", faults)
	}
}

// freePorts returns ports that were free a moment ago.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	return ports
}

// freeRow is the first of n ports in a row that are free. It is below those that the system gives to connections.
func freeRow(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		first := 20_000 + rand.IntN(10_000)
		if allFree(t, first, n) {
			return first
		}
	}
	t.Fatalf("no %d free ports in a row", n)
	return 0
}

func allFree(t *testing.T, first, n int) bool {
	t.Helper()
	for port := first; port < first+n; port++ {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		defer l.Close()
	}
	return true
}
