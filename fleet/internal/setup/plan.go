package setup

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/server"
)

// The folders that are made without another choice. That of systemd is where
// deploy/systemd/argus-fleet.service has its files.
const (
	Dir        = "argus-fleet"
	SystemdDir = "/etc/argus-fleet"
)

const (
	ingestFlag = "ingest-token-file"
	envFile    = "fleet.env"
	dataFolder = "data"
	tokenBytes = 32
)

// A Plan is what is to be written.
type Plan struct {
	dir      string // absolute
	systemd  bool
	settings settings.Settings
	urlGiven bool
	values   []settings.Value // of the file
	files    []settings.Value // that the unit of systemd has to hand on
	tokens   []token
}

// A token is one that is made.
type token struct {
	setting, file, whose, text string
	in                         func(*settings.Settings) *string
}

var tokens = []token{
	{ingestFlag, "ingest.token", "bots, which push", "", func(s *settings.Settings) *string { return &s.IngestTokenFile }},
	{"viewer-token-file", "viewer.token", "people and Grafana, who read", "", func(s *settings.Settings) *string { return &s.ViewerTokenFile }},
	{"operator-token-file", "operator.token", "people who may also mute alerts and forget clusters", "", func(s *settings.Settings) *string { return &s.OperatorTokenFile }},
}

// New plans a configuration in a folder, and checks it as a start does. With systemd it is
// for the unit of the project, which sets the data folder and the tokens itself.
func New(dir string, systemd bool, given *settings.Given) (*Plan, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &Plan{dir: absolute, systemd: systemd}
	var errs []error
	for _, v := range given.Values() {
		switch is := given.Has(v.Flag) && v.Text != ""; {
		case is && systemd && p.unitSets(v.Row):
			errs = append(errs, fmt.Errorf("%s: argus-fleet.service sets it; leave it out with --systemd", v.Source))
		case is && v.IsPath():
			absolute, err := filepath.Abs(v.Text)
			errs = append(errs, err)
			given.Set(v.Row, absolute)
		case is:
		case v.Flag == "data":
			given.Set(v.Row, filepath.Join(p.dir, dataFolder))
		default:
			errs = append(errs, p.plan(given, v.Row))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p.urlGiven = given.Has("url")
	allowHost(given)
	if p.settings, err = given.Settings(); err != nil {
		return nil, err
	}
	there := p.settings // without what is still to be made
	for _, t := range p.tokens {
		*t.in(&there) = ""
	}
	if err := fleet.Check(there); err != nil {
		return nil, err
	}
	for _, v := range given.Values() {
		switch {
		case v.Text == "", systemd && p.unitSets(v.Row):
		case systemd && v.IsPath():
			p.files = append(p.files, v)
		case len(p.settings.Prometheus) > 0 && strings.HasPrefix(v.Flag, "otlp-"): // not bound
		case given.Has(v.Flag), slices.Contains(addresses, v.Flag):
			p.values = append(p.values, v)
		}
	}
	return p, nil
}

// allowHost lets browsers in by the name that people use, unless it is said who may.
func allowHost(given *settings.Given) {
	var address string
	var hosts settings.Value
	for _, v := range given.Values() {
		switch v.Flag {
		case "url":
			address = v.Text
		case "allowed-hosts":
			hosts = v
		}
	}
	u, err := url.Parse(address)
	if err != nil || hosts.Text != "" {
		return
	}
	name := u.Hostname()
	if _, err := netip.ParseAddr(name); err != nil && strings.Contains(name, ".") && server.CheckAllowedHost(name) == nil { // else it is allowed anyhow
		given.Set(hosts.Row, name)
	}
}

// addresses are written in any case: they are what people look for.
var addresses = []string{"addr", "otlp-grpc-addr", "otlp-http-addr"}

// plan plans a token, if the setting is about one.
func (p *Plan) plan(given *settings.Given, r settings.Row) error {
	i := slices.IndexFunc(tokens, func(t token) bool { return t.setting == r.Flag })
	if i < 0 || r.Flag == ingestFlag && given.Has("prometheus") && !p.systemd { // the unit has it in any case
		return nil
	}
	made := tokens[i]
	var secret [tokenBytes]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return err
	}
	made.text = hex.EncodeToString(secret[:])
	made.file = filepath.Join(p.dir, made.file)
	p.tokens = append(p.tokens, made)
	given.Set(r, made.file)
	return nil
}

// unitSets reports whether argus-fleet.service sets it.
func (p *Plan) unitSets(r settings.Row) bool {
	return r.Flag == "data" || slices.ContainsFunc(tokens, func(t token) bool { return t.setting == r.Flag })
}
