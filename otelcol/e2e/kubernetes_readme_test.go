package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// inParallel is a kustomization with the component that no overlay has.
const inParallel = "components:\n  - COMPONENTS/parallel\n"

// kubernetesReadme is deploy/kubernetes/README.md.
func kubernetesReadme(t testing.TB) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(kubernetesDir(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(readme)
}

// readmeKustomizations are those that README.md shows as a user's own, each without the overlay pull that it stands on.
func readmeKustomizations(t testing.TB) []string {
	t.Helper()
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(kubernetesReadme(t), -1)
	if len(blocks) != 4 {
		t.Fatalf("README.md has %d kustomizations, want 4", len(blocks))
	}
	const remote = "resources:\n  - https://github.com/argus-dgo/argus//deploy/kubernetes/overlays/pull?ref=main\n"
	var parts []string
	for _, block := range blocks {
		if strings.Count(block[1], remote) != 1 {
			t.Fatalf("this does not stand on the overlay pull:\n%s", block[1])
		}
		parts = append(parts, strings.Replace(block[1], remote, "", 1))
	}
	return parts
}

// TestKubernetesOwn: what README.md shows as a user's own kustomization renders on the overlay that it names, does what it says, and
// leaves nothing that does not fit together; so does an overlay in another namespace, and with components/parallel.
func TestKubernetesOwn(t *testing.T) {
	t.Parallel()
	parts := readmeKustomizations(t)
	r := own(t, "pull", parts[0])
	set := each[appsv1.StatefulSet](t, r, "StatefulSet")[0]
	if image := set.Spec.Template.Spec.Containers[0].Image; image != "registry.example.com/my-bot:v1.4.2" {
		t.Errorf("the image is %s", image)
	}
	if *set.Spec.Replicas != 10 {
		t.Errorf("there are %d pods", *set.Spec.Replicas)
	}
	fits := func(what string, r rendering) {
		t.Helper()
		for _, problem := range disagreements(t, r) {
			if !strings.HasPrefix(problem, "the image of bot ") {
				t.Errorf("%s: %s", what, problem)
			}
		}
	}
	fits("the first example", r)
	second := own(t, "pull", parts[1])
	fits("the second example", second)
	if start := each[appsv1.StatefulSet](t, second, "StatefulSet")[0].Spec.Ordinals.Start; start != 1 {
		t.Errorf("the first pod is number %d", start)
	}
	third := own(t, "pull", parts[2])
	fits("the third example", third)
	// Kubernetes expands a variable that stands above, and leaves $(CLUSTER_ID) as it is otherwise.
	env := each[appsv1.StatefulSet](t, third, "StatefulSet")[0].Spec.Template.Spec.Containers[0].Env
	at := func(name string) int {
		return slices.IndexFunc(env, func(v corev1.EnvVar) bool { return v.Name == name })
	}
	if number, name := at("CLUSTER_ID"), at("ARGUS_CLUSTER_ID"); number < 0 || name < number || env[name].Value != "eu-$(CLUSTER_ID)" {
		t.Errorf("the name of a cluster does not stand below its number: %+v", env)
	}

	fourth := own(t, "pull", parts[3])
	fits("the fourth example", fourth)
	if settings := each[corev1.ConfigMap](t, fourth, "ConfigMap"); !slices.ContainsFunc(settings, func(c corev1.ConfigMap) bool {
		return c.Namespace == "music" && c.Data["ARGUS_BOT"] == "music"
	}) {
		t.Errorf("the second bot has no name: %+v", settings)
	}

	for _, name := range kustomizations(t)[1:] {
		fits(name+" elsewhere", own(t, filepath.Base(name), "namespace: music-bot\n"))
		parallel := own(t, filepath.Base(name), inParallel)
		fits(name+" in parallel", parallel)
		if policy := each[appsv1.StatefulSet](t, parallel, "StatefulSet")[0].Spec.PodManagementPolicy; policy != appsv1.ParallelPodManagement {
			t.Errorf("%s: podManagementPolicy is %s", name, policy)
		}
	}

	// The table of overlays is that of the folder.
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(kubernetesReadme(t), -1) {
		listed = append(listed, "overlays/"+row[1])
	}
	slices.Sort(listed)
	if want := kustomizations(t)[1:]; !slices.Equal(listed, want) {
		t.Errorf("README.md lists the overlays %v, want %v", listed, want)
	}
}
