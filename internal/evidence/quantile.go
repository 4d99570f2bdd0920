package evidence

import "math"

// QuantileOf is Prometheus' histogram_quantile with classic buckets: it interpolates
// within the bucket that the quantile falls into. bounds are ascending, without the last,
// which is infinite; counts has the observations of each bucket, that of the last included.
// above is the answer where the quantile lies above the highest bound. It is NaN if there
// is no answer.
func QuantileOf[N int64 | float64](q float64, bounds []float64, counts []N, above float64) float64 {
	var total N
	for _, n := range counts {
		total += n
	}
	if total == 0 || len(bounds) == 0 {
		return math.NaN()
	}
	rank := q * float64(total)
	var below N
	n := 0
	for n < len(bounds) && float64(below+counts[n]) < rank {
		below += counts[n]
		n++
	}
	lower := 0.0
	switch {
	case n == len(bounds):
		return above
	case n > 0:
		lower = bounds[n-1]
	case bounds[0] <= 0:
		return bounds[0]
	}
	if counts[n] == 0 {
		return lower
	}
	return lower + (bounds[n]-lower)*(rank-float64(below))/float64(counts[n])
}
