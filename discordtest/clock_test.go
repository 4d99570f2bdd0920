package discordtest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// near reports whether a time is within the last minute of the server's clock, rounded
// to a second: the precision of a Date header.
func near(s *discordtest.Server, t time.Time) bool {
	off := s.Now().Sub(t)
	return off > -time.Second && off < time.Minute
}

// A session connects to a server whose clock differs from the machine's.
func TestClockOffset(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, offset := range []time.Duration{0, 90 * time.Second, -90 * time.Second} {
		t.Run(offset.String(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, discordtest.WithClockOffset(offset), discordtest.WithStrictInteractions())
			if off := time.Until(s.Now()) - offset; off > 0 || off < -time.Second {
				t.Errorf("Now is %v away from this machine's clock, want %v", off+offset, offset)
			}
			sess := newSession(t, s, 0, 1)
			sess.Identify.Intents = discordgo.IntentsAll
			answered := make(chan error, 1)
			sess.AddHandler(func(sess *discordgo.Session, i *discordgo.InteractionCreate) {
				answered <- sess.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong})
			})
			dispatched := events(sess)
			open(t, s, sess)

			t.Run("deadline", func(t *testing.T) {
				// The server's clock applies, not this machine's.
				for _, test := range []struct {
					created time.Time
					late    bool
				}{
					{s.Now().Add(time.Minute), false}, // however long the answer takes
					{s.Now().Add(-4 * time.Second), true},
					{time.Now(), offset > 0},
				} {
					if offset == 0 && !test.late && test.created.Before(s.Now()) {
						continue // by the same clock it depends on the duration of the answer
					}
					if _, _, err := s.SendInteraction(testContext(t), 0, discordtest.ApplicationCommand, test.created, "ping"); err != nil {
						t.Fatal(err)
					}
					err := <-answered
					var refused *discordgo.RESTError
					if errors.As(err, &refused) != test.late || test.late && refused.Message.Code != 10062 {
						t.Errorf("an interaction of %v ago by the server's clock: error %v, want 10062: %v", s.Now().Sub(test.created), err, test.late)
					}
				}
			})
			t.Run("REST", func(t *testing.T) {
				m, err := sess.ChannelMessageSend(s.TextChannel(s.Guilds()[0]), "hello")
				if err != nil {
					t.Fatal(err)
				}
				created, err := discordtest.SnowflakeTime(m.ID)
				if err != nil || !near(s, created) || !near(s, m.Timestamp) {
					t.Errorf("a message has the id of %v and the time %v, want %v (error %v)", created, m.Timestamp, s.Now(), err)
				}
			})
			t.Run("traffic", func(t *testing.T) {
				traffic, err := discordtest.NewTraffic(s, discordtest.TrafficConfig{Mix: map[string]float64{"MESSAGE_CREATE": 1}})
				if err != nil {
					t.Fatal(err)
				}
				if err := traffic.Send(testContext(t), 1); err != nil {
					t.Fatal(err)
				}
				m, ok := waitEvent(t, dispatched, "MESSAGE_CREATE").Struct.(*discordgo.MessageCreate)
				if !ok {
					t.Fatal("a MESSAGE_CREATE is none")
				}
				if created, err := discordtest.SnowflakeTime(m.ID); err != nil || !near(s, created) || !near(s, m.Timestamp) {
					t.Errorf("a message has the id of %v and the time %v, want %v (error %v)", created, m.Timestamp, s.Now(), err)
				}
			})
		})
	}
}

// Every answer has the server's date, whichever handler writes it.
func TestClockOffsetInHeaders(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithClockOffset(-time.Hour), discordtest.WithBuckets(5, time.Minute))
	s.Handle(http.MethodGet, "/nothing", func(http.ResponseWriter, *http.Request) {})
	s.RateLimit(discordtest.RateLimit{Pattern: "/gateway/bot"})
	s.Fail(http.MethodGet, "/users/@me", http.StatusBadGateway, 1)
	s.Behave(discordtest.Behavior{RejectUpgrade: http.StatusServiceUnavailable})
	for _, test := range []struct {
		path    string
		upgrade bool
		status  int
	}{
		{"/gateway", false, http.StatusOK},
		{"/nothing", false, http.StatusOK},
		{"/unheard-of", false, http.StatusNotFound},
		{"/gateway/bot", false, http.StatusTooManyRequests},
		{"/users/@me", false, http.StatusBadGateway},
		{"/", true, http.StatusServiceUnavailable},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/api/v9"+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Close = !test.upgrade
		req.Header.Set("Authorization", "Bot "+s.Token())
		if test.upgrade {
			req.Header.Set("Connection", "Upgrade")
			req.Header.Set("Upgrade", "websocket")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		at, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil || !near(s, at) || resp.StatusCode != test.status {
			t.Errorf("%s: status %d, Date %q; want %d, %v (error %v)", test.path, resp.StatusCode, resp.Header.Get("Date"), test.status, s.Now(), err)
		}
	}
}

func TestClockOffsetHasBounds(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{-366 * 24 * time.Hour, 366 * 24 * time.Hour} {
		if _, err := discordtest.NewServer(discordtest.WithClockOffset(offset)); err == nil || !strings.Contains(err.Error(), "WithClockOffset("+offset.String()+")") {
			t.Errorf("the error for %v is %v", offset, err)
		}
	}
}
