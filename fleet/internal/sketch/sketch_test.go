package sketch_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/argus-dgo/argus/fleet/internal/sketch"
)

// TestAccuracy: quantiles of sketches that were encoded and put together are those of the
// values, as closely as promised, from microseconds to days.
func TestAccuracy(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"lognormal": func() float64 { return math.Exp(random.NormFloat64()*2 - 3) },
		"uniform":   func() float64 { return random.Float64() * 3 },
		"wide":      func() float64 { return math.Pow(10, random.Float64()*12-6) },
		"constant":  func() float64 { return 0.25 },
		"zeros":     func() float64 { return max(0, random.NormFloat64()) },
	} {
		var all sketch.Sketch
		var values []float64
		for range 50 {
			var part sketch.Sketch
			for range 1 + random.IntN(200) {
				v := draw()
				values = append(values, v)
				part.Add(v)
			}
			if err := all.Merge(part.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(values)
		if all.Count() != uint64(len(values)) {
			t.Errorf("%s: %d values, want %d", name, all.Count(), len(values))
		}
		for _, q := range []float64{0, 0.01, 0.5, 0.95, 0.999, 1} {
			got, known := all.Quantile(q)
			want := values[int(q*float64(len(values)-1))]
			if !known || math.Abs(got-want) > want*sketch.Accuracy*(1+1e-9) {
				t.Errorf("%s: quantile %v = %v, %t; want %v", name, q, got, known, want)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	var s sketch.Sketch
	if _, known := s.Quantile(0.5); known || len(s.Append(nil)) != 0 {
		t.Error("an empty sketch has a quantile or bytes")
	}
	if err := s.Merge(nil); err != nil || s.Count() != 0 {
		t.Errorf("Merge(nil): %v, %d values", err, s.Count())
	}
}

// TestLimits: values that no duration has neither grow a sketch nor are lost.
func TestLimits(t *testing.T) {
	var s sketch.Sketch
	for _, v := range []float64{math.NaN(), -1, 0, math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-9, 1e10} {
		s.Add(v)
	}
	encoded := s.Append(nil)
	var again sketch.Sketch
	if err := again.Merge(encoded); err != nil || again.Count() != 8 || len(encoded) > 16 {
		t.Errorf("%v: %d values in %d bytes, want 8 in few", err, again.Count(), len(encoded))
	}
}

func FuzzMerge(f *testing.F) {
	var s sketch.Sketch
	for _, v := range []float64{0, 0.1, 2} {
		s.Add(v)
	}
	f.Add(s.Append(nil))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x7f, 1})
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var s, again sketch.Sketch
		if s.Merge(encoded) != nil {
			return
		}
		if err := again.Merge(s.Append(nil)); err != nil || again.Count() != s.Count() {
			t.Errorf("%v: %d values, want %d", err, again.Count(), s.Count())
		}
	})
}
