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
	logLevels     = catalog.LogLevels() // the first ones in discordgo's order
	logLevelOther = slices.Index(logLevels, catalog.Other)
)

// logSet counts what discordgo logs. It is nil where that was not asked for.
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

// logger is what stands before discordgo's Logger, which is one for all of a
// process, and read without a lock by every session that runs. It is written
// when the first instrumentation asks for it, and given back with the last one
// if no session of theirs has been opened; else it stays and hands on.
var logger struct {
	mu       sync.Mutex
	in       bool
	opened   bool // a session that we know of reads it
	previous func(level, caller int, format string, a ...any)
	sets     atomic.Pointer[[]*logSet]
}

// listen begins to count. No session of the process may be open.
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

// stop ends the counting. opened says whether a session has been opened.
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

// overhear counts a line and hands it on: to the Logger that was there before,
// else to where discordgo would have written it, in its form.
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
