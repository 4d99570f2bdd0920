package fleet

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/internal/catalog"
)

const guild = "1200000000000000042"

func keepEvents(t *testing.T, line ...string) *plane {
	t.Helper()
	viewers := filepath.Join(t.TempDir(), "viewers")
	if err := os.WriteFile(viewers, []byte("a-token-of-a-viewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return start(t, append([]string{"--events", "on", "--viewer-token-file", viewers}, line...)...)
}

// sendEvents sends two interactions in a guild.
func (p *plane) sendEvents(t *testing.T) int {
	t.Helper()
	logs := plog.NewLogs()
	r := logs.ResourceLogs().AppendEmpty()
	for name, value := range map[string]string{"service.name": "music", "service.instance.id": "i", "cluster": "1", "bot": "music"} {
		r.Resource().Attributes().PutStr(name, value)
	}
	scope := r.ScopeLogs().AppendEmpty()
	for _, id := range []string{"01a22aa4-954b-7b15-bb1b-69314673af01", "01a22aa4-954b-7b15-bb1b-69314673af02"} {
		record := scope.LogRecords().AppendEmpty()
		record.SetEventName(catalog.EventInteractionCompleted.Name)
		record.SetTimestamp(pcommon.NewTimestampFromTime(p.started))
		record.Attributes().PutStr(catalog.AttrRecordUID, id)
		record.Attributes().PutStr(catalog.AttrCommand, "play")
		record.Attributes().PutStr(catalog.AttrGuildID, guild)
		record.Attributes().PutStr(catalog.AttrErrorType, "timeout")
	}
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return p.post(t, "http://"+p.OTLPHTTP()+"/v1/logs", "application/x-protobuf", body)
}

func (p *plane) post(t *testing.T, url, kind string, body []byte) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func (p *plane) hit(t *testing.T) []figures.GuildHit {
	t.Helper()
	list, _, err := p.store.GuildsHit(t.Context(), figures.Window{Bot: "music", From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 10)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEvents: events that were acknowledged are there after a restart, once, and in a
// backup. A guild that is erased is in neither the store, the log nor the journal.
func TestEvents(t *testing.T) {
	p := keepEvents(t)
	for range 2 {
		if code := p.sendEvents(t); code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
	}
	backup, err := p.Backup("a test")
	if err != nil {
		t.Fatal(err)
	}
	p.close(t, p.Fleet)
	p.run(t)
	if code := p.sendEvents(t); code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	if hit := p.hit(t); len(hit) != 1 || hit[0].Failures < 2 {
		t.Errorf("after a restart: %+v", hit)
	}
	n, err := p.EraseGuild(1200000000000000042, "192.0.2.1")
	if err != nil || n < 2 {
		t.Errorf("%d events erased, %v", n, err)
	}
	if hit := p.hit(t); len(hit) > 0 {
		t.Errorf("after it was erased: %+v", hit)
	}
	journal, err := os.ReadFile(filepath.Join(p.settings.Data, journalFile))
	if err != nil || !strings.Contains(string(journal), `"erasure"`) || strings.Contains(string(journal)+p.log.String(), guild) {
		t.Errorf("%v; the journal: %s\nthe log: %s", err, journal, p.log.String())
	}
	p.close(t, p.Fleet)
	p.settings.Data = backup
	p.run(t)
	if hit := p.hit(t); len(hit) != 1 {
		t.Errorf("in the backup: %+v", hit)
	}
}

// TestDamagedEvents: a fleet whose store of events is damaged goes on without it, says so,
// and leaves the file alone.
func TestDamagedEvents(t *testing.T) {
	p := keepEvents(t)
	file := filepath.Join(p.settings.Data, eventsFolder, eventsFile)
	p.close(t, p.Fleet)
	damaged := bytes.Repeat([]byte("damaged "), 4096)
	if err := os.WriteFile(file, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(t)
	if code := p.sendEvents(t); code != http.StatusNotFound {
		t.Errorf("status %d", code)
	}
	if code := p.get(t, "/readyz", nil); code != http.StatusOK {
		t.Errorf("/readyz: %d", code)
	}
	if !strings.Contains(p.log.String(), file) {
		t.Errorf("the log does not name the file: %s", p.log.String())
	}
	if _, err := p.Backup("a test"); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, damaged) {
		t.Errorf("the file was changed, %v", err)
	}
}

// TestEraseWithoutEvents: the API says that there are none, and what an id is.
func TestEraseWithoutEvents(t *testing.T) {
	p := start(t)
	for body, want := range map[string]int{
		`{"guild": "` + guild + `"}`: http.StatusNotFound, `{"guild": "x"}`: http.StatusBadRequest, `{"guild": "0"}`: http.StatusBadRequest, `{`: http.StatusBadRequest,
	} {
		if code := p.post(t, "http://"+p.Addr()+"/api/fleet/v1/erase", "application/json", []byte(body)); code != want {
			t.Errorf("%s: %d, want %d", body, code, want)
		}
	}
}
