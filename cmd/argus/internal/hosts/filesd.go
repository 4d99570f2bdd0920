package hosts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A group is an entry of a file_sd file.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// MarshalFileSD writes addresses, all with the same labels, as a JSON file for
// Prometheus. The same input gives the same bytes.
func MarshalFileSD(addresses []string, labels map[string]string) ([]byte, error) {
	if addresses == nil {
		addresses = []string{} // null is no list
	}
	text, err := json.MarshalIndent([]group{{addresses, labels}}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// ReadFileSD adds the targets of a JSON file in Prometheus' form. name says what
// is read, for errors. [List.Labels] has their labels.
func (l *List) ReadFileSD(r io.Reader, name string) error {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxFile {
		return fmt.Errorf("%s: longer than %d bytes", name, maxFile)
	}
	var groups []group
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&groups); err != nil {
		return fmt.Errorf(`%s: not a list of targets in JSON, such as [{"targets": ["bot:9191"]}]: %w`, name, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: unexpected data after the list of targets", name)
	}
	for i, g := range groups {
		before := len(l.all)
		for _, target := range g.Targets {
			if err := l.Add(target, fmt.Sprintf("%s, entry %d", name, i+1)); err != nil {
				return err
			}
		}
		if l.labels == nil {
			l.labels = map[string]map[string]string{}
		}
		for _, address := range l.all[before:] {
			l.labels[address] = g.Labels
		}
	}
	return nil
}
