package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ownMetrics is the page of the Collector's own metrics.
func (c *collector) ownMetrics() string {
	c.t.Helper()
	status, page, err := get(c.t.Context(), "http://"+c.telemetry+"/metrics", nil)
	if err != nil || status != 200 {
		c.t.Fatalf("the Collector's own metrics: %d %v", status, err)
	}
	return page
}

// TestOwnMetrics: each metric of the Collector that a file or README.md names is on its page under that name, once a bot has pushed.
func TestOwnMetrics(t *testing.T) {
	t.Parallel()
	c, p := writing(t)
	startBot(t, "own-metrics", 1, pushTo(c.grpc))
	p.waitValue(`count(argus_up{cluster="own-metrics"})`, 1, 15*time.Second)
	page := c.ownMetrics()
	named := map[string]string{} // metric: file
	for _, file := range append(yamlFiles(t), filepath.Join(moduleDir(t), "README.md")) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\botelcol_\w+`).FindAllString(string(raw), -1) {
			named[name] = filepath.Base(file)
		}
	}
	if len(named) < 3 {
		t.Errorf("only %v are named", named)
	}
	for name, file := range named {
		if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).MatchString(page) {
			t.Errorf("%s names %s, which is not on the Collector's page", file, name)
		}
	}
}

// TestMemoryLimiter: a Collector that is short of memory refuses what bots push, says so among its own metrics, and nothing that was
// counted is lost once it takes it again.
func TestMemoryLimiter(t *testing.T) {
	t.Parallel()
	p := startPrometheus(t, "prometheus", promConfigOfWrites(t), takesRemoteWrite)
	// With a limit of 1 MiB it has always too little.
	c := startCollector(t, map[string]string{
		"PROMETHEUS_REMOTE_WRITE_URL": p.remoteWriteURL(), "OTELCOL_MEMORY_LIMIT_MIB": "1", "OTELCOL_MEMORY_SPIKE_MIB": "0",
	}, remoteWrite)
	b := startBot(t, "memory", 1, pushTo(c.grpc))
	b.interact(20)
	eventually(t, "a line in the bot's log", 20*time.Second, func() (bool, string) { return len(b.lines("level=WARN")) > 0, b.log.String() })
	if line := b.lines("level=WARN")[0]; !strings.Contains(line, "memory") || !strings.Contains(line, c.grpc) {
		t.Errorf("the bot's log does not say that the Collector at %s has too little memory: %s", c.grpc, line)
	}
	if refused := refusedPoints(t, c.ownMetrics()); refused == 0 {
		t.Error("the Collector does not count what it refuses")
	}
	c.kill()
	c.env = append(c.env, "OTELCOL_MEMORY_LIMIT_MIB=800", "OTELCOL_MEMORY_SPIKE_MIB=160") // of two values the last one counts
	c.start()
	c.healthy()
	b.interact(5)
	p.waitValue(`sum(discord_interactions_total{cluster="memory"})`, float64(b.sent), back)
	if refused := refusedPoints(t, c.ownMetrics()); refused != 0 {
		t.Errorf("the Collector still refuses: %v points", refused)
	}
}

func refusedPoints(t *testing.T, page string) (sum float64) {
	t.Helper()
	for _, sample := range regexp.MustCompile(`(?m)^otelcol_receiver_refused_metric_points\{[^}]*\} (\S+)$`).FindAllStringSubmatch(page, -1) {
		v, err := strconv.ParseFloat(sample[1], 64)
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", sample[0], err))
		}
		sum += v
	}
	return sum
}
