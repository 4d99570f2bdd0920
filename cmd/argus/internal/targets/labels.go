package targets

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/resource"
)

const maxLabelValue = 1024 // as deploy/prometheus has it

var labelPattern = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// parseLabel parses name=value and refuses what harms the series of Argus.
func parseLabel(text string) (name, value string, err error) {
	name, value, found := strings.Cut(text, "=")
	switch {
	case !found || !labelPattern.MatchString(name):
		return "", "", errors.New("must be name=value, with letters, digits and underscores in the name, such as env=prod")
	case strings.HasPrefix(name, "__"):
		return "", "", errors.New("names that begin with two underscores are Prometheus' own: set path, scheme and the like in the scrape configuration")
	case strings.HasPrefix(name, "exported_"):
		return "", "", errors.New("exported_… is what Prometheus renames a label to that a target label has taken the name of")
	case name == string(resource.ClusterKey):
		return "", "", errors.New("cluster is the bots': each names itself with ARGUS_CLUSTER_ID or CLUSTER_ID; " +
			"as a target label it would win, theirs would become exported_cluster, and all of these targets be one cluster")
	case name == string(resource.BotKey), name == string(resource.RegionKey):
		return "", "", fmt.Errorf("%[1]s is the bots', and alike on every path: set ARGUS_%[2]s in each; as a target label it would win over what a bot says, "+
			"which would become exported_%[1]s", name, strings.ToUpper(name))
	case name == "instance":
		return "", "", errors.New("instance is made of the address by Prometheus; here all targets would have the same, and overwrite each other's series")
	case name == "job":
		return "", "", errors.New("job is the job_name of the scrape configuration: it tells bots apart, so give each bot a job of its own")
	case ownLabel(name):
		return "", "", fmt.Errorf("series of Argus have the label %s already; it would become exported_%s", name, name)
	case value == "":
		return "", "", errors.New("the value is empty, which to Prometheus is no label: leave the flag out")
	case len(value) > maxLabelValue || !utf8.ValidString(value):
		return "", "", fmt.Errorf("the value must be UTF-8, of at most %d bytes", maxLabelValue)
	}
	return name, value, nil
}

// ownLabel says whether an instrument has this label.
func ownLabel(name string) bool {
	return name == "le" || slices.ContainsFunc(catalog.All(), func(i catalog.Instrument) bool {
		return slices.Contains(i.LabelNames(), name)
	})
}
