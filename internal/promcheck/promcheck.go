package promcheck

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/argus-dgo/argus/catalog"
)

// Labels are a metric's labels. The values are nil where they are not a closed set.
type Labels map[string][]string

// Metrics are the metrics that an expression may name.
type Metrics map[string]Labels

// Catalog returns the series of the catalog's instruments, as Prometheus names them.
func Catalog() Metrics {
	metrics := Metrics{}
	for _, i := range catalog.All() {
		labels := func(more ...string) Labels {
			l := Labels{"cluster": nil}
			for _, label := range i.Labels {
				l[label.Name] = label.Values
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
	selectors, lists, err := scan(expr)
	if err != nil {
		return err
	}
	var errs []error
	all := map[string]bool{}
	for _, s := range selectors {
		labels, ok := m[s.metric]
		if !ok {
			errs = append(errs, fmt.Errorf("there is no metric %q", s.metric))
			continue
		}
		for name := range labels {
			all[name] = true
		}
		for _, matcher := range s.matchers {
			values, ok := labels[matcher.label]
			if !ok {
				errs = append(errs, fmt.Errorf("%s has no label %q", s.metric, matcher.label))
				continue
			}
			if err := matcher.check(values); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", s.metric, err))
			}
		}
	}
	for _, name := range lists {
		if !all[name] && len(selectors) > 0 {
			errs = append(errs, fmt.Errorf("none of its metrics has the label %q", name))
		}
	}
	return errors.Join(errs...)
}

type selector struct {
	metric   string
	matchers []matcher
}

type matcher struct{ label, op, value string }

// check holds a matcher's value against the label's closed set.
func (m matcher) check(values []string) error {
	switch {
	case values == nil || m.value == "" || strings.Contains(m.value, "$"): // open, absent, or a dashboard's variable
		return nil
	case m.op == "=" || m.op == "!=":
		if !slices.Contains(values, m.value) {
			return fmt.Errorf("%s is never %q", m.label, m.value)
		}
		return nil
	}
	// Each alternative on its own: one that fits nothing is a mistake.
	for alternative := range strings.SplitSeq(m.value, "|") {
		re, err := regexp.Compile("^(?:" + alternative + ")$")
		if err != nil {
			return fmt.Errorf("%s: %w", m.label, err)
		}
		if !slices.ContainsFunc(values, re.MatchString) {
			return fmt.Errorf("%s never fits %q", m.label, alternative)
		}
	}
	return nil
}

var tokens = regexp.MustCompile(`^(?:` +
	`(?P<space>\s+|#[^\n]*)` +
	`|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|` + "`[^`]*`" + `)` +
	`|(?P<number>\d[\w.]*)` +
	`|(?P<name>[a-zA-Z_:][\w:]*)` +
	`|(?P<window>\[[^\]]*\])` +
	`|(?P<op>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},@.]))`)

type token struct{ kind, text string }

func tokenize(expr string) ([]token, error) {
	var list []token
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
)

// scan finds the selectors of an expression, and the labels of its lists.
func scan(expr string) (selectors []selector, lists []string, err error) {
	list, err := tokenize(expr)
	if err != nil {
		return nil, nil, err
	}
	at := func(n int) string {
		if n < len(list) {
			return list[n].text
		}
		return ""
	}
	for n := 0; n < len(list); n++ {
		t := list[n]
		switch {
		case t.text == "{":
			return nil, nil, errors.New("a selector without the name of a metric")
		case t.kind != "name":
		case slices.Contains(listWords, strings.ToLower(t.text)):
			if at(n+1) != "(" {
				continue
			}
			for n += 2; at(n) != ")"; n++ {
				if n >= len(list) {
					return nil, nil, errors.New("a list of labels does not end")
				}
				if list[n].kind == "name" {
					lists = append(lists, list[n].text)
				}
			}
		case slices.Contains(words, strings.ToLower(t.text)):
		case at(n+1) == "(" || slices.Contains([]string{"by", "without"}, strings.ToLower(at(n+1))): // a function or an aggregation
		default:
			s := selector{metric: t.text}
			if at(n+1) == "{" {
				for n += 2; at(n) != "}"; {
					if n+2 >= len(list) || list[n].kind != "name" || list[n+2].kind != "string" {
						return nil, nil, fmt.Errorf("%s: its matchers cannot be read", s.metric)
					}
					value := list[n+2].text
					s.matchers = append(s.matchers, matcher{list[n].text, at(n + 1), value[1 : len(value)-1]})
					if n += 3; at(n) == "," {
						n++
					}
				}
			}
			selectors = append(selectors, s)
		}
	}
	return selectors, lists, nil
}
