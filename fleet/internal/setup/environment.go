package setup

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// plain is what needs no quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:,@%+=-]*$`)

const head = `# The settings of argus-fleet, for a shell and for systemd. docs/FLEET.md describes them.

`

// environment writes settings as a file that shells and systemd's EnvironmentFile read
// alike.
func environment(values []settings.Value) (string, error) {
	var b strings.Builder
	b.WriteString(head)
	for _, v := range values {
		quoted, err := quote(v.Text)
		if err != nil {
			return "", fmt.Errorf("%s: %w", v.Source, err)
		}
		fmt.Fprintf(&b, "# %s\n%s=%s\n", v.Help, v.Variable(), quoted)
	}
	return b.String(), nil
}

// quote writes a value as one word. In single quotes, neither a shell nor systemd changes
// anything.
func quote(text string) (string, error) {
	switch {
	case strings.ContainsAny(text, "'\n\r\x00"):
		return "", fmt.Errorf("%q has a single quote or a line break, which the file of the settings cannot have", text)
	case !plain.MatchString(text):
		return "'" + text + "'", nil
	}
	return text, nil
}
