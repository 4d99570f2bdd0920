package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/findings"
)

// The limits of the messages that are kept for clients that come back.
const (
	keptMessages = 60 // 5 minutes
	keptBytes    = 1 << 20
	keptFor      = 5 * time.Minute // after the last stream has ended
)

// A Snapshot is the message with everything.
type Snapshot struct {
	Head
	Verdict string          `json:"verdict"`
	Report  findings.Report `json:"report"`
	Shards  []Shard         `json:"shards"`
	Budgets Budgets         `json:"budgets"`
}

// A Step is the message with what has changed since the one before.
type Step struct {
	Head
	Verdict string `json:"verdict"`
	// Report is null if it differs in its time alone.
	Report *findings.Report `json:"report"`
	// Shards are those that have changed, and Gone those that the process no longer has.
	Shards  []Shard  `json:"shards"`
	Gone    []string `json:"gone"`
	Budgets Budgets  `json:"budgets"`
}

// A hub makes the messages about one bot, each once for all streams. While there is no
// stream it makes none.
type hub struct {
	ended chan struct{} // closed when the bot leaves

	mu      sync.Mutex
	epoch   string // begins the ids
	streams int
	stop    context.CancelFunc // of what makes messages, while there are streams
	idle    time.Time          // since when there is no stream

	last    int64         // the number of the last message
	current int64         // messages from this number on are as new as the streams
	changed chan struct{} // closed at each message
	state   *Snapshot     // after the last message, or nil
	report  []byte        // of the state, without its time
	ring    [][]byte      // the last messages, as they are sent
	size    int           // of the ring
	whole   []byte        // the state, as it is sent, or nil
}

func newHub() *hub {
	return &hub{
		ended: make(chan struct{}), changed: make(chan struct{}), epoch: strconv.FormatUint(rand.Uint64(), 36), //nolint:gosec // it is not a secret
	}
}

// join adds a stream. It reports whether the bot is still served.
func (a *API) join(m Member) (*hub, bool) {
	room := a.room(m)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rooms[m.Source] != room || a.ctx.Err() != nil {
		return nil, false
	}
	h := room.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams++; h.streams == 1 {
		var ctx context.Context
		ctx, h.stop = context.WithCancel(a.ctx)
		h.current = h.last + 1
		a.wait.Go(func() { a.feed(ctx, m, h) })
	}
	return h, true
}

// part removes a stream.
func (h *hub) part() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams--; h.streams == 0 {
		h.stop()
		h.idle = time.Now()
	}
}

// feed makes a message now and at each step of the history.
func (a *API) feed(ctx context.Context, m Member, h *hub) {
	failing := false
	for ctx.Err() == nil {
		next := m.Source.Next()
		err := a.advance(ctx, m, h)
		if err != nil && !failing && ctx.Err() == nil {
			a.report(fmt.Errorf("%s: %w", StreamPath, err))
		}
		failing = err != nil
		select {
		case <-next:
		case <-ctx.Done():
		}
	}
}

// advance makes a message, in turn with the documents. Where the process is too busy,
// the next one has what it would have had.
func (a *API) advance(ctx context.Context, m Member, h *hub) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a message panicked: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	report, err := a.examine(ctx, m)
	if err != nil {
		return err
	}
	shards, err := shardList(ctx, m, at, report)
	if err != nil {
		return err
	}
	budgets, err := budgetsOf(ctx, m, at)
	if err != nil {
		return err
	}
	return h.add(&Snapshot{head(m, at), report.Verdict().String(), report, shards, budgets})
}

// add adds a message.
func (h *hub) add(s *Snapshot) error {
	timeless := s.Report
	timeless.At = time.Time{}
	report, err := marshal(timeless)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id := h.last + 1
	if h.state == nil {
		h.ring, h.size = nil, 0
	} else {
		step := Step{Head: s.Head, Verdict: s.Verdict, Shards: []Shard{}, Gone: []string{}, Budgets: s.Budgets}
		if !bytes.Equal(report, h.report) {
			step.Report = &s.Report
		}
		step.compare(h.state.Shards, s.Shards)
		message, err := h.message(id, "step", step)
		if err != nil {
			return err
		}
		h.ring, h.size = append(h.ring, message), h.size+len(message)
	}
	for len(h.ring) > keptMessages || h.size > keptBytes {
		h.size -= len(h.ring[0])
		h.ring = append([][]byte(nil), h.ring[1:]...)
	}
	h.last, h.state, h.report, h.whole = id, s, report, nil
	close(h.changed)
	h.changed = make(chan struct{})
	return nil
}

// compare adds the shards that differ. Both lists are in the same order.
func (s *Step) compare(before, now []Shard) {
	for _, shard := range now {
		for len(before) > 0 && compareShards(before[0].Shard, shard.Shard) < 0 {
			s.Gone, before = append(s.Gone, before[0].Shard), before[1:]
		}
		same := false
		if len(before) > 0 && before[0].Shard == shard.Shard {
			same, before = reflect.DeepEqual(before[0], shard), before[1:]
		}
		if !same {
			s.Shards = append(s.Shards, shard)
		}
	}
	for _, shard := range before {
		s.Gone = append(s.Gone, shard.Shard)
	}
}

// message renders a message. An id of 0 is none.
func (h *hub) message(id int64, event string, document any) ([]byte, error) {
	body, err := marshal(document)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if id > 0 {
		fmt.Fprintf(&b, "id: %s-%d\n", h.epoch, id)
	}
	fmt.Fprintf(&b, "event: %s\ndata: %s\n", event, body) // the document is one line
	return b.Bytes(), nil
}

var errNoState = errors.New("there is no state")

// after returns the messages after one that a client has, and the number of the last one.
// Where they are not kept, it is one with everything. A client that has come back is told
// so. There are none before the first message for the streams that are open.
func (h *hub) after(have int64, back bool) (messages [][]byte, last int64, changed <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	missed := h.last - have
	switch {
	case h.last < h.current || missed == 0 && !back:
		return nil, have, h.changed, nil
	case have > 0 && missed >= 0 && missed <= int64(len(h.ring)):
		if back {
			resumed, err := h.message(0, "resumed", Resumed{Version, int(missed)})
			if err != nil {
				return nil, have, nil, err
			}
			messages = append(messages, resumed)
		}
		return append(messages, h.ring[len(h.ring)-int(missed):]...), h.last, h.changed, nil
	case h.state == nil:
		return nil, have, nil, errNoState
	}
	if h.whole == nil {
		if h.whole, err = h.message(h.last, "snapshot", h.state); err != nil {
			return nil, have, nil, err
		}
	}
	return [][]byte{h.whole}, h.last, h.changed, nil
}

// number returns the number of a message with an id, or 0 for an id of another process.
func (h *hub) number(id string) int64 {
	text, found := strings.CutPrefix(id, h.epoch+"-")
	n, err := strconv.ParseInt(text, 10, 64)
	if !found || err != nil || n < 0 {
		return 0
	}
	return n
}

// rest forgets the messages once no stream has been open for a while.
func (h *hub) rest(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams == 0 && now.Sub(h.idle) >= keptFor {
		h.state, h.report, h.ring, h.whole, h.size = nil, nil, nil, nil, 0
	}
}
