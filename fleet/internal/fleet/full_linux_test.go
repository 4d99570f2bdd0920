package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/fleet/internal/journal"
)

// smallDisk is a folder on a disk of its own, in memory.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("argus-fleet", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("this needs root with CAP_SYS_ADMIN, to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// TestFullDisk: while the disk is full, pushes are refused with an answer after which the
// bot tries again, and the log, the page and the metrics say so. Once there is room,
// everything goes on, and what was acknowledged before is there, also after a kill.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, engine.Reserve+64<<20)
	p := start(t, "--data", filepath.Join(disk, "data"))
	discord := newDiscord(t, discordtest.WithShards(1), discordtest.WithGuilds(2))
	push(t, p.OTLPGRPC(), "OTEL_METRIC_EXPORT_INTERVAL", "600") // with less, some are refused for their pace
	b := newBot(t, discord, "0", 1, 1, 0)
	expect.Eventually(t, "some pushes", func() bool { return p.query(t, `count_over_time(discord_guilds{cluster="0"}[1m])`) > 5 })
	acknowledged := fmt.Sprintf(`count_over_time(discord_guilds{cluster="0"}[1m] @ %d)`, time.Now().Unix())
	want := p.query(t, acknowledged)

	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	expect.Eventually(t, "the bot's log to say that the fleet cannot store", func() bool { return strings.Contains(b.log.String(), "cannot store metrics") })
	for range 100 {
		if err := discord.Dispatch(0, "TYPING_START", map[string]string{}); err != nil {
			t.Fatal(err)
		}
	}
	const meanwhile = 100
	event := func(kind string) { p.keep(journal.Event{At: time.Now(), Kind: kind, What: kind}) }
	for range meanwhile {
		event("meanwhile") // more than a page of the disk
	}
	if s := p.overview(t).Sources[0]; s.State != "failed" || s.Error == nil || !strings.Contains(*s.Error, "less than 64 MiB of the disk are free") {
		t.Errorf("the source is %+v", s)
	}
	if log := p.log.String(); !strings.Contains(log, "less than 64 MiB of the disk are free") || !strings.Contains(log, "no space left on device") {
		t.Errorf("the log is %s", log)
	}
	if code := p.get(t, "/metrics", nil); code != 200 || p.faults.count() == 0 {
		t.Errorf("its metrics: %d, with %d faults", code, p.faults.count())
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	expect.Eventually(t, "what was counted meanwhile", func() bool {
		return p.query(t, `sum(discord_gateway_events_total{cluster="0",event="TYPING_START"})`) == 100
	})
	event("afterwards")
	if s := p.overview(t).Sources[0]; s.State != "ok" {
		t.Errorf("the source is %+v", s)
	}
	// The folder as it is when the process is killed now.
	killed := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(killed, os.DirFS(filepath.Join(disk, "data"))); err != nil {
		t.Fatal(err)
	}
	p.close(t, p.Fleet)
	p.settings.Data = killed
	p.run(t)
	if got := p.query(t, acknowledged); got != want {
		t.Errorf("%v of %v samples that were acknowledged are there", got, want)
	}
	events, _ := p.Events(time.Now().Add(-time.Hour), time.Now(), 2000, func(e journal.Event) bool { return e.Kind == "meanwhile" || e.Kind == "afterwards" })
	if len(events) != meanwhile+1 {
		t.Errorf("the journal has %d events", len(events))
	}
}
