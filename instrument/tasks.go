package instrument

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/internal/catalog"
)

// Errors for task names, which [Instrumentation.Tasks] wraps.
var (
	ErrTaskName     = catalog.ErrTaskName
	ErrTooManyTasks = catalog.ErrTooManyTasks
)

// A task is one value of the label task.
type task struct {
	name   string
	record [2][]metric.RecordOption // by status
}

func newTask(name string) *task { return &task{name, byStatus("task", name)} }

// A taskSet is the closed set of the label task.
type taskSet struct {
	*nameSet[*task]
	other  *task
	errors errorSet
}

func newTaskSet() *taskSet {
	return &taskSet{nameSet: newNameSet(newTask), other: newTask(catalog.Other), errors: errorSet{label: "task"}}
}

func (s *taskSet) register(names []string) error {
	if err := catalog.CheckTasks(names); err != nil {
		return fmt.Errorf("instrument: %w", err)
	}
	if total := s.add(names, catalog.MaxTasks); total > catalog.MaxTasks {
		return fmt.Errorf("instrument: %d task names with these: %w; none of them was added", total, ErrTooManyTasks)
	}
	return nil
}

func (s *taskSet) find(name string) *task {
	if t, ok := (*s.names.Load())[name]; ok {
		return t
	}
	return s.other
}

// Tasks adds to the closed set of values of the label task. Names that are not
// registered count as "other".
//
// At most 100 names can be registered. If any of the names is invalid or exceeds
// that limit, none is added, and the error gives the reason.
func (i *Instrumentation) Tasks(names ...string) error { return i.tasks.register(names) }

// Task runs h, a piece of the bot's own work such as a query or a periodic job. It
// records the duration by outcome, counts errors by type, and draws a span, a part
// of the trace of ctx or a trace of its own:
//
//	err := inst.Task(ctx, "load settings", func(ctx context.Context) error {
//		return db.QueryRowContext(ctx, …).Scan(&settings)
//	})
//
// h gets ctx with the span. Task returns the error of h. A panic is recorded and
// re-raised; runtime.Goexit is recorded as a panic. A name that is not registered
// counts as "other". A nil function does nothing.
func (i *Instrumentation) Task(ctx context.Context, name string, h func(ctx context.Context) error) (err error) {
	if h == nil {
		return nil
	}
	t, began, returned := i.tasks.find(name), time.Now(), false
	in, span := i.taskSpan(ctx, t, began)
	defer func() { i.taskEnded(in, t, span, began, failure(err, returned)) }()
	err = h(in)
	returned = true
	return err
}

// taskSpan starts the span of a task. Without spans it is nil.
func (i *Instrumentation) taskSpan(ctx context.Context, t *task, began time.Time) (in context.Context, span trace.Span) {
	if i.traces == nil || i.closed.Load() {
		return ctx, nil
	}
	return i.traces.start(orBackground(ctx), titled("task", t.name), began, trace.WithAttributes(attribute.String(catalog.AttrTask, t.name)))
}

func (i *Instrumentation) taskEnded(ctx context.Context, t *task, span trace.Span, began time.Time, failed string) {
	defer i.faults.catch(hookCommand)
	now, status := time.Now(), 0
	if failed != "" {
		status = 1
	}
	if span != nil {
		i.traces.end(span, ending{at: now, errorType: failed})
	}
	if i.closed.Load() {
		return
	}
	if failed != "" {
		i.tasks.errors.count(t.name, failed)
	}
	i.metrics.taskDuration.Record(orBackground(ctx), now.Sub(began).Seconds(), t.record[status]...)
}
