package argus

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// turns are the Arguses of this process by the places that their metrics go to: a server, a registry, the collector. What the Go
// runtime and the process have is no bot's, and is in each place once: with those who came first.
var turns struct {
	sync.Mutex
	at map[any][]*pipeline
}

// toCollector is the place of those that push.
type toCollector struct{}

// queue has the pipeline wait for its turn in a place.
func (p *pipeline) queue(place any) {
	if reflect.ValueOf(place).Comparable() {
		turns.Lock()
		defer turns.Unlock()
		p.queueLocked(place)
	}
}

func (p *pipeline) queueLocked(place any) {
	if turns.at == nil {
		turns.at = map[any][]*pipeline{}
	}
	turns.at[place] = append(turns.at[place], p)
	p.places = append(p.places, place)
}

// unqueue lets the next one have its turn, everywhere.
func (p *pipeline) unqueue() {
	turns.Lock()
	defer turns.Unlock()
	for _, place := range p.places {
		turns.at[place] = slices.DeleteFunc(turns.at[place], func(other *pipeline) bool { return other == p })
		if len(turns.at[place]) == 0 {
			delete(turns.at, place)
		}
	}
	p.places = nil
}

// first reports whether nobody came before the pipeline, to the collector or to all the other places.
func (p *pipeline) first(push bool) bool {
	turns.Lock()
	defer turns.Unlock()
	return !slices.ContainsFunc(p.places, func(place any) bool {
		_, pushes := place.(toCollector)
		return pushes == push && turns.at[place][0] != p
	})
}

// queuePush queues the pipeline for the collector. It refuses a second Argus that pushes under the same names: its series would be
// the first one's.
func (p *pipeline) queuePush(c resolved) error {
	p.service = serviceOf(c)
	turns.Lock()
	defer turns.Unlock()
	for _, other := range turns.at[toCollector{}] {
		if other.config.identity() == c.identity() && other.service == p.service {
			return fmt.Errorf("another Argus of this process pushes with the same labels (%s) and the same service.name %q: give each a name of its own with argus.WithBot", c.identity(), p.service)
		}
	}
	p.queueLocked(toCollector{})
	return nil
}

func serviceOf(c resolved) string {
	value, _ := c.resource.Set().Value("service.name")
	return value.AsString()
}

// processCollectors are the metrics of the Go runtime and of the process, under the names that everybody knows, where it is the
// pipeline's turn.
func (p *pipeline) processCollectors(push bool) []client.Collector {
	turn := func() bool { return p.first(push) }
	all := ofTheProcess()
	for i, c := range all {
		all[i] = inTurn{c, turn}
	}
	return all
}

// ofTheProcess makes the collectors of go_* and process_*.
func ofTheProcess() []client.Collector {
	return []client.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}
}

type inTurn struct {
	client.Collector
	turn func() bool
}

func (c inTurn) Collect(ch chan<- client.Metric) {
	if c.turn() {
		c.Collector.Collect(ch)
	}
}
