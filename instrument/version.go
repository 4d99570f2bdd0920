package instrument

import (
	"runtime/debug"
	"strings"
	"sync"

	"github.com/bwmarrin/discordgo"
)

const (
	modulePath    = "github.com/argus-dgo/argus"
	discordgoPath = "github.com/bwmarrin/discordgo"
)

// unknownVersion is the version of a build without build information, such as a
// test's.
const unknownVersion = "devel"

// Version returns the version of Argus that the program is built with, such as
// "v0.1.0". It is the version of the module, or of its replacement, in the build
// information, or "devel" if there is none.
func Version() string { return versions().argus }

// builtFrom are the versions in the build information. bot is that of the program.
type builtFrom struct{ argus, discordgo, bot string }

var versions = sync.OnceValue(func() builtFrom {
	info, _ := debug.ReadBuildInfo()
	return readVersions(info)
})

func readVersions(info *debug.BuildInfo) builtFrom {
	v := builtFrom{argus: unknownVersion, discordgo: "v" + discordgo.VERSION, bot: unknownVersion}
	if info == nil {
		return v
	}
	if own := programVersion(info); own != "" {
		v.bot = own
	}
	if main := moduleVersion(&info.Main); info.Main.Path == modulePath && main != "" {
		v.argus = main
	}
	for _, d := range info.Deps {
		found := moduleVersion(d)
		switch {
		case found == "":
		case d.Path == modulePath:
			v.argus = found
		case d.Path == discordgoPath:
			v.discordgo = found // names a commit or a fork, which discordgo.VERSION does not
		}
	}
	return v
}

// revisionLength is the length of a revision in Go's pseudo-versions.
const revisionLength = 12

// programVersion returns the revision that the program was built from, with the mark
// "+dirty" if files had been changed, or else the version of its module.
func programVersion(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return moduleVersion(&info.Main)
	}
	revision = revision[:min(len(revision), revisionLength)]
	if settings["vcs.modified"] == "true" {
		revision += "+dirty"
	}
	return revision
}

// moduleVersion returns "" for a module that was built from a directory.
func moduleVersion(m *debug.Module) string {
	version := m.Version
	if m.Replace != nil && m.Replace.Version != "" {
		version = m.Replace.Version
	}
	if strings.HasPrefix(version, "(") { // (devel)
		return ""
	}
	return version
}
