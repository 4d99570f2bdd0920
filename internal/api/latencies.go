package api

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// Latencies is the document at [LatenciesPath].
type Latencies struct {
	Window
	// Stages are all of them, in the order in which an interaction passes them.
	Stages []Stage `json:"stages"`
}

// A Stage is a part of the life of an interaction, of all types together.
type Stage struct {
	Stage string `json:"stage"`
	// Metric is the histogram, and Query the 95th percentile as PromQL.
	Metric string `json:"metric"`
	Query  string `json:"query"`
	Delays
}

// The stages of an interaction. The handler, the response and the ack count from the
// receipt. The queue and the wire are those of the callback requests.
const (
	StageReceipt  = "receipt"
	StageHandler  = "handler"
	StageResponse = "response"
	StageQueue    = "queue"
	StageWire     = "wire"
	StageAck      = "ack"
)

// stages returns the histogram of each stage.
func stages() []askedStage {
	callback := evidence.Is("route", catalog.RouteCallback)
	return []askedStage{
		{name: StageReceipt, of: catalog.ReceiptAge},
		{name: StageHandler, of: catalog.HandlerDelay},
		{name: StageResponse, of: catalog.ResponseDelay},
		{name: StageQueue, of: catalog.QueueWait, where: []evidence.Match{callback}},
		{name: StageWire, of: catalog.RequestDuration, where: []evidence.Match{callback}},
		{name: StageAck, of: catalog.AckDuration},
	}
}

// An askedStage has the questions of a [Stage].
type askedStage struct {
	name  string
	of    catalog.Instrument
	where []evidence.Match
	asked askedDelays
}

func latenciesTask(_ Member, p *parameters) task {
	over := p.duration("over", usualOver, leastOver)
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) {
		var s sheet
		all := stages()
		for i := range all {
			all[i].asked = askDelays(&s, all[i].of, over, all[i].where...)
		}
		if err := s.learn(ctx, m.Source, at); err != nil {
			return nil, err
		}
		d := Latencies{Window: window(m, at, over)}
		for _, stage := range all {
			q := evidence.Question{Form: evidence.Quantile, Of: stage.of, Where: stage.where, Over: over, At: 0.95}
			d.Stages = append(d.Stages, Stage{stage.name, stage.of.PrometheusName(), q.PromQL(evidence.Scope{Namespace: m.Source.Namespace()}), stage.asked.delays()})
		}
		return d, nil
	}}
}
