package api

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestKept: a document is made once for all that ask at a time, is served again while it
// is new, for a while longer while it is made anew, and is made on request after that.
func TestKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept documentsKept
		var made atomic.Int64
		takes := time.Second
		ask := func() string {
			body, _, err := kept.get(t.Context(), "key", func(context.Context) (any, error) {
				n := made.Add(1)
				time.Sleep(takes) //nolint:forbidigo // by the clock of the bubble
				return map[string]int64{"n": n}, nil
			})
			if err != nil {
				return err.Error()
			}
			return string(body)
		}
		answers := make(chan string, 8)
		for range cap(answers) {
			go func() { answers <- ask() }()
		}
		for range cap(answers) {
			if got := <-answers; got != `{"n":1}` {
				t.Errorf("asked at a time: %s", got)
			}
		}
		pass := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // by the clock of the bubble
			synctest.Wait()
		}
		pass(3 * time.Second)
		if got := ask(); got != `{"n":1}` || made.Load() != 1 {
			t.Errorf("while it is new: %s", got)
		}
		pass(3 * time.Second)
		began := time.Now()
		if got := ask(); got != `{"n":1}` || time.Since(began) != 0 {
			t.Errorf("a little later: %s after %v", got, time.Since(began))
		}
		pass(2 * time.Second)
		if got := ask(); got != `{"n":2}` {
			t.Errorf("after it was made anew: %s", got)
		}
		pass(time.Minute)
		began = time.Now()
		if got := ask(); got != `{"n":3}` || time.Since(began) != takes {
			t.Errorf("much later: %s after %v", got, time.Since(began))
		}
		kept.forget()
		if got := ask(); got != `{"n":4}` {
			t.Errorf("after it was dropped: %s", got)
		}
		kept.making.Wait()
	})
}

// TestKeptErrors: an error is not kept.
func TestKeptErrors(t *testing.T) {
	var kept documentsKept
	failed := errors.New("failed")
	if _, _, err := kept.get(t.Context(), "key", func(context.Context) (any, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	if body, tag, err := kept.get(t.Context(), "key", func(context.Context) (any, error) { return 1, nil }); err != nil || string(body) != "1" || tag == "" {
		t.Errorf("%s %s %v", body, tag, err)
	}
}

// TestKeptIsBounded: the document that was used least lately gives way.
func TestKeptIsBounded(t *testing.T) {
	var kept documentsKept
	for n := range 3 * maxDocuments {
		if _, _, err := kept.get(t.Context(), fmt.Sprint(n), func(context.Context) (any, error) { return n, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(kept.of) != maxDocuments || kept.of[fmt.Sprint(3*maxDocuments-1)] == nil {
		t.Errorf("%d are kept", len(kept.of))
	}
}

// TestContent: another document is made from what is kept, and from a new one when that is
// not new any more.
func TestContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept documentsKept
		made := 0
		of := func(context.Context) (any, error) {
			made++
			return &made, nil
		}
		if _, _, err := kept.get(t.Context(), "key", of); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			wait time.Duration
			made int
		}{{reuse - 1, 1}, {1, 2}} {
			time.Sleep(step.wait) //nolint:forbidigo // by the clock of the bubble
			content, err := kept.content(t.Context(), "key", of)
			if err != nil || content != &made || made != step.made {
				t.Errorf("after another %v: %v, %v; made %d times", step.wait, content, err, made)
			}
		}
	})
}
