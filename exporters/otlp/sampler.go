package otlp

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// checkSampler finds values for which the TracerProvider would only report an error
// and sample everything.
func checkSampler() error {
	const name, ratio = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
	// Those of the SDK (v1.47).
	known := []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}
	sampler := strings.ToLower(strings.TrimSpace(os.Getenv(name)))
	if sampler == "" {
		return nil
	}
	if !slices.Contains(known, sampler) {
		return fmt.Errorf("%s: %s is not one of %s", name, quote(sampler), strings.Join(known, ", "))
	}
	arg := strings.TrimSpace(os.Getenv(ratio))
	if arg == "" || !strings.HasSuffix(sampler, "traceidratio") {
		return nil
	}
	if r, err := strconv.ParseFloat(arg, 64); err != nil || math.IsNaN(r) || r < 0 || r > 1 {
		return fmt.Errorf("%s: %s is not a number from 0 to 1, such as 0.1 for a tenth of the traces", ratio, quote(arg))
	}
	return nil
}
