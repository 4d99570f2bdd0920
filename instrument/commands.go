package instrument

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/internal/catalog"
)

var commandStatuses = []string{catalog.StatusSuccess, catalog.StatusError}

// A command is one value of the label command, with its series.
type command struct {
	name string
	app  outcomes // application commands
	text outcomes // prefix commands
}

// outcomes are the series of one command on one pair of instruments.
type outcomes struct {
	cells  [2]cell // by status
	record [2][]metric.RecordOption
}

func newCommand(name string) *command {
	c := &command{name: name}
	for _, o := range []*outcomes{&c.app, &c.text} {
		o.record = byStatus("command", name)
		for n, status := range commandStatuses {
			o.cells[n].quiet = name == catalog.Other // exists only after such a command has run
			o.cells[n].opts = labelled(attribute.String("command", name), attribute.String("status", status))
		}
	}
	return c
}

// byStatus are the options of the durations of a command or a task, by status.
func byStatus(label, name string) (record [2][]metric.RecordOption) {
	for n, status := range commandStatuses {
		record[n] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String(label, name), attribute.String("status", status)))}
	}
	return record
}

// any reports whether there was a run.
func (o *outcomes) any() bool {
	for n := range o.cells {
		if o.cells[n].n.Load() > 0 {
			return true
		}
	}
	return false
}

// A commandSet is the closed set of the label command.
type commandSet struct {
	*nameSet[*command]
	other  *command
	errors errorSet
}

func newCommandSet() *commandSet {
	return &commandSet{nameSet: newNameSet(newCommand), other: newCommand(catalog.Other), errors: errorSet{label: "command"}}
}

// Errors for command names, which [Instrumentation.Commands] wraps.
var (
	ErrCommandName     = catalog.ErrCommandName
	ErrTooManyCommands = catalog.ErrTooManyCommands
)

func (s *commandSet) register(names []string) error {
	if err := catalog.CheckCommands(names); err != nil {
		return fmt.Errorf("instrument: %w", err)
	}
	if total := s.add(names, catalog.MaxCommands); total > catalog.MaxCommands {
		return fmt.Errorf("instrument: %d command names with these: %w; none of them was added", total, ErrTooManyCommands)
	}
	return nil
}

// findCommand returns the command with the longest registered name that full
// begins with: "config set" counts as "config" if only that is registered.
func findCommand[T string | []byte](s *commandSet, full T) *command {
	names := *s.names.Load()
	for n := len(full); n > 0; n-- {
		if n < len(full) && full[n] != ' ' {
			continue
		}
		if c, ok := names[string(full[:n])]; ok {
			return c
		}
	}
	return s.other
}

func (s *commandSet) each(f func(*command)) {
	f(s.other)
	for _, c := range *s.names.Load() {
		f(c)
	}
}

// Commands adds to the closed set of values of the label command. A sub-command
// is joined to its parents by spaces: "config set". If only a parent is
// registered, its sub-commands count as the parent. Names that are not registered
// count as "other".
//
// At most 500 names can be registered. If any of the names is invalid or exceeds
// that limit, none is added, and the error gives the reason.
func (i *Instrumentation) Commands(names ...string) error { return i.commands.register(names) }

// Interaction wraps a handler of interactions. It counts each application command
// that the handler finishes and records its duration, from the receipt of the
// interaction if the connection is tapped. Register the result with
// Session.AddHandler.
//
// discordgo calls every handler of a type, and each wrapped handler counts:
// register one for all commands, or wrap the function that it dispatches to.
//
// The context is derived from that of [WithContext]; it ends with
// [Instrumentation.Close]. An error that h returns is recorded and dropped, since
// discordgo does not use it. A panic is recorded and re-raised; runtime.Goexit in
// a handler is recorded as a panic. h also receives other kinds of interactions;
// only their errors and panics are recorded, with the command "other". A nil
// handler does nothing.
func (i *Instrumentation) Interaction(
	h func(ctx context.Context, s *discordgo.Session, ic *discordgo.InteractionCreate) error,
) func(*discordgo.Session, *discordgo.InteractionCreate) {
	if h == nil {
		return func(*discordgo.Session, *discordgo.InteractionCreate) {}
	}
	i.timers.used.Store(true)
	return func(s *discordgo.Session, ic *discordgo.InteractionCreate) {
		r := i.beginInteraction(i.ctx, ic)
		defer r.end() // also during a panic, which is not recovered
		r.err = h(r.ctx, s, ic)
		r.returned = true
	}
}

// AppCommand runs h for an interaction and measures it as
// [Instrumentation.Interaction] does. It is for command frameworks that call a
// handler per command themselves: call it around each command, or in the
// framework's middleware. It passes ctx to h and returns the error of h. A nil
// handler does nothing. discord.interaction.handler.delay is recorded from the
// second interaction on.
func (i *Instrumentation) AppCommand(ctx context.Context, ic *discordgo.InteractionCreate, h func(ctx context.Context) error) error {
	if h == nil {
		return nil
	}
	i.timers.used.Store(true)
	r := i.beginInteraction(ctx, ic)
	defer r.end()
	r.err = h(r.ctx)
	r.returned = true
	return r.err
}

// Command runs h as the prefix (text) command of that name, and records its
// duration and outcome. It passes ctx to h and returns the error of h. A panic is
// recorded and re-raised; runtime.Goexit is recorded as a panic. A name that is
// not registered counts as "other". A nil handler does nothing.
func (i *Instrumentation) Command(ctx context.Context, name string, h func(ctx context.Context) error) error {
	if h == nil {
		return nil
	}
	c := findCommand(i.commands, name)
	r := run{inst: i, ctx: ctx, command: c, outcomes: &c.text, duration: i.metrics.commandDuration, hook: hookCommand, began: time.Now()}
	r.beginSpan()
	defer r.end()
	r.err = h(r.ctx)
	r.returned = true
	return r.err
}

// orBackground replaces a nil context, which the SDK does not accept.
func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// kindOf returns the index of an interaction's type in interactionTypes.
func kindOf(ic *discordgo.InteractionCreate) int {
	if n := int(ic.Type); n > 0 && n < len(interactionTypes) {
		return n
	}
	return 0 // unknown
}

func (i *Instrumentation) beginInteraction(ctx context.Context, ic *discordgo.InteractionCreate) (r run) {
	r = run{inst: i, ctx: ctx, command: i.commands.other, hook: hookInteraction, began: time.Now()}
	r.entered = r.began
	defer i.faults.catch(hookInteraction)
	if ic == nil || ic.Interaction == nil {
		return r
	}
	id, err := strconv.ParseUint(ic.ID, 10, 64)
	at, ok := i.timers.take(id)
	if !ok {
		at, ok = i.endpoint.handled(id)
	}
	kind, named := kindOf(ic), i.commands.other
	if data, ok := ic.Data.(discordgo.ApplicationCommandInteractionData); ok { // also for autocomplete
		named = findCommand(i.commands, fullName(data))
	}
	if i.tracker != nil {
		r.ctx, r.track, r.span = i.tracker.enter(orBackground(ctx), receipt{id: id, at: r.began, kind: kind}, named)
	}
	if ok && err == nil {
		i.metrics.handlerDelay.Record(orBackground(r.ctx), r.began.Sub(at).Seconds(), i.interactions.byType[kind]...)
		r.began = at
	}
	if ic.Type == discordgo.InteractionApplicationCommand {
		r.command = named
		r.outcomes, r.duration = &r.command.app, i.metrics.appCommandDuration
	}
	return r
}

// fullName joins a command with its group and sub-command.
func fullName(data discordgo.ApplicationCommandInteractionData) string {
	name, options := data.Name, data.Options
	for len(options) == 1 && options[0] != nil &&
		(options[0].Type == discordgo.ApplicationCommandOptionSubCommandGroup || options[0].Type == discordgo.ApplicationCommandOptionSubCommand) {
		name += " " + options[0].Name
		options = options[0].Options
	}
	return name
}

// A run is one call of a handler.
type run struct {
	inst     *Instrumentation
	ctx      context.Context //nolint:containedctx // of the handler
	command  *command
	outcomes *outcomes // nil if only errors are recorded
	duration metric.Float64Histogram
	hook     hook
	began    time.Time  // when the interaction was received, or the handler called
	entered  time.Time  // when the handler was called
	track    *tracked   // nil for a prefix command, and if spans are off
	span     trace.Span // nil if spans are off

	err      error
	returned bool // false after a panic
}

// beginSpan starts the span of a prefix command.
func (r *run) beginSpan() {
	defer r.inst.faults.catch(hookTrace)
	t := r.inst.traces
	if t == nil || r.inst.closed.Load() {
		return
	}
	r.ctx, r.span = t.start(orBackground(r.ctx), titled("prefix_command", r.command.name), r.began, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String(catalog.AttrCommand, r.command.name)))
}

// failure returns the type of a handler's error, or empty if it has none.
func failure(err error, returned bool) string {
	switch {
	case !returned:
		return catalog.ErrorTypePanic
	case err != nil:
		return errorType(err)
	}
	return ""
}

func (r *run) end() {
	defer r.inst.faults.catch(r.hook)
	now := time.Now()
	failed := failure(r.err, r.returned)
	if r.span != nil {
		r.inst.traces.end(r.span, ending{at: now, errorType: failed})
	}
	if r.track != nil {
		r.inst.tracker.leave(r.track, failed, now.Sub(r.entered), now)
	}
	if r.inst.closed.Load() {
		return
	}
	status := 0
	if failed != "" {
		status = 1
		r.inst.commands.errors.count(r.command.name, failed)
	}
	if r.outcomes == nil {
		return
	}
	defer r.outcomes.cells[status].n.Add(1) // last: a collection that includes the run also includes its duration
	r.duration.Record(orBackground(r.ctx), now.Sub(r.began).Seconds(), r.outcomes.record[status]...)
}
