package prometheus_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/exporters/prometheus"
)

func TestMain(m *testing.M) {
	prometheus.SetMaxAsking(10 * time.Second)
	goleak.VerifyTestMain(m)
}
