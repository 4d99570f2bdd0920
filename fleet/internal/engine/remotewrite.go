package engine

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage/remote"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/settingfile"
)

const (
	// remoteFlush is how long what is still to be sent may take when the engine closes.
	remoteFlush   = 5 * time.Second
	maxRemoteFile = 1 << 20
	maxReason     = 500
)

// CheckRemoteWrite reads a file as [Open] reads that of Options.RemoteWrite.
func CheckRemoteWrite(file string) error {
	_, err := readRemoteWrite(file)
	return err
}

// quoted is what an error about YAML repeats of the file, which may be a secret.
var quoted = regexp.MustCompile("`[^`]*`")

// readRemoteWrite reads the sections of Prometheus' configuration that are about remote
// write. Metadata is not sent: what arrives by OTLP has none.
func readRemoteWrite(file string) (*config.Config, error) {
	text, err := settingfile.Read(file, maxRemoteFile)
	if err != nil {
		return nil, err
	}
	read, err := config.Load(string(text), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("%s is not a configuration of Prometheus: %s", file, excerpt.Line(quoted.ReplaceAllString(err.Error(), "a value"), maxReason))
	}
	switch {
	case len(read.RemoteWriteConfigs) == 0:
		return nil, fmt.Errorf("%s has no section remote_write", file)
	case len(read.ScrapeConfigs)+len(read.ScrapeConfigFiles)+len(read.RuleFiles)+len(read.RemoteReadConfigs)+len(read.AlertingConfig.AlertmanagerConfigs) > 0:
		return nil, fmt.Errorf("%s has other sections than remote_write and global, which a fleet does not have: remove them", file)
	}
	read.SetDirectory(filepath.Dir(file))
	for i, w := range read.RemoteWriteConfigs {
		if w.URL.Scheme != "http" && w.URL.Scheme != "https" || w.URL.Host == "" {
			return nil, fmt.Errorf("%s: the url of server %d of remote_write is not one of http or https", file, i+1) // it may have a password
		}
		w.MetadataConfig.Send = false
	}
	return read, nil
}

// startRemoteWrite begins to send what is written from now on.
func (e *Engine) startRemoteWrite() error {
	e.appends = e.db
	if e.opts.RemoteWrite == "" {
		return nil
	}
	settings, err := readRemoteWrite(e.opts.RemoteWrite)
	if err != nil {
		return err
	}
	logger := e.opts.Logger.With("part", "remote_write")
	e.remote = remote.NewStorage(logger, e.opts.Registry, e.db.StartTime, e.db.Dir(), remoteFlush, nil, false)
	e.db.SetWriteNotified(e.remote)
	e.appends = sending{e.db, e.remote}
	return e.remote.ApplyConfig(settings)
}

// ReloadRemoteWrite reads the file of Options.RemoteWrite again. After an error the
// configuration from before stays.
func (e *Engine) ReloadRemoteWrite() error {
	if e.remote == nil {
		return nil
	}
	settings, err := readRemoteWrite(e.opts.RemoteWrite)
	if err != nil {
		return err
	}
	return e.remote.ApplyConfig(settings)
}

func (e *Engine) stopRemoteWrite() error {
	if e.remote == nil {
		return nil
	}
	return e.remote.Close()
}
