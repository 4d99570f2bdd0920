package fleet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/api"
)

// What the data folder has besides the metrics.
const (
	metricsFolder       = "metrics"
	notificationsFolder = "notifications"
	backupsFolder       = "backups"
	membersFile         = "members.json"
	journalFile         = "journal.jsonl"
)

// Backup implements api.Fleet: it copies the data into a folder that another fleet can be
// started with. Blocks of metrics that never change are linked, not copied.
func (f *Fleet) Backup(by string) (dir string, err error) {
	if !f.backing.TryLock() {
		return "", api.ErrBackup
	}
	defer f.backing.Unlock()
	dir = filepath.Join(f.cfg.Data, backupsFolder, time.Now().UTC().Format("20060102T150405Z"))
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("the backup %s: %w", dir, err), os.RemoveAll(dir))
		}
	}()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	if err := f.engine.Snapshot(filepath.Join(dir, metricsFolder)); err != nil {
		return "", err
	}
	if err := f.members.Save(); err != nil {
		return "", err
	}
	for _, name := range []string{membersFile, journalFile} {
		text, err := os.ReadFile(filepath.Join(f.cfg.Data, name)) //nolint:gosec // the operator names the folder
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600) //nolint:gosec // see above
		}
		if err != nil {
			return "", err
		}
	}
	if err := os.CopyFS(filepath.Join(dir, notificationsFolder), os.DirFS(filepath.Join(f.cfg.Data, notificationsFolder))); err != nil {
		return "", err
	}
	if f.file != nil {
		if err := os.Mkdir(filepath.Join(dir, eventsFolder), 0o750); err != nil {
			return "", err
		}
		if err := f.file.Backup(f.ctx, eventsIn(dir)); err != nil {
			return "", err
		}
	}
	f.log.Info("a backup was made", "folder", dir, "by", by)
	return dir, nil
}
