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

// quantile does what Prometheus' histogram_quantile does with classic buckets: it
// interpolates within the bucket that the quantile falls into. It is NaN if there is
// no answer.
func quantile(q float64, buckets []bucket) float64 {
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	last := len(buckets) - 1
	if last < 1 || !math.IsInf(buckets[last].bound, 1) || math.IsNaN(q) || q < 0 || q > 1 {
		return math.NaN()
	}
	for i := 1; i <= last; i++ { // counts that were read at different times
		buckets[i].count = max(buckets[i].count, buckets[i-1].count)
	}
	if buckets[last].count == 0 {
		return math.NaN()
	}
	rank := q * buckets[last].count
	n, _ := slices.BinarySearchFunc(buckets[:last], rank, func(b bucket, rank float64) int { return cmp.Compare(b.count, rank) })
	switch {
	case n == last:
		return buckets[last-1].bound
	case n == 0 && buckets[0].bound <= 0:
		return buckets[0].bound
	}
	start, before := 0.0, 0.0
	if n > 0 {
		start, before = buckets[n-1].bound, buckets[n-1].count
	}
	return start + (buckets[n].bound-start)*((rank-before)/(buckets[n].count-before))
}
