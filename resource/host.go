package resource

import (
	"os"
	"strings"
)

// envKubernetes is set in every container that Kubernetes starts.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
const envKubernetes = "KUBERNETES_SERVICE_HOST"

// maxOrdinalDigits distinguishes the ordinal of a StatefulSet's pod from the five
// random characters at the end of the name of a Deployment's or a Job's pod,
// which may all be digits.
const maxOrdinalDigits = 4

// podName returns the host name and the number at its end, in a pod that is named
// like one of a StatefulSet: name-0, name-1 and so on. Elsewhere a number at the
// end of a host name has no meaning for the bot.
func (c *config) podName() (name, number string, ok bool) {
	if in, _ := c.lookupEnv(envKubernetes); in == "" {
		return "", "", false
	}
	name, own := c.host()
	if !own {
		return "", "", false
	}
	name, _, _ = strings.Cut(name, ".") // with setHostnameAsFQDN the domain follows
	i := strings.LastIndexByte(name, '-')
	if i < 1 {
		return "", "", false
	}
	number = name[i+1:]
	if _, ok := parseNumber(number); !ok || len(number) > maxOrdinalDigits {
		return "", "", false
	}
	return name, number, true
}

// hostsFile is written by the kubelet.
const hostsFile = "/etc/hosts"

// hostNetwork is in the first line of the hosts file in a pod on the network of
// its node (see managedHostsHeaderWithHostNetwork in the kubelet). Such a pod has
// the name of the node.
const hostNetwork = "Kubernetes-managed hosts file (host network)"

// ownHost returns the host name, and whether it belongs to this container alone.
func ownHost() (name string, own bool) {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "", false
	}
	hosts, err := os.ReadFile(hostsFile)
	return name, err != nil || !nodesHosts(string(hosts)) // the file may be absent
}

// nodesHosts reports whether a hosts file was made from that of the node.
func nodesHosts(hosts string) bool {
	first, _, _ := strings.Cut(hosts, "\n")
	return strings.Contains(first, hostNetwork)
}
