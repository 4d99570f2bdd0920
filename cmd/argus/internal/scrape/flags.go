package scrape

import (
	"errors"
	"flag"
	"regexp"
)

const defaultPath = "/metrics"

var pathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// Flags adds the flags that say how pages are asked for. The values are there once
// the flags are parsed.
func Flags(flags *flag.FlagSet) (path, token *string) {
	path, token = new(string), new(string)
	*path = defaultPath
	flags.Func("metrics-path", "metrics `path` of the targets (default "+defaultPath+")", func(text string) error {
		if !pathPattern.MatchString(text) {
			return errors.New("must be a path such as /metrics, as in ARGUS_METRICS_PATH")
		}
		*path = text
		return nil
	})
	flags.Func("token-file", "`file` with the bearer token of the targets", func(text string) (err error) {
		*token, err = ReadToken(text)
		return err
	})
	return path, token
}
