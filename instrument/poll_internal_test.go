package instrument

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/metric/noop"
)

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }

// TestPollForgetsAtOnce: a session that is detached leaves nothing of it behind, such
// as a request with its token, until the next request.
func TestPollForgetsAtOnce(t *testing.T) {
	t.Parallel()
	inst, err := New(WithMeterProvider(noop.NewMeterProvider()), WithSessionStartPoll(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	s, err := discordgo.New("Bot not-a-secret")
	if err != nil {
		t.Fatal(err)
	}
	s.Client = &http.Client{Transport: refusing{}}
	detach, err := inst.Attach(s)
	if err != nil {
		t.Fatal(err)
	}
	kept := func() int {
		inst.poll.mu.Lock()
		defer inst.poll.mu.Unlock()
		return len(inst.poll.askers)
	}
	if n := kept(); n != 1 {
		t.Errorf("%d sessions are kept while one is attached", n)
	}
	detach()
	if n := kept(); n != 0 {
		t.Errorf("%d sessions are kept after detach", n)
	}
}
