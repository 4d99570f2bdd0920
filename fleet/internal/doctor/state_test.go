package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/fleet/internal/disk"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

func member(cluster, state string) documents.Member {
	return documents.Member{Named: documents.Named{Job: "music", Cluster: cluster}, State: state}
}

// TestMembers: who is late, lost or there twice, whose clock is wrong, and what was
// refused.
func TestMembers(t *testing.T) {
	off, refused := member("5", "reporting"), member("6", "late")
	off.Bot, off.Region, off.ClockOffset = new("b"), new("eu"), new(-7.0)
	refused.Refused, refused.LastRefusal, refused.ClockOffset = new(int64(3)), new("too old"), new(0.1)
	goneOff := member("7", "lost")
	goneOff.ClockOffset, goneOff.Refused = new(99.0), new(int64(9))
	all := &documents.Members{Members: []documents.Member{member("1", "reporting"), member("1", "late"), member("3", "goodbye"), member("4", "replaced"), off, refused, goneOff}}
	report := written((&seen{members: all}).state(time.Now())...)
	has(t, report, `ok members: 4 members reporting`, `warning members: late with their reports: cluster "1" of job "music", cluster "6" of job "music" →`,
		`fail members: lost, without a goodbye: cluster "7" of job "music" →`, `fail members: several processes report at one place: cluster "1" of job "music" →`,
		`warning clocks: the clocks differ from the fleet's: cluster "5" of bot "b" in job "music", region "eu" (-7.0 s) →`,
		`warning points: 3 points of cluster "6" of job "music" were refused, the last because: too old →`, "ok findings: ")
	if strings.Contains(report, "99") || strings.Contains(report, "9 points") {
		t.Errorf("what a lost process said is told:\n%s", report)
	}
	many := &documents.Members{}
	for range 2 * maxRefusals {
		many.Members = append(many.Members, refused)
	}
	if n := len(refusals(many)); n != maxRefusals {
		t.Errorf("%d refusals are listed", n)
	}
}

// TestFailing: findings that cannot be made, rules that fail, receivers that fail, and what
// the fleet counts.
func TestFailing(t *testing.T) {
	now := time.Now()
	s := &seen{
		members: &documents.Members{Head: documents.Head{Sources: []documents.Source{
			{State: "failed", Error: new("no\nengine"), Since: new(now.Add(-time.Minute))}, {Kind: documents.KindPrometheus, Name: "us", State: "failed", Error: new("status 502")},
		}}},
		rules: []rule{{"a", "ok", ""}, {"b", "err", "many-to-many"}},
		alerts: &documents.Alerts{Notifications: documents.Notifications{Way: "config", Receivers: []documents.Receiver{
			{Name: "x", FailingSince: new(now), Error: new("status 404")}, {Name: "y", LastSuccess: new(now)}, {Name: "z"},
		}}},
	}
	var err error
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if s.metrics, err = parser.TextToMetricFamilies(strings.NewReader(`
# TYPE argus_fleet_pushes_total counter
argus_fleet_pushes_total{result="taken"} 40
argus_fleet_pushes_total{result="partial"} 2
argus_fleet_pushes_total{result="storage"} 5
argus_fleet_pushes_total{result="busy"} 0
# TYPE argus_fleet_faults_total counter
argus_fleet_faults_total 7
`)); err != nil {
		t.Fatal(err)
	}
	report := written(s.state(now)...)
	has(t, report, "ok metrics: the fleet took 42 pushes since its start →", "warning pushes: 5 pushes since the fleet's start could not be stored →", "warning faults: the fleet had 7 faults",
		"fail findings: no engine (for 1m0s)", "fail prometheus: us: status 502", "fail rules: 1 rule of 2 cannot be evaluated: b; the last error: many-to-many", "fail notifications: the receiver x has failed since ",
		"ok notifications: the receiver y took ", "ok notifications: the receiver z has got none")
	if strings.Contains(report, "busy") {
		t.Errorf("what did not happen is told:\n%s", report)
	}
	s.metrics = nil
	if s.metrics, err = parser.TextToMetricFamilies(strings.NewReader("up 1\n")); err != nil {
		t.Fatal(err)
	}
	has(t, written(s.itself()...), "fail metrics: /metrics is not that of a fleet")
	for want, text := range map[string]string{
		"ok remote write: 10 samples were sent to other servers":                                                            "10\n",
		"warning remote write: 11 samples were sent to other servers since the fleet's start, and 2 were refused →":         "11\nprometheus_remote_storage_samples_failed_total{remote_name=\"a\"} 2\n",
		"warning remote write: 12 samples were sent to other servers since the fleet's start, and 3 had to be sent again →": "12\nprometheus_remote_storage_samples_retried_total{remote_name=\"a\"} 3\n",
	} {
		const name = "prometheus_remote_storage_samples_"
		types := fmt.Sprintf("# TYPE %[1]stotal counter\n# TYPE %[1]sfailed_total counter\n# TYPE %[1]sretried_total counter\n", name)
		if s.metrics, err = parser.TextToMetricFamilies(strings.NewReader(types + name + `total{remote_name="a"} ` + text)); err != nil {
			t.Fatal(err)
		}
		has(t, written(s.remoteWrite()...), want)
	}
}

// TestDisk: room for what the series of the members will take, or for the size that is set.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "block"), make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	m := member("1", "reporting")
	m.Series, m.Interval = new(15_000), new(15.0)
	lost := member("2", "lost")
	lost.Series, lost.Interval = new(1_500_000), new(1.0)
	all := &documents.Members{Members: []documents.Member{m, lost}}
	for _, tt := range []struct {
		free, size uint64
		err        error
		members    *documents.Members
		want       string
	}{
		{free: 10 << 30, members: all, want: "ok disk: 10.0 GB are free, and 3 MB are used; at 1000 samples a second, 15d take about 2.4 GB"},
		{free: 2 << 30, members: all, want: "warning disk: 2.0 GB are free, and 3 MB are used; at 1000 samples a second, 15d take about 2.4 GB → set ARGUS_FLEET_SIZE below 2.0 GB"},
		{free: 2 << 30, size: 1 << 30, members: all, want: "ok disk: 2.0 GB are free, and 3 MB are used; ARGUS_FLEET_SIZE lets the data take 1.0 GB"},
		{free: 2 << 30, size: 4 << 30, want: "warning disk: 2.0 GB are free, and 3 MB are used; ARGUS_FLEET_SIZE lets the data take 4.0 GB"},
		{free: 10 << 30, size: 4 << 30, members: all, want: "ok disk: 10.0 GB are free, and 3 MB are used; at 1000 samples"},
		{free: 1 << 30, want: "ok disk: 1.0 GB are free, and 3 MB are used →"},
		{free: 100 << 20, size: 1 << 30, want: "fail disk: 100 MB are free for "},
		{err: errors.New("cannot tell"), want: "skipped disk: cannot tell"},
	} {
		d := &doctor{
			settings: settings.Settings{Data: dir, Retention: 15 * 24 * time.Hour, Size: int64(tt.size)},
			free:     func(string) (uint64, error) { return tt.free, tt.err },
		}
		has(t, written(d.disk(&seen{members: tt.members})...), tt.want)
	}
	if free, err := disk.Free(dir); err != nil || free == 0 {
		t.Errorf("%d bytes are free here, %v", free, err)
	}
}

// TestFiles: files that every user can read or change, unless a folder keeps others out.
func TestFiles(t *testing.T) {
	root := t.TempDir()
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	if !allowed(os.TempDir(), 0o001) {
		t.Skip("no other user can enter the folder of temporary files")
	}
	data, key := filepath.Join(root, "data"), filepath.Join(root, "key")
	if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(key, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	d := &doctor{settings: settings.Settings{Data: data, TLSKeyFile: key}}
	for _, tt := range []struct {
		root, data, key os.FileMode
		want            []string
	}{
		{0o755, 0o750, 0o640, []string{"ok files: "}},
		{0o755, 0o755, 0o644, []string{"warning files: ARGUS_FLEET_TLS_KEY_FILE: every user of this machine can read " + key, "warning files: every user of this machine can read the data"}},
		{0o755, 0o777, 0o600, []string{"fail files: every user of this machine can change the data"}},
		{0o700, 0o777, 0o644, []string{"ok files: "}},
	} {
		if err := errors.Join(os.Chmod(root, tt.root), os.Chmod(data, tt.data), os.Chmod(key, tt.key)); err != nil {
			t.Fatal(err)
		}
		has(t, written(d.files()...), tt.want...)
	}
}
