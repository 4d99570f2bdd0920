package ingest

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a-token-of-a-member"

// A stage is a receiver with an engine and a clock.
type stage struct {
	*Receiver
	engine  *engine.Engine
	members *members.Registry

	mu      sync.Mutex
	now     time.Time
	free    uint64 // bytes of the disk
	reports []error
}

func newStage(t *testing.T, cfg members.Config) *stage {
	t.Helper()
	s := &stage{now: time.Now().Truncate(time.Millisecond), free: engine.Reserve}
	var err error
	s.engine, err = engine.Open(engine.Options{
		Dir: t.TempDir(), Retention: 24 * time.Hour, Every: time.Minute, Now: s.clock, Free: s.left,
		Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.engine.Close() })
	if s.members, err = members.Open(cfg, s.now); err != nil {
		t.Fatal(err)
	}
	s.Receiver = New(s.engine, s.members, s.clock)
	return s
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) left(string) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free, nil
}

// fill leaves so many bytes of the disk free.
func (s *stage) fill(left uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = left
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *stage) report(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, err)
}

// add adds a process with some gauges to a push.
func add(md pmetric.Metrics, when time.Time, attributes map[string]string, gauges map[string]int64) {
	rm := md.ResourceMetrics().AppendEmpty()
	for name, value := range attributes {
		rm.Resource().Attributes().PutStr(name, value)
	}
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	for name, value := range gauges {
		m := list.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetIntValue(value)
		p.SetTimestamp(pcommon.NewTimestampFromTime(when))
		if name == "discord.bot.info" {
			p.Attributes().PutStr("version", "v7")
		}
	}
}

func process(instance string) map[string]string {
	return map[string]string{"service.name": "music", "service.instance.id": instance, "cluster": "0"}
}

// push pushes one process.
func (s *stage) push(t *testing.T, attributes map[string]string, gauges map[string]int64) (Receipt, error) {
	t.Helper()
	md := pmetric.NewMetrics()
	add(md, s.clock(), attributes, gauges)
	return s.Push(t.Context(), md)
}

// rows counts the answers to a query.
func (s *stage) rows(t *testing.T, expr string) int {
	t.Helper()
	series, err := s.engine.Query(t.Context(), expr, s.clock().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return len(series)
}

// TestPush: a push is stored, its process is a member that is up, and what its metrics
// say of it is known.
func TestPush(t *testing.T) {
	s := newStage(t, members.Config{})
	who := process("i")
	who["region"], who["bot"], who["host.name"], who["service.namespace"] = "eu", "b", "h", "n"
	receipt, err := s.push(t, who, map[string]int64{"argus.up": 1, "discord.bot.info": 1, "discord.guilds": 7})
	if err != nil || receipt != (Receipt{Points: 3}) {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if s.rows(t, `discord_guilds{job="n/music",instance="i",cluster="0",region="eu",bot="b"} == 7`) != 1 || s.rows(t, `up{job="n/music",instance="i"} == 1`) != 1 {
		t.Error("its series are not there")
	}
	list := s.members.Members()
	if len(list) != 1 || list[0].Place != (members.Place{Job: "n/music", Bot: "b", Region: "eu", Cluster: "0"}) {
		t.Fatalf("the members are %+v", list)
	}
	if i := list[0].Incarnations[0]; i.Instance != "i" || i.Version != "v7" || i.Host != "h" || *i.ClockOffset != 0 {
		t.Errorf("it is %+v", i)
	}
}

// TestLastPush: a process that says goodbye has no series any more, and is not up.
func TestLastPush(t *testing.T) {
	s := newStage(t, members.Config{})
	for up := range int64(2) {
		if _, err := s.push(t, process("i"), map[string]int64{"argus.up": 1 - up, "discord.guilds": 7}); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Second)
	}
	if n := s.rows(t, `{job="music"}`); n != 0 {
		t.Errorf("%d series are there", n)
	}
	if m := s.members.Members()[0]; m.Incarnations[0].EndedBy != members.Goodbye {
		t.Errorf("it is %+v", m)
	}
}

// TestWhatIsRefused: a push of which nothing can be taken is an error that says why; one
// with several processes is taken as far as it is good.
func TestWhatIsRefused(t *testing.T) {
	without := func(name string) map[string]string {
		who := process("i")
		delete(who, name)
		return who
	}
	long := process("i")
	long["region"] = strings.Repeat("x", maxIdentity+1)
	s := newStage(t, members.Config{MaxPlaces: 1})
	if _, err := s.push(t, process("known"), map[string]int64{"a": 1}); err != nil {
		t.Fatal(err)
	}
	if receipt, err := s.push(t, nil, nil); err != nil || receipt != (Receipt{}) {
		t.Errorf("a push without a metric, which tries whether one is taken: %+v, %v", receipt, err)
	}
	elsewhere := process("i")
	elsewhere["cluster"] = "1"
	for want, who := range map[string]map[string]string{
		"no attribute service.name":        without("service.name"),
		"no attribute service.instance.id": without("service.instance.id"),
		"no attribute cluster":             without("cluster"),
		"region is longer than 256 bytes":  long,
		"no room for another cluster":      elsewhere,
	} {
		receipt, err := s.push(t, who, map[string]int64{"bad": 1, "worse": 1})
		if err == nil || !strings.Contains(err.Error(), want) || receipt.Refused != 2 {
			t.Errorf("%+v, %v, want %s", receipt, err, want)
		}
		md := pmetric.NewMetrics()
		add(md, s.clock(), who, map[string]int64{"bad": 1, "worse": 1})
		add(md, s.clock(), process("good"), map[string]int64{"good": 1})
		receipt, err = s.Push(t.Context(), md)
		if err != nil || receipt.Points != 1 || receipt.Refused != 2 || !strings.Contains(receipt.Reason, want) {
			t.Errorf("beside a good process: %+v, %v, want %s", receipt, err, want)
		}
		s.pass(time.Minute)
	}
	if s.rows(t, "bad") != 0 || s.rows(t, "worse") != 0 || s.rows(t, "good") != 1 {
		t.Error("what is not good is stored, or what is good is not")
	}
	if got := testutil.ToFloat64(s.stats.points.WithLabelValues(pointRefused)); got != 10 {
		t.Errorf("%v refused points are counted", got)
	}
}

// TestFullDisk: while the disk is full, nothing of a push is taken, and its sender is told
// to come again; what it pushes once there is room is stored.
func TestFullDisk(t *testing.T) {
	s := newStage(t, members.Config{})
	push := func() error {
		s.pass(time.Second)
		_, err := s.push(t, process("i"), map[string]int64{"a": 1})
		return err
	}
	s.fill(engine.Reserve - 1)
	err := push()
	if !errors.Is(err, ErrStorage) || !errors.Is(Cause(err), engine.ErrFull) || strings.Contains(err.Error(), "disk") {
		t.Errorf("while the disk is full: %v, because of %v", err, Cause(err))
	}
	if a := answerOf(err, s.report); a.code != codes.Unavailable || a.status != http.StatusServiceUnavailable || !a.retry || len(s.reports) != 1 {
		t.Errorf("the answer is %+v, and reported is %v", a, s.reports)
	}
	if len(s.members.Members()) != 0 || s.rows(t, "a") != 0 {
		t.Error("something of the push is there")
	}
	s.fill(engine.Reserve)
	if err := push(); err != nil || s.rows(t, "a") != 1 {
		t.Errorf("once there is room: %v", err)
	}
}

// TestClockOfAMember: a process whose clock is set reports on as far as its points can be
// stored, and how far its clock is off is known; what is refused is told.
func TestClockOfAMember(t *testing.T) {
	s := newStage(t, members.Config{})
	for _, tt := range []struct {
		off     time.Duration
		refused string
	}{{0, ""}, {9 * time.Minute, ""}, {time.Hour, "a clock is wrong"}, {-90 * time.Minute, ""}, {-3 * time.Hour, "old"}, {0, ""}} {
		s.pass(15 * time.Second)
		md := pmetric.NewMetrics()
		add(md, s.clock().Add(tt.off), process("i"), map[string]int64{"a": 1})
		receipt, err := s.Push(t.Context(), md)
		if err != nil || (receipt.Refused > 0) != (tt.refused != "") || !strings.Contains(receipt.Reason, tt.refused) {
			t.Errorf("%v off: %+v, %v", tt.off, receipt, err)
		}
		i := s.members.Members()[0].Incarnations[0]
		if i.EndedBy != members.Here || *i.ClockOffset != tt.off {
			t.Errorf("%v off: it is %+v, with the offset %v", tt.off, i, *i.ClockOffset)
		}
		s.members.Tick(s.clock())
	}
	if s.rows(t, "a == 1") != 1 || len(s.members.Members()[0].Incarnations) != 1 {
		t.Error("it is not there once its clock is right")
	}
}

// TestClockOfTheFleet: while the fleet's own clock is an hour off, pushes are taken, nobody
// is lost, and everything is there once it is right again.
func TestClockOfTheFleet(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -9 * time.Minute} {
		s := newStage(t, members.Config{})
		push := func(off time.Duration) {
			t.Helper()
			for range 3 {
				s.pass(15 * time.Second)
				md := pmetric.NewMetrics()
				add(md, s.clock().Add(-off), process("i"), map[string]int64{"a": 1})
				if receipt, err := s.Push(t.Context(), md); err != nil || receipt.Refused > 0 {
					t.Errorf("%v off: %+v, %v", off, receipt, err)
				}
				if ended := s.members.Tick(s.clock()); len(ended) > 0 {
					t.Errorf("%v off: ended: %v", off, ended)
				}
			}
		}
		push(0)
		s.pass(off)
		push(off)
		if i := s.members.Members()[0].Incarnations[0]; *i.ClockOffset != -off {
			t.Errorf("%v off: the clock of the process is %v ahead", off, *i.ClockOffset)
		}
		s.pass(-off)
		push(0)
		if s.rows(t, "a") != 1 || s.rows(t, `up{instance="i"} == 1`) != 1 || s.rows(t, "count_over_time(a[10m]) == 9") != 1 {
			t.Errorf("%v off: something is missing afterwards", off)
		}
	}
}

// TestPace: a process that pushes all the time is told to push less often, and others are
// not concerned.
func TestPace(t *testing.T) {
	s := newStage(t, members.Config{})
	for n := range burst {
		if _, err := s.push(t, process("i"), map[string]int64{"a": int64(n)}); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Millisecond)
	}
	if _, err := s.push(t, process("i"), map[string]int64{"a": 1}); !errors.Is(err, ErrPace) {
		t.Errorf("one more: %v", err)
	}
	other := process("j")
	other["cluster"] = "1"
	if _, err := s.push(t, other, map[string]int64{"a": 1}); err != nil {
		t.Errorf("another process: %v", err)
	}
	s.pass(time.Second)
	if _, err := s.push(t, process("i"), map[string]int64{"a": 1}); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

// TestHostileSeries: a process that makes new series with each push is stopped, and its
// known series go on.
func TestHostileSeries(t *testing.T) {
	s := newStage(t, members.Config{MaxSeries: 10})
	for n := range 20 {
		receipt, err := s.push(t, process("i"), map[string]int64{"known": 1, fmt.Sprint("new", n): 1})
		if err != nil {
			t.Fatal(err)
		}
		if refused := n >= 8; (receipt.Refused > 0) != refused || refused && !strings.Contains(receipt.Reason, "too many series") {
			t.Errorf("push %d: %+v", n, receipt)
		}
		s.pass(time.Second)
	}
	if n := s.rows(t, `{instance="i",__name__!="up"}`); n != 10 {
		t.Errorf("it has %d series", n)
	}
	if s.rows(t, "known offset 1s") != 1 {
		t.Error("its known series ended")
	}
}

func (s *stage) tokens() Tokens {
	valid := []*access.Token{access.NewToken("another-token"), access.NewToken(token)}
	return func() []*access.Token { return valid }
}

// dial connects to a gRPC server of the receiver.
func (s *stage) dial(t *testing.T) pmetricotlp.GRPCClient {
	t.Helper()
	return pmetricotlp.NewGRPCClient(s.connect(t))
}

func (s *stage) connect(t *testing.T) *grpc.ClientConn {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := s.GRPC(nil, s.tokens(), s.report)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

func (s *stage) request(who map[string]string, more func(pmetric.Metrics)) pmetricotlp.ExportRequest {
	md := pmetric.NewMetrics()
	add(md, s.clock(), who, map[string]int64{"a": 1})
	if more != nil {
		more(md)
	}
	return pmetricotlp.NewExportRequestFromMetrics(md)
}

// old adds a point that is refused.
func (s *stage) old(md pmetric.Metrics) {
	add(md, s.clock().Add(-3*time.Hour), process("i"), map[string]int64{"b": 1})
}

func bearer(ctx context.Context, text string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+text)
}

// TestGRPC: the answers of OTLP over gRPC.
func TestGRPC(t *testing.T) {
	s := newStage(t, members.Config{})
	client := s.dial(t)
	ctx := bearer(t.Context(), token)
	answer, err := client.Export(ctx, s.request(process("i"), s.old), grpc.UseCompressor(gzip.Name))
	if err != nil || answer.PartialSuccess().RejectedDataPoints() != 1 || !strings.Contains(answer.PartialSuccess().ErrorMessage(), "b: it is more than 2h0m0s old") {
		t.Errorf("%d refused: %q, %v", answer.PartialSuccess().RejectedDataPoints(), answer.PartialSuccess().ErrorMessage(), err)
	}
	for name, tt := range map[string]struct {
		ctx  context.Context
		who  map[string]string
		code codes.Code
		text string
	}{
		"no token":    {t.Context(), process("i"), codes.Unauthenticated, "requires a bearer token"},
		"wrong token": {bearer(t.Context(), "wrong"), process("i"), codes.Unauthenticated, "requires a bearer token"},
		"nobody":      {ctx, nil, codes.InvalidArgument, "the resource has no attribute"},
	} {
		_, err := client.Export(tt.ctx, s.request(tt.who, nil))
		if status.Code(err) != tt.code || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range burst {
		_, err = client.Export(ctx, s.request(process("i"), nil))
	}
	st := status.Convert(err)
	if st.Code() != codes.Unavailable || len(st.Details()) != 1 || st.Details()[0].(*errdetails.RetryInfo).RetryDelay.AsDuration() != retryAfter {
		t.Errorf("too often: %v %v", err, st.Details())
	}
	if err := s.engine.Close(); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Hour)
	if _, err := client.Export(ctx, s.request(process("i"), nil)); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), ErrStorage.Error()) {
		t.Errorf("while nothing can be stored: %v", err)
	}
	if len(s.reports) == 0 || strings.Contains(s.reports[0].Error(), ErrStorage.Error()) {
		t.Errorf("the cause is reported as %v", s.reports)
	}
}

// TestHTTP: the answers of OTLP over HTTP, in both types.
func TestHTTP(t *testing.T) {
	s := newStage(t, members.Config{})
	h := s.HTTP(s.tokens(), s.report)
	body := func(r pmetricotlp.ExportRequest, kind string) []byte {
		var text []byte
		var err error
		if kind == jsonType {
			text, err = r.MarshalJSON()
		} else {
			text, err = r.MarshalProto()
		}
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	send := func(content []byte, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(content))
		r.Header.Set("Authorization", "Bearer "+token)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, kind := range []string{protobufType, jsonType} {
		s.pass(time.Minute)
		good := body(s.request(process("i"), s.old), kind)
		w := send(good, "Content-Type", kind)
		answer := pmetricotlp.NewExportResponse()
		read := answer.UnmarshalProto
		if kind == jsonType {
			read = answer.UnmarshalJSON
		}
		if err := read(w.Body.Bytes()); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || answer.PartialSuccess().RejectedDataPoints() != 1 {
			t.Errorf("%s: %d %v, %v", kind, w.Code, answer.PartialSuccess().ErrorMessage(), err)
		}
		var zipped bytes.Buffer
		z := stdgzip.NewWriter(&zipped)
		if _, err := z.Write(good); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			w    *httptest.ResponseRecorder
			code int
			text string
		}{
			"gzip":           {send(zipped.Bytes(), "Content-Type", kind, "Content-Encoding", "gzip"), 200, ""},
			"broken gzip":    {send(zipped.Bytes()[:20], "Content-Type", kind, "Content-Encoding", "gzip"), 400, "the body cannot be read"},
			"another coding": {send(good, "Content-Type", kind, "Content-Encoding", "br"), 400, "gzip or none"},
			"a wrong token":  {send(good, "Content-Type", kind, "Authorization", "Bearer x"), 401, "requires a bearer token"},
			"something else": {send([]byte("\xff\xff{"), "Content-Type", kind), 400, "not an OTLP export"},
			"too large":      {send(make([]byte, maxPush+1), "Content-Type", kind), 413, "larger than 16 MiB"},
			"nobody":         {send(body(s.request(nil, nil), kind), "Content-Type", kind), 400, "no attribute"},
		} {
			if tt.w.Code != tt.code || !strings.Contains(tt.w.Body.String(), tt.text) {
				t.Errorf("%s, %s: %d %q", kind, name, tt.w.Code, tt.w.Body)
			}
		}
	}
	if w := send(nil, "Content-Type", "text/plain"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("text: %d", w.Code)
	}
	s.pass(time.Minute)
	var w *httptest.ResponseRecorder
	for range burst + 1 {
		w = send(body(s.request(process("i"), nil), protobufType), "Content-Type", protobufType)
	}
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "5" {
		t.Errorf("too often: %d %v", w.Code, w.Header())
	}
}

// TestBomb: a small body that becomes a large one costs no more than the limit.
func TestBomb(t *testing.T) {
	s := newStage(t, members.Config{})
	var zipped bytes.Buffer
	z := stdgzip.NewWriter(&zipped)
	if _, err := io.CopyN(z, zeros{}, 4*maxPush); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, Path, &zipped)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", protobufType)
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	s.HTTP(s.tokens(), s.report).ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestBusy: more pushes at a time than there is room for wait, and are told to come again.
func TestBusy(t *testing.T) {
	s := newStage(t, members.Config{})
	for range concurrent {
		s.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Push(ctx, pmetric.NewMetrics()); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	waited := make(chan error, 1)
	go func() {
		_, err := s.Push(t.Context(), pmetric.NewMetrics())
		waited <- err
	}()
	<-s.slots
	if err := <-waited; err != nil {
		t.Errorf("a push that waited: %v", err)
	}
}

// FuzzHTTP: whatever is sent is answered.
func FuzzHTTP(f *testing.F) {
	seed := func(who map[string]string, gauges map[string]int64) {
		md := pmetric.NewMetrics()
		add(md, time.Unix(1_800_000_000, 0), who, gauges)
		r := pmetricotlp.NewExportRequestFromMetrics(md)
		proto, err := r.MarshalProto()
		if err != nil {
			f.Fatal(err)
		}
		text, err := r.MarshalJSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(proto, false)
		f.Add(text, true)
	}
	seed(process("i"), map[string]int64{"argus.up": 1})
	seed(nil, nil)
	e, err := engine.Open(engine.Options{Dir: f.TempDir(), Every: time.Hour, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = e.Close() })
	registry, err := members.Open(members.Config{MaxPlaces: 100, MaxSeries: 100}, time.Now())
	if err != nil {
		f.Fatal(err)
	}
	h := New(e, registry, time.Now).HTTP(nil, func(err error) { f.Error(err) })
	f.Fuzz(func(t *testing.T, content []byte, isJSON bool) {
		r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(content))
		r.Header.Set("Content-Type", map[bool]string{true: jsonType, false: protobufType}[isJSON])
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 && w.Code != 429 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
