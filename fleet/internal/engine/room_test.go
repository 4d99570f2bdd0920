package engine

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// TestFullDisk: while less of the disk is free than what is reserved, rules record nothing,
// and alerts go on; then they record again.
func TestFullDisk(t *testing.T) {
	var left atomic.Uint64
	left.Store(Reserve)
	e := open(t, t.TempDir(), withRules(strings.ReplaceAll(pending, "rules: [", "rules: [{record: a:b, expr: vector(time())}, ")),
		func(o *Options) { o.Free = func(string) (uint64, error) { return left.Load(), nil } })
	recorded := func() string { return rows(t, e, "a:b", time.Now()) }
	expect.Eventually(t, "the rule to record", func() bool { return recorded() != "" && e.Room() == nil })
	left.Store(Reserve - 1)
	if err := e.Room(); !errors.Is(err, ErrFull) {
		t.Errorf("there is room: %v", err)
	}
	evaluated := func() time.Time { return e.rules.AlertingRules()[0].GetEvaluationTimestamp() }
	full := time.Now()
	expect.Eventually(t, "an evaluation since then", func() bool { return evaluated().After(full) })
	last, since := recorded(), evaluated()
	expect.Eventually(t, "more of them", func() bool { return evaluated().After(since.Add(time.Second)) })
	if got := recorded(); got != last {
		t.Errorf("it recorded %q after %q", got, last)
	}
	if a := e.Alerts(); len(a) != 1 {
		t.Errorf("the alerts are %v", a)
	}
	left.Store(Reserve)
	expect.Eventually(t, "the rule to record again", func() bool { return recorded() != last })
}
