package members

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/statefile"
)

// format is the version of the file's form.
const format = 1

// state is what the file has.
type state struct {
	Format  int      `json:"format"`
	Numbers []number `json:"numbers"`
	Members []Member `json:"members"`
}

// number is the last number of a group.
type number struct {
	Place
	Last int `json:"last"`
}

// load reads the file, if there is one.
func (r *Registry) load(now time.Time) error {
	if r.cfg.File == "" {
		return nil
	}
	text, err := os.ReadFile(r.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var s state
	if err = json.Unmarshal(text, &s); err == nil && s.Format != format {
		err = fmt.Errorf("its format is %d, and this version reads %d", s.Format, format)
	}
	if err != nil {
		aside := r.cfg.File + ".broken-" + now.UTC().Format("20060102T150405Z")
		return errors.Join(fmt.Errorf("%s cannot be read and was moved to %s: %w", r.cfg.File, aside, err), os.Rename(r.cfg.File, aside))
	}
	for _, n := range s.Numbers {
		r.numbers[n.Place] = n.Last
	}
	for _, one := range s.Members {
		if len(one.Incarnations) == 0 {
			continue
		}
		m := &member{Member: one}
		m.reporting = len(one.Reporting())
		r.places[one.Place] = m
		r.numbers[one.group()] = max(r.numbers[one.group()], one.Number)
	}
	return nil
}

// Changed reports whether who is there has changed since the last [Registry.Save].
func (r *Registry) Changed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unsaved
}

// Save writes the file.
func (r *Registry) Save() error {
	if r.cfg.File == "" {
		return nil
	}
	s := state{Format: format, Members: r.Members()}
	r.mu.Lock()
	for group, last := range r.numbers {
		s.Numbers = append(s.Numbers, number{group, last})
	}
	r.unsaved = false
	r.mu.Unlock()
	text, err := json.Marshal(s)
	if err == nil {
		err = statefile.Replace(r.cfg.File, text)
	}
	if err != nil {
		r.mu.Lock()
		r.unsaved = true
		r.mu.Unlock()
	}
	return err
}
