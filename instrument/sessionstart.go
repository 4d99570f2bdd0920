package instrument

import (
	"encoding/json"
	"sync/atomic"
	"time"
)

// sessionStart is the bot's budget of IDENTIFYs, as GET /gateway/bot told it
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
	until time.Time // until when what remains is known
}

const (
	// startWindow is for how long IDENTIFYs are counted, from the first on.
	startWindow = 24 * time.Hour
	// longestReset is where the time until the reset is cut, so that it fits.
	longestReset = int64(365 * 24 * time.Hour / time.Millisecond)
	// mostStarts is more than any bot may have of anything here.
	mostStarts = 1 << 31
)

// read takes the body of a response that was received now. One that lacks a
// number, or has one that cannot be, says nothing.
//
// Discord's reset_after is 0 where no IDENTIFY was sent lately: no window has
// begun, and there is nothing to set back. What remains is known all the same, for
// as long as a window that begins now.
func (s *sessionStart) read(body []byte, now time.Time) {
	var response struct {
		Limit sessionStartLimit `json:"session_start_limit"`
	}
	if json.Unmarshal(body, &response) != nil {
		return
	}
	limit := response.Limit
	for _, n := range []*int64{limit.Total, limit.Remaining, limit.MaxConcurrency} {
		if n == nil || *n < 0 || *n > mostStarts {
			return
		}
	}
	if limit.ResetAfter == nil || *limit.ResetAfter < 0 {
		return
	}
	now = now.Round(0) // the window goes on while the machine sleeps
	limit.reset = now.Add(time.Duration(min(*limit.ResetAfter, longestReset)) * time.Millisecond)
	limit.until = now.Add(startWindow)
	if *limit.ResetAfter > 0 && limit.reset.Before(limit.until) {
		limit.until = limit.reset
	}
	s.last.Store(&limit)
}
