package main

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"
)

// newLogger returns a logger that writes lines to w and emits log records to lp.
// OpenTelemetry's bridge takes the ids of the span from the context; the lines get
// them from traced.
func newLogger(w io.Writer, lp log.LoggerProvider) *slog.Logger {
	return slog.New(slog.NewMultiHandler(
		traced{slog.NewTextHandler(w, nil)},
		otelslog.NewHandler("pingbot", otelslog.WithLoggerProvider(lp)),
	))
}

// traced adds the ids of the span in the context to a line. Only the methods of a
// logger that end in Context pass one.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
