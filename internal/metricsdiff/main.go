// Command metricsdiff compares two files in the format of docs/metrics.json. It
// prints one line for each change that a query, a rule or a dashboard can notice:
// "- " before an incompatible change, "+ " before an addition. Descriptions may
// change at any time.
//
//	metricsdiff OLD NEW
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// document is what is compared of such a file.
type document struct {
	Version   int               `json:"version"`
	Namespace string            `json:"namespace"`
	Resource  []string          `json:"resource"`
	Metrics   map[string]metric `json:"metrics"`
}

type metric struct {
	Kind   string              `json:"kind"`
	Unit   string              `json:"unit"`
	Labels map[string][]string `json:"labels"`
	// Buckets are numbers, kept as they are written.
	Buckets []json.Number `json:"buckets"`
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "metricsdiff:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("usage: metricsdiff OLD NEW")
	}
	before, err := read(args[0])
	if err != nil {
		return err
	}
	after, err := read(args[1])
	if err != nil {
		return err
	}
	for _, line := range diff(before, after) {
		fmt.Fprintln(stdout, line)
	}
	return nil
}

func read(path string) (document, error) {
	var d document
	raw, err := os.ReadFile(path) //nolint:gosec // the caller names the file
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("%s: %w", path, err)
	}
	// Another version can mean that a field is read as empty.
	if d.Version != 1 || len(d.Metrics) == 0 {
		return d, fmt.Errorf("%s: version is %d and there are %d metrics; want version 1 and at least one", path, d.Version, len(d.Metrics))
	}
	return d, nil
}

func diff(before, after document) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }

	if before.Namespace != after.Namespace {
		add("- the namespace was %s and is %s", before.Namespace, after.Namespace)
	}
	removed, added := sets(before.Resource, after.Resource)
	for _, l := range removed {
		add("- all series: the label %s was removed", l)
	}
	for _, l := range added {
		add("+ all series: the label %s was added", l)
	}

	names, newNames := sets(slices.Collect(maps.Keys(before.Metrics)), slices.Collect(maps.Keys(after.Metrics)))
	for _, name := range names {
		add("- %s was removed", name)
	}
	for _, name := range newNames {
		add("+ %s was added", name)
	}
	for _, name := range slices.Sorted(maps.Keys(before.Metrics)) {
		was := before.Metrics[name]
		is, ok := after.Metrics[name]
		if !ok {
			continue
		}
		if was.Kind != is.Kind {
			add("- %s was a %s and is a %s", name, was.Kind, is.Kind)
		}
		if was.Unit != is.Unit {
			add("- %s had the unit %q and has %q", name, was.Unit, is.Unit)
		}
		removed, added := sets(slices.Collect(maps.Keys(was.Labels)), slices.Collect(maps.Keys(is.Labels)))
		for _, l := range removed {
			add("- %s: the label %s was removed", name, l)
		}
		for _, l := range added {
			add("+ %s: the label %s was added", name, l)
		}
		for _, l := range slices.Sorted(maps.Keys(was.Labels)) {
			// An empty set of values is an open one.
			if _, ok := is.Labels[l]; !ok || len(was.Labels[l]) == 0 || len(is.Labels[l]) == 0 {
				continue
			}
			removed, added := sets(was.Labels[l], is.Labels[l])
			for _, v := range removed {
				add("- %s: the value %q of %s was removed", name, v, l)
			}
			for _, v := range added {
				add("+ %s: the value %q of %s was added", name, v, l)
			}
		}
		removedBounds, addedBounds := sets(was.Buckets, is.Buckets)
		for _, b := range removedBounds {
			add("- %s: the bucket %s was removed", name, b)
		}
		for _, b := range addedBounds {
			add("+ %s: the bucket %s was added", name, b)
		}
	}
	return lines
}

// sets returns what only one of the two lists has, sorted.
func sets[T ~string](before, after []T) (removed, added []T) {
	for _, s := range before {
		if !slices.Contains(after, s) {
			removed = append(removed, s)
		}
	}
	for _, s := range after {
		if !slices.Contains(before, s) {
			added = append(added, s)
		}
	}
	slices.Sort(removed)
	slices.Sort(added)
	return removed, added
}
