package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// errRaw is the error of an expression that needs samples, not values: the HTTP API of a
// source has no way to ask for them that all of its kinds share.
var errRaw = errors.New("a source does not hand out the samples of a range: ask it itself")

// A labelSet is some of the labels that tell where a series is from.
type labelSet uint8

const (
	byCluster labelSet = 1 << iota
	byInstance
	byRegion
	none labelSet = 0
	all           = byCluster | byInstance | byRegion
	// dividing are those by which the series of a fleet are divided among its sources: all
	// series of a cluster, and of a target, are in one of them.
	dividing = byCluster | byInstance
)

func setOf(names []string) (s labelSet) {
	for _, name := range names {
		switch name {
		case "cluster":
			s |= byCluster
		case model.InstanceLabel:
			s |= byInstance
		case regionLabel:
			s |= byRegion
		}
	}
	return s
}

// A kind says where an expression can be evaluated.
type kind uint8

const (
	here     kind = iota // with what its parts give
	constant             // anywhere: it has no series
	there                // at each source by itself: the answers put together are its value
)

// A window is the times at which an expression is evaluated. Step is 0 for one time.
type window struct {
	from, to time.Time
	step     time.Duration
}

// A part is an expression that the sources evaluate.
type part struct {
	name string // of the series that stands for it
	expr string
	// placed says that its series tell where they are from, and have the region of a source.
	placed bool
	window
}

// A splitter takes an expression apart into parts for the sources and a rest.
type splitter struct {
	// recorded reports whether the series of a name are kept here.
	recorded func(name string) bool
	// alone says that there is one source: it evaluates all that needs nothing from here.
	alone bool
	// step is that of a subquery without one.
	step  time.Duration
	parts []part
}

const partPrefix = "argus:part:"

// split replaces the largest expressions that sources can evaluate by selectors of their
// values.
func (s *splitter) split(expr parser.Expr, w window) (parser.Expr, error) {
	if k, has := s.kind(expr); k == there && expr.Type() == parser.ValueTypeVector {
		return s.part(expr, has, w), nil
	}
	var err error
	into := func(child *parser.Expr, w window) {
		if *child != nil && err == nil {
			*child, err = s.split(*child, w)
		}
	}
	switch n := expr.(type) {
	case *parser.AggregateExpr:
		into(&n.Expr, w)
		into(&n.Param, w)
	case *parser.BinaryExpr:
		into(&n.LHS, w)
		into(&n.RHS, w)
	case *parser.Call:
		for i := range n.Args {
			into(&n.Args[i], w)
		}
	case *parser.ParenExpr:
		into(&n.Expr, w)
	case *parser.UnaryExpr:
		into(&n.Expr, w)
	case *parser.SubqueryExpr:
		unknown := n.StartOrEnd != 0 || n.RangeExpr != nil || n.StepExpr != nil || n.OriginalOffsetExpr != nil
		if unknown && s.needs(n.Expr) {
			return nil, fmt.Errorf("%s: %w", n, errRaw)
		}
		into(&n.Expr, s.subquery(n, w))
	case *parser.MatrixSelector:
		if k, _ := s.kind(n.VectorSelector); k == there {
			return nil, fmt.Errorf("%s: %w", n, errRaw)
		}
	}
	return expr, err
}

// needs reports whether an expression has series of sources.
func (s *splitter) needs(expr parser.Expr) (needs bool) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, is := n.(*parser.VectorSelector); is && !s.keeps(v) {
			needs = true
		}
		return nil
	})
	return needs
}

func (s *splitter) part(expr parser.Expr, has labelSet, w window) parser.Expr {
	p := part{expr: expr.String(), placed: has != none, window: w}
	at := slices.IndexFunc(s.parts, func(o part) bool { return o.expr == p.expr && o.window == p.window })
	if at < 0 {
		at = len(s.parts)
		p.name = fmt.Sprint(partPrefix, at)
		s.parts = append(s.parts, p)
	}
	values := &parser.VectorSelector{LabelMatchers: []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, s.parts[at].name)}}
	if v, is := expr.(*parser.VectorSelector); is { // absent() makes labels of them
		values.LabelMatchers = append(values.LabelMatchers, slices.DeleteFunc(slices.Clone(v.LabelMatchers), func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel })...)
	}
	return values
}

// subquery is when the expression of a subquery is evaluated: at multiples of its step.
func (s *splitter) subquery(n *parser.SubqueryExpr, w window) window {
	step := cmp.Or(n.Step, s.step)
	if n.Timestamp != nil {
		w.from = time.UnixMilli(*n.Timestamp)
		w.to = w.from
	}
	first := w.from.Add(-n.OriginalOffset - n.Range).UnixMilli()
	first -= first % step.Milliseconds()
	return window{time.UnixMilli(first), w.to.Add(-n.OriginalOffset), step}
}

// kind says where an expression can be evaluated, and which of the dividing labels its
// result has. An expression that lacks both mixes what sources have.
func (s *splitter) kind(expr parser.Expr) (kind, labelSet) {
	switch n := expr.(type) {
	case *parser.NumberLiteral, *parser.StringLiteral:
		return constant, none
	case *parser.VectorSelector:
		if s.keeps(n) {
			return here, none
		}
		return there, all
	case *parser.MatrixSelector:
		return s.kind(n.VectorSelector)
	case *parser.SubqueryExpr:
		return s.kind(n.Expr)
	case *parser.ParenExpr:
		return s.kind(n.Expr)
	case *parser.UnaryExpr:
		return s.kind(n.Expr)
	case *parser.Call:
		return s.call(n)
	case *parser.AggregateExpr:
		return s.aggregate(n)
	case *parser.BinaryExpr:
		return s.binary(n)
	}
	return here, none
}

// keeps reports whether the series of a selector are here.
func (s *splitter) keeps(v *parser.VectorSelector) bool {
	for _, m := range v.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return s.recorded(m.Value)
		}
	}
	return false
}

func (s *splitter) call(n *parser.Call) (kind, labelSet) {
	k, has := constant, all
	for _, arg := range n.Args {
		switch of, labels := s.kind(arg); of {
		case here:
			return here, none
		case there:
			k, has = there, has&labels
		case constant:
		}
	}
	if k == constant {
		return constant, none
	}
	switch n.Func.Name {
	case "sort", "sort_desc", "sort_by_label", "sort_by_label_desc":
		return here, none // the order of a part is lost
	case "label_replace", "label_join":
		if into, is := n.Args[1].(*parser.StringLiteral); is {
			has &^= setOf([]string{into.Val})
		}
	case "absent", "absent_over_time", "scalar", "vector", "info":
		has = none
	}
	return s.apart(has)
}

// apart is the kind of an expression whose parts are evaluated at the sources.
func (s *splitter) apart(has labelSet) (kind, labelSet) {
	if s.alone || has&dividing != none {
		return there, has
	}
	return here, none
}

func (s *splitter) aggregate(n *parser.AggregateExpr) (kind, labelSet) {
	if n.Param != nil {
		if k, _ := s.kind(n.Param); k != constant {
			return here, none
		}
	}
	k, has := s.kind(n.Expr)
	if k != there {
		return k, none
	}
	return s.apart(group(has, n.Grouping, !n.Without))
}

// group is which labels are left where only some are kept, or some are dropped.
func group(has labelSet, names []string, kept bool) labelSet {
	if kept {
		return has & setOf(names)
	}
	return has &^ setOf(names)
}

func (s *splitter) binary(n *parser.BinaryExpr) (kind, labelSet) {
	left, leftHas := s.kind(n.LHS)
	right, rightHas := s.kind(n.RHS)
	switch {
	case left == here || right == here:
		return here, none
	case left == constant && right == constant:
		return constant, none
	case n.VectorMatching == nil: // one side is a number
		return s.apart(leftHas | rightHas)
	case left == constant || right == constant: // vector(1)
		return here, none
	}
	// What matches must be in one source.
	m := n.VectorMatching
	matched := group(leftHas&rightHas, m.MatchingLabels, m.On)
	if matched&dividing == none && !s.alone {
		return here, none
	}
	switch {
	case n.Op == parser.LOR:
		return s.apart(leftHas & rightHas)
	case n.Op == parser.LAND || n.Op == parser.LUNLESS || m.Card == parser.CardManyToOne:
		return s.apart(leftHas)
	case m.Card == parser.CardOneToMany:
		return s.apart(rightHas)
	}
	return s.apart(matched)
}

// selectRegion makes an expression select what a source has that gives its series a label
// region if they lack it there.
func selectRegion(expr parser.Expr, region string) (err error) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		v, is := n.(*parser.VectorSelector)
		if !is {
			return nil
		}
		for i, m := range v.LabelMatchers {
			if m.Name != regionLabel {
				continue
			}
			switch ours := m.Matches(region); {
			case ours && !m.Matches(""):
				pattern, known := patternOf(m)
				if !known {
					err = fmt.Errorf("%s: select regions without !~", v)
					return nil
				}
				v.LabelMatchers[i] = labels.MustNewMatcher(labels.MatchRegexp, regionLabel, pattern+"|")
			case !ours && m.Matches(""):
				v.LabelMatchers = append(v.LabelMatchers, labels.MustNewMatcher(labels.MatchNotEqual, regionLabel, ""))
			}
		}
		return nil
	})
	return err
}

// patternOf is a regular expression of the values that a matcher accepts, which are not
// empty.
func patternOf(m *labels.Matcher) (pattern string, known bool) {
	switch m.Type {
	case labels.MatchEqual:
		return regexp.QuoteMeta(m.Value), true
	case labels.MatchRegexp:
		return "(?:" + m.Value + ")", true
	case labels.MatchNotEqual: // of the empty value, which no other one refuses
		return ".+", true
	}
	return "", false
}
