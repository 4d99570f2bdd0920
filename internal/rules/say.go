package rules

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Say renders an alert's summary and description as Prometheus does, for these labels
// and this value, so that a sentence is the same everywhere. It knows what the alerts
// use: package text/template would keep the linker from leaving out what a bot does
// not need, which is a quarter of its size.
func (a Alert) Say(labels map[string]string, value float64) (summary, description string) {
	return say(a.Summary, labels, value), say(a.Description, labels, value)
}

var action = regexp.MustCompile(`\{\{ (.*?) \}\}`)

func say(text string, labels map[string]string, value float64) string {
	bot := "the bot"
	if name := cmp.Or(labels["bot"], labels["job"]); name != "" {
		bot = "bot " + name
	}
	region := ""
	if name := labels["region"]; name != "" {
		region = " in " + name
	}
	text = strings.NewReplacer(theBot, bot, inRegion, region).Replace(text)
	return action.ReplaceAllStringFunc(text, func(found string) string {
		expression := action.FindStringSubmatch(found)[1]
		if label, is := strings.CutPrefix(expression, "$labels."); is {
			return labels[label]
		}
		switch expression {
		case "$value":
			return strconv.FormatFloat(value, 'g', -1, 64)
		case `printf "%.0f" $value`:
			return strconv.FormatFloat(value, 'f', 0, 64)
		case "$value | humanize":
			return humanize(value)
		case "$value | humanizePercentage":
			return humanizePercentage(value)
		case "$value | humanizeDuration":
			return humanizeDuration(value)
		}
		return found // TestSay keeps it from happening
	})
}

// humanize shortens a number to four digits and an SI prefix.
func humanize(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) < 1 {
		return fmt.Sprintf("%.4g", v)
	}
	prefix := ""
	for _, p := range []string{"k", "M", "G", "T"} {
		if math.Abs(v) < 1000 {
			break
		}
		prefix = p
		v /= 1000
	}
	return fmt.Sprintf("%.4g%s", v, prefix)
}

func humanizePercentage(v float64) string { return fmt.Sprintf("%.4g%%", v*100) }

// humanizeDuration writes seconds as 1h 2m 3s, and less than a minute with fractions.
func humanizeDuration(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	if v < 60 {
		return sign + strconv.FormatFloat(v, 'g', 4, 64) + "s"
	}
	seconds := int64(v)
	parts := []string{}
	for _, unit := range []struct {
		length int64
		name   string
	}{{24 * 3600, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := seconds / unit.length; n > 0 || len(parts) > 0 {
			parts = append(parts, strconv.FormatInt(n, 10)+unit.name)
			seconds %= unit.length
		}
	}
	return sign + strings.Join(parts, " ")
}

// ByName returns the alert of a name.
func ByName(name string) (Alert, bool) {
	for _, g := range Alerts() {
		for _, a := range g.Alerts {
			if a.Name == name {
				return a, true
			}
		}
	}
	return Alert{}, false
}

// Number returns the value of a threshold, and NaN for one that is no number.
func Number(name string) float64 {
	if v, known := numbers()[name]; known {
		return v
	}
	return math.NaN()
}

// numbers are the values of the thresholds that are numbers. A check asks for one for
// each shard of a fleet.
var numbers = sync.OnceValue(func() map[string]float64 {
	known := map[string]float64{}
	for _, t := range Thresholds() {
		if v, err := strconv.ParseFloat(t.Value, 64); err == nil {
			known[t.Name] = v
		}
	}
	return known
})

// Window returns the value of a threshold that is a window of time, and 0 for one that
// is none.
func Window(name string) time.Duration {
	for _, t := range Thresholds() {
		if t.Name != name {
			continue
		}
		if days, found := strings.CutSuffix(t.Value, "d"); found {
			n, _ := strconv.Atoi(days)
			return time.Duration(n) * 24 * time.Hour
		}
		d, _ := time.ParseDuration(t.Value)
		return d
	}
	return 0
}
