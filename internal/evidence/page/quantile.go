package page

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/argus-dgo/argus/internal/evidence"
)

// A bucket has the number of observations up to its bound.
type bucket struct{ bound, count float64 }

// quantiles takes the quantile of each group's buckets.
func quantiles(samples []sample, groups []string, q float64) []sample {
	index := map[string]int{}
	var (
		result  []sample
		buckets [][]bucket
	)
	for _, s := range samples {
		key := s.labels.Key(groups...)
		i, ok := index[key]
		if !ok {
			i = len(result)
			index[key] = i
			l := evidence.Labels{}
			for name, value := range s.labels {
				if name != "le" {
					l[name] = value
				}
			}
			result, buckets = append(result, sample{labels: l}), append(buckets, nil)
		}
		result[i].unknown = result[i].unknown || s.unknown
		if bound, err := strconv.ParseFloat(s.labels["le"], 64); err == nil {
			buckets[i] = append(buckets[i], bucket{bound, s.number})
		}
	}
	for i := range result {
		result[i].number = quantile(q, buckets[i])
	}
	return result
}

// quantile is NaN if there is no answer, also where a bucket is missing.
func quantile(q float64, buckets []bucket) float64 {
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	last := len(buckets) - 1
	if last < 1 || !math.IsInf(buckets[last].bound, 1) || math.IsNaN(q) || q < 0 || q > 1 {
		return math.NaN()
	}
	bounds, counts, below := make([]float64, last), make([]float64, last+1), 0.0
	for i, b := range buckets {
		if i < last {
			bounds[i] = b.bound
		}
		counts[i] = max(b.count-below, 0) // counts that were read at different times
		below += counts[i]
	}
	return evidence.QuantileOf(q, bounds, counts, bounds[last-1])
}
