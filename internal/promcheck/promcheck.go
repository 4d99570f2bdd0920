package promcheck

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// Labels are a metric's labels. The values are nil where they are not a closed set.
type Labels map[string][]string

// Series returns the labels of a metric that is not the catalog's: Prometheus' own,
// or one of the Go runtime's or the process', which the bot has as well.
func Series() Labels {
	l := everywhere()
	l["instance"] = nil
	return l
}

// everywhere returns the labels that every series of the bot has on every path.
func everywhere() Labels {
	l := Labels{"job": nil}
	for _, name := range catalog.ResourceLabels() {
		l[name] = nil
	}
	return l
}

// Metrics are the metrics that an expression may name.
type Metrics map[string]Labels

// Catalog returns the series of the catalog's instruments, as Prometheus names them.
func Catalog() Metrics {
	metrics := Metrics{}
	for _, i := range catalog.All() {
		labels := func(more ...string) Labels {
			l := everywhere()
			for _, label := range i.Labels {
				l[label.Name] = label.Values
				if label.Name == "route" {
					l[label.Name] = append(catalog.Routes(), catalog.RouteOther)
				}
			}
			for _, name := range more {
				l[name] = nil
			}
			return l
		}
		name := i.PrometheusName()
		if i.Kind == catalog.Histogram {
			metrics[name+"_bucket"] = labels("le")
			metrics[name+"_sum"] = labels()
			metrics[name+"_count"] = labels()
			continue
		}
		metrics[name] = labels()
	}
	return metrics
}

// Check returns what the expression names and these metrics do not have.
func (m Metrics) Check(expr string) error {
	q, err := Parse(expr)
	if err != nil {
		return err
	}
	var errs []error
	all := map[string]bool{}
	for _, name := range q.Made {
		all[name] = true
	}
	for _, s := range q.Selectors {
		labels, ok := m[s.Metric]
		if !ok {
			errs = append(errs, fmt.Errorf("there is no metric %q", s.Metric))
			continue
		}
		for name := range labels {
			all[name] = true
		}
		for _, matcher := range s.Matchers {
			values, ok := labels[matcher.Label]
			if !ok {
				errs = append(errs, fmt.Errorf("%s has no label %q", s.Metric, matcher.Label))
				continue
			}
			if err := matcher.check(values); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", s.Metric, err))
			}
		}
	}
	for _, name := range q.Grouping {
		if !all[name] && len(q.Selectors) > 0 {
			errs = append(errs, fmt.Errorf("none of its metrics has the label %q", name))
		}
	}
	return errors.Join(errs...)
}

// A Query is what an expression names.
type Query struct {
	Selectors []Selector
	// Grouping has the labels of by, without, on, ignoring and group_….
	Grouping []string
	// Made has the labels that label_replace and label_join make.
	Made []string
}

// A Selector is a metric with its matchers, as it stands in an expression.
type Selector struct {
	Metric   string
	Matchers []Matcher
	// Ranged says that a window follows.
	Ranged bool
}

// A Matcher is what a selector asks of a label. The value is as it is written, without its quotes.
type Matcher struct{ Label, Op, Value string }

// check holds a matcher's value against the label's closed set.
func (m Matcher) check(values []string) error {
	switch {
	case values == nil || m.Value == "" || strings.Contains(m.Value, "$"): // open, absent, or a dashboard's variable
		return nil
	case m.Op == "=" || m.Op == "!=":
		if !slices.Contains(values, m.Value) {
			return fmt.Errorf("%s is never %q", m.Label, m.Value)
		}
		return nil
	}
	// Each alternative on its own: one that fits nothing is a mistake.
	for alternative := range strings.SplitSeq(m.Value, "|") {
		re, err := regexp.Compile("^(?:" + alternative + ")$")
		if err != nil {
			return fmt.Errorf("%s: %w", m.Label, err)
		}
		if !slices.ContainsFunc(values, re.MatchString) {
			return fmt.Errorf("%s never fits %q", m.Label, alternative)
		}
	}
	return nil
}

var tokens = regexp.MustCompile(`^(?:` +
	`(?P<space>\s+|#[^\n]*)` +
	`|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|` + "`[^`]*`" + `)` +
	`|(?P<number>\d[\w.]*|\$__\w+)` + // or a variable of Grafana
	`|(?P<name>[a-zA-Z_:][\w:]*)` +
	`|(?P<window>\[[^\]]*\])` +
	`|(?P<op>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},@.]))`)

type token struct{ kind, text string }

func tokenize(expr string) (tokenList, error) {
	var list tokenList
	for expr != "" {
		m := tokens.FindStringSubmatch(expr)
		if m == nil {
			return nil, fmt.Errorf("what is this? %.20q", expr)
		}
		expr = expr[len(m[0]):]
		for n, kind := range tokens.SubexpNames() {
			if kind != "" && kind != "space" && m[n] != "" {
				list = append(list, token{kind, m[0]})
			}
		}
	}
	return list, nil
}

var (
	listWords = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	words     = []string{"and", "or", "unless", "offset", "bool", "atan2", "inf", "nan"}
	makers    = []string{"label_replace", "label_join"}
)

// tokenList is read by position; beyond its end there is nothing.
type tokenList []token

func (l tokenList) at(n int) token {
	if n < len(l) {
		return l[n]
	}
	return token{}
}

func (l tokenList) is(n int, words ...string) bool {
	return slices.Contains(words, strings.ToLower(l.at(n).text))
}

// Parse reads the names out of an expression. It knows PromQL's tokens and not its
// grammar, nor a dashboard's variables: that an expression as a whole is right is
// promtool's to say.
func Parse(expr string) (Query, error) {
	list, err := tokenize(expr)
	if err != nil {
		return Query{}, err
	}
	var q Query
	depth := 0
	for n := 0; n < len(list); n++ {
		t := list[n]
		switch {
		case t.text == "(":
			depth++
		case t.text == ")":
			if depth--; depth < 0 {
				return Query{}, errors.New("there is a ) too many")
			}
		case t.text == "{":
			return Query{}, errors.New("a selector without the name of a metric")
		case t.kind != "name":
		case list.is(n, listWords...):
			if list.at(n+1).text != "(" {
				continue // group_left may stand alone
			}
			for n += 2; list.at(n).text != ")"; n++ {
				if n >= len(list) {
					return Query{}, errors.New("a list of labels does not end")
				}
				if list[n].kind == "name" {
					q.Grouping = append(q.Grouping, list[n].text)
				}
			}
		case list.is(n, words...):
		case list.is(n+1, "(", "by", "without"): // a function or an aggregation
			if list.is(n, makers...) {
				q.Made = append(q.Made, list.made(n+1))
			}
		default:
			s := Selector{Metric: t.text}
			if list.at(n+1).text == "{" {
				if s.Matchers, n, err = list.matchers(n + 2); err != nil {
					return Query{}, fmt.Errorf("%s: %w", s.Metric, err)
				}
			}
			s.Ranged = list.at(n+1).kind == "window"
			q.Selectors = append(q.Selectors, s)
		}
	}
	if depth != 0 {
		return Query{}, errors.New("a ) is missing")
	}
	return q, nil
}

// matchers reads those of a selector from behind its brace, and returns where the
// other one is.
func (l tokenList) matchers(n int) (list []Matcher, end int, err error) {
	for l.at(n).text != "}" {
		if l.at(n).kind != "name" || l.at(n+1).kind != "op" || l.at(n+2).kind != "string" {
			return nil, 0, errors.New("its matchers cannot be read")
		}
		value := l[n+2].text
		list = append(list, Matcher{l[n].text, l[n+1].text, value[1 : len(value)-1]})
		if n += 3; l.at(n).text == "," {
			n++
		}
	}
	return list, n, nil
}

// made is the label that a function makes whose parenthesis stands here: the first
// string behind its expression.
func (l tokenList) made(n int) string {
	for level := 0; n < len(l); n++ {
		switch l[n].text {
		case "(", "{":
			level++
		case ")", "}":
			level--
		}
		if level == 1 && l[n].kind == "string" {
			return l[n].text[1 : len(l[n].text)-1]
		}
	}
	return ""
}
