package instrument

import (
	"encoding/json"
	"sync/atomic"
	"time"
)

// sessionStart is the bot's budget of IDENTIFYs, from GET /gateway/bot
// (https://discord.com/developers/docs/events/gateway#session-start-limit-object).
type sessionStart struct {
	last atomic.Pointer[sessionStartLimit]
}

type sessionStartLimit struct {
	Total          *int64 `json:"total"`
	Remaining      *int64 `json:"remaining"`
	ResetAfter     *int64 `json:"reset_after"` // ms
	MaxConcurrency *int64 `json:"max_concurrency"`

	reset time.Time // by the wall clock
	until time.Time // the end of the time for which the remaining budget is known
}

const (
	// startWindow is the period over which IDENTIFYs are counted, starting at the
	// first.
	startWindow = 24 * time.Hour
	// longestReset limits the time until the reset, to prevent an overflow.
	longestReset = int64(365 * 24 * time.Hour / time.Millisecond)
	// mostStarts is above any plausible value.
	mostStarts = 1 << 31
)

// read takes the body of a response that was received now, and returns what it says. A
// response with a missing or impossible number is ignored, and nil is returned.
//
// Discord's reset_after is 0 if no IDENTIFY was sent recently: no window has
// started, and there is nothing to reset. The remaining budget is still known,
// for as long as a window that starts now.
func (s *sessionStart) read(body []byte, now time.Time) *sessionStartLimit {
	var response struct {
		Limit sessionStartLimit `json:"session_start_limit"`
	}
	if json.Unmarshal(body, &response) != nil {
		return nil
	}
	limit := response.Limit
	for _, n := range []*int64{limit.Total, limit.Remaining, limit.MaxConcurrency} {
		if n == nil || *n < 0 || *n > mostStarts {
			return nil
		}
	}
	if limit.ResetAfter == nil || *limit.ResetAfter < 0 {
		return nil
	}
	now = now.Round(0) // the window continues while the machine sleeps
	limit.reset = now.Add(time.Duration(min(*limit.ResetAfter, longestReset)) * time.Millisecond)
	limit.until = now.Add(startWindow)
	if *limit.ResetAfter > 0 && limit.reset.Before(limit.until) {
		limit.until = limit.reset
	}
	s.last.Store(&limit)
	return &limit
}
