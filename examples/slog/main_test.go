package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
)

// lines collects what is written while the bot runs.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// ended keeps the span of the bot.
type ended struct{ got chan sdktrace.ReadOnlySpan }

func (ended) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (ended) Shutdown(context.Context) error                  { return nil }
func (ended) ForceFlush(context.Context) error                { return nil }

func (e ended) OnEnd(span sdktrace.ReadOnlySpan) {
	if span.Name() == "ping" {
		e.got <- span
	}
}

// records keeps the log record of the command.
type records struct{ got chan sdklog.Record }

func (records) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (records) Shutdown(context.Context) error                         { return nil }
func (records) ForceFlush(context.Context) error                       { return nil }

func (r records) OnEmit(_ context.Context, record *sdklog.Record) error {
	if record.Body().AsString() == "somebody uses the bot" {
		r.got <- record.Clone()
	}
	return nil
}

// TestLinesHaveTraces: the line of a command and its log record have the ids of the bot's span.
func TestLinesHaveTraces(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	discord, err := discordtest.NewServer(discordtest.WithGuilds(1))
	if err != nil {
		t.Fatal(err)
	}
	defer discord.Close()
	session, err := discord.NewSession(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	spans, kept := ended{make(chan sdktrace.ReadOnlySpan, 1)}, records{make(chan sdklog.Record, 1)}
	a, err := argus.Start(session, argus.WithoutServer(),
		argus.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
		argus.WithLoggerProvider(sdklog.NewLoggerProvider(sdklog.WithProcessor(kept))),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Shutdown(context.Background()) }()
	out := new(lines)
	session.AddHandler(a.Interaction(ping(a, newLogger(out, a.LoggerProvider()))))
	if err := session.Open(); err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := discord.WaitConn(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := discord.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), pingbot.Command); err != nil {
		t.Fatal(err)
	}
	var record sdklog.Record
	select {
	case record = <-kept.got:
	case <-ctx.Done():
		t.Fatal("no log record")
	}
	var span sdktrace.ReadOnlySpan
	select {
	case span = <-spans.got:
	case <-ctx.Done():
		t.Fatal("the bot's span has not ended")
	}
	if record.TraceID() != span.SpanContext().TraceID() || record.SpanID() != span.SpanContext().SpanID() {
		t.Errorf("the record has %v, %v; the span is %v", record.TraceID(), record.SpanID(), span.SpanContext())
	}
	for _, id := range []string{"trace_id=" + span.SpanContext().TraceID().String(), "span_id=" + span.SpanContext().SpanID().String()} {
		if !strings.Contains(out.String(), id) {
			t.Errorf("the line has no %s: %s", id, out)
		}
	}
}

// TestTracedGroups: a logger with attributes or a group keeps the ids.
func TestTracedGroups(t *testing.T) {
	ctx, span := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "x")
	defer span.End()
	out := new(lines)
	logger := newLogger(out, sdklog.NewLoggerProvider())
	logger.With("a", 1).WithGroup("g").InfoContext(ctx, "hello")
	logger.Info("without a context")
	if n := strings.Count(out.String(), span.SpanContext().TraceID().String()); n != 1 {
		t.Errorf("%d lines have the trace: %s", n, out)
	}
}
