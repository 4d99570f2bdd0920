package resource_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/resource"
)

// pod is what Kubernetes sets, and the host name of a pod.
func pod(name string) []resource.Option {
	return []resource.Option{resource.WithHostName(name)}
}

// k8s begins the environment of a pod.
const k8s = "KUBERNETES_SERVICE_HOST=10.96.0.1"

// environment reads NAME=value pairs with semicolons between them.
func environment(t *testing.T, text string) resource.Option {
	t.Helper()
	var pairs []string
	for pair := range strings.SplitSeq(text, ";") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			pairs = append(pairs, name, value)
		} else if pair != "" {
			t.Fatalf("%q is no variable", pair)
		}
	}
	return env(pairs...)
}

// TestDetect: who a process is, in environments that people have.
func TestDetect(t *testing.T) {
	code := func(opts ...resource.Option) []resource.Option { return opts }
	for _, test := range []struct {
		env   string
		opts  []resource.Option
		index int
		want  string // the description
	}{
		// One process.
		{"", nil, -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{"SHARD_COUNT=4", nil, -1, `cluster "default" (default), shards 0-3 (SHARD_COUNT) of 4 (SHARD_COUNT)`},
		// By its name it cannot be told from one of several, so it is no error.
		{"CLUSTER_ID=main;SHARD_COUNT=4", nil, -1, `cluster "main" (CLUSTER_ID), shards 0-3 (SHARD_COUNT) of 4 (SHARD_COUNT)`},
		{"CLUSTER_ID=0;SHARD_COUNT=4", nil, 0, `cluster "0" (CLUSTER_ID), shards 0-3 (SHARD_COUNT) of 4 (SHARD_COUNT)`},
		{"CLUSTER_ID=0", nil, 0, `cluster "0" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
		{"ARGUS_CLUSTER_ID=größe", nil, -1, `cluster "größe" (ARGUS_CLUSTER_ID), shard 0 (default) of 1 (default)`},

		// Shards that are listed.
		{"SHARD_IDS=0,1;SHARD_COUNT=4", nil, -1, `cluster "default" (default), shards 0-1 (SHARD_IDS) of 4 (SHARD_COUNT)`},
		{"SHARD_IDS=0-3;SHARD_COUNT=4", nil, -1, `cluster "default" (default), shards 0-3 (SHARD_IDS) of 4 (SHARD_COUNT)`},
		{"SHARD_IDS=2-3;SHARD_COUNT=4;CLUSTER_ID=eu-1", nil, -1, `cluster "eu-1" (CLUSTER_ID), shards 2-3 (SHARD_IDS) of 4 (SHARD_COUNT)`},
		{"SHARD_IDS=3, 1 ,0;SHARD_COUNT=4", nil, -1, `cluster "default" (default), shards 0-1,3 (SHARD_IDS) of 4 (SHARD_COUNT)`},
		{"SHARD_IDS=0-3,8,10-11;SHARD_COUNT=16", nil, -1, `cluster "default" (default), shards 0-3,8,10-11 (SHARD_IDS) of 16 (SHARD_COUNT)`},
		{"SHARD_IDS=7;SHARD_COUNT=8", nil, -1, `cluster "default" (default), shard 7 (SHARD_IDS) of 8 (SHARD_COUNT)`},
		{"SHARD_IDS=5-5;SHARD_COUNT=8", nil, -1, `cluster "default" (default), shard 5 (SHARD_IDS) of 8 (SHARD_COUNT)`},
		{"SHARD_IDS= 0 - 1 ;SHARD_COUNT=2", nil, -1, `cluster "default" (default), shards 0-1 (SHARD_IDS) of 2 (SHARD_COUNT)`},
		{"SHARD_IDS=65535;SHARD_COUNT=65536", nil, -1, `cluster "default" (default), shard 65535 (SHARD_IDS) of 65536 (SHARD_COUNT)`},
		{"SHARD_IDS=4-7;SHARD_COUNT=16;CLUSTER_ID=3", nil, 3, `cluster "3" (CLUSTER_ID), shards 4-7 (SHARD_IDS) of 16 (SHARD_COUNT)`},

		// Shards that follow from the number of the process.
		{"CLUSTER_ID=0;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", nil, 0, `cluster "0" (CLUSTER_ID), shards 0-15 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{"CLUSTER_ID=3;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", nil, 3, `cluster "3" (CLUSTER_ID), shards 48-63 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{"CLUSTER_ID=6;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", nil, 6, `cluster "6" (CLUSTER_ID), shards 96-99 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{"CLUSTER_ID=99;SHARDS_PER_CLUSTER=16;SHARD_COUNT=1600", nil, 99, `cluster "99" (CLUSTER_ID), shards 1584-1599 (SHARDS_PER_CLUSTER) of 1600 (SHARD_COUNT)`},
		{"CLUSTER_ID=2;SHARDS_PER_CLUSTER=1;SHARD_COUNT=3", nil, 2, `cluster "2" (CLUSTER_ID), shard 2 (SHARDS_PER_CLUSTER) of 3 (SHARD_COUNT)`},
		{"CLUSTER_ID=0;SHARDS_PER_CLUSTER=16;SHARD_COUNT=4", nil, 0, `cluster "0" (CLUSTER_ID), shards 0-3 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{"ARGUS_CLUSTER_ID=1;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, 1, `cluster "1" (ARGUS_CLUSTER_ID), shards 2-3 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{"OTEL_RESOURCE_ATTRIBUTES=cluster=1;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, 1, `cluster "1" (OTEL_RESOURCE_ATTRIBUTES), shards 2-3 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{"ARGUS_CLUSTER_ID=eu-1;CLUSTER_ID=1;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, 1, `cluster "eu-1" (ARGUS_CLUSTER_ID), shards 2-3 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{"ARGUS_CLUSTER_ID=1;CLUSTER_ID=1", code(resource.WithoutShards()), 1, `cluster "1" (ARGUS_CLUSTER_ID)`},
		{"CLUSTER_ID=1;SHARD_IDS=2,3;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, 1, `cluster "1" (CLUSTER_ID), shards 2-3 (SHARD_IDS) of 4 (SHARD_COUNT)`},

		// Counted from elsewhere than 0: Docker Swarm's slots, a StatefulSet's ordinals.
		{"CLUSTER_ID=1;CLUSTER_ID_START=1;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, 0, `cluster "1" (CLUSTER_ID), shards 0-1 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{"CLUSTER_ID=12;CLUSTER_ID_START=10;SHARDS_PER_CLUSTER=16;SHARD_COUNT=40", nil, 2, `cluster "12" (CLUSTER_ID), shards 32-39 (SHARDS_PER_CLUSTER) of 40 (SHARD_COUNT)`},
		{"CLUSTER_ID=eu;CLUSTER_ID_START=1", nil, -1, `cluster "eu" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
		{"CLUSTER_ID=1;CLUSTER_ID_START=9", code(resource.WithClusterIDStart(1)), 0, `cluster "1" (CLUSTER_ID), shard 0 (default) of 1 (default)`},

		// Kubernetes.
		{k8s + ";SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", pod("bot-3"), 3, `cluster "3" (host name bot-3), shards 48-63 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{k8s + ";SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", pod("music-bot-0"), 0, `cluster "0" (host name music-bot-0), shards 0-15 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{k8s + ";SHARDS_PER_CLUSTER=1;SHARD_COUNT=10000", pod("bot-9999"), 9999, `cluster "9999" (host name bot-9999), shard 9999 (SHARDS_PER_CLUSTER) of 10000 (SHARD_COUNT)`},
		{k8s + ";SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", pod("bot-1.bots.default.svc.cluster.local"), 1, `cluster "1" (host name bot-1), shards 2-3 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{k8s + ";CLUSTER_ID=3;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", pod("bot-3"), 3, `cluster "3" (CLUSTER_ID), shards 48-63 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{k8s + ";ARGUS_CLUSTER_ID=eu-3;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", pod("bot-3"), 3, `cluster "eu-3" (ARGUS_CLUSTER_ID), shards 48-63 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{k8s + ";ARGUS_CLUSTER_ID=eu-3;CLUSTER_ID=3;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", pod("bot-3"), 3, `cluster "eu-3" (ARGUS_CLUSTER_ID), shards 48-63 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)`},
		{k8s + ";CLUSTER_ID_START=5;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", pod("bot-6"), 1, `cluster "6" (host name bot-6), shards 2-3 (SHARDS_PER_CLUSTER) of 4 (SHARD_COUNT)`},
		{k8s + ";SHARD_COUNT=4", pod("bot-0"), 0, `cluster "0" (host name bot-0), shards 0-3 (SHARD_COUNT) of 4 (SHARD_COUNT)`},
		{k8s, pod("bot-7d9f8b6c4-x2x4z"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s, pod("bot-7d9f8b6c4-24567"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s, pod("bot-007"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s, pod("bot"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s, pod("-3"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s, pod("bot-"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s, pod(""), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{k8s + ";OTEL_RESOURCE_ATTRIBUTES=cluster=blue", pod("bot-0"), 0, `cluster "blue" (OTEL_RESOURCE_ATTRIBUTES), shard 0 (default) of 1 (default)`},

		// A host name elsewhere says nothing.
		{"", pod("laptop-3"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{"KUBERNETES_SERVICE_HOST=", pod("laptop-3"), -1, `cluster "default" (default), shard 0 (default) of 1 (default)`},
		{"CLUSTER_ID=5", append(pod("worker-3"), resource.WithoutShards()), 5, `cluster "5" (CLUSTER_ID)`},

		// Options come before variables, and leave those unread.
		{"CLUSTER_ID=4", code(resource.WithClusterID("2"), resource.WithShardsPerCluster(2), resource.WithShardCount(6)), 2, `cluster "2" (WithClusterID), shards 4-5 (WithShardsPerCluster) of 6 (WithShardCount)`},
		{k8s + ";CLUSTER_ID=2", append(pod("bot-2"), resource.WithClusterID("eu-2"), resource.WithShardsPerCluster(2), resource.WithShardCount(6)), 2, `cluster "eu-2" (WithClusterID), shards 4-5 (WithShardsPerCluster) of 6 (WithShardCount)`},
		{k8s + ";CLUSTER_ID=7", append(pod("bot-2"), resource.WithClusterID("1"), resource.WithoutShards()), 1, `cluster "1" (WithClusterID)`},
		{"SHARD_IDS=x;SHARDS_PER_CLUSTER=y;SHARD_COUNT=z", code(resource.WithShardIDs(3, 1), resource.WithShardCount(4)), -1, `cluster "default" (default), shards 1,3 (WithShardIDs) of 4 (WithShardCount)`},
		{"CLUSTER_ID=1;SHARD_IDS=0;SHARDS_PER_CLUSTER=y;SHARD_COUNT=4", code(resource.WithShardsPerCluster(2)), 1, `cluster "1" (CLUSTER_ID), shards 2-3 (WithShardsPerCluster) of 4 (SHARD_COUNT)`},
		{"SHARD_IDS=0-1;SHARD_COUNT=1", code(resource.WithShardCount(2)), -1, `cluster "default" (default), shards 0-1 (SHARD_IDS) of 2 (WithShardCount)`},
		{"CLUSTER_ID=1", code(resource.WithShardIDs(2, 3), resource.WithShardsPerCluster(2), resource.WithShardCount(4)), 1, `cluster "1" (CLUSTER_ID), shards 2-3 (WithShardIDs) of 4 (WithShardCount)`},
		{"SHARD_IDS=;SHARD_COUNT=;SHARDS_PER_CLUSTER=", code(resource.WithoutShards()), -1, `cluster "default" (default)`},

		// Names that look a little like numbers.
		{"CLUSTER_ID=007", nil, -1, `cluster "007" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
		{"CLUSTER_ID=-1", nil, -1, `cluster "-1" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
		{"CLUSTER_ID=1e3", nil, -1, `cluster "1e3" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
		{"CLUSTER_ID=٣", nil, -1, `cluster "٣" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
		{"CLUSTER_ID=1234567890123", nil, -1, `cluster "1234567890123" (CLUSTER_ID), shard 0 (default) of 1 (default)`},
	} {
		t.Run(strings.ReplaceAll(test.env, "/", "|"), func(t *testing.T) {
			opts := append([]resource.Option{environment(t, test.env)}, test.opts...)
			p, err := resource.Detect(opts...)
			if err != nil {
				t.Fatal(err)
			}
			if p.String() != test.want || p.Index != test.index {
				t.Errorf("process %d: %s\nwant    %d: %s", p.Index, p, test.index, test.want)
			}
			if (p.Index < 0) != (p.IndexSource == "") {
				t.Errorf("index %d from %q", p.Index, p.IndexSource)
			}
			// The resource has the same name.
			r, err := resource.New(t.Context(), opts...)
			if err != nil {
				t.Fatal(err)
			}
			if got := resource.Cluster(r); got != p.ClusterID {
				t.Errorf("the resource's cluster is %q, that of Detect %q", got, p.ClusterID)
			}
		})
	}
}

// TestDetectRefuses: each error names every setting that it is about, with its value.
func TestDetectRefuses(t *testing.T) {
	code := func(opts ...resource.Option) []resource.Option { return opts }
	cluster, shards := resource.ErrClusterID, resource.ErrShards
	for _, test := range []struct {
		env  string
		opts []resource.Option
		is   error
		want []string
	}{
		// Two sources that disagree.
		{"ARGUS_CLUSTER_ID=3;CLUSTER_ID=5", nil, cluster, []string{`ARGUS_CLUSTER_ID="3"`, `CLUSTER_ID="5"`, "remove one"}},
		{"CLUSTER_ID=3;OTEL_RESOURCE_ATTRIBUTES=cluster=5", nil, cluster, []string{`CLUSTER_ID="3"`, "cluster=5 in OTEL_RESOURCE_ATTRIBUTES"}},
		{"ARGUS_CLUSTER_ID=eu;CLUSTER_ID=3;OTEL_RESOURCE_ATTRIBUTES=cluster=5", nil, cluster, []string{`CLUSTER_ID="3"`, "cluster=5 in OTEL_RESOURCE_ATTRIBUTES"}},
		{k8s + ";CLUSTER_ID=0", pod("bot-3"), cluster, []string{`CLUSTER_ID="0"`, `host name "bot-3"`, "StatefulSet", "apps.kubernetes.io/pod-index"}},
		{k8s + ";ARGUS_CLUSTER_ID=0", pod("bot-3"), cluster, []string{`ARGUS_CLUSTER_ID="0"`, `host name "bot-3"`}},
		{k8s + ";CLUSTER_ID=0", append(pod("bot-3"), resource.WithClusterID("eu-3")), cluster, []string{`CLUSTER_ID="0"`, `host name "bot-3"`}},
		{"CLUSTER_ID=1;SHARD_IDS=0,1;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, shards, []string{"SHARD_IDS=0-1", "SHARDS_PER_CLUSTER=2", "cluster 1", "from CLUSTER_ID", "2-3"}},
		{"CLUSTER_ID=0;SHARD_IDS=0;SHARDS_PER_CLUSTER=2;SHARD_COUNT=4", nil, shards, []string{"SHARD_IDS=0,", "SHARDS_PER_CLUSTER=2"}},
		{"CLUSTER_ID=1", code(resource.WithShardIDs(0), resource.WithShardsPerCluster(1), resource.WithShardCount(2)), shards, []string{"WithShardIDs=0", "WithShardsPerCluster=1"}},

		// A number outside of the range.
		{"CLUSTER_ID=7;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", nil, shards, []string{"cluster 7", "from CLUSTER_ID", "SHARD_COUNT=100", "SHARDS_PER_CLUSTER=16", "makes 7"}},
		{k8s + ";SHARDS_PER_CLUSTER=4;SHARD_COUNT=4", pod("bot-1"), shards, []string{"cluster 1", "from host name", "SHARD_COUNT=4", "SHARDS_PER_CLUSTER=4"}},
		{"CLUSTER_ID=2;CLUSTER_ID_START=1;SHARDS_PER_CLUSTER=16;SHARD_COUNT=16", nil, shards, []string{"cluster 1", "SHARD_COUNT=16"}},
		{"CLUSTER_ID=0;CLUSTER_ID_START=1", nil, cluster, []string{`CLUSTER_ID="0"`, "CLUSTER_ID_START=1"}},
		{k8s + ";CLUSTER_ID_START=5", pod("bot-3"), cluster, []string{`host name "bot-3"`, "CLUSTER_ID_START=5"}},
		{"CLUSTER_ID=3", code(resource.WithClusterIDStart(4)), cluster, []string{`CLUSTER_ID="3"`, "WithClusterIDStart=4"}},
		{"CLUSTER_ID=999999999;SHARDS_PER_CLUSTER=65536;SHARD_COUNT=65536", nil, shards, []string{"cluster 999999999"}},

		// A shard beyond the count.
		{"SHARD_IDS=4;SHARD_COUNT=4", nil, shards, []string{`SHARD_IDS="4"`, "no shard 4", "SHARD_COUNT=4", "0 to 3"}},
		{"SHARD_IDS=0-4;SHARD_COUNT=4", nil, shards, []string{`SHARD_IDS="0-4"`, "no shard 4", "SHARD_COUNT=4"}},
		{"SHARD_COUNT=2", code(resource.WithShardIDs(2)), shards, []string{"WithShardIDs(2)", "no shard 2", "SHARD_COUNT=2"}},
		{"", code(resource.WithShardIDs(-1), resource.WithShardCount(2)), shards, []string{"WithShardIDs(-1)", "no shard -1"}},
		{"", code(resource.WithShardIDs(1, 0, 1), resource.WithShardCount(2)), shards, []string{"WithShardIDs(1 0 1)", "shard 1 is listed twice"}},
		{"", code(resource.WithShardIDs(), resource.WithShardCount(2)), shards, []string{"WithShardIDs()", "at least one"}},
		{"SHARD_IDS=1,0-1;SHARD_COUNT=2", nil, shards, []string{`SHARD_IDS="1,0-1"`, "shard 1 is listed twice"}},

		// One that is missing.
		{"SHARD_IDS=0,1", nil, shards, []string{"SHARD_IDS=0-1", "needs SHARD_COUNT"}},
		{"CLUSTER_ID=0;SHARDS_PER_CLUSTER=16", nil, shards, []string{"SHARDS_PER_CLUSTER=16", "needs SHARD_COUNT"}},
		{"", code(resource.WithShardIDs(0)), shards, []string{"WithShardIDs=0", "needs SHARD_COUNT"}},
		{"SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", nil, shards, []string{"SHARDS_PER_CLUSTER=16", `"default" (from default)`, "CLUSTER_ID", "SHARD_IDS"}},
		{"CLUSTER_ID=eu-3;SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", nil, shards, []string{"SHARDS_PER_CLUSTER=16", `"eu-3" (from CLUSTER_ID)`}},
		{k8s + ";SHARDS_PER_CLUSTER=16;SHARD_COUNT=100", pod("bot-7d9f8b6c4-x2x4z"), shards, []string{"SHARDS_PER_CLUSTER=16", "from default"}},
		{"CLUSTER_ID=1;SHARD_COUNT=16", nil, shards, []string{"cluster 1", "from CLUSTER_ID", "SHARDS_PER_CLUSTER", "SHARD_IDS"}},
		{"CLUSTER_ID=1", nil, shards, []string{"cluster 1", "from CLUSTER_ID", "SHARD_COUNT"}},
		{k8s, pod("bot-1"), shards, []string{"cluster 1", "from host name", "SHARD_COUNT"}},

		// Values that are none.
		{"SHARD_COUNT=0", nil, shards, []string{`SHARD_COUNT="0"`, "from 1 to 65536"}},
		{"SHARD_COUNT=", nil, shards, []string{`SHARD_COUNT=""`}},
		{"SHARD_COUNT=-4", nil, shards, []string{`SHARD_COUNT="-4"`}},
		{"SHARD_COUNT=4.5", nil, shards, []string{`SHARD_COUNT="4.5"`}},
		{"SHARD_COUNT= 4", nil, shards, []string{`SHARD_COUNT=" 4"`}},
		{"SHARD_COUNT=auto", nil, shards, []string{`SHARD_COUNT="auto"`}},
		{"SHARD_COUNT=0016", nil, shards, []string{`SHARD_COUNT="0016"`, "without leading zeros"}},
		{"CLUSTER_ID=03;SHARDS_PER_CLUSTER=2;SHARD_COUNT=16", nil, shards, []string{`"03" (from CLUSTER_ID)`, "SHARDS_PER_CLUSTER=2", "without leading zeros"}},
		{"CLUSTER_ID=3;SHARDS_PER_CLUSTER=02;SHARD_COUNT=16", nil, shards, []string{`SHARDS_PER_CLUSTER="02"`, "without leading zeros"}},
		{"CLUSTER_ID_START=01", nil, cluster, []string{`CLUSTER_ID_START="01"`, "without leading zeros"}},
		{"SHARD_IDS=00-03;SHARD_COUNT=16", nil, shards, []string{`"00-03" is no shard`, "without leading zeros"}},
		{"SHARD_COUNT=65537", nil, shards, []string{`SHARD_COUNT="65537"`}},
		{"SHARD_COUNT=99999999999999999999", nil, shards, []string{`SHARD_COUNT="99999999999999999999"`}},
		{"", code(resource.WithShardCount(0)), shards, []string{"WithShardCount(0)"}},
		{"", code(resource.WithShardCount(math.MaxInt)), shards, []string{"WithShardCount("}},
		{"CLUSTER_ID=0;SHARDS_PER_CLUSTER=0;SHARD_COUNT=4", nil, shards, []string{`SHARDS_PER_CLUSTER="0"`}},
		{"CLUSTER_ID=0;SHARDS_PER_CLUSTER=;SHARD_COUNT=4", nil, shards, []string{`SHARDS_PER_CLUSTER=""`}},
		{"CLUSTER_ID=0;SHARDS_PER_CLUSTER=many;SHARD_COUNT=4", nil, shards, []string{`SHARDS_PER_CLUSTER="many"`}},
		{"", code(resource.WithShardsPerCluster(-1), resource.WithShardCount(2)), shards, []string{"WithShardsPerCluster(-1)"}},
		{"SHARD_IDS=;SHARD_COUNT=4", nil, shards, []string{`SHARD_IDS=""`, "is empty"}},
		{"SHARD_IDS= ;SHARD_COUNT=4", nil, shards, []string{`SHARD_IDS=" "`, "is empty"}},
		{"SHARD_IDS=one;SHARD_COUNT=4", nil, shards, []string{`SHARD_IDS="one"`, `"one" is no shard`}},
		{"SHARD_IDS=0,,1;SHARD_COUNT=4", nil, shards, []string{`SHARD_IDS="0,,1"`, `"" is no shard`}},
		{"SHARD_IDS=0,1,;SHARD_COUNT=4", nil, shards, []string{`"" is no shard`}},
		{"SHARD_IDS=-1;SHARD_COUNT=4", nil, shards, []string{`"-1" is no shard`}},
		{"SHARD_IDS=1-;SHARD_COUNT=4", nil, shards, []string{`"1-" is no shard`}},
		{"SHARD_IDS=1-2-3;SHARD_COUNT=4", nil, shards, []string{`"1-2-3" is no shard`}},
		{"SHARD_IDS=3-1;SHARD_COUNT=4", nil, shards, []string{`"3-1"`, "write 1-3"}},
		{"SHARD_IDS=[0,1];SHARD_COUNT=4", nil, shards, []string{`"[0" is no shard`}},
		{"SHARD_IDS=0..3;SHARD_COUNT=4", nil, shards, []string{`"0..3" is no shard`}},
		{"SHARD_IDS=0-999999999;SHARD_COUNT=4", nil, shards, []string{`"0-999999999"`, "65536"}},
		{"SHARD_IDS=0-65535,0-65535;SHARD_COUNT=4", nil, shards, []string{`"0-65535"`, "65536"}},
		{"CLUSTER_ID_START=one", nil, cluster, []string{`CLUSTER_ID_START="one"`, "number of the first cluster"}},
		{"CLUSTER_ID_START=", nil, cluster, []string{`CLUSTER_ID_START=""`}},
		{"CLUSTER_ID_START=-1", nil, cluster, []string{`CLUSTER_ID_START="-1"`}},
		{"", code(resource.WithClusterIDStart(-1)), cluster, []string{"WithClusterIDStart(-1)"}},
		{"", code(resource.WithClusterIDStart(math.MaxInt)), cluster, []string{"WithClusterIDStart("}},
		{"CLUSTER_ID=", nil, cluster, []string{"CLUSTER_ID", "empty"}},
		{"OTEL_RESOURCE_ATTRIBUTES=nonsense", nil, resource.ErrResourceAttributes, []string{"OTEL_RESOURCE_ATTRIBUTES"}},
		{"", code(resource.WithServiceName(" ")), nil, []string{"WithServiceName"}},

		// Several at once.
		{"CLUSTER_ID=;SHARD_COUNT=0;SHARDS_PER_CLUSTER=x", nil, cluster, []string{"CLUSTER_ID", `SHARD_COUNT="0"`, `SHARDS_PER_CLUSTER="x"`}},
		{"SHARD_COUNT=y;SHARD_IDS=x", nil, shards, []string{`SHARD_COUNT="y"`, `SHARD_IDS="x"`}},
		{"CLUSTER_ID=0;CLUSTER_ID_START=1;SHARD_IDS=9;SHARD_COUNT=4", nil, cluster, []string{"CLUSTER_ID_START=1", "no shard 9"}},
	} {
		t.Run(strings.ReplaceAll(test.env, "/", "|"), func(t *testing.T) {
			p, err := resource.Detect(append([]resource.Option{environment(t, test.env)}, test.opts...)...)
			if err == nil {
				t.Fatalf("%s; want an error", p)
			}
			if !reflect.DeepEqual(p, resource.Process{}) {
				t.Errorf("together with the error there is %v", p)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%q does not wrap %q", err, test.is)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %s:\n%v", part, err)
				}
			}
			if len(err.Error()) > 700 {
				t.Errorf("the error has %d bytes: %v", len(err.Error()), err)
			}
		})
	}
}

// TestFleetIsCovered: over all processes of a fleet every shard is there once, whatever the numbers.
func TestFleetIsCovered(t *testing.T) {
	for count := 1; count <= 40; count++ {
		for per := 1; per <= 17; per++ {
			var all []int
			clusters := (count + per - 1) / per
			for n := range clusters {
				p, err := resource.Detect(environment(t, fmt.Sprintf("CLUSTER_ID=%d;CLUSTER_ID_START=1;SHARDS_PER_CLUSTER=%d;SHARD_COUNT=%d", n+1, per, count)))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, p.ShardIDs...)
			}
			if len(all) != count || !slices.IsSorted(all) || all[0] != 0 || all[count-1] != count-1 || len(slices.Compact(all)) != count {
				t.Errorf("%d shards, %d a cluster: %v", count, per, all)
			}
		}
	}
}

func TestShardIDsAreCloned(t *testing.T) {
	ids := []int{1, 0}
	o := resource.WithShardIDs(ids...)
	ids[0] = 3
	p, err := resource.Detect(env(), o, resource.WithShardCount(2))
	if err != nil || !slices.Equal(p.ShardIDs, []int{0, 1}) || !slices.Equal(ids, []int{3, 0}) {
		t.Errorf("%v, %v; the caller's are %v", p.ShardIDs, err, ids)
	}
}

// FuzzDetect: whatever is set, there is an error or a process whose shards exist and are each there once.
func FuzzDetect(f *testing.F) {
	f.Add("", "0", "0", "0-3,8", "16", "", "bot-0")
	f.Add("eu-3", "3", "0", "", "100", "16", "bot-3")
	f.Add("1", "1", "1", "0", "1", "1", "bot-1.local")
	f.Add("٣", "-1", "x", "1-", "9999999999", "0", "--")
	f.Fuzz(func(t *testing.T, argus, id, start, ids, count, per, host string) {
		var pairs []string
		for _, pair := range [][2]string{
			{"ARGUS_CLUSTER_ID", argus},
			{"CLUSTER_ID", id},
			{"CLUSTER_ID_START", start},
			{"SHARD_IDS", ids},
			{"SHARD_COUNT", count},
			{"SHARDS_PER_CLUSTER", per},
			{"KUBERNETES_SERVICE_HOST", host},
		} {
			if pair[1] != "" {
				pairs = append(pairs, pair[0], pair[1])
			}
		}
		p, err := resource.Detect(env(pairs...), resource.WithHostName(host))
		if err != nil {
			if !errors.Is(err, resource.ErrClusterID) && !errors.Is(err, resource.ErrShards) {
				t.Fatalf("%v wraps no sentinel", err)
			}
			return
		}
		if p.ClusterID == "" || p.Index < -1 || p.ShardCount < 1 || p.ShardCount > resource.MaxShardCount || len(p.ShardIDs) == 0 {
			t.Fatalf("%+v", p)
		}
		for i, id := range p.ShardIDs {
			if id < 0 || id >= p.ShardCount || i > 0 && id <= p.ShardIDs[i-1] {
				t.Fatalf("%+v", p)
			}
		}
		// What is written is read again.
		again, err := resource.Detect(env("SHARD_IDS", resource.FormatShardIDs(p.ShardIDs), "SHARD_COUNT", fmt.Sprint(p.ShardCount)))
		if err != nil || !slices.Equal(again.ShardIDs, p.ShardIDs) {
			t.Fatalf("%v became %v, %v", p.ShardIDs, again.ShardIDs, err)
		}
	})
}
