package scrape

import (
	"errors"
	"flag"
	"regexp"
)

const defaultPath = "/metrics"

var pathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// PathFlag adds the flag that says where the pages are. The value is there once the
// flags are parsed.
func PathFlag(flags *flag.FlagSet) *string {
	path := new(string)
	*path = defaultPath
	flags.Func("metrics-path", "metrics `path` of the targets (default "+defaultPath+")", func(text string) error {
		if !pathPattern.MatchString(text) {
			return errors.New("must be a path such as /metrics, as in ARGUS_METRICS_PATH")
		}
		*path = text
		return nil
	})
	return path
}
