package link

import (
	"strings"
	"testing"
)

const (
	notURL      = "must be an http or https URL, such as "
	credentials = "must not contain credentials"
	inHost      = "has a placeholder in the host"
	loneBrace   = "has a brace without its other one"
)

// secret is in templates whose errors must not show it.
const secret = "nobody"

func TestCheckTrace(t *testing.T) {
	for template, want := range map[string]string{ // want is "" for what is valid
		"https://jaeger.example/trace/{trace_id}":                    "",
		"http://127.0.0.1:16686/trace/{trace_id}?uiFind={span_id}#x": "",
		"https://tempo.example/?q=%7Bid=%22{trace_id}%22%7D":         "",
		"":                                             notURL,
		"jaeger:16686/{trace_id}":                      notURL,
		"https:nobody/{trace_id}":                      notURL,
		"/trace/{trace_id}?nobody":                     notURL,
		"ftp://nobody.example/{trace_id}":              notURL,
		"javascript:nobody({trace_id})":                notURL,
		"https://tempo.example/%zz{trace_id}":          notURL,
		"https://me:nobody@tempo.example/{trace_id}":   credentials,
		"https://nobody@tempo.example/{trace_id}":      credentials,
		"https://me:{nobody}@tempo.example/{trace_id}": credentials,
		"https://{trace_id}/nobody":                    inHost,
		"https://{trace_id}.nobody.example/{trace_id}": inHost,
		"https://nobody.example/{trace_id}}":           loneBrace,
		"https://nobody.example/{trace_id":             loneBrace,
		"https://nobody.example/{trace_id}/{shard}":    `has the placeholder "{shard}": known are {trace_id} and {span_id}; write other braces as %7B and %7D`,
		"https://nobody.example/{span_id}":             "must contain the placeholder {trace_id}, such as https://jaeger.example.com/trace/{trace_id}",
		"https://nobody.example/?trace=%7Btrace_id%7D": "must contain the placeholder {trace_id}",
	} {
		err := CheckTrace(template)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret)) {
			t.Errorf("%q: %v, want %q", template, err, want)
		}
	}
}

func TestCheckGrafana(t *testing.T) {
	for template, want := range map[string]string{
		"https://grafana.example/d/argus?var-cluster={cluster}&var-shard={shard}&from={from}&to={to}": "",
		"https://grafana.example/d/argus":                           "",
		"grafana.example/nobody":                                    notURL,
		"https://me:nobody@grafana.example/":                        credentials + ": everyone who opens the page can read them; log in to Grafana instead",
		"https://nobody.example/?trace={trace_id}":                  `has the placeholder "{trace_id}": known are {cluster}, {shard}, {from} and {to}`,
		"https://nobody.example/?var-cluster={cluster}&var-shard={": loneBrace,
	} {
		err := CheckGrafana(template)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret)) {
			t.Errorf("%q: %v, want %q", template, err, want)
		}
	}
}

func TestTrace(t *testing.T) {
	if got := Trace("", "1", "2"); got != nil {
		t.Errorf("%q without a template", *got)
	}
	const want = "https://jaeger.example/trace/ab?uiFind=cd&again=ab"
	if got := Trace("https://jaeger.example/trace/{trace_id}?uiFind={span_id}&again={trace_id}", "ab", "cd"); got == nil || *got != want {
		t.Errorf("%v, want %q", got, want)
	}
}
