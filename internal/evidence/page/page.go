package page

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/settingfile"
)

// Limits of a page.
const (
	// MaxSize is the size in bytes: as much as deploy/prometheus lets Prometheus read.
	MaxSize = 16 << 20
	// MaxSamples is the number of samples. A page of Argus of that size has fewer.
	MaxSamples = 300_000

	maxReason = 200 // bytes of the page in an error
)

// A Config says what a page does not say about itself.
type Config struct {
	// Made is the time that the page was made. It is required.
	Made time.Time
	// ContentType is that of the response. It may be empty: OpenMetrics is then
	// recognized by its last line, so that a page that is cut off is taken for one in
	// the text format.
	ContentType string
	// Namespace is that of the bot's metrics. Empty means that of the page.
	Namespace string
	// Job and Bot are labels that the bot's series have, for a page of several. An empty
	// one selects nothing.
	Job, Bot string
}

// A Page is a page as a source of evidence.
type Page struct {
	made      time.Time
	namespace string
	where     []evidence.Match
	families  map[string]*dto.MetricFamily
	uptimes   map[process]time.Duration
	bots      []evidence.Bot
}

var _ evidence.Source = (*Page)(nil)

// A process is what identifies one on a page.
type process struct{ job, bot, region, cluster string }

// Open reads a page from a file. If config.Made is zero, it is the time at which the
// file was modified last.
func Open(name string, config Config) (*Page, error) {
	text, err := settingfile.Read(name, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("cannot read the page: %w", err)
	}
	if config.Made.IsZero() {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read the page: %w", err)
		}
		config.Made = info.ModTime()
	}
	p, err := New(text, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// New reads a page. Its errors name the line where there is one.
func New(text []byte, config Config) (*Page, error) {
	if config.Made.IsZero() {
		return nil, errors.New("the time of the page is unknown")
	}
	families, err := parse(text, config.ContentType)
	if err != nil {
		return nil, err
	}
	bot := evidence.Bot{Job: config.Job, Name: config.Bot}
	p := &Page{made: config.Made, namespace: config.Namespace, where: bot.Matches(), families: families}
	for _, m := range families[catalog.Up.PrometheusName()].GetMetric() {
		l := labels(m)
		p.bots = append(p.bots, evidence.Bot{Job: l["job"], Name: l["bot"]})
	}
	if len(p.bots) == 0 {
		return nil, errors.New("not the metrics page of Argus: it has no " + catalog.Up.PrometheusName())
	}
	slices.SortFunc(p.bots, func(a, b evidence.Bot) int { return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Name, b.Name)) })
	p.bots = slices.Compact(p.bots)
	if !slices.ContainsFunc(p.bots, func(b evidence.Bot) bool {
		return (bot.Job == "" || bot.Job == b.Job) && (bot.Name == "" || bot.Name == b.Name)
	}) {
		return nil, fmt.Errorf("the page has no %s", bot)
	}
	if p.namespace == "" {
		p.namespace = p.ownNamespace()
	}
	p.uptimes = map[process]time.Duration{}
	for _, m := range families[catalog.Uptime.In(p.namespace).PrometheusName()].GetMetric() {
		if v, ok := number(m); ok && v >= 0 && v <= math.MaxInt64/float64(2*time.Second) {
			of := processOf(labels(m))
			p.uptimes[of] = max(p.uptimes[of], time.Duration(v*float64(time.Second)))
		}
	}
	return p, nil
}

// Made returns the time that the page was made, at which questions are to be asked.
func (p *Page) Made() time.Time { return p.made }

// Bots returns the bots of the page, whichever is selected.
func (p *Page) Bots() []evidence.Bot { return slices.Clone(p.bots) }

func parse(text []byte, contentType string) (map[string]*dto.MetricFamily, error) {
	switch {
	case len(text) > MaxSize:
		return nil, fmt.Errorf("the page is longer than %d MiB", MaxSize>>20)
	case samples(text) > MaxSamples:
		return nil, fmt.Errorf("the page has more than %d samples", MaxSamples)
	}
	kind, _, _ := strings.Cut(contentType, ";")
	if kind == expfmt.OpenMetricsType || isOpenMetrics(text) {
		var err error
		if text, err = classic(text); err != nil {
			return nil, err
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, reason(err)
	}
	return families, nil
}

// samples returns the number of lines that are no comments.
func samples(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		if line[0] != '#' && line[0] != '\n' {
			n++
		}
	}
	return n
}

// reason names the line of a page that is wrong.
func reason(err error) error {
	at, ok := errors.AsType[expfmt.ParseError](err)
	if !ok {
		return fmt.Errorf("not a metrics page: %s", excerpt.Line(err.Error(), maxReason))
	}
	return fmt.Errorf("not a metrics page: line %d: %s", at.Line, excerpt.Line(at.Msg, maxReason))
}

// ownNamespace returns the namespace of the bot's metrics on the page.
func (p *Page) ownNamespace() string {
	suffix := strings.TrimPrefix(catalog.BotInfo.PrometheusName(), catalog.Namespace)
	for _, name := range slices.Sorted(maps.Keys(p.families)) {
		namespace, ok := strings.CutSuffix(name, suffix)
		if ok && slices.ContainsFunc(p.families[name].GetMetric(), func(m *dto.Metric) bool {
			l := labels(m)
			return l["argus_version"] != "" && p.selects(l)
		}) {
			return namespace
		}
	}
	return catalog.Namespace
}

// selects reports whether series with these labels are of the bot.
func (p *Page) selects(l evidence.Labels) bool {
	return accepted(p.where, l)
}

func accepted(where []evidence.Match, l evidence.Labels) bool {
	return !slices.ContainsFunc(where, func(m evidence.Match) bool { return !m.Accepts(l[m.Label]) })
}

func processOf(l evidence.Labels) process {
	return process{l["job"], l["bot"], l["region"], l["cluster"]}
}

// labels are those of a series. An empty one is the same as none.
func labels(m *dto.Metric) evidence.Labels {
	l := make(evidence.Labels, len(m.GetLabel()))
	for _, pair := range m.GetLabel() {
		if pair.GetValue() != "" {
			l[pair.GetName()] = pair.GetValue()
		}
	}
	return l
}

// number is the value of a gauge or a counter. What is not finite is unknown.
func number(m *dto.Metric) (float64, bool) {
	var v float64
	switch {
	case m.Gauge != nil:
		v = m.Gauge.GetValue()
	case m.Counter != nil:
		v = m.Counter.GetValue()
	case m.Untyped != nil:
		v = m.Untyped.GetValue()
	default:
		return 0, false
	}
	return v, evidence.Known(v)
}
