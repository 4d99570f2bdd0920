package argus

import (
	"context"
	"log/slog"
	"time"

	"github.com/argus-dgo/argus/internal/report"
)

// logPatience is how long Start and Shutdown wait for what they said to be written, so that it stands before what the bot says
// next. A logger takes microseconds; one that hangs must not hold the bot up.
const logPatience = time.Second

// A userLog writes to the bot's logger without trusting it: a handler that blocks, as one that writes to a pipe nobody reads,
// holds up nothing but our own lines, and one that panics ends nothing.
type userLog struct {
	logger *slog.Logger
	queue  report.Queue
}

func (l *userLog) info(message string, args ...any) { l.say(slog.LevelInfo, message, args) }
func (l *userLog) warn(message string, args ...any) { l.say(slog.LevelWarn, message, args) }

func (l *userLog) say(level slog.Level, message string, args []any) {
	l.queue.Do(func() {
		if n := l.queue.Dropped(); n > 0 {
			l.logger.Warn("argus: some lines are missing here, because the logger was too slow", "lines", n)
		}
		l.logger.Log(context.Background(), level, message, args...)
	})
}

// flush waits for what was said, but not for long.
func (l *userLog) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, logPatience)
	defer cancel()
	_ = l.queue.Flush(ctx) // who does not write in time is the reason, and cannot be told
}
