// Package journal keeps what happened in a fleet: the last 20,000 events, in a file of one
// JSON object a line that survives a restart.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/statefile"
)

// Most is the number of events that are kept, at least.
const Most = 20_000

const maxLine = 16 << 10

// An Event is something that happened.
type Event struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Job      string    `json:"job,omitempty"`
	Bot      string    `json:"bot,omitempty"`
	Region   string    `json:"region,omitempty"`
	Cluster  string    `json:"cluster,omitempty"`
	Shard    string    `json:"shard,omitempty"`
	Severity string    `json:"severity,omitempty"`
	What     string    `json:"what"`
}

// A Journal is safe for concurrent use.
type Journal struct {
	name string
	most int

	mu     sync.Mutex
	events []Event // oldest first
	file   *os.File
	lines  int  // of the file
	torn   bool // the file lacks an event, or has a part of its line
}

// Open reads the file, or begins one. A line that cannot be read, such as the last one of
// a process that was killed, is left out. An empty name keeps events in memory alone.
func Open(name string) (*Journal, error) { return open(name, Most) }

func open(name string, most int) (*Journal, error) {
	j := &Journal{name: name, most: most}
	if name == "" {
		return j, nil
	}
	text, err := os.ReadFile(name) //nolint:gosec // in the data folder
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		j.lines++
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil && !e.At.IsZero() {
			j.events = append(j.events, e)
		}
	}
	j.drop(most)
	if j.lines != len(j.events) || len(text) > 0 && text[len(text)-1] != '\n' || lines.Err() != nil {
		return j, j.rewrite()
	}
	return j, j.append()
}

// append opens the file for more events.
func (j *Journal) append() (err error) {
	j.file, err = os.OpenFile(j.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

// drop drops the oldest events, if there are more than a limit.
func (j *Journal) drop(limit int) {
	if len(j.events) > limit {
		j.events = slices.Delete(j.events, 0, len(j.events)-j.most)
	}
}

// Add adds an event. After an error it is in memory alone, until a later one can be
// written.
func (j *Journal) Add(e Event) error {
	e.At = e.At.UTC()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
	j.drop(j.most + j.most/8) // not each time: the others move
	if j.file == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if len(line) >= maxLine {
		return fmt.Errorf("an event of %d bytes is not written", len(line))
	}
	if j.torn || j.lines >= 2*j.most {
		return j.rewrite()
	}
	j.lines++
	_, err = j.file.Write(append(line, '\n'))
	j.torn = err != nil
	return err
}

// rewrite writes the file anew, without what is dropped.
func (j *Journal) rewrite() error {
	var b bytes.Buffer
	for _, e := range j.events {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	if err := statefile.Replace(j.name, b.Bytes()); err != nil {
		return err
	}
	if j.file != nil {
		_ = j.file.Close() // it was replaced
	}
	j.lines, j.torn = len(j.events), false
	return j.append()
}

// Events returns those from one time to another that a filter selects, newest first, and
// whether there are more than so many.
func (j *Journal) Events(from, to time.Time, most int, is func(Event) bool) (list []Event, more bool) {
	j.mu.Lock()
	for _, e := range slices.Backward(j.events) {
		if !e.At.Before(from) && !e.At.After(to) && is(e) {
			list = append(list, e)
		}
	}
	j.mu.Unlock()
	// A finding is known later than it began.
	slices.SortStableFunc(list, func(a, b Event) int { return b.At.Compare(a.At) })
	if len(list) > most {
		return list[:most], true
	}
	return list, false
}

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return errors.Join(f.Sync(), f.Close())
}
