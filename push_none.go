//go:build argus_no_otlp

package argus

import "errors"

var errNoPush = errors.New("the exporter otlp is chosen (OTEL_METRICS_EXPORTER or WithExporters), and this program has been built with the tag argus_no_otlp, " +
	"which leaves it out: build it without the tag, or choose prometheus alone")

func checkPush() error { return errNoPush }

// makePush is not reached: checkPush has refused the settings.
func (*pipeline) makePush(resolved) error { return errNoPush }
