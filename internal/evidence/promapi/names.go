package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// LabelNames returns the names of labels that series had between two times. An empty
// selector selects all series.
func (c *Client) LabelNames(ctx context.Context, from, to time.Time, selector string) ([]string, error) {
	return ask(ctx, c, http.MethodGet, "/api/v1/labels", between(from, to, selector), list[string])
}

// LabelValues returns the values of a label that series had between two times.
func (c *Client) LabelValues(ctx context.Context, name string, from, to time.Time, selector string) ([]string, error) {
	return ask(ctx, c, http.MethodGet, "/api/v1/label/"+url.PathEscape(name)+"/values", between(from, to, selector), list[string])
}

// Series returns the labels of the series that were there between two times.
func (c *Client) Series(ctx context.Context, from, to time.Time, selector string) ([]evidence.Labels, error) {
	return ask(ctx, c, http.MethodGet, "/api/v1/series", between(from, to, selector), list[evidence.Labels])
}

// between is a range of time. An end that no server can read is none: Prometheus stands
// for "always" with the first and the last time that it can count.
func between(from, to time.Time, selector string) url.Values {
	form := url.Values{}
	if from.Unix() > 0 {
		form.Set("start", unix(from))
	}
	if to.Year() < 10_000 {
		form.Set("end", unix(to))
	}
	if selector != "" {
		form.Set("match[]", selector)
	}
	return form
}

// list decodes an answer that is a list.
func list[T any](body []byte) ([]T, error) {
	data, err := open(body)
	if err != nil {
		return nil, err
	}
	var all []T
	err = elements(data, func(d *json.Decoder) error {
		var one T
		if len(all) >= maxSeries {
			return errTooMany
		}
		if err := d.Decode(&one); err != nil {
			return errMalformed
		}
		all = append(all, one)
		return nil
	})
	return all, err
}

// open returns the data of an answer.
func open(body []byte) (json.RawMessage, error) {
	var e struct {
		Status string
		Error  string
		Data   json.RawMessage
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, errNotJSON
	}
	switch e.Status {
	case "success":
		return e.Data, nil
	case "error":
		return nil, errors.New("the request failed: " + e.Error)
	}
	return nil, errMalformed
}
