package instrument

import (
	"fmt"
	"log"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/internal/catalog"
)

var (
	logLevels     = catalog.LogLevels() // the first ones are in discordgo's order
	logLevelOther = slices.Index(logLevels, catalog.Other)
)

// logSet counts what discordgo logs. It is nil unless requested.
type logSet struct {
	faults *faults
	cells  []cell // by level
}

func newLogSet(f *faults) *logSet {
	s := &logSet{faults: f, cells: make([]cell, len(logLevels))}
	for n, level := range logLevels {
		s.cells[n].opts = labelled(attribute.String("level", level))
		s.cells[n].quiet = n == logLevelOther
	}
	return s
}

func (s *logSet) count(level int) {
	defer s.faults.catch(hookLog)
	if level < discordgo.LogError || level > discordgo.LogDebug {
		level = logLevelOther
	}
	s.cells[level].n.Add(1)
}

// logger is the state of our function in discordgo.Logger, a global variable that
// every running session reads without a lock. The first instrumentation that
// needs the function sets the variable. The last one restores it, if none of
// their sessions has been opened; otherwise the function stays and passes the
// lines on.
var logger struct {
	mu       sync.Mutex
	in       bool
	opened   bool // a session that is known here reads the variable
	previous func(level, caller int, format string, a ...any)
	sets     atomic.Pointer[[]*logSet]
}

// listen starts counting. No session of the process may be open.
func (s *logSet) listen() {
	logger.mu.Lock()
	defer logger.mu.Unlock()
	sets := []*logSet{s}
	if before := logger.sets.Load(); before != nil {
		sets = append(sets, *before...)
	}
	logger.sets.Store(&sets)
	if logger.in {
		return
	}
	logger.in, logger.opened = true, false
	logger.previous = discordgo.Logger
	discordgo.Logger = overhear
}

// stop ends the counting. opened is whether a session has been opened.
func (s *logSet) stop(opened bool) {
	logger.mu.Lock()
	defer logger.mu.Unlock()
	logger.opened = logger.opened || opened
	sets := slices.DeleteFunc(slices.Clone(*logger.sets.Load()), func(other *logSet) bool { return other == s })
	logger.sets.Store(&sets)
	if len(sets) > 0 || logger.opened || !sameFunc(discordgo.Logger, overhear) {
		return
	}
	discordgo.Logger = logger.previous
	logger.in, logger.previous = false, nil
}

// overhear counts a line and passes it on: to the previous Logger, or, without
// one, to discordgo's own output, in discordgo's format.
func overhear(level, caller int, format string, a ...any) {
	for _, s := range *logger.sets.Load() {
		s.count(level)
	}
	if previous := logger.previous; previous != nil {
		previous(level, caller+1, format, a...)
		return
	}
	pc, file, line, _ := runtime.Caller(caller + 1)
	name := "?"
	if f := runtime.FuncForPC(pc); f != nil {
		name = f.Name()
	}
	//nolint:forbidigo // discordgo's own line, where discordgo would have written it
	log.Printf("[DG%d] %s:%d:%s() %s\n", level, path.Base(file), line, name[strings.LastIndexByte(name, '.')+1:], fmt.Sprintf(format, a...))
}
