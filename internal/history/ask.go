package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// Ask answers questions as of a time. A question that the table of the history cannot
// answer is an error.
func (h *History) Ask(ctx context.Context, at time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	inquiry, err := h.inquire(at, at, questions)
	if err != nil {
		return nil, err
	}
	answers := make([][]evidence.Value, len(questions))
	for n := range inquiry.plans {
		p := &inquiry.plans[n]
		for i, number := range p.numbers(inquiry, at) {
			if !math.IsNaN(number) {
				answers[n] = append(answers[n], evidence.Value{Labels: maps.Clone(p.answers[i]), Number: number})
			}
		}
	}
	return answers, nil
}

// Trace answers a question as of each step from one time to another: one every
// [FineStep] where there are such, and one every [CoarseStep] before.
func (h *History) Trace(ctx context.Context, from, to time.Time, question evidence.Question) ([]evidence.Series, error) {
	inquiry, err := h.inquire(from, to, []evidence.Question{question})
	if err != nil {
		return nil, err
	}
	times := make([]time.Time, len(inquiry.steps))
	for i, step := range inquiry.steps {
		times[i] = time.UnixMilli(step + inquiry.offset)
	}
	return inquiry.plans[0].trace(ctx, inquiry, times)
}

// trace answers a plan's question as of some times.
func (p *plan) trace(ctx context.Context, q *inquiry, times []time.Time) ([]evidence.Series, error) {
	series := make([]evidence.Series, len(p.answers))
	for i, labels := range p.answers {
		series[i].Labels = labels
	}
	for _, at := range times {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i, number := range p.numbers(q, at) {
			if !math.IsNaN(number) {
				series[i].Points = append(series[i].Points, evidence.Point{At: at, Number: number})
			}
		}
	}
	return slices.DeleteFunc(series, func(s evidence.Series) bool { return len(s.Points) == 0 }), nil
}

// Check returns an error if the history cannot answer a question, whatever it has seen
// so far.
func (h *History) Check(question evidence.Question) error {
	if err := check(question); err != nil {
		return err
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	_, err := h.rowFor(question)
	return err
}

// Range answers a question as of each of some times, which are in ascending order. It
// answers for the first groups in the order of their labels, at most a number of them.
// It returns how many are left out, of which some may have no values at these times.
func (h *History) Range(ctx context.Context, times []time.Time, most int, question evidence.Question) (series []evidence.Series, left int, err error) {
	if len(times) == 0 {
		return nil, 0, nil
	}
	inquiry, err := h.inquire(times[0], times[len(times)-1], []evidence.Question{question})
	if err != nil {
		return nil, 0, err
	}
	p := &inquiry.plans[0]
	if left = max(len(p.answers)-most, 0); left > 0 {
		p.answers = p.answers[:most]
		p.sources = slices.DeleteFunc(p.sources, func(s source) bool { return s.answer >= most })
	}
	series, err = p.trace(ctx, inquiry, times)
	return series, left, err
}

// Rises returns by how much a counter rose at each step of a range of time at which it
// did. The question's form and window do not matter.
func (h *History) Rises(ctx context.Context, from, to time.Time, question evidence.Question) ([]evidence.Series, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	question.Form, question.Over, question.Ago = evidence.Increase, to.Sub(from), 0
	inquiry, err := h.inquire(to, to, []evidence.Question{question})
	if err != nil {
		return nil, err
	}
	p := &inquiry.plans[0]
	risen := make([]map[int64]int64, len(p.answers)) // by time
	scale := p.scale
	for i := range p.sources {
		s := &p.sources[i]
		line := inquiry.lines[s.line]
		tracks := line.tracks[s.slot : s.slot+int(s.group.parts)]
		if len(tracks) > 1 {
			scale, tracks = 1, tracks[1:] // the sum is not an observation
		}
		w := line.difference(from.UnixMilli()-inquiry.offset, to.UnixMilli()-inquiry.offset)
		for _, t := range tracks {
			t.rises(w, func(step int, n int64) {
				if n == 0 {
					return
				}
				if risen[s.answer] == nil {
					risen[s.answer] = map[int64]int64{}
				}
				risen[s.answer][line.times[step]] += n
			})
		}
	}
	var series []evidence.Series
	for i, at := range risen {
		if len(at) == 0 {
			continue
		}
		points := make([]evidence.Point, 0, len(at))
		for _, step := range slices.Sorted(maps.Keys(at)) {
			points = append(points, evidence.Point{At: time.UnixMilli(step + inquiry.offset), Number: float64(at[step]) / scale})
		}
		series = append(series, evidence.Series{Labels: p.answers[i], Points: points})
	}
	return series, nil
}

// Steps returns the times at which the history has values, in a range of time. There is
// a gap between two fine steps that are more than 15 s apart, and between two coarse ones
// that are more than 150 s apart.
func (h *History) Steps(from, to time.Time) []time.Time {
	inquiry, _ := h.inquire(from, to, nil) // without a question there is no error
	steps := make([]time.Time, len(inquiry.steps))
	for i, step := range inquiry.steps {
		steps[i] = time.UnixMilli(step + inquiry.offset)
	}
	return steps
}

// An inquiry has what is needed to answer questions.
type inquiry struct {
	plans  []plan
	offset int64
	steps  []int64 // in the range of time
	lines  [3]*timeline
}

// The timelines of an inquiry: of fine steps, of coarse steps that go on with fine ones,
// and of coarse ones.
const (
	lineFine = iota
	lineMixed
	lineCoarse
)

// A plan says how a question is answered.
type plan struct {
	question evidence.Question
	row      *row
	scale    float64
	sources  []source
	answers  []evidence.Labels
	parts    int // the first part above the bound of Above
}

// A source is a group whose series are part of an answer.
type source struct {
	answer int
	group  *group
	line   int
	slot   int
	state  int64 // for rows of states
}

// inquire chooses rows and groups, and reads the log.
func (h *History) inquire(from, to time.Time, questions []evidence.Question) (*inquiry, error) {
	h.mu.RLock()
	q := &inquiry{offset: h.offset}
	fine, coarse := h.fine.snapshot(), h.coarse.snapshot()
	begin, end := from.UnixMilli()-h.offset, to.UnixMilli()-h.offset
	var oldest int64
	if len(fine) > 0 {
		oldest = fine[0].times[0]
	}
	var (
		errs   []error
		ids    [3][]int
		starts = [3]int64{begin, begin, begin}
	)
	for _, question := range questions {
		p, err := h.plan(question)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		start := begin - question.Ago.Milliseconds() - question.Over.Milliseconds()
		for i := range p.sources {
			s := &p.sources[i]
			switch {
			case s.group.class != usual:
				s.line = lineCoarse
			case start-fineStale < oldest && len(fine) > 0 && !fine[0].first:
				s.line = lineMixed
			}
			starts[s.line] = min(starts[s.line], start)
			for n := range int(s.group.parts) {
				ids[s.line] = append(ids[s.line], s.group.id+n)
			}
		}
		q.plans = append(q.plans, p)
	}
	h.mu.RUnlock()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	// The blocks do not change any more.
	q.lines[lineFine] = newTimeline(fine, starts[lineFine]-fineStale, end, q.selection(ids[lineFine], lineFine))
	mixed := q.selection(ids[lineMixed], lineMixed)
	q.lines[lineMixed] = newTimeline(coarse, starts[lineMixed]-coarseStale, min(end, firstFrom(coarse, oldest)), mixed)
	q.lines[lineMixed].fine = len(q.lines[lineMixed].times)
	q.lines[lineMixed].extend(fine, end, mixed)
	q.lines[lineCoarse] = newTimeline(coarse, starts[lineCoarse]-coarseStale, end, q.selection(ids[lineCoarse], lineCoarse))
	q.lines[lineCoarse].fine = math.MaxInt
	line := q.lines[lineMixed]
	if len(fine) > 0 && (fine[0].first || begin >= oldest) {
		line = q.lines[lineFine]
	}
	for _, at := range line.times {
		if at >= begin && at <= end {
			q.steps = append(q.steps, at)
		}
	}
	return q, nil
}

// firstFrom returns the time of the first coarse step that is a fine one too.
func firstFrom(coarse []block, oldest int64) int64 {
	for _, b := range since(coarse, oldest) {
		for _, at := range b.times {
			if at >= oldest {
				return at
			}
		}
	}
	return math.MaxInt64
}

// selection chooses the series of a timeline. Several questions may want the same ones.
func (q *inquiry) selection(ids []int, line int) *selection {
	unique := slices.Clone(ids)
	slices.Sort(unique)
	unique = slices.Compact(unique)
	chosen := newSelection(unique)
	for n := range q.plans {
		for i := range q.plans[n].sources {
			s := &q.plans[n].sources[i]
			if s.line != line {
				continue
			}
			s.slot, _ = slices.BinarySearch(unique, s.group.id)
			for part := range int(s.group.parts) {
				chosen.born[s.slot+part] = s.group.born
			}
		}
	}
	return chosen
}

// plan chooses the row and the groups for a question. The caller holds the lock.
func (h *History) plan(q evidence.Question) (plan, error) {
	if err := check(q); err != nil {
		return plan{}, err
	}
	r, err := h.rowFor(q)
	if err != nil {
		return plan{}, err
	}
	p := plan{question: q, row: &r.row, scale: r.scaled}
	if q.Form == evidence.Above {
		p.parts = 2 + slices.Index(r.bounds, q.At) // after the sum and the buckets up to the bound
	}
	index := map[string]int{}
	for _, g := range r.groups {
		states := []string{""}
		if r.states != nil {
			states = r.states
		}
		for n, state := range states {
			value := func(label string) (string, bool) {
				if i := r.index(label); i >= 0 {
					return h.store.names.values[g.labels[i]], true
				}
				if label == "state" && r.states != nil {
					return state, true
				}
				if label == r.only && label != "" {
					return r.value, true
				}
				v, ok := h.identity[label]
				return v, ok
			}
			if slices.ContainsFunc(q.Where, func(m evidence.Match) bool { v, _ := value(m.Label); return !m.Accepts(v) }) {
				continue
			}
			labels := maps.Clone(h.identity)
			for _, label := range q.By {
				if v, ok := value(label); ok {
					labels[label] = v
				}
			}
			key := labels.Key(q.By...)
			i, ok := index[key]
			if !ok {
				i = len(p.answers)
				index[key] = i
				p.answers = append(p.answers, labels)
			}
			p.sources = append(p.sources, source{answer: i, group: g, state: int64(n)})
		}
	}
	p.sort()
	return p, nil
}

// sort puts the answers in the order of their labels.
func (p *plan) sort() {
	order := make([]int, len(p.answers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(p.answers[a].Key(p.question.By...), p.answers[b].Key(p.question.By...))
	})
	sorted, place := make([]evidence.Labels, len(order)), make([]int, len(order))
	for i, n := range order {
		sorted[i], place[n] = p.answers[n], i
	}
	p.answers = sorted
	for i := range p.sources {
		p.sources[i].answer = place[p.sources[i].answer]
	}
}

// check refuses questions whose form does not go with the kind of the instrument.
func check(q evidence.Question) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("history: %s: "+format, append([]any{q.Of.Name}, args...)...)
	}
	kind := q.Of.Kind
	gauge := kind == catalog.Gauge || kind == catalog.UpDownCounter
	windowed := true
	switch q.Form {
	case evidence.Last:
		windowed = false
		if kind == catalog.Histogram {
			return fail("a histogram has no last value")
		}
	case evidence.Age:
		windowed = false
		if !gauge || !isTime(q.Of) {
			return fail("it is not a time")
		}
		if q.Combine == evidence.Sum {
			return fail("ages cannot be added up")
		}
	case evidence.Highest, evidence.Lowest, evidence.Changes:
		if !gauge {
			return fail("it is not a gauge")
		}
	case evidence.Increase, evidence.Rate:
		if gauge {
			return fail("it is not a counter")
		}
	case evidence.Quantile, evidence.Above, evidence.Mean:
		if kind != catalog.Histogram {
			return fail("it is not a histogram")
		}
		if q.Form == evidence.Quantile && !(q.At >= 0 && q.At <= 1) {
			return fail("%v is not a quantile (0 to 1)", q.At)
		}
		if q.Form != evidence.Above && q.Combine != evidence.Usual && q.Combine != evidence.Sum {
			return fail("a quantile or a mean is one of all series of a group")
		}
	default:
		return fail("the form %d is not known", q.Form)
	}
	if windowed && q.Over <= 0 {
		return fail("the window %v is not above 0", q.Over)
	}
	return nil
}

// rowFor returns the row that can answer a question with the most groups of their own, and
// of those the one with the fewest labels.
func (h *History) rowFor(q evidence.Question) (*rowState, error) {
	var found *rowState
	missing := ""
	rows := h.store.byName[q.Of.In(h.store.namespace).Name]
	for _, r := range rows {
		lacks := lacks(r, q)
		if lacks != "" {
			missing = lacks
			continue
		}
		if found == nil || cmp.Or(cmp.Compare(found.room(), r.room()), cmp.Compare(len(r.by), len(found.by))) < 0 {
			found = r
		}
	}
	switch {
	case len(rows) == 0:
		return nil, fmt.Errorf("history: %s is not kept", q.Of.Name)
	case found == nil:
		return nil, fmt.Errorf("history: %s: %s", q.Of.Name, missing)
	}
	return found, nil
}

// lacks says why a row cannot answer a question, or nothing.
func lacks(r *rowState, q evidence.Question) string {
	has := func(label string) bool {
		return r.index(label) >= 0 || label == "state" && r.states != nil || slices.Contains(evidence.Identity(), label)
	}
	for _, label := range q.By {
		if !has(label) {
			return fmt.Sprintf("the label %q is not kept for this question", label)
		}
	}
	selected := r.only == ""
	byShard := slices.Contains(q.By, "shard")
	for _, m := range q.Where {
		one := len(m.Values) == 1 && !m.Not
		if m.Label == r.only && one && m.Values[0] == r.value {
			selected = true
			continue
		}
		if !has(m.Label) {
			return fmt.Sprintf("the label %q is not kept for this question", m.Label)
		}
		byShard = byShard || m.Label == "shard" && !m.Not
	}
	switch {
	case !selected:
		return fmt.Sprintf("only the %s %q is kept for this question", r.only, r.value)
	case q.Form == evidence.Quantile && len(r.bounds) < len(DurationBounds()):
		return "too few buckets are kept for this question"
	case q.Form == evidence.Above && !slices.Contains(r.bounds, q.At):
		return fmt.Sprintf("the bucket %v is not kept for this question", q.At)
	case r.isCounter():
		if r.shard() && !byShard {
			return "the sum of all shards is kept apart"
		}
	case r.sum && q.Combine != evidence.Sum:
		return "only the sum is kept"
	case r.shard() && q.Combine == evidence.Sum && !byShard && !r.all:
		return `the label "shard" is needed: a sum needs all shards, and not all are kept`
	}
	return ""
}

// numbers answers a plan's question at a time, for each of its answers. NaN stands for
// none.
func (p *plan) numbers(q *inquiry, at time.Time) []float64 {
	numbers := make([]float64, len(p.answers))
	for i := range numbers {
		numbers[i] = math.NaN()
	}
	// A quantile or a mean is one of the parts of all series together.
	var parts [][]int64
	if p.question.Form == evidence.Quantile || p.question.Form == evidence.Mean {
		parts = make([][]int64, len(p.answers))
	}
	to := at.UnixMilli() - q.offset - p.question.Ago.Milliseconds()
	for i := range p.sources {
		s := &p.sources[i]
		line := q.lines[s.line]
		tracks := line.tracks[s.slot : s.slot+int(s.group.parts)]
		if parts != nil {
			w := line.difference(to-p.question.Over.Milliseconds(), to)
			for n, t := range tracks {
				v, ok := t.increase(w)
				if ok && parts[s.answer] == nil {
					parts[s.answer] = make([]int64, len(tracks))
				}
				if ok {
					parts[s.answer][n] += v
				}
			}
			continue
		}
		v, ok := p.number(line, tracks, s.state, to)
		if !ok {
			continue
		}
		if p.question.Form == evidence.Age {
			v = float64(at.UnixMilli())/1e3 - v
		}
		numbers[s.answer] = p.combine(numbers[s.answer], v)
	}
	for i, values := range parts {
		switch {
		case values == nil:
		case p.question.Form == evidence.Quantile:
			numbers[i] = p.row.quantile(p.question.At, values[1:])
		case count(values) > 0:
			numbers[i] = float64(values[0]) / p.scale / float64(count(values))
		}
	}
	return numbers
}

// number answers the question for one group.
func (p *plan) number(line *timeline, tracks []track, state, to int64) (float64, bool) {
	convert := func(v int64) float64 {
		if p.row.states != nil {
			if v == state {
				return 1
			}
			return 0
		}
		return float64(v) / p.scale
	}
	over := p.question.Over
	from := to - over.Milliseconds()
	switch p.question.Form {
	case evidence.Last, evidence.Age:
		step := line.at(to)
		if step < 0 {
			return 0, false
		}
		v, ok := tracks[0].last(step)
		return convert(v), ok
	case evidence.Increase, evidence.Rate, evidence.Above:
		scale := p.scale
		if len(tracks) > 1 {
			scale, tracks = 1, tracks[max(p.parts, 1):] // the sum is not an observation
		}
		w := line.difference(from, to)
		total, found := int64(0), false
		for _, t := range tracks {
			v, ok := t.increase(w)
			total, found = total+v, found || ok
		}
		n := float64(total) / scale
		if p.question.Form == evidence.Rate {
			n /= over.Seconds()
		}
		return n, found
	}
	number, previous, found := 0.0, 0.0, false
	tracks[0].spans(line.window(from, to), func(value int64) {
		v := convert(value)
		switch {
		case p.question.Form == evidence.Changes:
			if found && v != previous {
				number++
			}
		case !found:
			number = v
		case p.question.Form == evidence.Highest:
			number = max(number, v)
		default:
			number = min(number, v)
		}
		previous, found = v, true
	})
	return number, found
}

// combine makes one number of those of a group's series.
func (p *plan) combine(a, b float64) float64 {
	how := p.question.Combine
	if how == evidence.Usual {
		how = evidence.Max
		if p.row.isCounter() {
			how = evidence.Sum
		}
	}
	switch {
	case math.IsNaN(a):
		return b
	case how == evidence.Sum:
		return a + b
	case how == evidence.Max:
		return max(a, b)
	}
	return min(a, b)
}

// quantile is NaN above the highest of the bounds if not all are kept.
func (r *row) quantile(q float64, counts []int64) float64 {
	if len(r.bounds) == 0 {
		return math.NaN()
	}
	above := r.bounds[len(r.bounds)-1] // the last bucket has no upper bound
	if len(r.bounds) < len(r.of.Buckets) {
		above = math.NaN()
	}
	return evidence.QuantileOf(q, r.bounds, counts, above)
}

// Fleet reports false: a history is that of one process.
func (*History) Fleet() bool { return false }

// Namespace implements [evidence.Source].
func (h *History) Namespace() string { return h.namespace }
