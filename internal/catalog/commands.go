package catalog

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/argus-dgo/argus/internal/excerpt"
)

// maxCommandName bounds a registered name in bytes. Discord allows 32 characters for
// a command, a group and a sub-command each
// (https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming);
// a character is at most four bytes.
const maxCommandName = 3*32*4 + 2

// Errors of command names.
var (
	ErrCommandName     = errors.New("a command name must be 1 to " + strconv.Itoa(maxCommandName) + " bytes of UTF-8 and not \"other\"")
	ErrTooManyCommands = errors.New("at most " + strconv.Itoa(MaxCommands) + " command names can be registered")
)

// CheckCommands returns an error that joins every name that cannot be a value of the
// label command, or says that there are too many.
func CheckCommands(names []string) error {
	var errs []error
	distinct := make(map[string]bool, len(names))
	for _, name := range names {
		if name == "" || len(name) > maxCommandName || !utf8.ValidString(name) || name == Other {
			errs = append(errs, fmt.Errorf("command %q: %w", excerpt.Clip(name, 40), ErrCommandName))
		}
		distinct[name] = true
	}
	if len(errs) == 0 && len(distinct) > MaxCommands {
		errs = append(errs, fmt.Errorf("%d command names: %w", len(distinct), ErrTooManyCommands))
	}
	return errors.Join(errs...)
}
