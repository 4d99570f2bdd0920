package link

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// CheckGrafana checks the template of links to Grafana.
func CheckGrafana(template string) error {
	return check(template, "https://grafana.example.com/d/argus-cluster?var-cluster={cluster}", "Grafana", "{cluster}", "{shard}", "{from}", "{to}")
}

const (
	traceID = "{trace_id}"
	spanID  = "{span_id}"
)

// CheckTrace checks the template of links to a trace, which must have its id.
func CheckTrace(template string) error {
	const example = "https://jaeger.example.com/trace/" + traceID
	if err := check(template, example, "the traces' page", traceID, spanID); err != nil {
		return err
	}
	if !strings.Contains(template, traceID) {
		return errors.New("must contain the placeholder " + traceID + ", such as " + example)
	}
	return nil
}

// Trace fills in the template of links to a trace. It is nil without a template.
func Trace(template, trace, span string) *string {
	if template == "" {
		return nil
	}
	return new(strings.NewReplacer(traceID, trace, spanID, span).Replace(template))
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// check checks a template that may have the known placeholders.
func check(template, example, site string, known ...string) error {
	var unknown error
	link := placeholder.ReplaceAllStringFunc(template, func(name string) string {
		if !slices.Contains(known, name) && unknown == nil {
			last := len(known) - 1
			unknown = fmt.Errorf("has the placeholder %q: known are %s and %s; write other braces as %%7B and %%7D", name, strings.Join(known[:last], ", "), known[last])
		}
		return "0"
	})
	address, err := url.Parse(link)
	switch {
	case err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" || address.Opaque != "":
		return errors.New("must be an http or https URL, such as " + example)
	case address.User != nil:
		return errors.New("must not contain credentials: everyone who opens the page can read them; log in to " + site + " instead")
	case unknown != nil:
		return unknown
	case strings.ContainsAny(link, "{}"):
		return errors.New("has a brace without its other one: write braces as %7B and %7D")
	case !strings.HasPrefix(template, address.Scheme+"://"+address.Host):
		return errors.New("has a placeholder in the host: the host must be fixed")
	}
	return nil
}
