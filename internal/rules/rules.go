package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// Severities of alerts.
const (
	// Critical needs action now: users are affected, or soon will be, and it does
	// not recover by itself.
	Critical = "critical"
	// Warning needs action today.
	Warning = "warning"
	// Info is context for other investigations.
	Info = "info"
)

// Runbooks is the address of the runbooks' folder. An alert's page is its name
// with ".md".
const Runbooks = "https://github.com/argus-dgo/argus/blob/main/docs/runbooks/"

// A Threshold is a number that an expression compares with, or a window of time.
type Threshold struct {
	Name  string
	Value string // as PromQL has it
	// Reason says why it is this number.
	Reason string
	// Source is the address that documents it; empty for a choice of this package.
	Source string
}

// A Record is a recording rule.
type Record struct {
	// Name is level:metric:operations. The level is the result's labels without job
	// and bot: cluster, cluster_shard …, or bot for one value per bot.
	Name string
	Expr string
	// About describes it in docs/ALERTS.md.
	About string
}

// An Alert is an alerting rule.
type Alert struct {
	Name     string
	Severity string
	For      string // empty to fire immediately
	// Keep is how long it continues to fire after the condition has cleared.
	Keep        string
	Expr        string
	Summary     string
	Description string
	// Level is the alert's labels without job and bot, for docs/ALERTS.md; bot if it
	// has no others.
	Level string
}

// levelBot is the level of one value per bot.
const levelBot = "bot"

// theBot names the bot in a text: by its label bot, else by its job.
const theBot = `{{ with or $labels.bot $labels.job }}bot {{ . }}{{ else }}the bot{{ end }}`

// inRegion follows the name of a cluster in a text: two regions may have one of a name.
const inRegion = `{{ with $labels.region }} in {{ . }}{{ end }}`

// RunbookURL is the address of the alert's page.
func (a Alert) RunbookURL() string { return Runbooks + a.Name + ".md" }

// A RecordGroup is a list of recording rules, evaluated in order.
type RecordGroup struct {
	Name string
	// Every is the evaluation interval; empty for Prometheus' default. A recorded
	// sample is visible for five minutes, so it must be shorter than that.
	Every   string
	Records []Record
}

// An AlertGroup is a group of related alerts.
type AlertGroup struct {
	Name   string
	Title  string
	Alerts []Alert
}

var placeholder = regexp.MustCompile(`\$\{(\w+)\}`)

// used returns the thresholds that the texts refer to, in the table's order.
func used(texts ...string) []Threshold {
	names := map[string]bool{}
	for _, text := range texts {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			names[m[1]] = true
		}
	}
	var list []Threshold
	for _, t := range Thresholds() {
		if names[t.Name] {
			list = append(list, t)
		}
	}
	return list
}

// expand replaces thresholds by their values.
func expand(text string) (string, error) {
	values := map[string]string{}
	for _, t := range Thresholds() {
		values[t.Name] = t.Value
	}
	var err error
	text = placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		value, ok := values[name]
		if !ok {
			err = fmt.Errorf("%s is not in the table of thresholds", name)
		}
		return value
	})
	return strings.TrimSpace(text), err
}
