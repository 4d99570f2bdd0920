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

// MaxTasks is how many names of tasks can be registered; each may be maxTaskName bytes
// long.
const (
	MaxTasks    = 100
	maxTaskName = 64
)

// Errors of task names.
var (
	ErrTaskName     = errors.New("a task name must be 1 to " + strconv.Itoa(maxTaskName) + " bytes of UTF-8 and not \"other\"")
	ErrTooManyTasks = errors.New("at most " + strconv.Itoa(MaxTasks) + " task names can be registered")
)

// CheckTasks is CheckCommands for the label task.
func CheckTasks(names []string) error {
	return checkNames(names, "task", maxTaskName, MaxTasks, ErrTaskName, ErrTooManyTasks)
}

// CheckCommands returns an error that joins every name that cannot be a value of the
// label command, or says that there are too many.
func CheckCommands(names []string) error {
	return checkNames(names, "command", maxCommandName, MaxCommands, ErrCommandName, ErrTooManyCommands)
}

func checkNames(names []string, label string, longest, most int, invalid, tooMany error) error {
	var errs []error
	distinct := make(map[string]bool, len(names))
	for _, name := range names {
		if name == "" || len(name) > longest || !utf8.ValidString(name) || name == Other {
			errs = append(errs, fmt.Errorf("%s %q: %w", label, excerpt.Clip(name, 40), invalid))
		}
		distinct[name] = true
	}
	if len(errs) == 0 && len(distinct) > most {
		errs = append(errs, fmt.Errorf("%d %s names: %w", len(distinct), label, tooMany))
	}
	return errors.Join(errs...)
}
