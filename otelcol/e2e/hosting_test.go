package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHostingArithmetic: the worked examples of docs/HOSTING.md follow from the formulas above them.
func TestHostingArithmetic(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "docs", "HOSTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	number := func(text string) int {
		t.Helper()
		n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	duration := func(text string) time.Duration {
		t.Helper()
		d, err := time.ParseDuration(strings.NewReplacer(" min", "m", " s", "s", " ", "").Replace(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	all := regexp.MustCompile(`(?m)^\| ([\d,]+) \| ([\d,]+) \| (\d+) \| ([\d,]+) ÷ (\d+) × 5 s = ([^|]+) \| ([\d,]+) \| (\d+) \|$`).FindAllStringSubmatch(string(raw), -1)
	for _, row := range all {
		shards, guilds, concurrency, budget := number(row[1]), number(row[2]), number(row[3]), number(row[7])
		if number(row[4]) != shards || number(row[5]) != concurrency || guilds != 1000*shards {
			t.Errorf("%s: the columns disagree", row[0])
		}
		if want := time.Duration(shards/concurrency*5) * time.Second; duration(row[6]) != want {
			t.Errorf("%s: it is %v", row[0], want)
		}
		if concurrency > 1 && budget != max(2000, guilds/1000*5) || concurrency == 1 && budget != 1000 {
			t.Errorf("%s: the budget is another one", row[0])
		}
		if number(row[8]) != budget/shards {
			t.Errorf("%s: it is %d times", row[0], budget/shards)
		}
	}
	one := regexp.MustCompile(`(?m)^\| ([\d,]+) \| (\d+) of (\d+) \| (\d+) \| (\d+) × \((\d+) \+ 10 \+ 3\) s = ([^|]+) \|$`).FindAllStringSubmatch(string(raw), -1)
	for _, row := range one {
		shards, processes, each, concurrency := number(row[1]), number(row[2]), number(row[3]), number(row[4])
		windows := ((each+concurrency-1)/concurrency - 1) * 5
		if processes*each != shards || number(row[5]) != processes || number(row[6]) != windows {
			t.Errorf("%s: the columns disagree, %d s of windows", row[0], windows)
		}
		if want := time.Duration(processes*(windows+13)) * time.Second; duration(row[7]) != want {
			t.Errorf("%s: it is %v", row[0], want)
		}
	}
	if len(all) != 5 || len(one) != 4 {
		t.Errorf("%d and %d examples found, want 5 and 4", len(all), len(one))
	}
}
