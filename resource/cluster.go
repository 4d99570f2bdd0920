package resource

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	// ClusterKey is the resource attribute that names this process within its
	// fleet. Both exporters add it to every series, as a label with the same
	// name.
	ClusterKey = attribute.Key("cluster")

	// DefaultCluster is the cluster id of a process that is given none. A bot
	// that runs in one process does not need one.
	DefaultCluster = "default"

	// MaxClusterIDLength is the length limit of a cluster id, a bot or a region,
	// in bytes.
	MaxClusterIDLength = 128
)

// ErrClusterID is wrapped by every error about a cluster id or the number of a
// cluster.
var ErrClusterID = errors.New("invalid cluster id")

// Cluster returns the cluster id in r, or "" if r has none. A resource made by
// [New] always has one.
func Cluster(r *sdkresource.Resource) string {
	return label(r, ClusterKey)
}

// A claim is the cluster id of this process according to one source.
type claim struct {
	id     string
	source Source
	name   string // the host name, if the number comes from there
}

// String returns the source with its value, for errors.
func (c claim) String() string {
	switch c.source {
	case SourceHostName:
		return fmt.Sprintf("host name %q", clip(c.name))
	case SourceResourceAttributes:
		return fmt.Sprintf("cluster=%s in %s", clip(c.id), c.source)
	case SourceClusterIDOption:
		return fmt.Sprintf("%s(%q)", c.source, clip(c.id))
	default:
		return fmt.Sprintf("%s=%q", c.source, clip(c.id))
	}
}

// claims returns what the sources give, in order of precedence. An option with a
// number excludes all other sources.
func (c *config) claims(env []attribute.KeyValue) []claim {
	var all []claim
	for _, name := range []string{EnvArgusClusterID, EnvClusterID} {
		if s, ok := c.lookupEnv(name); ok {
			all = append(all, claim{id: s, source: Source(name)})
		}
	}
	if s, ok := lookupString(env, ClusterKey); ok {
		all = append(all, claim{id: s, source: SourceResourceAttributes})
	}
	if name, number, ok := c.podName(); ok {
		all = append(all, claim{id: number, source: SourceHostName, name: name})
	}
	if c.clusterSet {
		option := claim{id: c.cluster, source: SourceClusterIDOption}
		if _, ok := parseNumber(option.id); ok {
			return []claim{option}
		}
		return append([]claim{option}, all...) // the number may still come from elsewhere
	}
	return all
}

// detectCluster sets the cluster id from the first source that is set, and checks
// only that one: an invalid id in a source of lower precedence does no harm and
// must not stop the bot. Numbers are different, since shards and ports depend on
// them: all sources with a number must have the same one.
func (c *config) detectCluster(env []attribute.KeyValue) (Process, error) {
	p := Process{ClusterID: DefaultCluster, ClusterIDSource: SourceDefault, Index: -1}
	claims := c.claims(env)
	if len(claims) > 0 {
		first := claims[0]
		p.ClusterID, p.ClusterIDSource, p.hostName = first.id, first.source, first.name
		if err := checkClusterID(first.id); err != nil {
			where := first.source.String()
			if first.source == SourceResourceAttributes {
				where = "the key cluster in " + where
			}
			return Process{}, fmt.Errorf("%w %s from %s: %w", ErrClusterID, quoteName(first.id), where, err)
		}
	}
	start, startSource, err := c.clusterIDStart()
	if err != nil {
		return Process{}, err
	}
	var found *claim
	for i, candidate := range claims {
		number, ok := parseNumber(candidate.id)
		switch {
		case !ok:
			continue
		case found == nil:
			found = &claims[i]
			p.Index, p.IndexSource = number-start, candidate.source
			if p.Index < 0 {
				return Process{}, fmt.Errorf("%w: %v is below %s=%d, which is the number of the first cluster", ErrClusterID, candidate, startSource, start)
			}
		case number != p.Index+start:
			return Process{}, fmt.Errorf("%w: %v and %v are different numbers of this process: %s", ErrClusterID, *found, candidate, cure(*found, candidate))
		}
	}
	return p, nil
}

// cure returns the advice for two different numbers.
func cure(a, b claim) string {
	if a.source == SourceHostName || b.source == SourceHostName {
		return "a number written into the template of a StatefulSet is the same in all of its pods; take it from the label " +
			"apps.kubernetes.io/pod-index, or remove it"
	}
	return "remove one, or make it a name that is not a number"
}

// clusterIDStart returns the number of the first cluster.
func (c *config) clusterIDStart() (start int, source Source, err error) {
	if c.start != nil {
		if *c.start < 0 || *c.start > maxNumber {
			return 0, "", fmt.Errorf("%w: %s(%d): must be from 0 to %d", ErrClusterID, SourceClusterIDStartOption, *c.start, maxNumber)
		}
		return *c.start, SourceClusterIDStartOption, nil
	}
	text, ok := c.lookupEnv(EnvClusterIDStart)
	if !ok {
		return 0, SourceDefault, nil
	}
	start, ok = parseNumber(text)
	if !ok {
		return 0, "", fmt.Errorf("%w: %s=%q: must be a whole number from 0 to %d without leading zeros, the number of the first cluster", ErrClusterID, EnvClusterIDStart, clip(text), maxNumber)
	}
	return start, EnvClusterIDStart, nil
}

// maxNumber keeps sums of numbers within a 32-bit int.
const maxNumber = 999_999_999

// parseNumber parses a decimal number: only digits, and no leading zeros, because
// 007 may be a part of a name.
func parseNumber(s string) (int, bool) {
	if s == "" || len(s) > 9 || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n := 0
	for _, digit := range []byte(s) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = n*10 + int(digit-'0')
	}
	return n, true
}

func checkClusterID(id string) error {
	if id == "" {
		return errors.New("it is empty; set it to this process's name in the fleet, or remove the setting to use " + DefaultCluster)
	}
	return checkName(id)
}

// checkName checks the value of a label of every series: a cluster id, a bot or a
// region.
func checkName(id string) error {
	switch {
	case looksSecret(id):
		return errSecret
	case len(id) > MaxClusterIDLength:
		return fmt.Errorf("it is %d bytes long; use at most %d", len(id), MaxClusterIDLength)
	case !utf8.ValidString(id):
		return errors.New("it is not UTF-8")
	case strings.TrimSpace(id) != id:
		return errors.New("it begins or ends with a space; remove it")
	}
	if err := errors.Join(checkQuotes(id), checkExpanded(id)); err != nil {
		return err
	}
	for _, r := range id {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("it contains the character %U, which cannot be printed", r)
		}
	}
	return nil
}

// notExpanded matches a variable that was not expanded: $(X) of Kubernetes, ${X}
// and $X of shells, {{X}} of templates and the text that Go templates write for a
// missing value, %H of systemd, %X% of Windows, and a command in backquotes.
var notExpanded = regexp.MustCompile(`\$[({]|\$[A-Za-z_][A-Za-z0-9_]*|\{\{|<no value>|%[A-Za-z][A-Za-z0-9_]*%?|` + "`")

func checkExpanded(name string) error {
	placeholder := notExpanded.FindString(name)
	if placeholder == "" {
		return nil
	}
	return fmt.Errorf("it contains %s, so a variable in it was not expanded, and all processes would have the same name; "+
		"write it where it is expanded (Kubernetes does so with $(X) only where X stands above it in env)", placeholder)
}

// checkQuotes rejects quotes around the value. docker run --env-file keeps them;
// a shell would have removed them.
func checkQuotes(s string) error {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return nil
	}
	return errors.New("it is in quotes, which are part of the value (Docker keeps them in an env file); remove them")
}

// quoteName returns a name in the form that an error may contain.
func quoteName(s string) string {
	if looksSecret(s) {
		return hidden
	}
	return strconv.Quote(clip(s))
}

// clip shortens a value for an error.
func clip(s string) string { return excerpt.Clip(s, 64) }

func lookupString(attrs []attribute.KeyValue, key attribute.Key) (string, bool) {
	// The last of equal keys wins, as in the SDK.
	for _, attr := range slices.Backward(attrs) {
		if attr.Key == key {
			return attr.Value.AsString(), true
		}
	}
	return "", false
}
