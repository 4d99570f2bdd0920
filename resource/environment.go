package resource

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

// ErrResourceAttributes is wrapped by every error about OTEL_RESOURCE_ATTRIBUTES.
var ErrResourceAttributes = errors.New("invalid " + EnvResourceAttributes)

// resourceAttributes reads OTEL_RESOURCE_ATTRIBUTES. It does not use the SDK's
// detector, which reads only the process's environment, keeps values that it
// cannot decode, and prints entries, which may be secrets.
func (c *config) resourceAttributes() ([]attribute.KeyValue, error) {
	s, _ := c.lookupEnv(EnvResourceAttributes)
	attrs, err := parseResourceAttributes(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResourceAttributes, err)
	}
	return attrs, nil
}

// parseResourceAttributes parses the format that OpenTelemetry's specification
// took from W3C Baggage: key=value,key=value, with keys and values
// percent-encoded. Empty entries are skipped, such as after a comma at the end.
// The specification requires that the whole variable is discarded if a part of it
// is wrong, so nothing is kept then.
func parseResourceAttributes(s string) ([]attribute.KeyValue, error) {
	if err := checkQuotes(s); err != nil {
		return nil, err
	}
	var (
		attrs []attribute.KeyValue
		errs  []error
	)
	n := 0
	for entry := range strings.SplitSeq(s, ",") {
		n++
		if strings.TrimSpace(entry) == "" {
			continue
		}
		kv, err := parseEntry(entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("entry %d %w", n, err))
			continue
		}
		attrs = append(attrs, kv)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return attrs, nil
}

func parseEntry(entry string) (attribute.KeyValue, error) {
	k, v, found := strings.Cut(entry, "=")
	if !found {
		// This may be the rest of a value that contains a comma, so it is not
		// shown.
		return attribute.KeyValue{}, errors.New("has no '='; write key=value pairs separated by commas, and %2C for a comma in a value")
	}
	key, err := url.PathUnescape(strings.TrimSpace(k))
	if err != nil {
		return attribute.KeyValue{}, errors.New("has a key with a malformed percent-encoding; write %25 for a percent sign")
	}
	if key == "" {
		return attribute.KeyValue{}, errors.New("has an empty key")
	}
	if !utf8.ValidString(key) {
		return attribute.KeyValue{}, errors.New("has a key that is not UTF-8")
	}
	val, err := url.PathUnescape(strings.TrimSpace(v))
	if err != nil {
		return attribute.KeyValue{}, fmt.Errorf("(key %q) has a value with a malformed percent-encoding; write %%25 for a percent sign", clip(key))
	}
	if !utf8.ValidString(val) {
		return attribute.KeyValue{}, fmt.Errorf("(key %q) has a value that is not UTF-8", clip(key))
	}
	return attribute.String(key, val), nil
}
