package fleet

import (
	"context"
	"log/slog"
)

// parts is a handler for the logs of Prometheus and Alertmanager, which tell of each step
// of a start: it leaves out what is no warning.
type parts struct{ slog.Handler }

// Enabled implements slog.Handler.
func (p parts) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && p.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (p parts) WithAttrs(attrs []slog.Attr) slog.Handler { return parts{p.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (p parts) WithGroup(name string) slog.Handler { return parts{p.Handler.WithGroup(name)} }
