package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"
)

const (
	// reuse is how long a document is served again, and costShare how much longer that is
	// than it took to make: each document takes at most this part of one processor.
	reuse     = 5 * time.Second
	costShare = 5
	// stale is how long after that a document is still served, while it is made anew: it
	// says how old it is.
	stale = 30 * time.Second
	// makeTimeout limits the making of a document that nobody waits for.
	makeTimeout = time.Minute
	// maxDocuments is the number of documents that are kept.
	maxDocuments = 256
)

// A document is one that was made.
type document struct {
	turn chan struct{} // held by whoever makes it
	used time.Time     // under the lock of documentsKept

	mu      sync.Mutex
	at      time.Time
	took    time.Duration
	content any    // nobody changes it
	body    []byte // as JSON, without the time of the answer
	tag     string
}

// age says whether a document is new enough, or else whether it may be served while it is
// made anew.
func (d *document) age(now time.Time) (body []byte, tag string, fresh, usable bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() || now.Before(d.at) {
		return nil, "", false, false
	}
	age, lasts := now.Sub(d.at), max(reuse, costShare*d.took)
	return d.body, d.tag, age < lasts, age < lasts+stale
}

// documentsKept keeps what was made lately.
type documentsKept struct {
	mu     sync.Mutex
	of     map[string]*document
	making sync.WaitGroup
}

// get returns a document that is new enough. One that is a little older is returned too,
// and made anew for the next request; any other is made. Only one maker of a document runs
// at a time.
func (d *documentsKept) get(ctx context.Context, key string, of func(context.Context) (any, error)) (body []byte, tag string, err error) {
	one := d.find(key)
	body, tag, fresh, usable := one.age(time.Now())
	if fresh {
		return body, tag, nil
	}
	if usable {
		select {
		case one.turn <- struct{}{}:
			d.making.Go(func() {
				defer func() { <-one.turn }()
				limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTimeout)
				defer cancel()
				_ = one.make(limited, of) // who asks once it is too old gets the error
			})
		default: // it is being made
		}
		return body, tag, nil
	}
	if err := one.renew(ctx, of); err != nil {
		return nil, "", err
	}
	body, tag, _, _ = one.age(time.Now())
	return body, tag, nil
}

// content returns what a document that is new enough was made from, for another one.
func (d *documentsKept) content(ctx context.Context, key string, of func(context.Context) (any, error)) (any, error) {
	one := d.find(key)
	if _, _, fresh, _ := one.age(time.Now()); !fresh {
		if err := one.renew(ctx, of); err != nil {
			return nil, err
		}
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.content, nil
}

// renew makes the document, unless somebody else does meanwhile.
func (d *document) renew(ctx context.Context, of func(context.Context) (any, error)) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, _, fresh, _ := d.age(time.Now()); fresh {
		return nil
	}
	return d.make(ctx, of)
}

// make makes the document. The turn is held.
func (d *document) make(ctx context.Context, of func(context.Context) (any, error)) error {
	began := time.Now()
	content, err := of(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.took, d.content, d.body, d.tag = began, time.Since(began), content, body, `"`+base64.RawURLEncoding.EncodeToString(hash[:12])+`"`
	return nil
}

func (d *documentsKept) find(key string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil {
		d.of = map[string]*document{}
	}
	now := time.Now()
	one := d.of[key]
	if one == nil {
		if len(d.of) >= maxDocuments {
			d.dropOldest()
		}
		one = &document{turn: make(chan struct{}, 1)}
		d.of[key] = one
	}
	one.used = now
	return one
}

func (d *documentsKept) dropOldest() {
	var oldest string
	for key, one := range d.of {
		if o := d.of[oldest]; o == nil || one.used.Before(o.used) {
			oldest = key
		}
	}
	delete(d.of, oldest)
}

// forget drops all documents: somebody has changed what they say.
func (d *documentsKept) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.of)
}
