package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// every is the time between two scrapes, and between two evaluations of the rules.
	every = 30 * time.Second
	// lead is the number of steps before the first scrape. Times in the recording count
	// from its beginning, so that those of the bot's start are positive.
	lead = 2
)

// A tape is a recording of the targets of one job.
type tape struct {
	job     string
	targets []string
	began   time.Time
	steps   int
	series  map[string]*series
}

func newTape(job string, targets ...string) *tape {
	return &tape{job: job, targets: targets, began: time.Now(), series: map[string]*series{}}
}

// A series has a value for each step since the first; absent steps are NaN.
type series struct {
	first  int
	values []float64
}

// run scrapes the targets until the time is over.
func (t *tape) run(ctx context.Context, length time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ; t.steps <= int(length/every); t.steps++ {
		pages := make([]model.Vector, len(t.targets))
		var wg sync.WaitGroup
		for i, target := range t.targets {
			wg.Go(func() { pages[i] = scrape(ctx, target) })
		}
		wg.Wait()
		for i, page := range pages {
			t.add(page, i)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// scrape returns the samples of a page, or nothing if it cannot be read until the next.
func scrape(ctx context.Context, target string) model.Vector {
	ctx, cancel := context.WithTimeout(ctx, every)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil
	}
	decoder := expfmt.SampleDecoder{
		Dec:  expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header)),
		Opts: &expfmt.DecodeOptions{Timestamp: model.Now()},
	}
	var page, family model.Vector
	for {
		switch err := decoder.Decode(&family); {
		case errors.Is(err, io.EOF):
			return page
		case err != nil:
			return nil
		}
		page = append(page, family...)
	}
}

// add notes the samples of one target at the present step.
func (t *tape) add(page model.Vector, target int) {
	note := func(metric model.Metric, value float64) {
		metric["job"], metric["instance"] = model.LabelValue(t.job), model.LabelValue(host(target))
		if isTime(string(metric[model.MetricNameLabel])) {
			value -= float64(t.began.UnixMilli())/1000 - lead*every.Seconds()
		}
		t.note(metric.String(), value)
	}
	for _, s := range page {
		note(s.Metric, float64(s.Value))
	}
	up := 0.0
	if len(page) > 0 {
		up = 1
	}
	note(model.Metric{model.MetricNameLabel: "up"}, up)
}

// host is the address in the labels: ports change from one recording to the next.
func host(target int) string { return fmt.Sprintf("bot-%d:9191", target) }

func isTime(metric string) bool {
	return strings.HasSuffix(metric, "_timestamp_seconds") || strings.HasSuffix(metric, "_start_time_seconds")
}

func (t *tape) note(name string, value float64) {
	s := t.series[name]
	if s == nil {
		s = &series{first: t.steps}
		t.series[name] = s
	}
	for s.first+len(s.values) < t.steps {
		s.values = append(s.values, math.NaN())
	}
	s.values = append(s.values, value)
}

// save writes the recording.
func (t *tape) save(path, name string) (err error) {
	file, err := os.Create(path) //nolint:gosec // in the caller's directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	packed, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "evaluation_interval: %s\ntests:\n  - name: %s\n    interval: %[1]s\n    input_series:\n", model.Duration(every), name)
	for _, name := range slices.Sorted(maps.Keys(t.series)) {
		fmt.Fprintf(&text, "      - series: '%s'\n        values: '%s'\n", strings.ReplaceAll(name, "'", "''"), t.series[name].notation(t.steps))
	}
	fmt.Fprintf(&text, "    promql_expr_test:\n      - expr: count(up)\n        eval_time: %s\n        exp_samples: [{labels: '{}', value: %d}]\n",
		model.Duration(time.Duration(lead+t.steps-1)*every), len(t.targets))
	if _, err := io.WriteString(packed, text.String()); err != nil {
		return err
	}
	return packed.Close()
}

// notation writes the values as promtool reads them: absent ones are _, a series that has
// ended gets Prometheus' marker, and a value that repeats is written once.
func (s *series) notation(steps int) string {
	words := make([]string, 0, lead+steps)
	absent := func(n int) {
		if n > 0 {
			words = append(words, "_x"+strconv.Itoa(n))
		}
	}
	absent(lead + s.first)
	for i := 0; i < len(s.values); {
		v, n := s.values[i], 1
		for i+n < len(s.values) && (s.values[i+n] == v || math.IsNaN(v) && math.IsNaN(s.values[i+n])) {
			n++
		}
		i += n
		switch {
		case math.IsNaN(v):
			words = append(words, "stale")
			absent(n - 1)
		case n == 1:
			words = append(words, number(v))
		default:
			words = append(words, number(v)+"x"+strconv.Itoa(n-1))
		}
	}
	if s.first+len(s.values) < steps {
		words = append(words, "stale")
	}
	return strings.Join(words, " ")
}

// number writes a value with as many digits as a judgement can depend on.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 7, 64)
}
