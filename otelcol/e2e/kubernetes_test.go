package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// kubernetesDir is deploy/kubernetes.
func kubernetesDir(t testing.TB) string {
	return filepath.Join(toolSet(t).Root(), "deploy", "kubernetes")
}

// kustomizations are all that can be applied: the overlays, and the base that they stand on.
func kustomizations(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(kubernetesDir(t), "overlays", "*", "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"base"}
	for _, file := range found {
		names = append(names, "overlays/"+filepath.Base(filepath.Dir(file)))
	}
	if len(names) != 7 {
		t.Fatalf("there are %v, want the base and six overlays", names)
	}
	return names
}

// A rendering is the objects of a kustomization.
type rendering []*unstructured.Unstructured

// render does what `kubectl kustomize` does with a folder, under its default restrictions: no file from outside of the folder of a
// kustomization, no plugin.
func render(t testing.TB, dir string) rendering {
	t.Helper()
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var r rendering
	for _, object := range objects.Resources() {
		raw, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		u := new(unstructured.Unstructured)
		if err := u.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		r = append(r, u)
	}
	return r
}

// overlay renders deploy/kubernetes/overlays/name.
func overlay(t testing.TB, name string) rendering {
	t.Helper()
	return render(t, filepath.Join(kubernetesDir(t), "overlays", name))
}

// own renders a kustomization of a user's that stands on an overlay; COMPONENTS in it is the folder of components.
func own(t *testing.T, overlay, more string) rendering {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir()) // kustomize compares paths without links
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(kubernetesDir(t))
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Rel(dir, filepath.Join(root, "overlays", overlay))
	if err != nil {
		t.Fatal(err)
	}
	more = strings.ReplaceAll(more, "COMPONENTS", filepath.Join(base, "..", "..", "components"))
	write(t, filepath.Join(dir, "kustomization.yaml"), []byte("resources:\n  - "+base+"\n"+more))
	return render(t, dir)
}

// each decodes the objects of a kind.
func each[T any](t testing.TB, r rendering, kind string) []T {
	t.Helper()
	var list []T
	for _, u := range r {
		if u.GetKind() != kind {
			continue
		}
		raw, err := u.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var object T
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		list = append(list, object)
	}
	return list
}

// The kinds that are compared.
type objects struct {
	sets         []appsv1.StatefulSet
	deployments  []appsv1.Deployment
	services     []corev1.Service
	configMaps   []corev1.ConfigMap
	policies     []networkingv1.NetworkPolicy
	budgets      []policyv1.PodDisruptionBudget
	podMonitors  []monitoringv1.PodMonitor
	svcMonitors  []monitoringv1.ServiceMonitor
	podTemplates []podTemplate
}

// A podTemplate is that of a StatefulSet or a Deployment.
type podTemplate struct {
	name   string
	labels map[string]string
	spec   corev1.PodSpec
}

func decode(t testing.TB, r rendering) objects {
	t.Helper()
	o := objects{
		sets:        each[appsv1.StatefulSet](t, r, "StatefulSet"),
		deployments: each[appsv1.Deployment](t, r, "Deployment"),
		services:    each[corev1.Service](t, r, "Service"),
		configMaps:  each[corev1.ConfigMap](t, r, "ConfigMap"),
		policies:    each[networkingv1.NetworkPolicy](t, r, "NetworkPolicy"),
		budgets:     each[policyv1.PodDisruptionBudget](t, r, "PodDisruptionBudget"),
		podMonitors: each[monitoringv1.PodMonitor](t, r, "PodMonitor"),
		svcMonitors: each[monitoringv1.ServiceMonitor](t, r, "ServiceMonitor"),
	}
	for _, s := range o.sets {
		o.podTemplates = append(o.podTemplates, podTemplate{s.Name, s.Spec.Template.Labels, s.Spec.Template.Spec})
	}
	for _, d := range o.deployments {
		o.podTemplates = append(o.podTemplates, podTemplate{d.Name, d.Spec.Template.Labels, d.Spec.Template.Spec})
	}
	return o
}

// containers are those of a pod that run side by side: its containers, and init containers that are sidecars.
func (p podTemplate) containers() []corev1.Container {
	running := slices.Clone(p.spec.Containers)
	for _, c := range p.spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			running = append(running, c)
		}
	}
	return running
}

// port is the number of a port that goes by a name, 0 if there is none.
func (p podTemplate) port(name string) int32 {
	for _, c := range p.containers() {
		for _, port := range c.Ports {
			if port.Name == name {
				return port.ContainerPort
			}
		}
	}
	return 0
}

// serves says whether a container has the port.
func (p podTemplate) serves(number int32) bool {
	return slices.ContainsFunc(p.containers(), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.Ports, func(port corev1.ContainerPort) bool { return port.ContainerPort == number })
	})
}

// podIndex is where a pod of a StatefulSet has its number.
const podIndex = "metadata.labels['apps.kubernetes.io/pod-index']"

var reference = regexp.MustCompile(`\$\(\w+\)`)

// variables are those of a container, with what it takes from ConfigMaps; what is known in a pod alone is empty.
func (o objects) variables(c corev1.Container) map[string]string { return o.variablesOf(c, "") }

// variablesOf are those in the pod of a number.
func (o objects) variablesOf(c corev1.Container, number string) map[string]string {
	env := map[string]string{}
	for _, from := range c.EnvFrom {
		for _, m := range o.configMaps {
			if from.ConfigMapRef != nil && from.ConfigMapRef.Name == m.Name {
				maps.Copy(env, m.Data)
			}
		}
	}
	extend(env, c.Env, func(field string) string {
		if field == podIndex {
			return number
		}
		return ""
	})
	return env
}

// extend adds variables to those of a pod; of is what the pod has in a field. As Kubernetes does it, a reference to what does not stand
// above is left as it is.
func extend(env map[string]string, with []corev1.EnvVar, of func(field string) string) {
	for _, e := range with {
		value := e.Value
		if from := e.ValueFrom; from != nil && from.FieldRef != nil {
			value = of(from.FieldRef.FieldPath)
		}
		env[e.Name] = reference.ReplaceAllStringFunc(value, func(ref string) string {
			if known, ok := env[strings.Trim(ref, "$()")]; ok {
				return known
			}
			return ref
		})
	}
}

// set changes an object, at a path such as spec.ports.0.name. A nil value removes what is there.
func set(t testing.TB, u *unstructured.Unstructured, path string, value any) {
	t.Helper()
	var at any = u.Object
	keys := strings.Split(path, ".")
	for n, key := range keys {
		last := n == len(keys)-1
		switch node := at.(type) {
		case map[string]any:
			if _, ok := node[key]; !ok && !last {
				t.Fatalf("%s has no %s", u.GetName(), path)
			}
			if last && value == nil {
				delete(node, key)
			} else if last {
				node[key] = value
			}
			at = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(node) {
				t.Fatalf("%s has no %s", u.GetName(), path)
			}
			if last {
				node[i] = value
			}
			at = node[i]
		default:
			t.Fatalf("%s has no %s", u.GetName(), path)
		}
	}
}

// object is the one of this kind and name; the names of ConfigMaps go on with a hash.
func (r rendering) object(t testing.TB, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, u := range r {
		if u.GetKind() == kind && (u.GetName() == name || kind == "ConfigMap" && strings.HasPrefix(u.GetName(), name+"-")) {
			return u
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return nil
}

// clone is a rendering that can be changed.
func (r rendering) clone() rendering {
	c := make(rendering, len(r))
	for n, u := range r {
		c[n] = u.DeepCopy()
	}
	return c
}

// without is the rendering without an object.
func (r rendering) without(t testing.TB, kind, name string) rendering {
	t.Helper()
	gone := r.object(t, kind, name)
	return slices.DeleteFunc(slices.Clone(r), func(u *unstructured.Unstructured) bool { return u == gone })
}

// TestKubernetesFiles: each kustomization renders, each component and each file is part of one that is applied, and what is the same in
// the repository elsewhere is the same here.
func TestKubernetesFiles(t *testing.T) {
	t.Parallel()
	used := map[string]bool{"components/parallel": true} // TestKubernetesOwn and TestKubernetesManifests render it
	for _, name := range kustomizations(t) {
		raw, err := os.ReadFile(filepath.Join(kubernetesDir(t), filepath.FromSlash(name), "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			if component, ok := strings.CutPrefix(strings.TrimSpace(line), "- ../../components/"); ok {
				used["components/"+component] = true
			}
		}
		r := render(t, filepath.Join(kubernetesDir(t), filepath.FromSlash(name)))
		ids := map[string]bool{}
		for _, u := range r {
			id := fmt.Sprint(u.GetKind(), " ", u.GetName())
			if ids[id] {
				t.Errorf("%s: %s is duplicated", name, id)
			}
			ids[id] = true
			if u.GetKind() == "Secret" {
				t.Errorf("%s holds a secret, %s", name, u.GetName())
			}
		}
		for _, m := range each[corev1.ConfigMap](t, r, "ConfigMap") {
			for key, content := range m.Data {
				if !strings.HasSuffix(key, ".yaml") {
					continue
				}
				file := filepath.Join(moduleDir(t), key)
				if key != "config.yaml" {
					file = filepath.Join(moduleDir(t), "overlays", key)
				}
				if raw, err := os.ReadFile(file); err != nil || string(raw) != content {
					t.Errorf("%s: %s is not %s: %v", name, key, file, err)
				}
			}
		}
		if rules := each[monitoringv1.PrometheusRule](t, r, "PrometheusRule"); len(rules) > 0 {
			_, alerts := plainRules(t)
			want, got := 0, 0
			for _, g := range alerts.Groups {
				want += len(g.Rules)
			}
			for _, rule := range rules {
				for _, g := range rule.Spec.Groups {
					got += len(slices.DeleteFunc(g.Rules, func(r monitoringv1.Rule) bool { return r.Alert == "" }))
				}
			}
			if len(rules) != 2 || got != want || got == 0 {
				t.Errorf("%s: %d objects with %d alerts, want 2 with the %d of dashboards/rules", name, len(rules), got, want)
			}
		}
	}
	all, err := filepath.Glob(filepath.Join(kubernetesDir(t), "components", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range all {
		if !used["components/"+filepath.Base(dir)] {
			t.Errorf("no overlay uses components/%s", filepath.Base(dir))
		}
		kustomization, err := os.ReadFile(filepath.Join(dir, "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := filepath.Base(file); name != "kustomization.yaml" && !strings.Contains(string(kustomization), " "+name+"\n") {
				t.Errorf("components/%s does not use its file %s", filepath.Base(dir), name)
			}
		}
	}
}
