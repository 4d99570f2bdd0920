package resource

import "testing"

func TestNodesHosts(t *testing.T) {
	for hosts, want := range map[string]bool{
		"# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n":                                 true,
		"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n10.0.0.7\tbot-3.bots.default.svc.local\tbot-3\n": false,
		"127.0.0.1 localhost\n# Kubernetes-managed hosts file (host network).\n":                                  false,
		"": false,
	} {
		if got := nodesHosts(hosts); got != want {
			t.Errorf("%q: %v, want %v", hosts, got, want)
		}
	}
}
