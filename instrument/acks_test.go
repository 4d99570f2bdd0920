package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

const callbacks = "/interactions/{id}/{token}/callback"

func acks(kind, outcome string) string {
	return fmt.Sprintf("discord.interaction.acks{outcome=%s,type=%s}", outcome, kind)
}

// pong answers an interaction.
func pong(s *discordgo.Session, i *discordgo.Interaction, opts ...discordgo.RequestOption) error {
	return s.InteractionRespond(i, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}, opts...)
}

// passed waits for d, as a handler's work does.
func passed(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// TestWaterfall delays the answer to an interaction in one of four places, and
// looks where the time shows. Each figure must lie between two of the test's own
// stopwatches, one that runs inside of what is measured and one around it: on an
// idle machine they are a few milliseconds apart, and on a busy one both wait.
func TestWaterfall(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, where := range []string{"handler", "limiter", "wire", "way"} {
		for _, delay := range []time.Duration{0, 800 * time.Millisecond, 2500 * time.Millisecond, 3400 * time.Millisecond} {
			t.Run(where+"/"+delay.String(), func(t *testing.T) {
				t.Parallel()
				waterfall(t, where, delay)
			})
		}
	}
}

// A stopwatch notes when the requests of a route go out and come back.
type stopwatch struct {
	next        http.RoundTripper
	sent, heard time.Time
}

func (w *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/callback") {
		return w.next.RoundTrip(r)
	}
	w.sent = time.Now()
	defer func() { w.heard = time.Now() }()
	return w.next.RoundTrip(r)
}

func waterfall(t *testing.T, where string, delay time.Duration) {
	b := newBench(t, nil, instrument.WithCommands("ping"))
	s := b.session(0, 1)
	wire := &stopwatch{next: s.Client.Transport}
	s.Client.Transport = wire
	b.attach(s)
	var handled, asked, answered time.Time
	done := make(chan error, 1)
	s.AddHandler(b.inst.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) (err error) {
		handled = time.Now()
		defer func() { done <- err }()
		if where == "handler" {
			passed(delay)
		}
		if where == "limiter" {
			bucket := s.Ratelimiter.LockBucket(discordgo.EndpointInteractionResponse(i.ID, i.Token))
			go func() {
				passed(delay)
				_ = bucket.Release(nil)
			}()
		}
		asked = time.Now()
		err = pong(s, i.Interaction, b.inst.RequestOption(context.Background()))
		answered = time.Now()
		return err
	}))
	b.open(s)
	created := b.srv.Now()
	switch where {
	case "wire":
		b.srv.Delay(http.MethodPost, callbacks, delay)
	case "way":
		created = created.Add(-delay)
	}
	dispatched := time.Now()
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, created, "ping"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r := b.await("the handler to have returned", func(r reading) bool {
		return r["discord.app_commands{command=ping,status=success}"] == 1
	})
	returned := time.Now()

	for _, want := range []struct {
		series         string
		inside, around time.Duration
	}{
		{"discord.interaction.ack.duration_sum{command=ping,type=application_command}", wire.heard.Sub(handled), answered.Sub(dispatched)},
		{"discord.app_command.duration_sum{command=ping,status=success}", answered.Sub(handled), returned.Sub(dispatched)},
		{"discord.rest.request.duration_sum{method=POST,route=" + callbacks + ",status=204}", wire.heard.Sub(wire.sent), answered.Sub(asked)},
		{"discord.rest.queue.wait_sum{route=" + callbacks + "}", 0, wire.sent.Sub(asked)},
		// The time in an id has milliseconds.
		{"discord.interaction.receipt.age_sum{type=application_command}", dispatched.Sub(created) - time.Millisecond, handled.Sub(created) + time.Millisecond},
		{"discord.interaction.handler.delay_sum{type=application_command}", 0, handled.Sub(dispatched)},
	} {
		got, there := r[want.series]
		if !there || got < want.inside.Seconds() || got > want.around.Seconds() {
			t.Errorf("%s is %v (there: %t), want %v to %v", want.series, got, there, want.inside, want.around)
		}
	}
	// And the delay is in the figure that it belongs to.
	place := map[string]string{
		"handler": "discord.app_command.duration_sum{command=ping,status=success}",
		"limiter": "discord.rest.queue.wait_sum{route=" + callbacks + "}",
		"wire":    "discord.rest.request.duration_sum{method=POST,route=" + callbacks + ",status=204}",
		"way":     "discord.interaction.receipt.age_sum{type=application_command}",
	}[where]
	if got := r[place]; got < (delay - time.Millisecond).Seconds() {
		t.Errorf("%s is %v, want at least %v", place, got, delay)
	}
	// Between the two stopwatches of the whole way it can be told whether it was
	// in time; a machine that is busy for seconds leaves it open.
	switch age := dispatched.Sub(created); {
	case age+answered.Sub(dispatched) <= 3*time.Second:
		r.want(t, reading{acks("application_command", "in_time"): 1})
	case age+wire.heard.Sub(handled) > 3*time.Second:
		r.want(t, reading{acks("application_command", "late"): 1})
	}
}

// A script refuses the first tries of callbacks, by the interaction's id, below
// the instrumentation.
type script struct {
	next http.RoundTripper

	mu     sync.Mutex
	refuse map[string]int // status by interaction; each once
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	for id := range strings.SplitSeq(r.URL.Path, "/") {
		s.mu.Lock()
		status := s.refuse[id]
		delete(s.refuse, id)
		s.mu.Unlock()
		if status != 0 {
			return &http.Response{
				StatusCode: status, Status: strconv.Itoa(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
				Header: http.Header{"Content-Type": {"application/json"}},
				Body:   http.NoBody,
			}, nil
		}
	}
	return s.next.RoundTrip(r)
}

// TestOutcomesAreExact answers 1,000 interactions in ten ways, on a machine
// whose clock is right, ahead, and behind.
func TestOutcomesAreExact(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, offset := range []time.Duration{0, 5 * time.Second, -5 * time.Second} {
		t.Run("discord "+offset.String()+" ahead", func(t *testing.T) {
			t.Parallel()
			testOutcomes(t, offset)
		})
	}
}

func testOutcomes(t *testing.T, offset time.Duration) {
	const total, batch, ways = 1000, 5, 10
	defer work()()
	// Answers that were given at once and took so long that their outcome is
	// chance: the machine stood still.
	var stood atomic.Int64
	b := newBench(t, servers(discordtest.WithClockOffset(offset), discordtest.WithStrictInteractions()))
	s := b.session(0, 1)
	below := &script{next: s.Client.Transport, refuse: map[string]int{}}
	s.Client.Transport = below
	b.attach(s)

	var done sync.WaitGroup
	s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		defer done.Done()
		answer := func() error { return pong(s, i.Interaction) }
		var err error
		switch i.MessageComponentData().CustomID {
		case "three at once":
			var wait sync.WaitGroup
			var mu sync.Mutex
			for range 3 {
				wait.Go(func() {
					if e := answer(); e != nil {
						mu.Lock()
						err = errors.Join(err, e)
						mu.Unlock()
					}
				})
			}
			wait.Wait()
			err = onlyCode(err, discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged, 2)
		case "twice":
			err = errors.Join(answer(), onlyCode(answer(), discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged, 1))
		case "never":
		case "late":
			err = onlyCode(answer(), discordgo.ErrCodeUnknownInteraction, 1)
		case "wrong":
			err = onlyCode(s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{}), discordgo.ErrCodeInvalidFormBody, 1)
		case "wrong at first":
			err = errors.Join(onlyCode(s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{}), discordgo.ErrCodeInvalidFormBody, 1), answer())
		default:
			err = answer()
		}
		created, parseErr := discordgo.SnowflakeTimestamp(i.ID)
		switch {
		case parseErr != nil:
			t.Error(parseErr)
		case i.MessageComponentData().CustomID != "late" && b.srv.Now().Sub(created) > 2*time.Second:
			stood.Add(1)
		case err != nil:
			t.Errorf("%s: %v", i.MessageComponentData().CustomID, err)
		}
	})
	conn := b.open(s)
	for sent := 0; sent < total; sent += batch {
		done.Add(batch)
		for n := sent; n < sent+batch; n++ {
			created, name := b.srv.Now(), "at once"
			switch n % ways {
			case 1:
				name = "three at once"
			case 2:
				name = "twice"
			case 3:
				name = "never"
			case 4:
				name, created = "late", created.Add(-4*time.Second)
			case 5:
				name = "wrong"
			case 6:
				name = "wrong at first"
			}
			p := b.srv.Interaction(discordtest.MessageComponent, created, name)
			if n%ways == 7 { // discordgo repeats it
				below.mu.Lock()
				below.refuse[p.ID] = http.StatusBadGateway
				below.mu.Unlock()
			}
			b.dispatch(conn, "INTERACTION_CREATE", p)
		}
		done.Wait()
	}
	const each = total / ways
	want := reading{
		acks("message_component", "in_time"):  7 * each,
		acks("message_component", "missed"):   each,
		acks("message_component", "late"):     each,
		acks("message_component", "rejected"): each,

		"discord.interactions{status=received,type=message_component}":                        9 * each,
		"discord.interactions{status=expired,type=message_component}":                         each,
		"discord.interaction.ack.duration_count{command=other,type=message_component}":        7 * each,
		"discord.rest.errors{error_code=40060}":                                               3 * each,
		"discord.rest.errors{error_code=10062}":                                               each,
		"discord.rest.errors{error_code=50035}":                                               2 * each,
		"discord.rest.request.duration_count{method=POST,route=" + callbacks + ",status=502}": each,
		"discord.rest.request.duration_count{method=POST,route=" + callbacks + ",status=204}": 7 * each,
		"discord.rest.requests.in_flight":                                                     0,
		"argus.timers.evicted{timer=answer}":                                                  0,
		"argus.timers.evicted{timer=handler}":                                                 0,
	}
	r := b.await("an outcome for each", func(r reading) bool { return r.sum("discord.interaction.acks") == total })
	if n := float64(stood.Load()); n > 0 {
		t.Logf("the machine stood still for %v answers", n)
		for series, v := range want {
			if got := r[series]; math.Abs(got-v) > 3*n { // three answers at most for each
				t.Errorf("%s = %v, want %v, give or take %v", series, got, v, 3*n)
			}
		}
		return
	}
	r.want(t, want)
	// Our time less Discord's.
	if got := r["discord.clock.offset"]; got < -offset.Seconds()-0.01 || got > -offset.Seconds()+2 {
		t.Errorf("the clock is off by %v s, want %v", got, -offset.Seconds())
	}
}

// onlyCode wants n errors of Discord's with a code, joined, and returns what else
// there is.
func onlyCode(err error, code, n int) error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	found := 0
	for _, e := range all {
		if rest, ok := errors.AsType[*discordgo.RESTError](e); ok && rest.Message != nil && rest.Message.Code == code {
			found++
		} else if e != nil {
			return e
		}
	}
	if found != n {
		return fmt.Errorf("%d errors with code %d, want %d", found, code, n)
	}
	return nil
}

// TestRetriedAfterRateLimit: discordgo repeats an answer after 429, and it is one
// answer.
func TestRetriedAfterRateLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	answered := make(chan time.Time, 1)
	s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		if err := pong(s, i.Interaction); err != nil {
			t.Error(err)
		}
		answered <- time.Now()
	})
	b.open(s)
	b.srv.RateLimit(discordtest.RateLimit{Method: http.MethodPost, Pattern: callbacks, RetryAfter: 20 * time.Millisecond, Times: 3})
	sent := time.Now()
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ModalSubmit, sent, "feedback"); err != nil {
		t.Fatal(err)
	}
	took := (<-answered).Sub(sent)
	r := b.collect()
	if got := r.sum("discord.interaction.acks"); got != 1 {
		t.Errorf("%v outcomes, want 1", got)
	}
	if took <= 3*time.Second { // four requests: a busy machine may need longer
		r.want(t, reading{acks("modal_submit", "in_time"): 1})
	}
	r.want(t, reading{"discord.rest.invalid_requests{status=429}": 3})
}

// TestAnsweredElsewhere: one process receives an interaction, another answers.
func TestAnsweredElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, follow := range []bool{true, false} {
		t.Run(fmt.Sprintf("follow=%t", follow), func(t *testing.T) {
			t.Parallel()
			var opts []instrument.Option
			if !follow {
				opts = append(opts, instrument.WithAcks(false))
			}
			b := newBench(t, nil, opts...)
			receiver := b.session(0, 1)
			b.attach(receiver)
			got := make(chan *discordgo.Interaction, 1)
			receiver.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { got <- i.Interaction })
			b.open(receiver)
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			interaction := <-got
			// The other process has an instrumentation of its own, and is not
			// connected to the gateway.
			elsewhere := newBench(t, nil)
			answerer, err := b.srv.NewSession(0, 1)
			if err != nil {
				t.Fatal(err)
			}
			elsewhere.attach(answerer)
			if err := pong(answerer, interaction); err != nil {
				t.Fatal(err)
			}
			elsewhere.collect().want(t, reading{
				acks("application_command", "in_time"):                                                0,
				"discord.rest.request.duration_count{method=POST,route=" + callbacks + ",status=204}": 1,
			})
			if follow {
				b.awaitValue(acks("application_command", "missed"), 1)
				return
			}
			r := b.collect()
			if n := len(r.with("discord.interaction.acks")) + len(r.with("discord.interaction.ack.duration_count")); n != 0 {
				t.Errorf("%d series of acknowledgements, want none", n)
			}
		})
	}
}

// TestAckByCommand: the command is read off the wire, with no handler wrapped.
func TestAckByCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b := newBench(t, w.srv, instrument.WithCommands("ping", "config set", "admin user"))
		s := w.session(b, 0, 1)
		b.attach(s)
		s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
			if err := pong(s, i.Interaction); err != nil {
				t.Error(err)
			}
		})
		b.open(s)
		for _, send := range []struct {
			kind discordtest.InteractionKind
			name string
			sub  []string
		}{
			{discordtest.ApplicationCommand, "ping", nil},
			{discordtest.Autocomplete, "ping", nil},
			{discordtest.ApplicationCommand, "config", []string{"set"}},
			{discordtest.ApplicationCommand, "config", []string{"get"}},
			{discordtest.ApplicationCommand, "admin", []string{"user", "ban"}},
			{discordtest.MessageComponent, "ping", nil},
		} {
			if _, _, err := b.srv.SendInteraction(b.context(), 0, send.kind, time.Now(), send.name, discordtest.WithSubcommand(send.sub...)); err != nil {
				t.Fatal(err)
			}
		}
		r := b.await("all answers", func(r reading) bool { return r.sum("discord.interaction.acks") == 6 })
		count := func(command, kind string) string {
			return fmt.Sprintf("discord.interaction.ack.duration_count{command=%s,type=%s}", command, kind)
		}
		r.want(t, reading{
			count("ping", "application_command"):       1,
			count("ping", "autocomplete"):              1,
			count("config set", "application_command"): 1,
			count("other", "application_command"):      1,
			count("admin user", "application_command"): 1,
			count("other", "message_component"):        1,
		})
	})
}

// TestClientReplaced: a session whose REST calls are not seen has no outcomes
// rather than wrong ones, and it is said.
func TestClientReplaced(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil, instrument.WithSessionStartPoll(time.Hour)) // whose request is measured, and not the session's
	s := b.session(0, 1)
	own := *s.Client
	b.attach(s)
	s.Client = &own
	b.awaitValue("discord.rest.request.duration_count{method=GET,route=/gateway/bot,status=200}", 1)
	b.open(s)
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	r := b.awaitValue("discord.interactions{status=received,type=application_command}", 1)
	r.want(t, reading{"argus.instrumentation.errors{hook=transport}": 1})
	// What time decides is decided when somebody collects: after it, still nothing.
	<-time.After(5100 * time.Millisecond)
	if got := b.collect().sum("discord.interaction.acks"); got != 0 {
		t.Errorf("%v outcomes, want none", got)
	}
}

// TestSharedClientCountsOnce: a session may have been given the Client of one
// that was attached before.
func TestSharedClientCountsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	one, two := b.session(0, 2), b.session(1, 2)
	b.attach(one)
	two.Client = one.Client
	b.attach(two)
	b.srv.RateLimit(discordtest.RateLimit{Scope: "user", RetryAfter: time.Millisecond, Times: 1})
	if _, err := two.User("@me"); err != nil {
		t.Fatal(err)
	}
	r := b.collect()
	if got := r.sum("discord.ratelimits"); got != 1 {
		t.Errorf("%v rate limits, want 1", got)
	}
	if got := r.sum("discord.rest.request.duration_count"); got != 2 {
		t.Errorf("%v requests, want 2: one was repeated", got)
	}
}
