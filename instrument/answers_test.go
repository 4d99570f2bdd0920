package instrument_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// refuse answers as Discord does.
func refuse(status, code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"message":"refused","code":%d}`, code)
	}
}

// A lossy transport has Discord answer the next callback, and loses the answer: a
// status is seen instead, or with 0 a connection that failed.
type lossy struct {
	next   http.RoundTripper
	losses atomic.Int32
	status int
}

var errLost = errors.New("the connection was reset")

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/callback") || l.losses.Add(-1) < 0 {
		return response, err
	}
	_ = response.Body.Close()
	if l.status == 0 {
		return nil, errLost
	}
	return &http.Response{
		StatusCode: l.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(`{"message":"` + http.StatusText(l.status) + `","code":0}`)),
	}, nil
}

// TestAcknowledgedAllTheSame: users have an answer, though no callback of ours
// was accepted as far as we saw.
func TestAcknowledgedAllTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	edit := func(s *discordgo.Session, i *discordgo.Interaction) error {
		text := "done"
		_, err := s.InteractionResponseEdit(i, &discordgo.WebhookEdit{Content: &text})
		return err
	}
	followUp := func(s *discordgo.Session, i *discordgo.Interaction) error {
		_, err := s.FollowupMessageCreate(i, true, &discordgo.WebhookParams{Content: "more"})
		return err
	}
	once := discordgo.WithRestRetries(0)
	failed := func(err error) error {
		if err == nil {
			return errors.New("the callback was accepted")
		}
		return nil
	}
	acknowledged := func(err error) error {
		return onlyCode(err, discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged, 1)
	}
	// other is a session of another process, without an instrumentation.
	for name, tt := range map[string]struct {
		lost   int // callbacks whose answer is lost
		status int // what is seen instead
		answer func(s, other *discordgo.Session, i *discordgo.Interaction) error
		want   string
	}{
		"a 502 that Discord had taken, and discordgo's retry": {1, 502, func(s, _ *discordgo.Session, i *discordgo.Interaction) error {
			return acknowledged(pong(s, i))
		}, "in_time"},
		"two of them": {2, 502, func(s, _ *discordgo.Session, i *discordgo.Interaction) error {
			return acknowledged(pong(s, i))
		}, "in_time"},
		"a 503, and the bot's retry": {1, 503, func(s, _ *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(failed(pong(s, i)), acknowledged(pong(s, i)))
		}, "in_time"},
		"no response, and the bot's retry": {1, 0, func(s, _ *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(failed(pong(s, i)), acknowledged(pong(s, i)))
		}, "in_time"},
		"a 502, and an edit that works": {1, 502, func(s, _ *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(failed(pong(s, i, once)), edit(s, i))
		}, "in_time"},
		"another process was first": {0, 0, func(s, other *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(pong(other, i), acknowledged(pong(s, i)))
		}, "answered_elsewhere"},
		"another process was first, twice": {0, 0, func(s, other *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(pong(other, i), acknowledged(pong(s, i)), acknowledged(pong(s, i)))
		}, "answered_elsewhere"},
		"another process answered, this one edits": {0, 0, func(s, other *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(pong(other, i), edit(s, i))
		}, "answered_elsewhere"},
		"another process answered, this one follows up": {0, 0, func(s, other *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(pong(other, i), followUp(s, i))
		}, "answered_elsewhere"},
		"a wrong body, then another process": {0, 0, func(s, other *discordgo.Session, i *discordgo.Interaction) error {
			wrong := s.InteractionRespond(i, &discordgo.InteractionResponse{})
			return errors.Join(failed(wrong), pong(other, i), acknowledged(pong(s, i)))
		}, "answered_elsewhere"},
		"a follow-up after an own answer": {0, 0, func(s, _ *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(pong(s, i), followUp(s, i), edit(s, i))
		}, "in_time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := b.session(0, 1)
			below := &lossy{next: s.Client.Transport, status: tt.status}
			s.Client.Transport = below
			b.attach(s)
			other := b.session(0, 1)
			answered := make(chan error, 1)
			s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
				answered <- tt.answer(s, other, i.Interaction)
			})
			b.open(s)
			// On a machine that stands still for three seconds the outcome is chance.
			for n := range 5 {
				below.losses.Store(int32(tt.lost))
				before := b.collect()[acks("application_command", tt.want)]
				sent := time.Now()
				if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
					t.Fatal(err)
				}
				if err := <-answered; err != nil {
					t.Fatal(err)
				}
				took := time.Since(sent)
				r := b.await("the outcome", func(r reading) bool { return r.sum("discord.interaction.acks") == float64(n+1) })
				if took < 3*time.Second {
					r.want(t, reading{acks("application_command", tt.want): before + 1})
					return
				}
			}
			t.Error("the machine stood still five times: nothing was shown")
		})
	}
}

// TestTypedOn: Discord refuses the answer to an autocomplete whose user has typed
// on. A command that is refused in the same way is another matter.
func TestTypedOn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	kinds := []discordtest.InteractionKind{discordtest.Autocomplete, discordtest.ApplicationCommand, discordtest.MessageComponent, discordtest.ModalSubmit}
	for range 5 {
		b := newBench(t, nil, instrument.WithCommands("search"))
		b.srv.Handle(http.MethodPost, "/interactions/{id}/{token}/callback", refuse(http.StatusNotFound, discordgo.ErrCodeUnknownInteraction))
		s := b.session(0, 1)
		b.attach(s)
		refused := make(chan error)
		s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
			refused <- onlyCode(pong(s, i.Interaction), discordgo.ErrCodeUnknownInteraction, 1)
		})
		b.open(s)
		sent := time.Now()
		for _, kind := range kinds {
			if _, _, err := b.srv.SendInteraction(b.context(), 0, kind, b.srv.Now(), "search"); err != nil {
				t.Fatal(err)
			}
			if err := <-refused; err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(sent)
		r := b.await("an outcome for each", func(r reading) bool { return r.sum("discord.interaction.acks") == float64(len(kinds)) })
		if took >= 3*time.Second {
			continue // on a machine that stands still the outcome is chance
		}
		r.want(t, reading{
			acks("autocomplete", "superseded"):      1,
			acks("autocomplete", "rejected"):        0,
			acks("application_command", "rejected"): 1,
			acks("message_component", "rejected"):   1,
			acks("modal_submit", "rejected"):        1,

			"discord.interaction.response.delay_count{command=search,type=autocomplete}": 1,
		})
		if _, there := r[acks("application_command", "superseded")]; there {
			t.Error("a command is never superseded, and there is a series of it")
		}
		return
	}
	t.Error("the machine stood still five times: nothing was shown")
}

// TestSlowHandlersShow: no answer is accepted, so that nothing but the time until
// the first attempt tells that it is the handlers. No handler is wrapped.
func TestSlowHandlersShow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, tt := range []struct {
		slow    time.Duration
		outcome string
	}{
		{3200 * time.Millisecond, "late"},
		{5500 * time.Millisecond, "missed"}, // its outcome is known before it tries
	} {
		t.Run(tt.slow.String(), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithStrictInteractions()), instrument.WithCommands("ping"))
			s := b.session(0, 1)
			b.attach(s)
			handled := make(chan error, 1)
			s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
				passed(tt.slow)
				// The second attempt is not the first.
				handled <- errors.Join(onlyCode(pong(s, i.Interaction), discordgo.ErrCodeUnknownInteraction, 1),
					onlyCode(pong(s, i.Interaction), discordgo.ErrCodeUnknownInteraction, 1))
			})
			b.open(s)
			sent := time.Now()
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			if err := <-handled; err != nil {
				t.Fatal(err)
			}
			around := time.Since(sent)
			r := b.await("the outcome", func(r reading) bool { return r.sum("discord.interaction.acks") == 1 })
			const delay = "discord.interaction.response.delay_%s{command=ping,type=application_command}"
			if got := r[fmt.Sprintf(delay, "count")]; got != 1 {
				t.Errorf("%v delays of an answer, want 1", got)
			}
			if got := r[fmt.Sprintf(delay, "sum")]; got < (tt.slow-time.Millisecond).Seconds() || got > around.Seconds() {
				t.Errorf("the delay is %v s, want %v to %v", got, tt.slow, around)
			}
			if list := b.inst.SlowInteractions(); len(list) != 1 {
				t.Errorf("%d slow interactions: %+v", len(list), list)
			} else if slow := list[0]; slow.Shard != "0" || slow.Type != "application_command" || slow.Command != "ping" ||
				slow.Received.Before(sent) || slow.Attempt < tt.slow-time.Millisecond || slow.Attempt > around ||
				around < 5*time.Second && slow.Outcome != tt.outcome || slow.Outcome == "missed" && slow.Answer != 0 {
				t.Errorf("the slow interaction is %+v, want an attempt after %v to %v", slow, tt.slow, around)
			}
			if got := r.with("discord.interaction.ack.duration_count"); len(got) > 0 {
				t.Errorf("no answer was accepted: %v", got)
			}
			if around < 5*time.Second || tt.outcome == "missed" { // else a machine that stood still
				r.want(t, reading{acks("application_command", tt.outcome): 1})
			}
		})
	}
}
