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

	reset time.Time
}

// read takes the body of a response that was received now. One that lacks a
// number, or has one below 0, says nothing.
func (s *sessionStart) read(body []byte, now time.Time) {
	var response struct {
		Limit sessionStartLimit `json:"session_start_limit"`
	}
	if json.Unmarshal(body, &response) != nil {
		return
	}
	limit := response.Limit
	const longest = int64(365 * 24 * time.Hour / time.Millisecond)
	for _, n := range []*int64{limit.Total, limit.Remaining, limit.ResetAfter, limit.MaxConcurrency} {
		if n == nil || *n < 0 {
			return
		}
	}
	limit.reset = now.Add(time.Duration(min(*limit.ResetAfter, longest)) * time.Millisecond)
	s.last.Store(&limit)
}
