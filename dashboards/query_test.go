package dashboards_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A selector is a metric with its matchers, as it stands in a query.
type selector struct {
	metric   string
	matchers []matcher
	ranged   bool // a window follows
}

type matcher struct{ label, op, value string }

// A query is what a PromQL expression names.
type query struct {
	selectors []selector
	// grouping has the labels of by, without, on, ignoring and group_….
	grouping []string
	// made has the labels that label_replace and label_join make.
	made []string
}

// The order matters: a number may begin a duration, a variable stands for text.
var tokens = regexp.MustCompile(`^(?:\s+|#[^\n]*|("(?:[^"\\]|\\.)*")|(\[[^\]]*\])|([a-zA-Z_:][a-zA-Z0-9_:]*)|([0-9.][0-9a-zA-Z.]*)|([=!]~|[=!<>]=|[-+*/%^<>=(){},@]))`)

// parse reads the names out of an expression. It knows PromQL's tokens, not its
// grammar: that an expression as a whole is right is promtool's to say.
func parse(expr string) (query, error) {
	type token struct{ kind, text string }
	var list []token
	for rest := expr; rest != ""; {
		m := tokens.FindStringSubmatch(rest)
		if m == nil {
			return query{}, fmt.Errorf("cannot read on at %q", rest)
		}
		rest = rest[len(m[0]):]
		for i, kind := range []string{"string", "window", "name", "number", "sign"} {
			if m[i+1] != "" {
				list = append(list, token{kind, m[i+1]})
			}
		}
	}
	at := func(i int) token {
		if i < len(list) {
			return list[i]
		}
		return token{}
	}
	var q query
	depth := 0
	for i := 0; i < len(list); i++ {
		t := list[i]
		switch {
		case t.text == "(":
			depth++
		case t.text == ")":
			if depth--; depth < 0 {
				return query{}, fmt.Errorf("a ) too many")
			}
		case t.text == "{":
			return query{}, fmt.Errorf("a selector without a name")
		case t.kind != "name":
		case slices.Contains([]string{"by", "without", "on", "ignoring", "group_left", "group_right"}, t.text):
			if at(i+1).text != "(" {
				continue // group_left may stand alone
			}
			for i += 2; i < len(list) && at(i).text != ")"; i++ {
				if at(i).kind == "name" {
					q.grouping = append(q.grouping, at(i).text)
				}
			}
		case slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, t.text):
		case at(i+1).text == "(", at(i+1).text == "by", at(i+1).text == "without":
			if t.text == "label_replace" || t.text == "label_join" {
				// The first string after it that stands behind its expression.
				for j, level := i+1, 0; j < len(list); j++ {
					switch at(j).text {
					case "(", "{":
						level++
					case ")", "}":
						level--
					}
					if level == 1 && at(j).kind == "string" {
						q.made = append(q.made, strings.Trim(at(j).text, `"`))
						break
					}
				}
			}
		default:
			s := selector{metric: t.text}
			if at(i+1).text == "{" {
				for i += 2; at(i).text != "}"; {
					if at(i).kind != "name" || at(i+1).kind != "sign" || at(i+2).kind != "string" {
						return query{}, fmt.Errorf("%s has a matcher that cannot be read", s.metric)
					}
					s.matchers = append(s.matchers, matcher{at(i).text, at(i + 1).text, strings.Trim(at(i+2).text, `"`)})
					if i += 3; at(i).text == "," {
						i++
					}
				}
			}
			s.ranged = at(i+1).kind == "window"
			q.selectors = append(q.selectors, s)
		}
	}
	if depth != 0 {
		return query{}, fmt.Errorf("a ) is missing")
	}
	return q, nil
}

func TestParse(t *testing.T) {
	q, err := parse(`sum by (cluster, le) (rate(a_bucket{cluster=~"$cluster",le!="3"}[$__rate_interval])) / on (x) group_left () (b > bool 0.5e3)
		or label_replace(min(c{d="e, \"f"} offset 5m), "made", "v", "", "") unless count(up)`)
	if err != nil {
		t.Fatal(err)
	}
	want := `{[{a_bucket [{cluster =~ $cluster} {le != 3}] true} {b [] false} {c [{d = e, \"f}] false} {up [] false}] [cluster le x] [made]}`
	if got := fmt.Sprint(q); got != want {
		t.Errorf("parsed\n%s, want\n%s", got, want)
	}
	for _, bad := range []string{`sum(a`, `a)`, `{x="y"}`, `a{x}`, `a{"x"}`, `a{x="y"`, "a ? b", `"open`} {
		if q, err := parse(bad); err == nil {
			t.Errorf("%s was parsed: %v", bad, q)
		}
	}
}
