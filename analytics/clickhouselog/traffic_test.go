package clickhouselog

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/internal/catalog"
)

// patienceOfTests is for a condition to come true on a machine that is busy.
const patienceOfTests = 2 * time.Minute

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patienceOfTests)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("it never came true that %s", what)
		}
	}
}

// traffic is a bot whose events have an id each.
type traffic struct {
	e    *Exporter
	sent int
}

func (b *traffic) emit(t *testing.T, n int) {
	t.Helper()
	p, r := b.e.Processor(), interaction()
	for range n {
		b.sent++
		r.SetAttributes(
			attribute.String(catalog.AttrRecordUID, fmt.Sprintf("00000000-0000-7000-8000-%012x", b.sent)),
			attribute.String(catalog.AttrGuildID, fmt.Sprint(1200000000000000000+b.sent%50)),
			attribute.String(catalog.AttrCommand, "music play"),
			attribute.Float64(catalog.AttrHandlerDuration, 0.5),
		)
		if err := p.OnEmit(t.Context(), &r); err != nil {
			t.Error(err)
		}
	}
}

// until emits a few events at a time until something is true.
func (b *traffic) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	eventually(t, what, func() bool { b.emit(t, 50); return is() })
}

func (b *traffic) isDown() bool { up, known := b.e.Up(); return known && !up }
func (b *traffic) isUp() bool   { up, _ := b.e.Up(); return up }

// end shuts the exporter down, and returns how many events arrived.
func (b *traffic) end(t *testing.T) uint64 {
	t.Helper()
	if err := b.e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	full, rejected, shutdown := b.e.Losses()
	return uint64(b.sent) - full - rejected - shutdown
}
