package sources

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/evidence/promapi"
	"github.com/argus-dgo/argus/internal/settingfile"
)

// Timeout is that of a query.
const Timeout = 30 * time.Second

// A Server is one to be polled.
type Server struct {
	// Region becomes the label region of series without one; empty adds none.
	Region string
	URL    string
}

// Access is how all servers are reached.
type Access struct {
	// TokenFile has one bearer token for all, or a line for each server in their order. It
	// is read again when it changes.
	TokenFile string
	// CAFile has the certificates of CAs, and CertFile and KeyFile what is shown to the
	// servers. Empty is the usual.
	CAFile, CertFile, KeyFile string
	Header                    http.Header
}

// A Source is a server and what is known of it. It is safe for concurrent use.
type Source struct {
	Server

	client *promapi.Client

	mu      sync.Mutex
	failing error
	since   time.Time // of failing, or of answering; zero before it was asked
	rules   []promapi.Rule
	told    time.Time             // as of when all that it has was reported
	ruled   bool                  // rules has been read
	at      map[process]time.Time // the newest sample of each
	places  map[members.Place]bool
}

// A Set is safe for concurrent use.
type Set struct {
	sources []*Source
	access  Access
	token   []byte // what was read of the file
}

// New returns the servers. Nothing is asked yet. Its errors complete a sentence about a
// setting.
func New(servers []Server, access Access) (*Set, error) {
	settings, err := access.tls()
	if err != nil {
		return nil, err
	}
	s := &Set{access: access}
	for _, server := range servers {
		client, err := promapi.New(promapi.Config{URL: server.URL, TLS: settings, Header: access.Header, Timeout: Timeout})
		if err != nil {
			return nil, fmt.Errorf("ARGUS_FLEET_PROMETHEUS: %w", err)
		}
		s.sources = append(s.sources, &Source{Server: server, client: client, at: map[process]time.Time{}})
	}
	return s, s.authenticate()
}

// Close closes idle connections.
func (s *Set) Close() {
	for _, one := range s.sources {
		one.client.Close()
	}
}

func (a Access) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CAFile != "" {
		pem, err := settingfile.Read(a.CAFile, maxFile)
		if err != nil {
			return nil, fmt.Errorf("ARGUS_FLEET_PROMETHEUS_CA_FILE: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ARGUS_FLEET_PROMETHEUS_CA_FILE %s has no certificate in PEM", a.CAFile)
		}
	}
	if a.CertFile != "" {
		if _, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile); err != nil {
			return nil, fmt.Errorf("ARGUS_FLEET_PROMETHEUS_CERT_FILE %s and ARGUS_FLEET_PROMETHEUS_KEY_FILE %s: %w", a.CertFile, a.KeyFile, err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // it may have changed
			pair, err := tls.LoadX509KeyPair(a.CertFile, a.KeyFile)
			return &pair, err
		}
	}
	return c, nil
}

const maxFile = 1 << 20

// authenticate reads the file of tokens, if it has changed.
func (s *Set) authenticate() error {
	if s.access.TokenFile == "" {
		return nil
	}
	const name = "ARGUS_FLEET_PROMETHEUS_TOKEN_FILE"
	text, err := settingfile.Read(s.access.TokenFile, maxFile)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if string(text) == string(s.token) {
		return nil
	}
	var tokens []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			tokens = append(tokens, line)
		}
	}
	if len(tokens) != 1 && len(tokens) != len(s.sources) {
		return fmt.Errorf("%s %s has %d tokens: write one for all servers, or one line for each of the %d", name, s.access.TokenFile, len(tokens), len(s.sources))
	}
	credentials := make([]credential.Credential, len(tokens))
	for i, token := range tokens {
		if credentials[i], err = credential.Token(token); err != nil {
			return fmt.Errorf("%s %s: the token %w", name, s.access.TokenFile, err)
		}
	}
	for i, one := range s.sources {
		one.client.Authenticate(credentials[min(i, len(credentials)-1)])
	}
	s.token = text
	return nil
}

// Engine returns the sources for the engine. A nil set has none.
func (s *Set) Engine() []engine.Source {
	if s == nil {
		return nil
	}
	list := make([]engine.Source, len(s.sources))
	for i, one := range s.sources {
		list[i] = engine.Source{Region: one.Region, Server: one.client, Away: one.away, Failed: one.fail}
	}
	return list
}

// A State is whether a server answers.
type State struct {
	Server

	// Err is why it does not answer, since a time; nil if it does.
	Err   error
	Since time.Time
}

// States returns the state of each server, in their order.
func (s *Set) States() []State {
	list := make([]State, len(s.sources))
	for i, one := range s.sources {
		one.mu.Lock()
		list[i] = State{one.Server, one.failing, one.since}
		one.mu.Unlock()
	}
	return list
}

// Seen returns from when until when the processes of a place are seen: until the last poll
// of the server that has them, and not at all while that is away.
func (s *Set) Seen(p members.Place) (from, to time.Time) {
	for i, one := range s.sources {
		has, theirFrom, theirTo := one.seen(p)
		if has {
			return theirFrom, theirTo
		}
		if theirFrom.After(from) { // nobody knows whose it is
			from = theirFrom
		}
		if i == 0 || theirTo.Before(to) {
			to = theirTo
		}
	}
	return from, to
}

func (s *Source) seen(p members.Place) (has bool, from, to time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.places[p], s.since, time.Time{}
	}
	return s.places[p], s.since, s.told
}

func (s *Source) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failing != nil
}

// fail takes that a query was not answered.
func (s *Source) fail(err error) { s.answered(err, time.Now()) }

// answered takes whether a query was answered.
func (s *Source) answered(err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (err != nil) != (s.failing != nil) || s.since.IsZero() {
		s.since = now
	}
	s.failing = err
}

// Ruled reports whether all servers evaluate rules, of which named selects ours. known is
// false until all have been asked.
func (s *Set) Ruled(named func(string) bool) (ruled, known bool) {
	ruled = true
	for _, one := range s.sources {
		one.mu.Lock()
		asked := one.ruled
		has := slices.ContainsFunc(one.rules, func(r promapi.Rule) bool { return named(r.Name) })
		one.mu.Unlock()
		if !asked {
			return false, false
		}
		ruled = ruled && has
	}
	return ruled, true
}

// Alerts returns the alerts of those rules of the servers that named selects, as of the
// last poll.
func (s *Set) Alerts(named func(string) bool) []engine.Alert {
	var list []engine.Alert
	for _, one := range s.sources {
		one.mu.Lock()
		for _, r := range one.rules {
			if !named(r.Name) {
				continue
			}
			for _, a := range r.Alerts {
				list = append(list, alertOf(r, a, one.Region))
			}
		}
		one.mu.Unlock()
	}
	return list
}

func alertOf(r promapi.Rule, a promapi.Alert, region string) engine.Alert {
	one := engine.Alert{
		Name: r.Name, State: engine.Pending, Labels: map[string]string{}, Annotations: a.Annotations, ActiveAt: a.ActiveAt, Value: a.Value, For: r.For,
	}
	for name, value := range a.Labels {
		if name != "alertname" {
			one.Labels[name] = value
		}
	}
	if region != "" && one.Labels["region"] == "" {
		one.Labels["region"] = region
	}
	if a.Firing {
		one.State, one.FiredAt = engine.Firing, a.ActiveAt.Add(r.For)
	}
	return one
}

// Failing returns the rules of the servers whose last evaluation failed, and why.
func (s *Set) Failing() map[string]error {
	failing := map[string]error{}
	for _, one := range s.sources {
		one.mu.Lock()
		for _, r := range one.rules {
			if r.Failure != "" {
				failing[r.Name] = errors.New(cmp.Or(one.Region, one.client.Address()) + ": " + r.Failure)
			}
		}
		one.mu.Unlock()
	}
	return failing
}

// Run polls each server until the context ends; a slow one holds up no other. polled is
// called after each poll, not at the same time twice.
func (s *Set) Run(ctx context.Context, every time.Duration, registry *members.Registry, report func(error), polled func()) {
	var loops sync.WaitGroup
	var together sync.Mutex
	for _, one := range s.sources {
		loops.Go(func() {
			timer := time.NewTimer(0)
			defer timer.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				began := time.Now()
				together.Lock()
				err := s.authenticate()
				together.Unlock()
				if err != nil {
					report(err)
				}
				one.poll(ctx, registry, report)
				together.Lock()
				if ctx.Err() == nil {
					polled()
				}
				together.Unlock()
				timer.Reset(max(every-time.Since(began), every/10))
			}
		})
	}
	loops.Wait()
}
