package fleet

import (
	"context"
	"log/slog"
)

// parts is a handler for the logs of Prometheus and Alertmanager, which tell of each step
// of a start: it leaves out what is no warning. What has an error is told as faults are: of
// a Prometheus that is away each rule has the same to say.
type parts struct {
	slog.Handler

	faults *faults
}

// Enabled implements slog.Handler.
func (p parts) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && p.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (p parts) Handle(ctx context.Context, r slog.Record) error {
	said := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" {
			said = a.Value.String()
		}
		return said == ""
	})
	if said != "" && !p.faults.isNew(r.Message+": "+said) {
		return nil
	}
	return p.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (p parts) WithAttrs(attrs []slog.Attr) slog.Handler {
	return parts{p.Handler.WithAttrs(attrs), p.faults}
}

// WithGroup implements slog.Handler.
func (p parts) WithGroup(name string) slog.Handler { return parts{p.Handler.WithGroup(name), p.faults} }
