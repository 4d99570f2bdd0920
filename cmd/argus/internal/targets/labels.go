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
		return "", "", errors.New("names that begin with __ are reserved by Prometheus: set path, scheme and so on in the scrape configuration")
	case strings.HasPrefix(name, "exported_"):
		return "", "", errors.New("exported_… is how Prometheus renames labels that a target label overrides")
	case name == string(resource.ClusterKey):
		return "", "", errors.New("each process sets its own cluster, with ARGUS_CLUSTER_ID or CLUSTER_ID; a target label would override it, " +
			"rename it to exported_cluster, and make all targets one cluster")
	case name == string(resource.BotKey), name == string(resource.RegionKey):
		return "", "", fmt.Errorf("each process sets its own %[1]s, with ARGUS_%[2]s; a target label would override it and rename it to exported_%[1]s", name, strings.ToUpper(name))
	case name == "instance":
		return "", "", errors.New("instance is set from the address; if all targets had the same one, their series would overwrite each other")
	case name == "job":
		return "", "", errors.New("job is the job_name of the scrape configuration, and distinguishes bots: use a separate job for each bot")
	case ownLabel(name):
		return "", "", fmt.Errorf("the metrics of Argus already have the label %s; it would be renamed to exported_%s", name, name)
	case value == "":
		return "", "", errors.New("the value is empty, which Prometheus treats as no label: omit the flag")
	case len(value) > maxLabelValue || !utf8.ValidString(value):
		return "", "", fmt.Errorf("the value must be UTF-8 of at most %d bytes", maxLabelValue)
	}
	return name, value, nil
}

// ownLabel says whether an instrument has this label.
func ownLabel(name string) bool {
	return name == "le" || slices.ContainsFunc(catalog.All(), func(i catalog.Instrument) bool {
		return slices.Contains(i.LabelNames(), name)
	})
}
