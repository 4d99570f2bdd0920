package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	klabels "k8s.io/apimachinery/pkg/labels"
)

// theFleet is the name of the objects of deploy/kubernetes/fleet.
const theFleet = "argus-fleet"

func fleetManifests(t testing.TB) rendering {
	t.Helper()
	return render(t, filepath.Join(kubernetesDir(t), "fleet"))
}

// fleetSettings are the variables in the table of docs/FLEET.md.
func fleetSettings(t testing.TB) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "docs", "FLEET.md"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(ARGUS_FLEET_[A-Z_]+)` \\| `--").FindAllStringSubmatch(string(page), -1) {
		names = append(names, row[1])
	}
	if len(names) < 15 {
		t.Fatalf("docs/FLEET.md has the settings %v only", names)
	}
	return names
}

// selects reports whether a selector takes pods with these labels.
func selects(selector *metav1.LabelSelector, labels map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && selector != nil && s.Matches(klabels.Set(labels))
}

// namespaceIs reports whether a peer is in a namespace.
func namespaceIs(peer networkingv1.NetworkPolicyPeer, name string) bool {
	return selects(peer.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": name})
}

func opens(ports []networkingv1.NetworkPolicyPort, p podTemplate, number string) bool {
	return slices.ContainsFunc(ports, func(port networkingv1.NetworkPolicyPort) bool {
		return port.Port != nil && strconv.Itoa(int(target(p, *port.Port))) == number
	})
}

// fleetTakes: the fleet of deploy/kubernetes/fleet takes what these bots push, and both sides let it pass.
func (a *agreement) fleetTakes(u *url.URL, bots podTemplate) {
	fleet := decode(a.t, fleetManifests(a.t))
	pods, service := fleet.podTemplates[0], fleet.services[0]
	if host := service.Name + "." + service.Namespace + ".svc"; u.Hostname() != host || !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.Name == "otlp-grpc" && strconv.Itoa(int(p.Port)) == u.Port()
	}) {
		a.errorf("the bot pushes to %s, and the fleet takes OTLP over gRPC at %s", u.Host, host)
	}
	if !slices.ContainsFunc(fleet.policies, func(p networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool {
			return opens(r.Ports, pods, u.Port()) && slices.ContainsFunc(r.From, func(peer networkingv1.NetworkPolicyPeer) bool {
				return namespaceIs(peer, a.namespaces[0]) && selects(peer.PodSelector, bots.labels)
			})
		})
	}) {
		a.errorf("the NetworkPolicy of the fleet does not let the bots in")
	}
	if !slices.ContainsFunc(a.o.policies, func(p networkingv1.NetworkPolicy) bool {
		return selects(&p.Spec.PodSelector, bots.labels) && slices.ContainsFunc(p.Spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool {
			return opens(r.Ports, pods, u.Port()) && slices.ContainsFunc(r.To, func(peer networkingv1.NetworkPolicyPeer) bool {
				return namespaceIs(peer, service.Namespace) && selects(peer.PodSelector, pods.labels)
			})
		})
	}) {
		a.errorf("no NetworkPolicy lets the bots out to the fleet")
	}
	bot := bots.spec.Containers[0]
	env := a.o.variables(bot)
	if env["OTEL_EXPORTER_OTLP_HEADERS"] != "authorization=Bearer%20" { // what is in a Secret is empty here
		a.errorf("OTEL_EXPORTER_OTLP_HEADERS is %q, which is not the bearer token of the Secret", env["OTEL_EXPORTER_OTLP_HEADERS"])
	}
	if strings.Contains(env["OTEL_RESOURCE_ATTRIBUTES"], "service.instance.id") {
		a.errorf("service.instance.id is the same after a restart")
	}
	secret, key := secretOf(pods, fleet.variables(pods.spec.Containers[0])["ARGUS_FLEET_INGEST_TOKEN_FILE"])
	if !slices.ContainsFunc(bot.Env, func(e corev1.EnvVar) bool {
		return e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && e.ValueFrom.SecretKeyRef.Name == secret && e.ValueFrom.SecretKeyRef.Key == key
	}) {
		a.errorf("the bot does not have the key %q of the Secret %q", key, secret)
	}
}

// secretOf is the Secret that a file of a container comes from, and its key.
func secretOf(p podTemplate, file string) (name, key string) {
	for _, m := range p.spec.Containers[0].VolumeMounts {
		for _, v := range p.spec.Volumes {
			if v.Name == m.Name && v.Secret != nil && m.MountPath == filepath.Dir(file) {
				return v.Secret.SecretName, filepath.Base(file)
			}
		}
	}
	return "", ""
}

// fleetProblems are what does not fit together in the manifests of the fleet.
func fleetProblems(t testing.TB, r rendering) (problems []string) {
	t.Helper()
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	o := decode(t, r)
	if len(o.sets) != 1 || len(o.services) != 1 || len(o.policies) != 1 {
		t.Fatalf("there are %d StatefulSets, %d Services and %d NetworkPolicies, want one of each", len(o.sets), len(o.services), len(o.policies))
	}
	set, service, policy, pods := o.sets[0], o.services[0], o.policies[0], o.podTemplates[0]
	for _, u := range r {
		if u.GetNamespace() != "argus" {
			wrong("%s is in the namespace %q", u.GetKind(), u.GetNamespace())
		}
	}
	if *set.Spec.Replicas != 1 {
		wrong("%d pods have data of their own, and one Service", *set.Spec.Replicas)
	}
	for what, selector := range map[string]*metav1.LabelSelector{
		"StatefulSet": set.Spec.Selector, "Service": {MatchLabels: service.Spec.Selector}, "NetworkPolicy": &policy.Spec.PodSelector,
	} {
		if !selects(selector, pods.labels) {
			wrong("the %s does not select the pods", what)
		}
	}
	if set.Spec.ServiceName != service.Name {
		wrong("the StatefulSet has the serviceName %s", set.Spec.ServiceName)
	}
	c := pods.spec.Containers[0]
	env := o.variables(c)
	known := fleetSettings(t)
	for name := range env {
		if !slices.Contains(known, name) {
			wrong("%s is no setting", name)
		}
	}
	for variable, port := range map[string]string{"ARGUS_FLEET_ADDR": "pages", "ARGUS_FLEET_OTLP_GRPC_ADDR": "otlp-grpc", "ARGUS_FLEET_OTLP_HTTP_ADDR": "otlp-http"} {
		if env[variable] != fmt.Sprint(":", pods.port(port)) {
			wrong("%s is %s, and the port %s is %d", variable, env[variable], port, pods.port(port))
		}
		if !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
			return target(pods, p.TargetPort) == pods.port(port) && p.Port == pods.port(port)
		}) {
			wrong("the Service does not have the port %s", port)
		}
		if !slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
			return len(rule.From) > 0 && opens(rule.Ports, pods, strconv.Itoa(int(pods.port(port))))
		}) {
			wrong("nobody gets to the port %s", port)
		}
	}
	if len(policy.Spec.PolicyTypes) != 2 {
		wrong("the NetworkPolicy is about %v only", policy.Spec.PolicyTypes)
	}
	for probe, want := range map[*corev1.Probe]string{c.StartupProbe: "/healthz", c.LivenessProbe: "/healthz", c.ReadinessProbe: "/readyz"} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != want || probe.HTTPGet.Port.StrVal != "pages" {
			wrong("a probe does not ask %s of the pages", want)
		}
	}
	for _, variable := range []string{"ARGUS_FLEET_INGEST_TOKEN_FILE", "ARGUS_FLEET_VIEWER_TOKEN_FILE", "ARGUS_FLEET_OPERATOR_TOKEN_FILE"} {
		secret, key := secretOf(pods, env[variable])
		_, command, _ := strings.Cut(kubernetesReadme(t), "create secret generic "+secret+" ")
		command, _, _ = strings.Cut(command, "\n")
		if !slices.Contains(strings.Fields(command), "--from-file="+key) {
			wrong("%s is %s, which the Secret of README.md does not have", variable, env[variable])
		}
	}
	problems = append(problems, volumeProblems(t, set.Spec.VolumeClaimTemplates, c, env)...)
	a := &agreement{t: t, o: o}
	a.podsAreClosed()
	return append(problems, a.problems...)
}

// volumeProblems: the data is on the volume, and has room there.
func volumeProblems(t testing.TB, claims []corev1.PersistentVolumeClaim, c corev1.Container, env map[string]string) (problems []string) {
	t.Helper()
	if len(claims) != 1 || !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
		return m.Name == claims[0].Name && m.MountPath == env["ARGUS_FLEET_DATA"] && !m.ReadOnly
	}) {
		return []string{"ARGUS_FLEET_DATA is " + env["ARGUS_FLEET_DATA"] + ", which is no volume"}
	}
	size, err := resource.ParseQuantity(strings.Replace(env["ARGUS_FLEET_SIZE"], "GB", "Gi", 1))
	if err != nil {
		return []string{"ARGUS_FLEET_SIZE: " + err.Error()}
	}
	if room := claims[0].Spec.Resources.Requests.Storage(); size.Cmp(*room) >= 0 {
		problems = append(problems, fmt.Sprintf("ARGUS_FLEET_SIZE is %v, and the volume has %v", env["ARGUS_FLEET_SIZE"], room))
	}
	return problems
}

// TestKubernetesFleet: names, labels, ports, settings, files and volumes of the fleet's manifests fit together, and each of these
// mistakes is found.
func TestKubernetesFleet(t *testing.T) {
	t.Parallel()
	r := fleetManifests(t)
	for _, problem := range fleetProblems(t, r) {
		t.Error(problem)
	}
	const pod, container = "spec.template.", "spec.template.spec.containers.0."
	for _, tt := range []struct {
		kind, path string
		value      any
		want       string
	}{
		{"StatefulSet", "spec.replicas", int64(2), "2 pods"},
		{"StatefulSet", "spec.serviceName", "fleet", "serviceName fleet"},
		{"StatefulSet", pod + "metadata.labels", map[string]any{"app": "fleet"}, "does not select"},
		{"StatefulSet", pod + "spec.enableServiceLinks", true, "Services set variables"},
		{"StatefulSet", container + "env.0.name", "ARGUS_FLEET_ADDRESS", "ARGUS_FLEET_ADDRESS is no setting"},
		{"StatefulSet", container + "env.0.value", ":9191", "ARGUS_FLEET_ADDR is :9191"},
		{"StatefulSet", container + "env.3.value", "/data", "is no volume"},
		{"StatefulSet", container + "env.4.value", "20GB", "the volume has 20Gi"},
		{"StatefulSet", container + "env.6.value", "/etc/argus-fleet/token", "which the Secret of README.md does not have"},
		{"StatefulSet", container + "ports.1.containerPort", int64(4319), "ARGUS_FLEET_OTLP_GRPC_ADDR is :4317"},
		{"StatefulSet", container + "readinessProbe.httpGet.path", "/healthz", "does not ask /readyz"},
		{"StatefulSet", container + "volumeMounts.0.readOnly", true, "is no volume"},
		{"StatefulSet", container + "securityContext.readOnlyRootFilesystem", false, "can write"},
		{"Service", "spec.ports.1.port", int64(4318), "the Service does not have the port otlp-grpc"},
		{"Service", "spec.selector", map[string]any{"app": "fleet"}, "the Service does not select"},
		{"NetworkPolicy", "spec.ingress.0.ports.1.port", "otlp", "nobody gets to the port otlp-http"},
		{"NetworkPolicy", "spec.policyTypes", []any{"Ingress"}, "is about [Ingress] only"},
		{"NetworkPolicy", "metadata.namespace", "default", `in the namespace "default"`},
	} {
		changed := r.clone()
		set(t, changed.object(t, tt.kind, theFleet), tt.path, tt.value)
		if problems := strings.Join(fleetProblems(t, changed), "\n"); !strings.Contains(problems, tt.want) {
			t.Errorf("%s with %s=%v: %q, want %q", tt.kind, tt.path, tt.value, problems, tt.want)
		}
	}
}

// TestKubernetesFleetIsReached: a bot that does not get to the fleet is found.
func TestKubernetesFleetIsReached(t *testing.T) {
	t.Parallel()
	r := overlay(t, "push-fleet")
	const container = "spec.template.spec.containers.0."
	for _, tt := range []struct {
		kind, name, path string
		value            any
		want             string
	}{
		{"StatefulSet", theBot, container + "env.1.value", "http://argus-fleet.bots.svc:4317", "pushes to argus-fleet.bots.svc:4317"},
		{"StatefulSet", theBot, container + "env.1.value", "http://argus-fleet.argus.svc:4318", "pushes to argus-fleet.argus.svc:4318"},
		{"StatefulSet", theBot, container + "env.3.valueFrom.secretKeyRef.key", "viewer", `does not have the key "ingest"`},
		{"StatefulSet", theBot, container + "env.4.value", "authorization=$(FLEET_INGEST_TOKEN)", "is not the bearer token"},
		{"StatefulSet", theBot, container + "env.5.value", "service.instance.id=bot-0", "the same after a restart"},
		{"StatefulSet", theBot, "spec.template.metadata.labels", map[string]any{"app": "bot"}, "does not let the bots in"},
		{"NetworkPolicy", "discord-bot-push", "spec.egress.0.ports.0.port", int64(4318), "lets the bots out"},
		{"NetworkPolicy", "discord-bot-push", "spec.egress.0.to.0.namespaceSelector.matchLabels", map[string]any{"kubernetes.io/metadata.name": "bots"}, "lets the bots out"},
	} {
		changed := r.clone()
		set(t, changed.object(t, tt.kind, tt.name), tt.path, tt.value)
		if problems := strings.Join(disagreements(t, changed), "\n"); !strings.Contains(problems, tt.want) {
			t.Errorf("%s with %s=%v: %q, want %q", tt.kind, tt.path, tt.value, problems, tt.want)
		}
	}
}
