package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/alertmanager/alert"

	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const answerMost = 4 << 10 // bytes of an answer that are read

// A target is one Alertmanager by URL.
type target struct {
	name, url  string
	client     *http.Client
	credential credential.Credential
	timing     timing
	queue      *queue
	record     record
	closing    <-chan struct{}
	dropped    *atomic.Uint64
}

// postedAlert is an alert in Alertmanager's API v2.
type postedAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// run posts what is in the queue until it is empty after closing, or ctx ends.
func (t *target) run(ctx context.Context) {
	pause := t.timing.retry
	for {
		batch := t.queue.take()
		if len(batch) == 0 {
			select {
			case <-t.queue.ready:
			case <-t.closing:
				if t.queue.len() == 0 {
					return
				}
			case <-ctx.Done():
				return
			}
			continue
		}
		again, err := t.post(ctx, batch)
		if err == nil {
			t.record.sent("", time.Now())
			pause = t.timing.retry
			continue
		}
		if ctx.Err() != nil {
			return
		}
		t.record.failed("", err.Error(), time.Now())
		lost := len(batch)
		if again {
			lost = t.queue.putBack(batch)
		}
		t.dropped.Add(uint64(lost))
		select {
		case <-t.closing:
			return
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause/2+1)): //nolint:gosec // not a secret
		}
		pause = min(2*pause, t.timing.retryMost)
	}
}

// post returns whether the same alerts may be accepted later.
func (t *target) post(ctx context.Context, batch []*alert.Alert) (again bool, err error) {
	list := make([]postedAlert, len(batch))
	for i, a := range batch {
		list[i] = postedAlert{stringMap(a.Labels), stringMap(a.Annotations), a.StartsAt, a.EndsAt, a.GeneratorURL}
	}
	body, err := json.Marshal(list)
	if err != nil {
		return false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/json")
	t.credential.Set(r)
	resp, err := t.client.Do(r)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // the name of the target is told elsewhere
		}
		return true, errors.New(t.clean(err.Error()))
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, answerMost)) // as much of it as came
	if resp.StatusCode/100 == 2 {
		return false, nil
	}
	again = resp.StatusCode/100 == 5 || resp.StatusCode == http.StatusTooManyRequests
	return again, fmt.Errorf("status %d: %s", resp.StatusCode, t.clean(string(answer)))
}

func (t *target) clean(text string) string { return excerpt.Line(t.credential.Hide(text), reasonMost) }
