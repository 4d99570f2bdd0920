package cgroup

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const (
	mountV2     = "31 23 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 none rw,nsdelegate\n"
	mountV1     = "30 22 0:27 / /sys/fs/cgroup rw - tmpfs none rw\n34 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup none rw,cpu,cpuacct\n"
	mountHybrid = mountV1 + "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n"
	// The mount of a container without a cgroup namespace: its root is the container's group.
	mountInside = "34 30 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup none rw,cpu,cpuacct\n"
)

func TestCPU(t *testing.T) {
	for name, tt := range map[string]struct {
		groups, mounts string
		files          map[string]string
		want           CPU
		limited        bool
	}{
		"a container with a namespace": {
			"0::/\n", mountV2,
			map[string]string{"cpu.max": "150000 100000\n", "cpu.stat": "usage_usec 9\nnr_periods 4\nnr_throttled 2\nthrottled_usec 2500000\n"},
			CPU{1.5, 2500 * time.Millisecond},
			true,
		},
		"a unit of systemd": {
			"0::/system.slice/bot.service\n", mountV2,
			map[string]string{
				"system.slice/bot.service/cpu.max": "max 100000\n", "system.slice/bot.service/cpu.stat": "throttled_usec 7\n",
				"system.slice/cpu.max": "400000 100000\n", "system.slice/cpu.stat": "throttled_usec 1000000\n",
			},
			CPU{4, time.Second},
			true,
		},
		"the lowest of several": {
			"0::/pod/container\n", mountV2,
			map[string]string{
				"pod/container/cpu.max": "50000 100000\n", "pod/container/cpu.stat": "throttled_usec 5\n",
				"pod/cpu.max": "100000 100000\n", "pod/cpu.stat": "throttled_usec 9\n",
			},
			CPU{0.5, 5 * time.Microsecond},
			true,
		},
		"no limit":          {"0::/\n", mountV2, map[string]string{"cpu.max": "max 100000\n", "cpu.stat": "throttled_usec 0\n"}, CPU{}, false},
		"no CPU controller": {"0::/\n", mountV2, map[string]string{"cpu.stat": "usage_usec 9\n"}, CPU{}, false},
		"a path of the host": {
			"0::/../../kubepods/pod\n", mountV2, map[string]string{"cpu.max": "100000 50000\n"}, CPU{Limit: 2}, true,
		},
		"version 1": {
			"4:memory:/m\n3:cpu,cpuacct:/docker/abc\n0::/\n", mountHybrid,
			map[string]string{
				"cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "25000\n", "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
				"cpu,cpuacct/docker/abc/cpu.stat": "nr_periods 1\nthrottled_time 3000000000\n", "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
			},
			CPU{0.25, 3 * time.Second},
			true,
		},
		"version 1, mounted from its group": {
			"3:cpu,cpuacct:/docker/abc\n", mountInside,
			map[string]string{"cpu,cpuacct/cpu.cfs_quota_us": "200000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
			CPU{Limit: 2},
			true,
		},
		"a negative quota": {
			"3:cpu,cpuacct:/\n", mountV1,
			map[string]string{"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
			CPU{},
			false,
		},
		"nonsense":       {"0::/\n", mountV2, map[string]string{"cpu.max": "a b\n"}, CPU{}, false},
		"a period of 0":  {"0::/\n", mountV2, map[string]string{"cpu.max": "100 0\n"}, CPU{}, false},
		"no mount":       {"0::/\n", "", nil, CPU{}, false},
		"no group":       {"", mountV2, map[string]string{"cpu.max": "100000 100000\n"}, CPU{}, false},
		"broken lines":   {"0:\nx:y\n", "a - b\n - \n" + mountV2, map[string]string{"cpu.max": "100000 100000\n"}, CPU{}, false},
		"a deep nesting": {"0::/" + strings.Repeat("a/", 100) + "\n", mountV2, map[string]string{strings.Repeat("a/", 100) + "cpu.max": "100000 100000\n"}, CPU{Limit: 1}, true},
	} {
		files := fstest.MapFS{
			"proc/self/cgroup":    {Data: []byte(tt.groups)},
			"proc/self/mountinfo": {Data: []byte(tt.mounts)},
		}
		for path, text := range tt.files {
			files["sys/fs/cgroup/"+path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, limited := Find(files).CPU(); got != tt.want || limited != tt.limited {
			t.Errorf("%s: %+v, %t; want %+v, %t", name, got, limited, tt.want, tt.limited)
		}
	}
	if got, limited := Find(fstest.MapFS{}).CPU(); limited {
		t.Errorf("without /proc: %+v", got)
	}
}
