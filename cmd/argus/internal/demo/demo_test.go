package demo

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// small are flags of a demo that starts and ends quickly.
func small(more ...string) []string {
	return append([]string{"--shards", "2", "--guilds", "6", "--rate", "100"}, more...)
}

func TestIntroductionNamesPagesThatAnswer(t *testing.T) {
	t.Parallel()
	r := begin(t, small("--addr", "127.0.0.1:0")...)
	r.ready(t)
	for _, kind := range []string{"metrics", "healthz", "readyz"} {
		urls := r.pages(kind)
		if len(urls) != 1 {
			t.Fatalf("the introduction names the %s pages %v, want one", kind, urls)
		}
		r.until(t, urls[0]+" to answer 200", func() bool {
			status, _, err := get(t, urls[0])
			return err == nil && status == http.StatusOK
		})
	}
	r.until(t, "a status line", r.wrote("2 of 2 shards up"))
	r.end(t)
	if !strings.Contains(r.out.String(), "  ended: ") {
		t.Error("the demo does not say what there was in all")
	}
	checkSecrets(t, r.out.String())
	if _, _, err := get(t, r.pages("healthz")[0]); err == nil {
		t.Error("the server answers after the end")
	}
}

// A process can be one of those that the shards are split among, and no more.
func TestOneOfTheProcesses(t *testing.T) {
	t.Parallel()
	r := begin(t, "--shards", "3", "--guilds", "12", "--rate", "100", "--processes", "2", "--process", "1", "--cluster", "blue",
		"--addr", "127.0.0.1:0")
	r.ready(t)
	if !r.wrote("This is process 1 of 2, counted from 0, with shards 1 to 2.")() || !r.wrote("ready: 2 shards up")() {
		t.Error("the introduction does not say which process it is")
	}
	urls := r.pages("metrics")
	if len(urls) != 1 {
		t.Fatalf("the introduction names %v, want one page", urls)
	}
	families := parsePage(t, mustGet(t, urls[0]))
	checkSeries(t, families, "blue-1")
	var shards []string
	for _, m := range families["discord_shard_up"].GetMetric() {
		shards = append(shards, labels(m)["shard"])
	}
	if slices.Sort(shards); !slices.Equal(shards, []string{"1", "2"}) || total(families["discord_bot_shards"]) != 3 {
		t.Errorf("it has the shards %v of %v, want 1 and 2 of 3", shards, total(families["discord_bot_shards"]))
	}
	r.until(t, "events", func() bool { return r.demo.traffic.Stats().Total() > 50 })
	st := &stage{demo: r.demo, rng: r.demo.random(0)}
	if order := st.shardOrder(); !slices.Equal(slices.Sorted(slices.Values(order)), []int{1, 2}) || !slices.Equal(order, st.shardOrder()) {
		t.Errorf("a scenario would play on the shards %v", order)
	}
	r.until(t, "a status line", r.wrote(" of 2 shards up"))
}

func TestClusters(t *testing.T) {
	const guilds = 12
	port := consecutivePorts(t, 2)
	r := begin(t, "--shards", "3", "--guilds", strconv.Itoa(guilds), "--rate", "100", "--processes", "2", "--cluster", "blue",
		"--addr", "127.0.0.1:"+strconv.Itoa(port))
	r.ready(t)
	urls := r.pages("metrics")
	if len(urls) != 2 {
		t.Fatalf("the introduction names %v, want two pages", urls)
	}
	live := r.pages("page")
	if first := fmt.Sprintf("Live page: http://127.0.0.1:%d/", port); !strings.HasPrefix(r.out.String(), first+"\n") {
		t.Errorf("the introduction does not begin with %q", first)
	}
	shards := [][]string{{"0"}, {"1", "2"}}
	for i, url := range urls {
		if want := fmt.Sprintf("http://127.0.0.1:%d/", port+i); len(live) != 2 || live[i] != want {
			t.Errorf("the live pages are %v, want %s", live, want)
		}
		if want := fmt.Sprintf("http://127.0.0.1:%d/metrics", port+i); url != want {
			t.Errorf("cluster %d is at %s, want %s", i, url, want)
		}
		cluster := fmt.Sprintf("blue-%d", i)
		page := mustGet(t, url)
		families := parsePage(t, page)
		checkSeries(t, families, cluster)
		if got := len(families["discord_shard_up"].GetMetric()); got != len(shards[i]) {
			t.Errorf("%s has %d shards, want %v", cluster, got, shards[i])
		}
		for _, shard := range shards[i] {
			if line := fmt.Sprintf("discord_shard_up{cluster=%q,shard=%q}", cluster, shard); !strings.Contains(page, "\n"+line) {
				t.Errorf("%s has no series %s", cluster, line)
			}
		}
		for line, want := range map[string]float64{"discord_bot_shards": 3, "discord_shards_configured": float64(len(shards[i]))} {
			if got := total(families[line]); got != want {
				t.Errorf("%s: %s is %v, want %v", cluster, line, got, want)
			}
		}
	}
	// The guilds are split among them: some come and go, none is in both.
	r.until(t, "the clusters to have all guilds together", func() bool {
		sum := 0.0
		for _, url := range urls {
			n := total(parsePage(t, mustGet(t, url))["discord_guilds"])
			if n == 0 || n == guilds {
				return false
			}
			sum += n
		}
		return sum >= guilds && sum <= guilds+2
	})
}

func TestEnvironmentAppliesAndFlagsWin(t *testing.T) {
	port := consecutivePorts(t, 1)
	t.Setenv("ARGUS_HOST", "127.0.0.1")
	t.Setenv("ARGUS_PORT", strconv.Itoa(port))
	t.Setenv("ARGUS_CLUSTER_ID", "of-the-environment")
	t.Setenv("ARGUS_NAMESPACE", "mybot")
	t.Setenv("ARGUS_METRICS_PATH", "/numbers")
	t.Run("environment", func(t *testing.T) {
		r := begin(t, small()...)
		url := r.pages("metrics")[0]
		if want := fmt.Sprintf("http://127.0.0.1:%d/numbers", port); url != want {
			t.Fatalf("the page is at %s, want %s", url, want)
		}
		if page := mustGet(t, url); !strings.Contains(page, "\nmybot_bot_shards{cluster=\"of-the-environment\"} 2\n") {
			t.Errorf("the environment does not apply:\n%s", page)
		}
		if strings.Contains(r.out.String(), "discord_") || !r.wrote("^mybot_app_commands_total")() {
			t.Error("the introduction names metrics that this namespace does not have")
		}
	})
	t.Run("flags", func(t *testing.T) {
		r := begin(t, small("--addr", "localhost:0", "--cluster", "of-the-flag")...)
		url := r.pages("metrics")[0]
		if strings.Contains(url, ":"+strconv.Itoa(port)+"/") {
			t.Errorf("the page is at %s: ARGUS_PORT won over --addr", url)
		}
		if page := mustGet(t, url); !strings.Contains(page, "\nmybot_bot_shards{cluster=\"of-the-flag\"} 2\n") {
			t.Errorf("ARGUS_CLUSTER_ID won over --cluster:\n%s", page)
		}
	})
	t.Run("clusters", func(t *testing.T) {
		first := consecutivePorts(t, 2)
		t.Setenv("ARGUS_PORT", strconv.Itoa(first))
		r := begin(t, small("--processes", "2")...)
		for i, url := range r.pages("metrics") {
			if want := fmt.Sprintf("http://127.0.0.1:%d/numbers", first+i); url != want {
				t.Errorf("cluster %d is at %s, want %s", i, url, want)
			}
			if page, want := mustGet(t, url), fmt.Sprintf("{cluster=\"of-the-environment-%d\"}", i); !strings.Contains(page, want) {
				t.Errorf("cluster %d has no series with %s", i, want)
			}
		}
	})
}

func TestWrongEnvironment(t *testing.T) {
	for _, test := range []struct {
		variable, value string
		args, want      []string
	}{
		{"ARGUS_PORT", "abc", nil, []string{"ARGUS_PORT", `"abc"`}},
		{"ARGUS_PORT", "65535", []string{"--processes", "2"}, []string{"ARGUS_PORT", "65535", "--processes 2"}},
		{"CLUSTER_ID", "", []string{"--processes", "2"}, []string{"CLUSTER_ID", `""`}},
		{"OTEL_METRICS_EXPORTER", "promethues", nil, []string{"OTEL_METRICS_EXPORTER", `"promethues"`}},
	} {
		t.Run(test.variable+"="+test.value, func(t *testing.T) {
			t.Setenv("ARGUS_HOST", "127.0.0.1")
			t.Setenv(test.variable, test.value)
			var stderr bytes.Buffer
			code := Run(context.Background(), test.args, nil, new(journal), &stderr)
			if code != 2 {
				t.Errorf("the exit code is %d, want 2", code)
			}
			for _, want := range test.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("the message lacks %q: %s", want, &stderr)
				}
			}
		})
	}
}

func TestGuardedPage(t *testing.T) {
	const token = "token-of-the-page"
	t.Setenv("ARGUS_METRICS_AUTH_TOKEN", token)
	r := begin(t, small("--addr", "127.0.0.1:0")...)
	if !r.wrote(`curl -s -H "Authorization: Bearer $ARGUS_METRICS_AUTH_TOKEN" http`)() {
		t.Error("the introduction does not say how to get at a page that is guarded")
	}
	if r.wrote(token)() {
		t.Error("the introduction shows the token")
	}
	if status, _, err := get(t, r.pages("metrics")[0]); err != nil || status != http.StatusUnauthorized {
		t.Errorf("without the token: status %d, error %v; want 401", status, err)
	}
}

func TestWithoutPage(t *testing.T) {
	for _, test := range []struct{ variable, value, want string }{
		{"OTEL_SDK_DISABLED", "true", "OTEL_SDK_DISABLED is true"},
		{"OTEL_METRICS_EXPORTER", "none", "OTEL_METRICS_EXPORTER is none"},
	} {
		t.Run(test.variable, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			r := begin(t, small("--addr", "127.0.0.1:0")...)
			r.ready(t)
			if !r.wrote(test.want)() {
				t.Errorf("the introduction lacks %q", test.want)
			}
			if urls := r.pages("metrics"); urls != nil {
				t.Errorf("the introduction names %v, where nothing listens", urls)
			}
		})
	}
}

// A port that is taken stops nobody: the demo says so, and has it when it is
// free.
func TestTakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := begin(t, small("--addr", l.Addr().String())...)
	for _, want := range []string{"level=WARN", "cannot listen on " + l.Addr().String(), "NOT LISTENING YET"} {
		if !r.wrote(want)() {
			t.Errorf("the demo does not write %q", want)
		}
	}
	r.ready(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the log to say that the server listens", r.wrote("the server is listening"))
	if page := mustGet(t, r.pages("metrics")[0]); !strings.Contains(page, `argus_subsystem_up{cluster="default",subsystem="server"} 1`) {
		t.Errorf("argus_subsystem_up is not 1:\n%s", page)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	text := ""
	// On a busy machine the time may be over before anything could happen: then it is given more.
	for duration := time.Second; duration <= time.Minute; duration *= 2 {
		out, stderr := new(journal), new(bytes.Buffer)
		began := time.Now()
		code := Run(context.Background(), small("--addr", "127.0.0.1:0", "--duration", duration.String()), nil, out, stderr)
		if code != 0 || stderr.Len() > 0 {
			t.Errorf("exit code %d, standard error %q", code, stderr)
		}
		if took := time.Since(began); took < duration || took > duration+time.Minute {
			t.Errorf("with --duration %v it took %v", duration, took)
		}
		if text = out.String(); strings.Contains(text, "  ended: ") && !strings.Contains(text, "ended: 0 events") {
			return
		}
	}
	t.Errorf("nothing has happened:\n%s", text)
}

// Somebody may change their mind at once.
func TestInterruptedBeforeItIsReady(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stderr bytes.Buffer
	if code := Run(ctx, small("--addr", "127.0.0.1:0"), nil, new(journal), &stderr); code != 0 {
		t.Errorf("exit code %d, standard error %q; want 0", code, &stderr)
	}
}

// More shards than may identify at once take several windows.
func TestManyShards(t *testing.T) {
	t.Parallel()
	r := begin(t, "--shards", "40", "--guilds", "40", "--addr", "127.0.0.1:0")
	r.ready(t)
	if up := `discord_shards_connected{cluster="default"} 40`; !strings.Contains(mustGet(t, r.pages("metrics")[0]), up) {
		t.Errorf("the page lacks %s", up)
	}
}

// Every kind of fault has words of its own, and a metric that the catalog has.
func TestFaultsAreDescribed(t *testing.T) {
	var asked []catalog.Instrument
	seen := map[string]string{}
	for _, kind := range discordtest.FaultKinds() {
		text := describe(kind, func(i catalog.Instrument) string {
			asked = append(asked, i)
			return i.PrometheusName()
		})
		if text == kind || !strings.Contains(text, "discord_") {
			t.Errorf("the fault %s is described as %q", kind, text)
		}
		if other, ok := seen[text]; ok {
			t.Errorf("the faults %s and %s are described alike", kind, other)
		}
		seen[text] = kind
	}
	for _, i := range asked {
		if _, ok := catalog.ByName(i.Name); !ok {
			t.Errorf("%s is not in the catalog", i.Name)
		}
	}
}

// A collector that is away neither holds up the end nor makes a failure of it.
func TestCollectorAway(t *testing.T) {
	t.Setenv("OTEL_METRICS_EXPORTER", "otlp")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", fmt.Sprintf("http://127.0.0.1:%d", consecutivePorts(t, 1)))
	r := begin(t, small()...)
	r.ready(t)
	if !r.wrote("exporter otlp")() {
		t.Error("the introduction does not say that the metrics are pushed")
	}
	if urls := r.pages("metrics"); urls != nil {
		t.Errorf("the introduction names %v, where nothing listens", urls)
	}
	began := time.Now()
	r.end(t)
	if took := time.Since(began); took > 2*shutdownTimeout+30*time.Second {
		t.Errorf("the end took %v", took)
	}
	if !r.wrote("level=WARN")() {
		t.Error("nothing says that the last values were not pushed")
	}
}
