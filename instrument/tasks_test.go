package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/argus-dgo/argus/instrument"
)

// TestTask: a task is timed by outcome, its errors and panics are counted by type,
// and it is a span, within those of its context.
func TestTask(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	b := &traced{bench: newBench(t, nil, instrument.WithTracerProvider(provider), instrument.WithTasks("load settings")), spans: spans, provider: provider}
	task := func(ctx context.Context, name string, err error) error {
		return b.inst.Task(ctx, name, func(context.Context) error { return err })
	}
	err := b.inst.Task(context.Background(), "load settings", func(ctx context.Context) error {
		return errors.Join(task(ctx, "load settings", nil), task(ctx, "nameless", fmt.Errorf("query: %w", errHandler)))
	})
	if !errors.Is(err, errHandler) {
		t.Errorf("it returned %v", err)
	}
	b.awaitTrace("task load settings", `
task load settings [internal] task=load settings type=*errors.errorString ERROR
  task [internal] task=other type=*errors.errorString ERROR
  task load settings [internal] task=load settings`)
	func() {
		defer func() {
			if r := recover(); r != "mine" {
				t.Errorf("the panic was %v", r)
			}
		}()
		_ = b.inst.Task(context.Background(), "load settings", func(context.Context) error { panic("mine") })
	}()
	if err := b.inst.Task(context.Background(), "load settings", nil); err != nil {
		t.Errorf("no function: %v", err)
	}
	b.collect().want(t, reading{
		"discord.task.duration_count{status=success,task=load settings}":         1,
		"discord.task.duration_count{status=error,task=load settings}":           2,
		"discord.task.duration_count{status=error,task=other}":                   1,
		"discord.task.errors{error_type=*errors.errorString,task=load settings}": 1,
		"discord.task.errors{error_type=*errors.errorString,task=other}":         1,
		"discord.task.errors{error_type=panic,task=load settings}":               1,
		"argus.instrumentation.errors{hook=command}":                             0,
	})
	check(t, b.inst.Close())
	if err := task(context.Background(), "load settings", errHandler); !errors.Is(err, errHandler) {
		t.Errorf("after Close it returned %v", err)
	}
}

// TestTaskNames: the set is closed and small, and a bad name adds none.
func TestTaskNames(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, name := range []string{"", "other", strings.Repeat("x", 65), "\xff"} {
		if err := b.inst.Tasks("fine", name); !errors.Is(err, instrument.ErrTaskName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	names := make([]string, 101)
	for n := range names {
		names[n] = fmt.Sprint("task ", n)
	}
	for _, some := range [][]string{names, names[:100], names[:100], names[100:]} {
		err := b.inst.Tasks(some...)
		if tooMany := len(some) != 100; tooMany != errors.Is(err, instrument.ErrTooManyTasks) {
			t.Errorf("%d names: %v", len(some), err)
		}
	}
	if _, err := instrument.New(instrument.WithTasks("")); !errors.Is(err, instrument.ErrTaskName) {
		t.Errorf("New: %v", err)
	}
}
