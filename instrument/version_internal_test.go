package instrument

import (
	"runtime/debug"
	"testing"

	"github.com/bwmarrin/discordgo"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	module := func(path, version string) debug.Module { return debug.Module{Path: path, Version: version} }
	dep := func(path, version string, replace ...*debug.Module) *debug.Module {
		m := module(path, version)
		if len(replace) > 0 {
			m.Replace = replace[0]
		}
		return &m
	}
	own := "v" + discordgo.VERSION
	for name, tt := range map[string]struct {
		info *debug.BuildInfo
		want builtFrom
	}{
		"no build information": {nil, builtFrom{"devel", own, "devel"}},
		"a bot": {&debug.BuildInfo{Main: module("example.com/bot", "v9.9.9"), Deps: []*debug.Module{
			dep(modulePath, "v0.1.0"), dep(discordgoPath, "v0.28.1"), dep("example.com/other", "v7.0.0"),
		}}, builtFrom{"v0.1.0", "v0.28.1", "v9.9.9"}},
		"the command line": {&debug.BuildInfo{Main: module(modulePath, "v0.2.0")}, builtFrom{"v0.2.0", own, "v0.2.0"}},
		"a checkout":       {&debug.BuildInfo{Main: module(modulePath, "(devel)")}, builtFrom{"devel", own, "devel"}},
		"a bot in a repository": {&debug.BuildInfo{Main: module("example.com/bot", "v9.9.9"), Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}, {Key: "vcs.modified", Value: "false"},
		}}, builtFrom{"devel", own, "0123456789ab"}},
		"a changed repository": {&debug.BuildInfo{Main: module("example.com/bot", "(devel)"), Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "77"}, {Key: "vcs.modified", Value: "true"},
		}}, builtFrom{"devel", own, "77+dirty"}},
		"a fork": {&debug.BuildInfo{Deps: []*debug.Module{
			dep(modulePath, "v0.1.0", dep("example.com/fork", "v0.1.1")), dep(discordgoPath, "v0.29.0", dep("example.com/discordgo", "v1.2.3")),
		}}, builtFrom{"v0.1.1", "v1.2.3", "devel"}},
		"replaced by a folder": {&debug.BuildInfo{Deps: []*debug.Module{
			dep(modulePath, "v0.1.0", dep("../argus", "(devel)")), dep(discordgoPath, "v0.29.0", dep("../discordgo", "(devel)")),
		}}, builtFrom{"devel", own, "devel"}},
		"no version": {&debug.BuildInfo{Deps: []*debug.Module{dep(modulePath, "(devel)"), dep(discordgoPath, "")}}, builtFrom{"devel", own, "devel"}},
	} {
		if got := readVersions(tt.info); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
	if Version() == "" {
		t.Error("Version is empty")
	}
}
