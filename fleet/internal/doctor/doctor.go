package doctor

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/disk"
	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/checks"
)

const (
	requestTimeout = 5 * time.Second
	maxText        = 300 // bytes that are quoted of an answer
)

// A doctor is one run.
type doctor struct {
	settings settings.Settings
	urlGiven bool
	client   *client
	tokens   tokens
	wrong    string // a token that nobody has
	now      func() time.Time
	free     func(dir string) (bytes uint64, err error)
}

// Examine does all checks.
func Examine(ctx context.Context, given *settings.Given) *checks.Report {
	r := &checks.Report{Title: "Settings of this environment", Settings: []checks.Setting{}}
	for _, v := range given.Values() {
		text := v.Shown()
		if text == "" {
			text = "unset"
		}
		r.Settings = append(r.Settings, checks.Setting{Name: v.Flag, Variable: v.Variable(), Value: text, Source: v.Source})
	}
	s, err := given.Settings()
	if err != nil {
		r.Add(problems(err)...)
		r.Add(skip("address", "the settings are invalid"))
		return r
	}
	d := &doctor{settings: s, urlGiven: given.Has("url"), wrong: rand.Text() + rand.Text(), now: time.Now, free: disk.Free}
	d.examine(ctx, r)
	return r
}

func (d *doctor) examine(ctx context.Context, r *checks.Report) {
	if err := fleet.Check(d.settings); err != nil {
		r.Add(problems(err)...)
	} else {
		r.Add(ok("settings", "all settings are valid, and the files that they name can be read"))
	}
	d.tokens = readTokens(d.settings)
	r.Add(d.files()...)
	d.client = newClient(d.settings)
	defer d.client.http.CloseIdleConnections()
	at, served, answers := d.address(ctx)
	r.Add(at...)
	r.Add(d.certificate(served)...)
	seen := &seen{}
	if answers {
		seen = d.look(ctx)
	}
	// After what the fleet counts was read: wrong tokens are counted.
	var wait sync.WaitGroup
	var pushes, people, events []checks.Finding
	wait.Go(func() { pushes = d.pushes(ctx) })
	wait.Go(func() { events = d.events(ctx, seen) })
	if answers {
		wait.Go(func() { people = d.people(ctx) })
	}
	wait.Wait()
	r.Add(d.same()...)
	r.Add(pushes...)
	r.Add(people...)
	if answers {
		r.Add(seen.failures...)
		r.Add(seen.state(d.now())...)
	}
	r.Add(events...)
	r.Add(d.disk(seen)...)
}

// problems are those that an error joins.
func problems(err error) []checks.Finding {
	var list []checks.Finding
	for line := range strings.Lines(err.Error()) {
		list = append(list, fail("settings", strings.TrimSpace(line), "correct it, see docs/FLEET.md; the fleet does not start with this value"))
	}
	return list
}

func ok(check, text string) checks.Finding {
	return checks.Finding{Check: check, State: checks.OK, Text: text}
}

func skip(check, text string) checks.Finding {
	return checks.Finding{Check: check, State: checks.Skipped, Text: text}
}

func warn(check, text, do string) checks.Finding {
	return checks.Finding{Check: check, State: checks.Warning, Text: text, Do: do}
}

func fail(check, text, do string) checks.Finding {
	return checks.Finding{Check: check, State: checks.Failure, Text: text, Do: do}
}
