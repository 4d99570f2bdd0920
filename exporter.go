package argus

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Exporter is a way for metrics, traces or events to leave the process.
type Exporter string

// The exporters, named as in OTEL_METRICS_EXPORTER, OTEL_TRACES_EXPORTER and OTEL_LOGS_EXPORTER.
const (
	Prometheus Exporter = "prometheus" // a page that Prometheus pulls from
	OTLP       Exporter = "otlp"       // a push to an OpenTelemetry collector, over gRPC or HTTP; not with the build tag argus_no_otlp
	None       Exporter = "none"       // nothing is exported
)

// parseExporters returns the exporters of a list, sorted and each once.
func parseExporters(value string) ([]Exporter, error) {
	known := []string{string(Prometheus), string(OTLP), string(None)}
	var (
		exporters []Exporter
		none      bool
		problems  []error
	)
	for entry := range strings.SplitSeq(value, ",") {
		name := strings.ToLower(strings.TrimSpace(entry))
		switch {
		case name == string(None):
			none = true
		case slices.Contains(known, name):
			exporters = append(exporters, Exporter(name))
		case name == "": // a comma too many
		default:
			problem := fmt.Sprintf("%q is not an exporter of Argus", name)
			if near, ok := nearest(name, known); ok {
				problem += fmt.Sprintf(" (did you mean %q?)", near)
			}
			problems = append(problems, errors.New(problem))
		}
	}
	if !none && len(exporters)+len(problems) == 0 {
		problems = append(problems, errors.New("the list is empty"))
	}
	if none && len(exporters) > 0 {
		problems = append(problems, errors.New(`"none" cannot be combined with an exporter`))
	}
	if len(problems) > 0 {
		texts := make([]string, len(problems))
		for i, p := range problems {
			texts[i] = p.Error()
		}
		return nil, errors.New("must be a comma-separated list of prometheus and otlp, or none; " + strings.Join(texts, "; "))
	}
	return exporters, nil
}

// parseQueueExporter returns the exporter of traces or of events.
func parseQueueExporter(value string) (Exporter, error) {
	known := []string{string(OTLP), string(None)}
	name := strings.ToLower(strings.TrimSpace(value))
	switch {
	case slices.Contains(known, name):
		return Exporter(name), nil
	case strings.Contains(name, ","):
		return "", errors.New("must be otlp or none: Argus has one exporter for it, and takes no list")
	}
	problem := fmt.Sprintf("must be otlp or none; %q is not an exporter of Argus", name)
	if near, ok := nearest(name, known); ok {
		problem += fmt.Sprintf(" (did you mean %q?)", near)
	}
	return "", errors.New(problem)
}

func joinExporters(exporters []Exporter) string {
	if len(exporters) == 0 {
		return string(None)
	}
	names := make([]string, len(exporters))
	for i, e := range exporters {
		names[i] = string(e)
	}
	return strings.Join(names, ",")
}

// nearest returns the candidate that word most probably is a misspelling of: at most two letters away.
func nearest(word string, candidates []string) (string, bool) {
	best, distance := "", 3
	for _, c := range candidates {
		if d := editDistance(word, c, distance); d < distance {
			best, distance = c, d
		}
	}
	return best, best != ""
}

// editDistance counts the letters to insert, delete, replace or swap with their neighbour to get from a to b. Words whose
// lengths differ by limit or more are not compared.
func editDistance(a, b string, limit int) int {
	if n := len(a) - len(b); n >= limit || -n >= limit {
		return limit
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
