package fleet

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// TestRemoteWrite: the series of a fleet reach the server of a file, which is read anew; a
// file that is wrong keeps a fleet from starting, and stops none that runs.
func TestRemoteWrite(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		requests.Add(1)
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf("remote_write: [{url: %q, queue_config: {batch_send_deadline: 50ms}}]", server.URL))
	p := start(t, "--remote-write-config", file)
	push(t, p.OTLPGRPC())
	newBot(t, newDiscord(t, discordtest.WithShards(1)), "0", 1, 1, 0)
	expect.Eventually(t, "a request of remote write", func() bool { return requests.Load() > 0 })
	if err := p.Reload(); err != nil || !strings.Contains(p.log.String(), "the configuration of remote write was read anew") {
		t.Errorf("%v %s", err, p.log)
	}
	write("remote_write: [{url: planted}]")
	if err := p.Reload(); err == nil || !strings.Contains(err.Error(), "the configuration of remote write is not read anew") || strings.Contains(err.Error(), "planted") {
		t.Errorf("a wrong file: %v", err)
	}
	before := requests.Load()
	expect.Eventually(t, "the server from before", func() bool { return requests.Load() > before })
	wrong, _, err := settings.Parse([]string{"--addr", "127.0.0.1:0", "--otlp-grpc-addr", "off", "--otlp-http-addr", "off", "--data", t.TempDir(), "--remote-write-config", file},
		func(string) (string, bool) { return "", false }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Config{Settings: wrong, Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "ARGUS_FLEET_REMOTE_WRITE_CONFIG: "+file) {
		t.Errorf("a start with it: %v", err)
	}
	if err := Check(wrong); err == nil || !strings.Contains(err.Error(), "ARGUS_FLEET_REMOTE_WRITE_CONFIG") {
		t.Errorf("a check of it: %v", err)
	}
}
