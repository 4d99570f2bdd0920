package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// asFleet makes the test's binary run argus-fleet, so that tests have a process to kill.
const asFleet = "TEST_AS_ARGUS_FLEET"

func TestMain(m *testing.M) {
	if os.Getenv(asFleet) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A process is argus-fleet with its addresses.
type process struct {
	*exec.Cmd
	pages, otlp string
	log         *expect.Log
	ended       chan struct{}
}

var addresses = regexp.MustCompile(`pages=http://(\S+) otlp_grpc=(\S+)`)

func startProcess(t *testing.T, data string, more ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--addr", "127.0.0.1:0", "--otlp-grpc-addr", "127.0.0.1:0", "--otlp-http-addr", "off", "--data", data, "--evaluation-interval", "1s"}, more...)
	return begin(t, exec.Command(binary, args...))
}

// begin starts a command that runs argus-fleet.
func begin(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: c, log: &expect.Log{}, ended: make(chan struct{})}
	p.Env = append(os.Environ(), asFleet+"=1")
	p.Stdout, p.Stderr = p.log, p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait() // it is killed
	}()
	t.Cleanup(p.kill)
	expect.Eventually(t, "the fleet to run: "+p.log.String(), func() bool { return addresses.MatchString(p.log.String()) })
	found := addresses.FindStringSubmatch(p.log.String())
	p.pages, p.otlp = found[1], found[2]
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.ended
}

// value returns the only number of an answer, or -1.
func (p *process) value(t *testing.T, expr string) float64 {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.pages+"/api/v1/query?query="+expr, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || json.Unmarshal(body, &answer) != nil {
		t.Fatalf("%s: %s, %v", expr, body, err)
	}
	if len(answer.Data.Result) != 1 {
		return -1
	}
	var n float64
	if _, err := fmt.Sscan(fmt.Sprint(answer.Data.Result[0].Value[1]), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// metrics are those of one process of a bot.
func metrics(instance int, now time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	for name, value := range map[string]string{"service.name": "music", "service.instance.id": fmt.Sprint("i", instance), "cluster": fmt.Sprint(instance)} {
		rm.Resource().Attributes().PutStr(name, value)
	}
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	for _, name := range []string{"argus.up", "discord.guilds"} {
		m := list.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetIntValue(1)
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
	}
	return md
}

// TestKilled: after kill -9 amid pushes, everything that was acknowledged is there, and a
// process that says so is not taken for one that is gone.
func TestKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, data)
	conn, err := grpc.NewClient(p.otlp, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := pmetricotlp.NewGRPCClient(conn)
	acknowledged := 0
	killed := make(chan struct{})
	for n := 0; ; n++ {
		if n == 200 {
			go func() {
				defer close(killed)
				p.kill()
			}()
		}
		if _, err := client.Export(t.Context(), pmetricotlp.NewExportRequestFromMetrics(metrics(n, time.Now()))); err != nil {
			break
		}
		acknowledged++
	}
	<-killed
	if acknowledged < 200 {
		t.Fatalf("only %d pushes were acknowledged: %s", acknowledged, p.log)
	}
	again := startProcess(t, data)
	if got := again.value(t, "count(discord_guilds)"); got < float64(acknowledged) || got > float64(acknowledged)+1 {
		t.Errorf("%v processes are there, %d were acknowledged", got, acknowledged)
	}
	if second := exec.Command(again.Path, again.Args[1:]...); second != nil {
		second.Env = again.Env
		if text, err := second.CombinedOutput(); err == nil || !strings.Contains(string(text), "another process uses it") {
			t.Errorf("a second process on the folder: %v %s", err, text)
		}
	}
	if err := again.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	expect.Eventually(t, "the configuration to be read anew", func() bool { return strings.Contains(again.log.String(), "was read anew") })
	if err := again.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-again.ended
	if code := again.ProcessState.ExitCode(); code != 0 {
		t.Errorf("SIGTERM: exit code %d: %s", code, again.log)
	}
}

// command runs a command of argus-fleet in this process.
func command(t *testing.T, line ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), line, func(string) (string, bool) { return "", false }, &o, &e)
	return code, o.String(), e.String()
}

// TestForget: a cluster that reports is not forgotten; one that has ended is, by its name
// alone where that is enough.
func TestForget(t *testing.T) {
	p := startProcess(t, filepath.Join(t.TempDir(), "data"))
	conn, err := grpc.NewClient(p.otlp, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := pmetricotlp.NewGRPCClient(conn)
	push := func(cluster int, up int64, region string) {
		t.Helper()
		md := metrics(cluster, time.Now())
		md.ResourceMetrics().At(0).Resource().Attributes().PutStr("region", region)
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).SetIntValue(up)
		if _, err := client.Export(t.Context(), pmetricotlp.NewExportRequestFromMetrics(md)); err != nil {
			t.Fatal(err)
		}
	}
	push(1, 1, "eu")
	push(1, 0, "us")
	push(2, 0, "eu")
	url := "--url=http://" + p.pages
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{url, "forget"}, 1, "usage: argus-fleet"},
		{[]string{url, "forget", "3"}, 1, `the fleet has no cluster "3"`},
		{[]string{url, "forget", "1"}, 1, `there are 2 clusters "1"; choose one: --job music --region eu; --job music --region us`},
		{[]string{url, "forget", "--region", "eu", "1"}, 1, "it reports: stop its process first"},
		{[]string{url, "forget", "--region", "us", "1"}, 0, "Cluster 1 is forgotten."},
		{[]string{url, "forget", "2"}, 0, "Cluster 2 is forgotten."},
		{[]string{"--url=http://127.0.0.1:1", "forget", "2"}, 1, "the fleet at http://127.0.0.1:1 does not answer: "},
		{[]string{"nothing"}, 2, `"nothing" is no command`},
		{[]string{"--addr=x"}, 2, `--addr: "x" is not an address`},
		{[]string{"notify", "--test"}, 1, "ARGUS_FLEET_DISCORD_WEBHOOK_FILE"},
		{[]string{"--help"}, 0, "ARGUS_FLEET_DATA, default ./argus-fleet-data"},
	} {
		code, out, errOut := command(t, tt.args...)
		if code != tt.code || !strings.Contains(out+errOut, tt.want) {
			t.Errorf("%q: %d %s%s, want %d %s", tt.args, code, out, errOut, tt.code, tt.want)
		}
	}
}

// TestBackup: another fleet is started with the copy, and has what the first one has, its
// members with their numbers included.
func TestBackup(t *testing.T) {
	p := startProcess(t, filepath.Join(t.TempDir(), "data"))
	conn, err := grpc.NewClient(p.otlp, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for n := range 5 {
		if _, err := pmetricotlp.NewGRPCClient(conn).Export(t.Context(), pmetricotlp.NewExportRequestFromMetrics(metrics(n, time.Now()))); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errOut := command(t, "--url=http://"+p.pages, "backup")
	folder := regexp.MustCompile(`copied to (\S+) on`).FindStringSubmatch(out)
	if code != 0 || folder == nil {
		t.Fatalf("%d %s%s", code, out, errOut)
	}
	other := startProcess(t, folder[1])
	if got := other.value(t, "count(discord_guilds)"); got != 5 {
		t.Errorf("the copy has %v processes", got)
	}
	var all struct{ Members []place }
	c := &client{url: "http://" + other.pages, http: http.DefaultClient}
	if err := c.do(t.Context(), http.MethodGet, "members", nil, &all); err != nil || len(all.Members) != 5 {
		t.Errorf("the copy has the members %v, %v", all.Members, err)
	}
}

// TestNotify: the test message is sent to the webhook of the settings.
func TestNotify(t *testing.T) {
	got := make(chan string, 1)
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
		w.WriteHeader(http.StatusNoContent)
	}), ReadHeaderTimeout: time.Minute}
	l := listen(t)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	file := filepath.Join(t.TempDir(), "webhook")
	if err := os.WriteFile(file, []byte("http://"+l.Addr().String()+"/api/webhooks/1/secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := command(t, "--discord-webhook-file", file, "notify", "--test")
	if code != 0 || !strings.Contains(out, "was taken") || strings.Contains(out+errOut, "secret") {
		t.Errorf("%d %s%s", code, out, errOut)
	}
	if body := <-got; !strings.Contains(body, "embeds") {
		t.Errorf("the webhook got %s", body)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
