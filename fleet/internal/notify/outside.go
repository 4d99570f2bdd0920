package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
)

// outside posts every alert to each of some Alertmanagers, which tell one another what
// they have sent.
type outside struct {
	targets []*target
	idle    func()
	closing chan struct{}
	once    sync.Once
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

func newOutside(c Config, t timing, n *counters) (*outside, error) {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	transport = transport.Clone()
	transport.TLSClientConfig = c.TLS.Clone()
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	client := &http.Client{
		Transport: transport,
		Timeout:   t.attempt,
		// A redirect would take the credential elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	o := &outside{closing: make(chan struct{}), idle: transport.CloseIdleConnections}
	var errs []error
	seen := map[string]bool{}
	for _, text := range c.AlertmanagerURLs {
		u, err := targetURL(text)
		if err == nil && seen[u.String()] {
			err = fmt.Errorf("%q is there twice", u)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", settingURL, err))
			continue
		}
		seen[u.String()] = true
		o.targets = append(o.targets, &target{
			name: u.Redacted(), url: u.JoinPath("api/v2/alerts").String(), client: client, credential: c.Credential,
			timing: t, queue: newQueue(), closing: o.closing, dropped: &n.dropped,
		})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.cancel = cancel
	for _, t := range o.targets {
		o.wg.Go(func() { t.run(ctx) })
	}
	return o, nil
}

// targetURL returns errors without the URL where it may hold a password.
func targetURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL such as http://alertmanager:9093")
	case u.User != nil:
		return nil, fmt.Errorf("%q has a password in it, which logs would show: use the settings of the credential", u.Host)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("%q is not a URL such as http://alertmanager:9093", text)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q has a query: give the address alone", u.Host)
	}
	return u, nil
}

// send returns how many alerts some target had no room for.
func (o *outside) send(alerts []Alert) int {
	converted, dropped := convert(alerts, time.Now())
	for _, t := range o.targets {
		dropped += t.queue.add(converted)
	}
	return dropped
}

func (o *outside) receivers() []Receiver {
	out := make([]Receiver, len(o.targets))
	for i, t := range o.targets {
		out[i] = t.record.receiver(recordKey{t.name, "alertmanager"})
		out[i].Pending = t.queue.len()
	}
	return out
}

func (*outside) reload() error { return nil }

func (o *outside) test(ctx context.Context) error {
	var errs []error
	for _, t := range o.targets {
		if _, err := t.post(ctx, []*alert.Alert{trial(time.Now())}); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.name, err))
		}
	}
	return errors.Join(errs...)
}

// stop gives what waits one more chance, until ctx ends.
func (o *outside) stop(ctx context.Context) error {
	o.once.Do(func() { close(o.closing) })
	err := waitFor(ctx, &o.wg)
	o.cancel()
	o.wg.Wait()
	o.idle()
	return err
}
