package analytics_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// A target is a query of a panel, and the columns that the panel shows.
type target struct {
	title, sql string
	columns    []string
}

// dashboard reads what Grafana asks: the queries of the variables, and those of the panels.
func dashboard(t *testing.T) (variables map[string]string, targets []target) {
	t.Helper()
	raw, err := os.ReadFile("../dashboards/clickhouse/argus-analytics.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct {
				RawSQL string `json:"rawSql"`
			}
			Transformations []struct {
				Options struct {
					Include struct{ Names []string }
				}
			}
		}
		Templating struct {
			List []struct {
				Name  string
				Query json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			one := target{title: p.Title, sql: q.RawSQL}
			for _, tr := range p.Transformations {
				one.columns = append(one.columns, tr.Options.Include.Names...)
			}
			targets = append(targets, one)
		}
	}
	variables = map[string]string{}
	for _, v := range d.Templating.List {
		var q struct {
			RawSQL string `json:"rawSql"`
		}
		if json.Unmarshal(v.Query, &q) == nil && q.RawSQL != "" {
			variables[v.Name] = q.RawSQL
		}
	}
	return variables, targets
}

// grafana puts values in the place of variables, as Grafana does: texts are quoted.
func grafana(query string, from, to time.Time, texts map[string]string) string {
	return regexp.MustCompile(`\$\{(\w+)(?::(\w+))?\}`).ReplaceAllStringFunc(query, func(v string) string {
		switch name := strings.Trim(v, "${}"); name {
		case "__from":
			return strconv.FormatInt(from.UnixMilli(), 10)
		case "__to":
			return strconv.FormatInt(to.UnixMilli(), 10)
		case "__interval_ms":
			return "900000"
		default:
			name, quoted := strings.CutSuffix(name, ":sqlstring")
			if value, known := texts[name]; quoted && known {
				return "'" + strings.ReplaceAll(value, "'", "''") + "'"
			}
			return v // the engine refuses it
		}
	})
}

// TestDashboard: each query of the dashboard runs, has the columns that its panel shows,
// and finds something among the sample's events.
func TestDashboard(t *testing.T) {
	ctx, conn, store := migrated(t)
	s := figurestest.Sample{Seed: 5, End: time.Now().UTC().Truncate(time.Hour), Span: 40 * time.Hour}
	write(ctx, t, store, s.Rows(20_000))
	from, to := s.End.Add(-s.Span+90*time.Second), time.Now() // within which they arrive
	texts := map[string]string{"bot": figurestest.FirstBot}
	variables, targets := dashboard(t)
	for _, name := range []string{"bot", "command", "before", "after"} {
		rows, err := conn.Query(ctx, grafana(variables[name], from, to, texts))
		if err != nil {
			t.Fatalf("variable %s: %v", name, err)
		}
		var values []string
		for rows.Next() {
			var value string
			if err := rows.Scan(&value); err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		if err := rows.Err(); err != nil || len(values) == 0 {
			t.Fatalf("variable %s has %q, %v", name, values, err)
		}
		if _, chosen := texts[name]; !chosen {
			texts[name] = values[0]
		}
	}
	if len(targets) < 10 {
		t.Fatalf("%d panels: does the test still read the dashboard right?", len(targets))
	}
	for _, q := range targets {
		rows, err := conn.Query(ctx, grafana(q.sql, from, to, texts))
		if err != nil {
			t.Errorf("%s: %v", q.title, err)
			continue
		}
		n := 0
		for rows.Next() {
			n++
		}
		if err := rows.Err(); err != nil || n == 0 {
			t.Errorf("%s: %d rows, %v", q.title, n, err)
		}
		for _, c := range q.columns {
			if !slices.Contains(rows.Columns(), c) {
				t.Errorf("%s shows %s, and the query has %s", q.title, c, fmt.Sprint(rows.Columns()))
			}
		}
	}
}
