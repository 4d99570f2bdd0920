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
	// maxDocuments is the number of documents that are kept.
	maxDocuments = 256
)

// A document is one that was made.
type document struct {
	turn chan struct{} // held by whoever makes it
	used time.Time

	at   time.Time
	took time.Duration
	body []byte // JSON, without the time of the answer
	tag  string
}

// documentsKept keeps what was made lately.
type documentsKept struct {
	mu sync.Mutex
	of map[string]*document
}

// get returns a document that is new enough, or makes it. Only one maker of a document
// runs at a time.
func (d *documentsKept) get(ctx context.Context, key string, of func(context.Context) (any, error)) (body []byte, tag string, err error) {
	one := d.find(key)
	select {
	case one.turn <- struct{}{}:
		defer func() { <-one.turn }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	began := time.Now()
	if age := began.Sub(one.at); !one.at.IsZero() && age >= 0 && age < max(reuse, costShare*one.took) {
		return one.body, one.tag, nil
	}
	content, err := of(ctx)
	if err != nil {
		return nil, "", err
	}
	body, err = json.Marshal(content)
	if err != nil {
		return nil, "", err
	}
	hash := sha256.Sum256(body)
	one.at, one.took, one.body, one.tag = began, time.Since(began), body, `"`+base64.RawURLEncoding.EncodeToString(hash[:12])+`"`
	return one.body, one.tag, nil
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
