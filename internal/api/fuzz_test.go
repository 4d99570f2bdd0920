package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A visitor leaves a stream after the first event.
type visitor struct {
	*httptest.ResponseRecorder
	leave func()
}

func (v *visitor) Write(p []byte) (int, error) {
	n, err := v.ResponseRecorder.Write(p)
	if strings.Contains(v.Body.String(), "\ndata: ") {
		v.leave()
	}
	return n, err
}

// FuzzParameters: whatever the parameters are, the answer is a document as described, or a
// 400 that says why not.
func FuzzParameters(f *testing.F) {
	for n := range endpoints() {
		for _, query := range []string{
			"", "bot=music", "bot=", "guild=175928847299117063", "guild=-1", "over=15m", "over=6h&bot=music", "over=1e9h", "%zz", ";", "a=1&a=2",
			"name=discord_interaction_acks_total&form=increase&by=type,outcome&match=outcome=late|missed,type!=autocomplete&over=1m&range=10m&step=5s&limit=1&end=1e9",
			"name=discord_shard_latency_seconds&form=highest&combine=min&range=6h&step=30s&end=9999-12-31T23:59:59Z",
			"name=discord_interaction_receipt_age_seconds&form=quantile&quantile=0.95", "name=discord_interaction_receipt_age_seconds&form=above&bound=3&step=0",
			`name=discord_guilds&form=last&match=\`, "name=discord_shard_state&form=last&by=shard,state&end=-0",
		} {
			f.Add(uint8(n), query, "")
		}
		f.Add(uint8(n), "", "1-1")
	}
	b := newBot(f)
	b.shard("0")
	b.shard("1")
	b.set(catalog.BotShards, 2)
	b.add(catalog.Acks, 3, "type", "application_command", "outcome", catalog.AckLate)
	b.observe(catalog.ReceiptAge, 0.2, 3, "type", "application_command")
	for range 3 {
		b.history.Step()
	}
	var faults []error
	a := New(func() []Member { return []Member{b.member()} }, func(err error) { faults = append(faults, err) }, new(Slots))
	f.Cleanup(func() { a.Close(context.Background()) })
	list := a.Endpoints()
	f.Fuzz(func(t *testing.T, n uint8, query, lastID string) {
		e := list[int(n)%len(list)]
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, e.Path, nil)
		r.URL.RawQuery = query
		r.Header.Set("Last-Event-ID", lastID)
		w := &visitor{httptest.NewRecorder(), cancel}
		e.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest || len(faults) > 0 {
			t.Fatalf("%s?%s: status %d %s %v", e.Path, query, w.Code, w.Body, faults)
		}
		if e.Path == StreamPath && w.Code == http.StatusOK {
			if got := events(t, w.Body.String()); !strings.HasPrefix(got, "snapshot") && !strings.HasPrefix(got, "resumed") {
				t.Errorf("the events are %s", got)
			}
			return
		}
		v := &validator{}
		if v.answer(e.Path, w.Code, w.Body.Bytes()); len(v.faults) > 0 {
			t.Errorf("%s?%s: %s %q", e.Path, query, w.Body, v.faults)
		}
	})
}
