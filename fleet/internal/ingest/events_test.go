package ingest

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
)

// keeping makes a stage that keeps events.
func keeping(t *testing.T) (*stage, *eventstore.Store) {
	t.Helper()
	s := newStage(t, members.Config{})
	store, err := eventstore.Open(eventstore.Config{
		File: filepath.Join(t.TempDir(), "events.db"), Retention: 90 * 24 * time.Hour, Hourly: 730 * 24 * time.Hour, MaxEvents: 1000, Now: s.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.KeepEvents(store)
	return s, store
}

// interaction adds a record of an interaction with a command.
func (s *stage) interaction(logs plog.ResourceLogs, id byte, command string) plog.LogRecord {
	r := logs.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetEventName(catalog.EventInteractionCompleted.Name)
	r.SetTimestamp(pcommon.NewTimestampFromTime(s.clock()))
	of := r.Attributes()
	of.PutStr(catalog.AttrRecordUID, "01a22aa4-954b-7b15-bb1b-69314673af"+string("0123456789abcdef"[id>>4])+string("0123456789abcdef"[id&15]))
	of.PutStr(catalog.AttrType, "application_command")
	of.PutStr(catalog.AttrCommand, command)
	of.PutStr(catalog.AttrOutcome, "in_time")
	of.PutDouble(catalog.AttrHandlerDuration, 0.5)
	of.PutStr("a.later.attribute", "is left out")
	return r
}

func resourceLogs(logs plog.Logs, attributes map[string]string) plog.ResourceLogs {
	r := logs.ResourceLogs().AppendEmpty()
	for name, value := range attributes {
		r.Resource().Attributes().PutStr(name, value)
	}
	return r
}

// mixed is a push of which three records are good and four are not.
func (s *stage) mixed() plog.Logs {
	logs := plog.NewLogs()
	r := resourceLogs(logs, process("i"))
	s.interaction(r, 1, "ping")
	s.interaction(r, 2, "ping")
	s.interaction(r, 2, "ping") // twice in one push
	s.interaction(r, 3, "play").Attributes().PutInt(catalog.AttrHandlerDuration, 1)
	s.interaction(r, 4, "ping").SetEventName("a.log.line")
	s.interaction(r, 5, "ping").Attributes().PutStr(catalog.AttrGuildID, "a-secret-value")
	s.interaction(r, 6, "ping").Attributes().PutBool(catalog.AttrCommand, true)
	s.interaction(resourceLogs(logs, map[string]string{"service.name": "x"}), 7, "ping")
	return logs
}

func runs(t *testing.T, s *stage, store figures.Reader) map[string]uint64 {
	t.Helper()
	of := map[string]uint64{}
	w := figures.Window{From: s.clock().Add(-time.Hour), To: s.clock().Add(time.Hour)}
	list, err := store.Commands(t.Context(), w, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		of[*c.Command] = c.Runs
	}
	return of
}

func (s *stage) checkMixed(t *testing.T, store figures.Reader) {
	t.Helper()
	if got := runs(t, s, store); len(got) != 2 || got["ping"] != 2 || got["play"] != 1 {
		t.Errorf("the store has %v", got)
	}
}

// TestEventsGRPC: events are stored once, however often they are sent, and what is none is
// told, without its values.
func TestEventsGRPC(t *testing.T) {
	s, store := keeping(t)
	client := plogotlp.NewGRPCClient(s.connect(t))
	ctx := bearer(t.Context(), token)
	for range 3 {
		answer, err := client.Export(ctx, plogotlp.NewExportRequestFromLogs(s.mixed()), grpc.UseCompressor(gzip.Name))
		if err != nil {
			t.Fatal(err)
		}
		partial := answer.PartialSuccess()
		if partial.RejectedLogRecords() != 4 || !strings.Contains(partial.ErrorMessage(), "no event of docs/EVENTS.md") {
			t.Errorf("%d rejected: %s", partial.RejectedLogRecords(), partial.ErrorMessage())
		}
	}
	s.checkMixed(t, store)
	for labels, want := range map[[2]string]float64{
		{eventTaken, ""}: 3, {eventKnown, ""}: 9, {eventRefused, refusedName}: 3, {eventRefused, refusedValue}: 6, {eventRefused, refusedIdentity}: 3,
	} {
		if got := testutil.ToFloat64(s.stats.events.WithLabelValues(labels[0], labels[1])); got != want {
			t.Errorf("%v: %v, want %v", labels, got, want)
		}
	}
	dropped := map[string]uint64{}
	list, err := store.Ingest(t.Context(), figures.Window{From: s.clock().Add(-time.Hour), To: s.clock().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		dropped[f.Result+" "+f.Reason] += f.Events
	}
	if dropped["taken on_time"] != 3 || dropped["dropped unknown_event"] != 3 || dropped["dropped invalid"] != 6 {
		t.Errorf("ingest has %v", dropped)
	}
	if _, err := client.Export(bearer(t.Context(), "wrong"), plogotlp.NewExportRequestFromLogs(s.mixed())); status.Code(err) != codes.Unauthenticated {
		t.Errorf("with a wrong token: %v", err)
	}
	if got := testutil.ToFloat64(s.stats.eventPushes.WithLabelValues(resultToken)); got != 1 {
		t.Errorf("%v pushes of events had a wrong token, want 1", got)
	}
}

// TestEventsHTTP: the same by HTTP, in both encodings.
func TestEventsHTTP(t *testing.T) {
	s, store := keeping(t)
	server := httptest.NewServer(s.HTTP(s.tokens(), s.report))
	defer server.Close()
	post := func(kind string, body []byte, encoding string) (int, plogotlp.ExportResponse, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+EventsPath, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", kind)
		request.Header.Set("Content-Encoding", encoding)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		answer := plogotlp.NewExportResponse()
		if kind == jsonType {
			err = answer.UnmarshalJSON(text)
		} else {
			err = answer.UnmarshalProto(text)
		}
		if err != nil && response.StatusCode == http.StatusOK {
			t.Fatal(err)
		}
		return response.StatusCode, answer, string(text)
	}
	push := plogotlp.NewExportRequestFromLogs(s.mixed())
	proto, err := push.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	json, err := push.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		kind     string
		body     []byte
		encoding string
	}{{protobufType, proto, ""}, {jsonType, json, ""}, {protobufType, zipped(t, proto), "gzip"}} {
		code, answer, text := post(one.kind, one.body, one.encoding)
		if code != http.StatusOK || answer.PartialSuccess().RejectedLogRecords() != 4 || strings.Contains(text, "secret") {
			t.Errorf("%s %s: %d %s", one.kind, one.encoding, code, text)
		}
	}
	s.checkMixed(t, store)
	if code, _, text := post(jsonType, []byte("{"), ""); code != http.StatusBadRequest || !strings.Contains(text, "is not an OTLP export of logs") {
		t.Errorf("a broken body: %d %s", code, text)
	}
	s.events = nil
	if code, _, text := post(jsonType, json, ""); code != http.StatusNotFound || !strings.Contains(text, "ARGUS_FLEET_EVENTS") {
		t.Errorf("while events are off: %d %s", code, text)
	}
	client := plogotlp.NewGRPCClient(s.connect(t))
	if _, err := client.Export(bearer(t.Context(), token), push); status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "ARGUS_FLEET_EVENTS") {
		t.Errorf("while events are off: %v", err)
	}
}

func zipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := stdgzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// broken is a store that cannot write.
type broken struct{}

var errDisk = errors.New("no space left on device")

func (broken) Add(context.Context, []event.Row, ...eventstore.Drop) (eventstore.Result, error) {
	return eventstore.Result{}, errDisk
}

// TestEventsCannotBeStored: the sender is to try again and learns no cause; metrics arrive
// meanwhile.
func TestEventsCannotBeStored(t *testing.T) {
	s := newStage(t, members.Config{})
	s.KeepEvents(broken{})
	_, err := s.PushEvents(t.Context(), s.mixed())
	if !errors.Is(err, ErrEventStorage) || !errors.Is(Cause(err), errDisk) || strings.Contains(err.Error(), "space") {
		t.Errorf("%v, because of %v", err, Cause(err))
	}
	if a := answerOf(err, s.report); a.code != codes.Unavailable || a.status != http.StatusServiceUnavailable || !a.retry || len(s.reports) != 1 {
		t.Errorf("the answer is %+v, and reported is %v", a, s.reports)
	}
	if _, err := s.push(t, process("i"), map[string]int64{"a": 1}); err != nil {
		t.Errorf("metrics: %v", err)
	}
}

// TestFloodOfEvents: a process that pushes too often is told to wait, with all of its
// push; metrics and others are not affected, also while all slots of events are taken.
func TestFloodOfEvents(t *testing.T) {
	s, store := keeping(t)
	for range eventsBurst {
		if _, err := s.PushEvents(t.Context(), s.mixed()); err != nil {
			t.Fatal(err)
		}
	}
	both := s.mixed()
	s.interaction(resourceLogs(both, process("another")), 9, "another")
	if _, err := s.PushEvents(t.Context(), both); !errors.Is(err, ErrEventPace) || runs(t, s, store)["another"] != 0 {
		t.Errorf("%v, and the store has %v", err, runs(t, s, store))
	}
	if a := answerOf(ErrEventPace, s.report); a.code != codes.Unavailable || a.status != http.StatusTooManyRequests || !a.retry {
		t.Errorf("the answer is %+v", a)
	}
	s.pass(time.Second)
	if _, err := s.PushEvents(t.Context(), both); err != nil || runs(t, s, store)["another"] != 1 {
		t.Errorf("a second later: %v", err)
	}
	for range eventsConcurrent {
		s.eventSlots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.PushEvents(ctx, both); !errors.Is(err, ErrBusy) {
		t.Errorf("without a slot: %v", err)
	}
	if _, err := s.push(t, process("i"), map[string]int64{"a": 1}); err != nil {
		t.Errorf("metrics meanwhile: %v", err)
	}
}
