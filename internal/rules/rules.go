package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// Severities of alerts.
const (
	// Critical is for a person, now: users are not served, or will not be soon,
	// and it does not mend itself.
	Critical = "critical"
	// Warning is for a person, today.
	Warning = "warning"
	// Info is for whoever looks into something else.
	Info = "info"
)

// Runbooks is where the runbooks are: the folder's address, to which an alert's
// name and ".md" are added.
const Runbooks = "https://github.com/argus-dgo/argus/blob/main/docs/runbooks/"

// A Threshold is a number that an expression compares with, or a window of time.
type Threshold struct {
	Name  string
	Value string // as PromQL has it
	// Reason says why it is this number.
	Reason string
	// Source is where Discord, or who else, documents it; empty for a number of our own.
	Source string
}

// A Record is a recording rule.
type Record struct {
	// Name is level:metric:operations. The level is the labels of the result besides
	// those that tell bots apart, job and bot: cluster, cluster_shard …, and bot for
	// one value of each bot.
	Name string
	Expr string
	// About says what it is, for docs/ALERTS.md.
	About string
}

// An Alert is an alerting rule.
type Alert struct {
	Name     string
	Severity string
	For      string // empty for at once
	// Keep is for how long it goes on firing once its cause is gone.
	Keep        string
	Expr        string
	Summary     string
	Description string
	// Level has the labels of the alert besides job and bot, for docs/ALERTS.md; bot
	// where it has no others.
	Level string
}

// levelBot is the level of what has one value for each bot.
const levelBot = "bot"

// theBot names the bot in a text: by its label bot, or by its job where it has none.
const theBot = `{{ with or $labels.bot $labels.job }}bot {{ . }}{{ else }}the bot{{ end }}`

// RunbookURL is the address of the alert's page.
func (a Alert) RunbookURL() string { return Runbooks + a.Name + ".md" }

// A RecordGroup is recording rules that are evaluated one after the other.
type RecordGroup struct {
	Name string
	// Every is how often; empty for as often as Prometheus evaluates rules that do
	// not say. What is recorded is seen for five minutes, so it is less than that.
	Every   string
	Records []Record
}

// An AlertGroup is alerts of one concern.
type AlertGroup struct {
	Name   string
	Title  string
	Alerts []Alert
}

var placeholder = regexp.MustCompile(`\$\{(\w+)\}`)

// used returns the thresholds that the texts name, in the table's order.
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

// expand puts the thresholds' values in.
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
