package otlp

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const (
	// DefaultQueueSize is the number of spans, or log records, that wait for the
	// collector unless OTEL_BSP_MAX_QUEUE_SIZE or OTEL_BLRP_MAX_QUEUE_SIZE says
	// otherwise: those of 80 s at 100 a second.
	DefaultQueueSize = 8192

	// MaxQueueBytes limits the memory of a queue, by an estimate of each item's size.
	MaxQueueBytes = 16 << 20

	// Pauses after failed attempts. With gRPC's own, of MaxReconnectDelay at most, they
	// let the first export arrive within 10 s of the collector's return.
	firstPause = 500 * time.Millisecond
	maxPause   = 2 * time.Second

	maxQueueSize      = 1 << 20
	maxBatchBytes     = 2 << 20 // collectors accept 4 MiB by default
	defaultBatch      = 512
	defaultSpanDelay  = 5 * time.Second
	defaultRecordWait = time.Second
)

// limits are those of a queue.
type limits struct {
	capacity  int           // items that wait at most
	most      int           // items of an export at most
	delay     time.Duration // between two exports while there is less than that
	timeLimit time.Duration // of an export
}

// queueLimits reads the variables of OpenTelemetry's batch processors.
func queueLimits(s Signal) (limits, error) {
	prefix, delay := "OTEL_BSP_", defaultSpanDelay
	if s == SignalLogs {
		prefix, delay = "OTEL_BLRP_", defaultRecordWait
	}
	var errs []error
	millis := func(name string, byDefault time.Duration) time.Duration {
		v := os.Getenv(prefix + name)
		if v == "" {
			return byDefault
		}
		if err := checkMillis(v, 1); err != nil {
			errs = append(errs, fmt.Errorf("%s%s: %w", prefix, name, err))
		}
		return milliseconds(prefix+name, byDefault)
	}
	count := func(name string, byDefault int) int {
		v := os.Getenv(prefix + name)
		if v == "" {
			return byDefault
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxQueueSize {
			errs = append(errs, fmt.Errorf("%s%s: %s is not a whole number from 1 to %d", prefix, name, quote(v), maxQueueSize))
			return byDefault
		}
		return n
	}
	l := limits{
		capacity:  count("MAX_QUEUE_SIZE", DefaultQueueSize),
		delay:     millis("SCHEDULE_DELAY", delay),
		timeLimit: millis("EXPORT_TIMEOUT", defaultTimeout),
	}
	l.most = count("MAX_EXPORT_BATCH_SIZE", min(defaultBatch, l.capacity))
	if l.most > l.capacity && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%sMAX_EXPORT_BATCH_SIZE: %d is more than %[1]sMAX_QUEUE_SIZE, %d: lower it, or raise the other", prefix, l.most, l.capacity))
	}
	return l, errors.Join(errs...)
}
