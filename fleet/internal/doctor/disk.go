package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/checks"
)

const (
	// bytesASample is the most that Prometheus states for a sample on disk.
	bytesASample = 2
	// bytesAnEvent, with all sums, was measured with 4 million events. With more it is less:
	// see docs/FLEET.md.
	bytesAnEvent = 160
	// leastUptime is how long a fleet runs before its rate of events says anything.
	leastUptime = time.Hour
	// leastFree is what compaction needs in any case.
	leastFree = 512 << 20
)

// disk compares the space that is free with what the data will take.
func (d *doctor) disk(s *seen) []checks.Finding {
	const check = "disk"
	dir := d.settings.Data
	if _, err := os.Stat(dir); err != nil {
		return []checks.Finding{skip(check, dir+" is not on this machine, or cannot be read")}
	}
	free, err := d.free(dir)
	if err != nil {
		return []checks.Finding{skip(check, err.Error())}
	}
	used, err := usedBy(dir)
	if err != nil {
		return []checks.Finding{skip(check, fmt.Sprintf("the size of %s cannot be read: %v", dir, err))}
	}
	if free < leastFree {
		return []checks.Finding{fail(check, fmt.Sprintf("%s are free for %s", shown(free), dir), "free some space, or lower ARGUS_FLEET_SIZE or ARGUS_FLEET_RETENTION: the database fails without room")}
	}
	text := fmt.Sprintf("%s are free, and %s are used", shown(free), shown(used))
	need, why := d.need(s)
	if need > 0 {
		text += "; " + why
	}
	do := "shorten ARGUS_FLEET_RETENTION"
	events, why := d.needOfEvents(s)
	if events > 0 {
		text += "; " + why
		do += " or ARGUS_FLEET_EVENTS_RETENTION"
	}
	if room := free + used; need+events > room {
		if room > events {
			do = fmt.Sprintf("set ARGUS_FLEET_SIZE below %s, or %s", shown(room-events), do)
		}
		return []checks.Finding{warn(check, text, do)}
	}
	return []checks.Finding{ok(check, text)}
}

// need is what the data will take, and why. It is 0 if that is unknown.
func (d *doctor) need(s *seen) (bytes uint64, why string) {
	size := uint64(max(d.settings.Size, 0))
	rate := 0.0
	if s.members != nil {
		for _, m := range s.members.Members {
			if m.Series != nil && m.Interval != nil && *m.Interval > 0 && (m.State == reporting || m.State == late) {
				rate += float64(*m.Series) / *m.Interval
			}
		}
	}
	full := uint64(rate * d.settings.Retention.Seconds() * bytesASample)
	switch {
	case size > 0 && (full == 0 || full > size):
		return size, fmt.Sprintf("ARGUS_FLEET_SIZE lets the data take %s", shown(size))
	case full > 0:
		return full, fmt.Sprintf("at %.0f samples a second, %s take about %s", rate, model.Duration(d.settings.Retention.Round(time.Second)), shown(full))
	}
	return 0, ""
}

// needOfEvents is what events in SQLite will take, and why. It is 0 if that is unknown.
func (d *doctor) needOfEvents(s *seen) (bytes uint64, why string) {
	_, inFile := s.value(storedEvents, "", "")
	began, there := s.value("process_start_time_seconds", "", "")
	if !inFile || !there {
		return 0, ""
	}
	taken, _ := s.value("argus_fleet_events_total", "result", "taken")
	uptime := d.now().Sub(time.UnixMilli(int64(began * 1000)))
	if taken == 0 || uptime < leastUptime {
		return 0, ""
	}
	rate := taken / uptime.Seconds()
	events := min(rate*d.settings.EventsRetention.Seconds(), float64(d.settings.EventsMax))
	bytes = uint64(events * bytesAnEvent)
	return bytes, fmt.Sprintf("at %.0f events a day, those of %s take about %s", rate*(24*time.Hour).Seconds(), model.Duration(d.settings.EventsRetention), shown(bytes))
}

// usedBy is the size of all files below a folder. A file that is there twice, as in a
// backup, counts once for each name.
func usedBy(dir string) (sum uint64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the database has just removed it
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			sum += uint64(max(info.Size(), 0))
		}
		return err
	})
	return sum, err
}

func shown(bytes uint64) string {
	const giga, mega = 1 << 30, 1 << 20
	if bytes >= giga {
		return fmt.Sprintf("%.1f GB", float64(bytes)/giga)
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/mega)
}
