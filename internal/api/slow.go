package api

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// Slow is the document at [SlowPath].
type Slow struct {
	Head
	// Deadline is Discord's for an answer, and After what makes one slow; both count
	// from the creation of the interaction.
	Deadline float64 `json:"deadline_seconds"`
	After    float64 `json:"slow_after_seconds"`
	// Interactions are the last ones that were missed, rejected or slow, the newest
	// first.
	Interactions []SlowInteraction `json:"interactions"`
}

// A SlowInteraction is an interaction that a user waited for too long. The delays and
// the answer count from its receipt.
type SlowInteraction struct {
	Received time.Time `json:"received_at"`
	// Shard is null for an interaction by HTTP.
	Shard   *string `json:"shard"`
	Type    string  `json:"type"`
	Command string  `json:"command"`
	Outcome string  `json:"outcome"`
	// Age is that on arrival, by Discord's clock.
	Age float64 `json:"receipt_age_seconds"`
	// Attempt is null if there was no attempt to answer, and Answer if no response
	// decided the outcome.
	Attempt *float64 `json:"response_delay_seconds"`
	Answer  *float64 `json:"ack_duration_seconds"`
	// TraceID is null if it was not traced, and TraceURL if no link is configured either.
	TraceID  *string `json:"trace_id"`
	TraceURL *string `json:"trace_url"`
}

// slowTask lists the slow interactions of a bot.
func slowTask(_ Member, p *parameters) task {
	return task{key: p.key(), make: func(_ context.Context, _ *API, m Member, at time.Time) (any, error) {
		d := Slow{Head: head(m, at), Deadline: catalog.AnswerWithin.Seconds(), After: catalog.SlowAfter.Seconds(), Interactions: []SlowInteraction{}}
		if m.Slow != nil {
			d.Interactions = append(d.Interactions, m.Slow()...)
		}
		return d, nil
	}}
}
