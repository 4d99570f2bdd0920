//go:build argus_no_otlp

package argus

import (
	"errors"
	"fmt"
)

// checkPush refuses each signal for which the exporter is chosen.
func checkPush(c Config) error {
	var errs []error
	refuse := func(chosen bool, variable, option, instead string) {
		if chosen {
			errs = append(errs, fmt.Errorf("the exporter otlp is chosen (%s or %s), and this program has been built with the tag argus_no_otlp, "+
				"which leaves it out: build it without the tag, or choose %s", variable, option, instead))
		}
	}
	refuse(c.exports(OTLP), envExporters, "WithExporters", "prometheus alone")
	refuse(c.TracesExporter == OTLP, envTracesExporter, "WithTracesExporter", "none")
	refuse(c.LogsExporter == OTLP, envLogsExporter, "WithLogsExporter", "none")
	return errors.Join(errs...)
}

// The exporters are not made: checkPush has refused the settings.
var errNoPush = errors.New("this program has been built with the tag argus_no_otlp")

func (*pipeline) makePush(resolved) error   { return errNoPush }
func (*pipeline) makeTraces(resolved) error { return errNoPush }
func (*pipeline) makeLogs() error           { return errNoPush }
