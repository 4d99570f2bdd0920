//go:build !argus_no_web_config

package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"

	"github.com/argus-dgo/argus/internal/settingfile"
)

// maxWebConfig is the most bytes that a web configuration file may have.
const maxWebConfig = 1 << 20

// ReadWebConfig reads a web configuration file of exporter-toolkit, and the certificates
// that it names. The error's text completes a sentence that starts with the file.
func ReadWebConfig(file string) (WebConfig, error) {
	content, err := settingfile.Read(file, maxWebConfig)
	if err != nil {
		return WebConfig{}, fmt.Errorf("cannot be read: %w", err)
	}
	if err := web.Validate(file); err != nil {
		return WebConfig{}, fmt.Errorf("is refused: %w; see https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md", err)
	}
	var c web.Config
	if err := yaml.Unmarshal(content, &c); err != nil {
		return WebConfig{}, fmt.Errorf("is refused: %w", err)
	}
	return WebConfig{TLS: c.TLSConfig.IsEnabled(), BasicAuth: len(c.Users) > 0}, nil
}

// serveWeb serves with the web configuration file.
//
// exporter-toolkit's Serve reads the file again at each TLS handshake and each request.
// It puts its handler around that of the http.Server, so each call has a new one.
func (s *Server) serveWeb(l net.Listener) error {
	return web.Serve(l, s.http, &web.FlagConfig{WebConfigFile: &s.webConfig}, slog.New(faultLog{s.faults}))
}

// faultLog is a log whose errors are reported as faults of requests, at a limited rate.
type faultLog struct{ faults *serveFaults }

func (faultLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (l faultLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += ": " + a.Value.String()
		return true
	})
	l.faults.note(errors.New(text))
	return nil
}

func (l faultLog) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l faultLog) WithGroup(string) slog.Handler { return l }
