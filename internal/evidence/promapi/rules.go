package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A Rule is an alerting rule that a server evaluates.
type Rule struct {
	Name string
	// For is how long its expression must have a result before it fires.
	For time.Duration
	// Failure is the error of its last evaluation, if it failed.
	Failure string
	Alerts  []Alert
}

// An Alert is pending or firing.
type Alert struct {
	Labels      map[string]string
	Annotations map[string]string
	Firing      bool
	ActiveAt    time.Time
	Value       float64
}

// Rules returns the alerting rules that the server evaluates. One that evaluates none, or
// does not tell, has none.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) {
	rules, err := ask(ctx, c, http.MethodGet, "/api/v1/rules", url.Values{"type": {"alert"}}, rulesOf)
	if errors.Is(err, errNoAPI) {
		return nil, nil
	}
	return rules, err
}

func rulesOf(body []byte) ([]Rule, error) {
	data, err := open(body)
	if err != nil {
		return nil, err
	}
	var groups struct {
		Groups []struct {
			Rules []struct {
				Type, Name, Health, LastError string
				Duration                      float64
				Alerts                        []struct {
					Labels, Annotations map[string]string
					State, Value        string
					ActiveAt            time.Time
				}
			}
		}
	}
	if err := json.Unmarshal(data, &groups); err != nil {
		return nil, errMalformed
	}
	var rules []Rule
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			if r.Type != "alerting" {
				continue
			}
			one := Rule{Name: r.Name, For: time.Duration(r.Duration * float64(time.Second))}
			if r.Health == "err" {
				one.Failure = r.LastError
			}
			for _, a := range r.Alerts {
				value, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					return nil, errMalformed
				}
				one.Alerts = append(one.Alerts, Alert{Labels: a.Labels, Annotations: a.Annotations, Firing: a.State == "firing", ActiveAt: a.ActiveAt, Value: value})
			}
			rules = append(rules, one)
		}
	}
	return rules, nil
}
