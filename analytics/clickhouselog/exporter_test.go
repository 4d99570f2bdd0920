package clickhouselog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

// numbers are those from first on, as text.
func numbers(first, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(first + i)
	}
	return all
}

func expectShards(t *testing.T, s *server, want []string) {
	t.Helper()
	if got := s.shards(); !slices.Equal(got, want) {
		t.Errorf("%d events, want %d, or in another order", len(got), len(want))
	}
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		e, reports := start(t, s)
		expectUp(t, e, false, false)
		emit(t, e, 0, 3)
		pass(DefaultInterval - 1)
		expectShards(t, s, nil)
		pass(time.Nanosecond)
		synctest.Wait()
		expectShards(t, s, numbers(0, 3))
		expectUp(t, e, true, true)

		emit(t, e, 3, batchRows+7)
		synctest.Wait()
		if n := len(s.shards()); n < batchRows { // a full batch does not wait
			t.Errorf("%d events arrived at once", n)
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		expectShards(t, s, numbers(0, batchRows+10))
		if s.opened != 1 {
			t.Errorf("%d connections, want 1", s.opened)
		}
		expectLosses(t, e, 0, 0, 0)
		reports.expect(t)
	})
}

// TestTheBatchStays: a batch is repeated with its token and its rows, whatever comes
// meanwhile, and no other batch has its token.
func TestTheBatchStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: always(errAway)}
		e, reports := start(t, s)
		defer end(t, e)
		var changes []bool
		e.Follow(nil, func(up bool) { changes = append(changes, up) })
		emit(t, e, 0, 10)
		pass(time.Hour)
		emit(t, e, 10, 10)
		pass(time.Hour)
		expectUp(t, e, false, true)
		attempts := len(s.attempts)
		if want := int(2 * time.Hour / maxPause); attempts < want || attempts > 3*want {
			t.Errorf("%d attempts in two hours, want %d to %d", attempts, want, 3*want)
		}
		if s.opened != attempts {
			t.Errorf("%d connections for %d attempts", s.opened, attempts)
		}
		s.answers(nil)
		pass(maxPause)
		synctest.Wait()
		expectShards(t, s, numbers(0, 20))
		first := s.attempts[0]
		for n, a := range s.attempts {
			if n <= attempts && a != first {
				t.Fatalf("attempt %d is %+v, and the first one %+v", n, a, first)
			}
			if n > attempts && a.token == first.token {
				t.Errorf("attempt %d has the token of another batch", n)
			}
		}
		expectUp(t, e, true, true)
		if !slices.Equal(changes, []bool{false, true}) {
			t.Errorf("changes %v", changes)
		}
		if n := len(reports.list()); n < 80 || n > 130 {
			t.Errorf("%d reports in two hours, want one a minute", n)
		}
		expectLosses(t, e, 0, 0, 0)
	})
}

// TestTooLongAway has ClickHouse away while five times as many events come as the queue
// takes.
func TestTooLongAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: always(errAway)}
		const rows, total = 2 * batchRows, 10 * batchRows
		e, reports := start(t, s, WithQueue(rows, DefaultQueueBytes))
		defer end(t, e)
		for n := range 100 {
			emit(t, e, n*total/100, total/100)
			pass(6 * time.Second)
			e.queue.mu.Lock()
			if e.queue.rows > rows || e.queue.bytes > DefaultQueueBytes {
				t.Errorf("%d events and %d bytes wait", e.queue.rows, e.queue.bytes)
			}
			e.queue.mu.Unlock()
		}
		lost, _, _ := e.Losses()
		e.queue.mu.Lock()
		segment := uint64(segmentBytes * e.queue.rows / e.queue.bytes) // in events
		e.queue.mu.Unlock()
		s.answers(nil)
		pass(2 * maxPause)
		synctest.Wait()
		// A batch has up to a segment more than its size, and is dropped as a whole.
		if lost < total-rows || lost > total-rows+batchRows+segment {
			t.Errorf("%d events lost of %d", lost, total)
		}
		expectShards(t, s, numbers(int(lost), total-int(lost))) // the newest ones, in order, once
		expectLosses(t, e, lost, 0, 0)
		var counted uint64
		hours := map[time.Time]bool{}
		for _, d := range s.drops {
			counted += d.Events
			hours[d.Hour] = true
			if d.Reason != "queue_full" || d.Bot != "music" || d.Cluster != "eu-1" || d.Region != "" {
				t.Errorf("%+v", d)
			}
		}
		if counted != lost || len(hours) != 2 && len(hours) != 1 {
			t.Errorf("ingest has %d drops in %d hours, want %d", counted, len(hours), lost)
		}
		if all := strings.Join(reports.list(), "\n"); !strings.Contains(all, "events are lost: the queue is full, because ClickHouse at ch:8123 is unavailable or too slow; the bot keeps running") {
			t.Error(all)
		}
	})
}

func TestRefusedBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: always(errRefused)}
		e, reports := start(t, s)
		emit(t, e, 0, 10)
		if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), "10 events are lost") {
			t.Errorf("ForceFlush: %v", err)
		}
		expectLosses(t, e, 0, 10, 0)
		expectUp(t, e, false, true)
		s.answers(nil)
		emit(t, e, 10, 1)
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		expectShards(t, s, numbers(10, 1))
		if len(s.drops) != 1 || s.drops[0].Events != 10 || s.drops[0].Reason != "rejected" {
			t.Errorf("drops %+v", s.drops)
		}
		reports.expect(t, "clickhouselog: cannot write events to ClickHouse at ch:8123: error TYPE_MISMATCH (53); the bot keeps running; 10 events are lost, because a retry would fail as well")
	})
}

// TestCorrections: what somebody has to correct costs no events.
func TestCorrections(t *testing.T) {
	for code, want := range map[int32]string{
		516: "error AUTHENTICATION_FAILED (516): check ARGUS_CLICKHOUSE_USER and ARGUS_CLICKHOUSE_PASSWORD_FILE; the bot keeps running and the batch is retried",
		60:  "error UNKNOWN_TABLE (60): run argus-analytics init, or migrate; ",
		16:  "error NO_SUCH_COLUMN_IN_TABLE (16): run argus-analytics init, or migrate; ",
		497: "error ACCESS_DENIED (497): grant the user INSERT on the database; ",
		243: "error NOT_ENOUGH_SPACE (243); the bot keeps running and the batch is retried",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{answer: always(&clickhouse.Exception{Code: code, Message: "hunter22"})}
			e, reports := start(t, s)
			emit(t, e, 0, 10)
			pass(10 * time.Second)
			s.answers(nil)
			if err := e.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			expectShards(t, s, numbers(0, 10))
			expectLosses(t, e, 0, 0, 0)
			reports.expect(t, want)
		})
	}
}

// TestOtherRecords: what is no event is left alone, and what cannot be stored is counted.
func TestOtherRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		e, reports := start(t, s)
		p := e.Processor()
		for name, want := range map[string]bool{"": true, catalog.EventInteractionCompleted.Name: true, "my.event": false} {
			if got := p.Enabled(t.Context(), sdklog.EnabledParameters{EventName: name}); got != want {
				t.Errorf("Enabled of %q: %t", name, got)
			}
		}
		for _, r := range []logtest.RecordFactory{
			{},
			{EventName: "my.event", Timestamp: time.Now()},
			{EventName: catalog.EventInteractionCompleted.Name, Timestamp: time.Now(), Attributes: []attribute.KeyValue{attribute.String(catalog.AttrGuildID, "hunter22")}},
			{EventName: catalog.EventInteractionCompleted.Name, Timestamp: time.Now(), Attributes: []attribute.KeyValue{attribute.String(catalog.AttrCommand, strings.Repeat("hunter22", 1<<20))}},
		} {
			record := r.NewRecord()
			if err := p.OnEmit(t.Context(), &record); err != nil {
				t.Error(err)
			}
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		expectLosses(t, e, 0, 2, 0)
		expectUp(t, e, false, false)
		if len(s.attempts) != 0 {
			t.Errorf("%d attempts without events", len(s.attempts))
		}
		for _, text := range reports.list() {
			if strings.Contains(text, "hunter22") {
				t.Errorf("a value is in %q", text)
			}
		}
		if len(reports.list()) == 0 || !strings.Contains(reports.list()[0], "lost: the attribute discord.") {
			t.Errorf("%q", reports.list())
		}
	})
}

// rowOf returns what becomes of a record.
func rowOf(t *testing.T, r *sdklog.Record) (event.Row, error) {
	t.Helper()
	data, err := encode(nil, eventIndex[r.EventName()], r)
	if err != nil {
		return event.Row{}, err
	}
	b := batch{segments: []segment{{who: new(identities).get(r.Resource()), data: data, rows: 1}}}
	rows, unfit, why := b.decode()
	if unfit != 0 {
		return event.Row{}, why
	}
	if len(rows) != 1 {
		t.Fatalf("%d rows of one record", len(rows))
	}
	return rows[0], nil
}

func TestRows(t *testing.T) {
	r := interaction()
	r.SetTimestamp(time.Time{})
	observed := time.Date(2026, 12, 1, 3, 14, 7, 89, time.UTC)
	r.SetObservedTimestamp(observed)
	row, err := rowOf(t, &r)
	if err != nil {
		t.Fatal(err)
	}
	if row.ID.String() != "01a22aa4-954b-7b15-bb1b-69314673af4e" || !row.Time.Equal(observed) || row.Bot != "music" || row.Cluster != "eu-1" || row.Version != "v1.4.2" ||
		row.GuildID.V != 1200000000000000001 || row.Command.V != "music play" || row.HandlerDuration.V != 0.3 || row.CloseCode.Valid {
		t.Errorf("%+v", row)
	}
}

// TestEveryAttribute compares what becomes of each attribute of each event with what the
// row makes of it without a queue.
func TestEveryAttribute(t *testing.T) {
	at := time.Unix(1_800_000_000, 1)
	for _, e := range catalog.LogEvents() {
		want := event.Row{Name: e.Name, Time: at}
		var attributes []attribute.KeyValue
		for n, a := range e.Attributes {
			var err error
			text := "1"
			switch a.Type {
			case catalog.TypeDouble:
				attributes = append(attributes, attribute.Float64(a.Name, float64(n)+0.5))
				err = want.Float(a.Name, float64(n)+0.5)
			case catalog.TypeInt:
				attributes = append(attributes, attribute.Int(a.Name, n))
				err = want.Int(a.Name, int64(n))
			default:
				switch {
				case a.Name == catalog.AttrRecordUID:
					text = "01a22aa4-954b-7b15-bb1b-69314673af4e"
				case a.Name == catalog.AttrUserHash:
					text = strings.Repeat("0a", 16)
				case a.Values != nil:
					text = a.Values[len(a.Values)-1]
				}
				attributes = append(attributes, attribute.String(a.Name, text))
				err = want.Text(a.Name, text)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := want.Check(); err != nil {
			t.Fatal(err)
		}
		r := logtest.RecordFactory{EventName: e.Name, Timestamp: at, Attributes: attributes}.NewRecord()
		got, err := rowOf(t, &r)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", e.Name, got, err, want)
		}
	}
	if len(eventNames) > 255 || len(attributeNames) > 255 {
		t.Error("an index has a byte")
	}
}

// TestTwoResources: each event has the resource of its own LoggerProvider.
func TestTwoResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		e, _ := start(t, s)
		var want []string
		for n := range 4 {
			who := fmt.Sprint("bot-", n/2)
			r := logtest.RecordFactory{
				EventName: catalog.EventGuildJoined.Name, Timestamp: time.Now(),
				Resource: resource.NewSchemaless(attribute.String("bot", who)),
			}.NewRecord()
			if err := e.Processor().OnEmit(t.Context(), &r); err != nil {
				t.Error(err)
			}
			want = append(want, who)
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		var got []string
		for _, r := range s.taken {
			got = append(got, r.Bot)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestShutdownWithoutServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: always(errAway)}
		e, _ := start(t, s)
		emit(t, e, 0, 10)
		begin := time.Now()
		err := e.Shutdown(t.Context())
		if err == nil || !strings.Contains(err.Error(), "this was the last attempt: 10 events are lost") {
			t.Errorf("Shutdown: %v", err)
		}
		if took := time.Since(begin); took < patience || took > 2*patience {
			t.Errorf("Shutdown took %v", took)
		}
		if again := e.Shutdown(t.Context()); !errors.Is(again, err) {
			t.Errorf("again: %v", again)
		}
		emit(t, e, 10, 1)
		expectLosses(t, e, 0, 0, 11)
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Errorf("ForceFlush: %v", err)
		}
	})
}

// TestShutdownEndsWithItsContext has a server that never answers.
func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		release := make(chan struct{})
		s.answers(func([]event.Row) error { <-release; return nil })
		e, _ := start(t, s)
		emit(t, e, 0, 10)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := e.Shutdown(ctx)
		if loss, is := errors.AsType[*LossError](err); !is || loss.Count != 10 || loss.Reason != LossShutdown {
			t.Errorf("Shutdown: %v", err)
		}
		close(release)
		<-e.done
		expectLosses(t, e, 0, 0, 10)
	})
}

func TestForceFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		e, _ := start(t, s)
		defer end(t, e)
		emit(t, e, 0, 10)
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
		expectShards(t, s, numbers(0, 10))
		s.answers(always(errAway))
		emit(t, e, 10, 10)
		if err := e.ForceFlush(t.Context()); err == nil || !strings.Contains(err.Error(), "retried") {
			t.Errorf("without a server: %v", err)
		}
		s.answers(nil)
		if err := e.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
		expectShards(t, s, numbers(0, 20))
		expectLosses(t, e, 0, 0, 0)
	})
}

func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func([]event.Row) error { panic("hunter22") }}
		e, reports := start(t, s)
		emit(t, e, 0, 10)
		pass(DefaultInterval)
		synctest.Wait()
		s.answers(nil)
		emit(t, e, 10, 1)
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		expectShards(t, s, numbers(10, 1))
		expectLosses(t, e, 0, 10, 0)
		reports.expect(t, "the client of ClickHouse panicked; the bot keeps running; 10 events are lost")
	})
}

// TestSilentServer: what is on its way is not dropped, whatever comes, since it may arrive.
func TestSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		release := make(chan struct{})
		s.answers(func([]event.Row) error { <-release; return nil })
		e, _ := start(t, s, WithQueue(batchRows, DefaultQueueBytes))
		emit(t, e, 0, batchRows)
		synctest.Wait()
		emit(t, e, batchRows, 100) // all are on their way
		expectLosses(t, e, 100, 0, 0)
		close(release)
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		expectShards(t, s, numbers(0, batchRows))
	})
}

// TestManyWriters has events from all sides, with a server that is away and fails: each event
// arrives once, or is counted.
func TestManyWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, begin, attempts := &server{}, time.Now(), 0
		s.answers(func([]event.Row) error {
			if time.Since(begin) < 8*time.Second {
				return errAway
			}
			attempts++
			switch attempts % 4 {
			case 0:
				return errAway
			case 1:
				return errRefused
			}
			return nil
		})
		e, _ := start(t, s, WithQueue(batchRows, minQueueBytes), WithInterval(time.Second))
		const writers, each = 8, 4000
		var wait sync.WaitGroup
		for w := range writers {
			wait.Go(func() {
				for n := range each / 10 {
					emit(t, e, w*each+n*10, 10)
					pass(time.Duration(50+w) * time.Millisecond)
				}
			})
		}
		wait.Wait()
		s.answers(nil)
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		full, rejected, shutdown := e.Losses()
		arrived := s.shards()
		if got := uint64(len(arrived)) + full + rejected + shutdown; got != writers*each || shutdown != 0 || full == 0 || rejected == 0 {
			t.Errorf("%d arrived, %d, %d and %d lost; want %d in all", len(arrived), full, rejected, shutdown, writers*each)
		}
		slices.Sort(arrived)
		if once := slices.Compact(slices.Clone(arrived)); len(once) != len(arrived) {
			t.Errorf("%d events arrived twice", len(arrived)-len(once))
		}
		var counted uint64
		for _, d := range s.drops {
			counted += d.Events
		}
		if counted != full+rejected {
			t.Errorf("ingest has %d drops, want %d", counted, full+rejected)
		}
	})
}

// TestDropsAreBounded: drops of ever so many hours take bounded memory, and none is missing.
func TestDropsAreBounded(t *testing.T) {
	var l losses
	at := time.Date(2026, 12, 1, 0, 30, 0, 0, time.UTC)
	for n := range 2 * maxDrops {
		l.add(LossQueueFull, 1, at.Add(time.Duration(n)*time.Hour))
		l.add(LossRejected, 2, at.Add(time.Duration(n)*time.Hour))
		l.add(LossQueueFull, 1, at.Add(time.Duration(n)*time.Hour))
	}
	if len(l.drops) > maxDrops {
		t.Errorf("%d entries", len(l.drops))
	}
	sum := map[string]uint64{}
	seen := map[analytics.Drop]bool{}
	for _, d := range l.drops {
		sum[d.Reason] += d.Events
		key := analytics.Drop{Hour: d.Hour, Reason: d.Reason}
		if seen[key] {
			t.Errorf("%+v is there twice", key)
		}
		seen[key] = true
	}
	if sum["queue_full"] != 4*maxDrops || sum["rejected"] != 4*maxDrops {
		t.Errorf("%v", sum)
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("ARGUS_CLICKHOUSE_URL", "ftp://h/argus")
	_, err := New(t.Context(), WithQueue(1, 1), WithInterval(0), WithTimeout(time.Hour), nil)
	for _, want := range []string{
		`ARGUS_CLICKHOUSE_URL: "ftp://h/argus" is not a URL such as`,
		"WithQueue: 1 events are less than a batch, which has 10000",
		"WithQueue: 1 bytes are less than 1048576",
		"WithInterval: 0s is not more than 0 and at most 1m0s",
		"WithTimeout: 1h0m0s is not more than 0 and at most 10m0s",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	e, err := New(t.Context(), WithURL("clickhouse://localhost/argus"))
	if err != nil {
		t.Fatal(err)
	}
	if e.Endpoint() != "localhost:9000" {
		t.Errorf("endpoint %s", e.Endpoint())
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
