// Package cgroup reads the CPU limit of the process's control group on Linux, of
// version 2 or 1, and for how long the limit has throttled it.
package cgroup

import (
	"bytes"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// maxLevels is the number of nested groups that are read. systemd and Kubernetes
// nest four or five.
const maxLevels = 16

// A Group is the control group of a process.
type Group struct {
	files  fs.FS
	levels []string // folders, innermost first
	read   func(files fs.FS, dir string) (CPU, bool)
}

// CPU is the limit of a group.
type CPU struct {
	// Limit is the number of CPUs that the group may use on average.
	Limit float64
	// Throttled is how long the limit has kept the group from running, summed over
	// CPUs.
	Throttled time.Duration
}

// Find returns the group of this process, or nil if it cannot be found. files is the
// root of the file system.
func Find(files fs.FS) *Group {
	groups, err := fs.ReadFile(files, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	mounts, err := fs.ReadFile(files, "proc/self/mountinfo")
	if err != nil {
		return nil
	}
	// A group has a CPU controller in one of the versions.
	if levels := find(string(groups), string(mounts), "cgroup", "cpu"); levels != nil {
		return &Group{files, levels, readV1}
	}
	if levels := find(string(groups), string(mounts), "cgroup2", ""); levels != nil {
		return &Group{files, levels, readV2}
	}
	return nil
}

// CPU returns the lowest limit of the group and those around it. It reports false if
// there is no limit.
func (g *Group) CPU() (lowest CPU, limited bool) {
	if g == nil {
		return lowest, false
	}
	for _, dir := range g.levels {
		if cpu, ok := g.read(g.files, dir); ok && (!limited || cpu.Limit < lowest.Limit) {
			lowest, limited = cpu, true
		}
	}
	return lowest, limited
}

// find returns the folders of a controller's group. The formats are those of
// cgroups(7) and proc_pid_mountinfo(5).
func find(groups, mounts, kind, controller string) []string {
	group, found := "", false
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) == 3 && has(fields[1], controller) {
			group, found = fields[2], true
		}
	}
	if !found {
		return nil
	}
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		mount, source := strings.Fields(before), strings.Fields(after)
		if len(mount) < 5 || len(source) < 3 || source[0] != kind || controller != "" && !has(source[2], controller) {
			continue
		}
		root, point := mount[3], strings.TrimPrefix(mount[4], "/")
		// In a container, the root of the mount is often the container's own group, and
		// the path may be one of the host's.
		rest, inside := strings.CutPrefix(group, strings.TrimSuffix(root, "/"))
		if !inside || strings.Contains(rest, "..") {
			rest = ""
		}
		var levels []string
		for dir := path.Clean(path.Join(point, rest)); len(levels) < maxLevels; dir = path.Dir(dir) {
			levels = append(levels, dir)
			if dir == path.Clean(point) || dir == "." {
				return levels
			}
		}
		return levels
	}
	return nil
}

// has reports whether a list with commas has an element. The empty list has "".
func has(list, element string) bool {
	for e := range strings.SplitSeq(list, ",") {
		if e == element {
			return true
		}
	}
	return false
}

// readV2 reads cpu.max, such as "150000 100000" or "max 100000".
func readV2(files fs.FS, dir string) (CPU, bool) {
	quota, period, ok := strings.Cut(text(files, dir, "cpu.max"), " ")
	if !ok {
		return CPU{}, false
	}
	return limit(quota, period, text(files, dir, "cpu.stat"), "throttled_usec", time.Microsecond)
}

// readV1 reads a quota that is -1 if there is no limit.
func readV1(files fs.FS, dir string) (CPU, bool) {
	return limit(text(files, dir, "cpu.cfs_quota_us"), text(files, dir, "cpu.cfs_period_us"),
		text(files, dir, "cpu.stat"), "throttled_time", time.Nanosecond)
}

func limit(quota, period, stat, throttled string, unit time.Duration) (CPU, bool) {
	q, err := strconv.ParseInt(quota, 10, 64)
	if err != nil || q <= 0 {
		return CPU{}, false
	}
	p, err := strconv.ParseInt(period, 10, 64)
	if err != nil || p <= 0 {
		return CPU{}, false
	}
	cpu := CPU{Limit: float64(q) / float64(p)}
	for line := range strings.Lines(stat) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(value, 10, 64); key == throttled && err == nil && n >= 0 {
			cpu.Throttled = time.Duration(n) * unit
		}
	}
	return cpu, true
}

// text returns the content of a file, or "" if it cannot be read.
func text(files fs.FS, dir, name string) string {
	content, _ := fs.ReadFile(files, path.Join(dir, name))
	return string(bytes.TrimSpace(content))
}
