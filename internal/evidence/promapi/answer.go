package promapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
)

// An envelope is what every answer of the API is in.
type envelope struct {
	Status    string
	ErrorType string
	Error     string
	Warnings  []string
	Data      struct {
		ResultType string
		Result     json.RawMessage
	}
}

// A row is one series of an answer. A native histogram has neither of the values.
type row struct {
	Metric map[string]string
	Value  *sample
	Values json.RawMessage
}

// A sample is a time in seconds and a number, which JSON writes as [1700000000.5, "1"].
type sample struct {
	at     float64
	number float64
}

func (s *sample) UnmarshalJSON(text []byte) error {
	var number string
	pair := []any{&s.at, &number}
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || pair[0] == nil || pair[1] == nil {
		return errMalformed
	}
	var err error
	if s.number, err = strconv.ParseFloat(number, 64); err != nil {
		return errMalformed
	}
	return nil
}

func (s *sample) known() bool { return s != nil && evidence.Known(s.number) }

// The errors of an answer. They complete the address of the server.
var (
	errNotJSON   = errors.New("the response is not JSON: another program or a proxy answers there")
	errCutOff    = errors.New("the response ends in the middle: the connection broke, or a proxy cut it off")
	errTooMany   = fmt.Errorf("the answer has more than %d series: select a bot", maxSeries)
	errMalformed = errors.New("the response is JSON, but not an answer of the Prometheus API: another program answers there")
)

// decode reads the body of an answer that is expected to be of a type.
func decode(body []byte, resultType string) ([]evidence.Series, error) {
	var e envelope
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&e)
	if _, syntax := errors.AsType[*json.SyntaxError](err); syntax {
		return nil, errNotJSON
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errCutOff
	case err != nil:
		return nil, errMalformed
	case e.Status == "error":
		return nil, fmt.Errorf("the query failed: %s", e.Error)
	case e.Status != "success" || e.Data.ResultType != resultType:
		return nil, errMalformed
	}
	for _, w := range e.Warnings {
		if !strings.HasPrefix(w, "PromQL ") { // those are about the expression, not about missing data
			return nil, fmt.Errorf("the answer is incomplete: %s", w)
		}
	}
	var list []evidence.Series
	n := 0
	err = elements(e.Data.Result, func(d *json.Decoder) error {
		if n++; n > maxSeries {
			return errTooMany
		}
		var r row
		if err := d.Decode(&r); err != nil {
			return errMalformed
		}
		s := evidence.Series{Labels: evidence.LabelsOf(r.Metric)}
		add := func(v *sample) error {
			if !v.known() {
				return nil
			}
			at := v.at * 1000
			if math.Abs(at) > 1<<53 { // no time has so many milliseconds
				return errMalformed
			}
			s.Points = append(s.Points, evidence.Point{At: time.UnixMilli(int64(math.Round(at))), Number: v.number})
			return nil
		}
		if err := add(r.Value); err != nil {
			return err
		}
		if len(r.Values) > 0 {
			points := 0
			if err := elements(r.Values, func(d *json.Decoder) error {
				if points++; points > promql.MaxPoints+1 {
					return errMalformed
				}
				var v sample
				if err := d.Decode(&v); err != nil {
					return errMalformed
				}
				return add(&v)
			}); err != nil {
				return err
			}
		}
		if len(s.Points) > 0 {
			list = append(list, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// elements calls f with a decoder before each element of a JSON array, which f has to
// decode. They are read one by one, so that what is refused costs no memory.
func elements(array json.RawMessage, f func(d *json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(array))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return errMalformed
	}
	for d.More() {
		if err := f(d); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errMalformed
	}
	return nil
}
