package clickhouselog

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
	"github.com/argus-dgo/argus/internal/report"
)

const (
	// DefaultQueueRows is the number of events that wait while ClickHouse is away: those of
	// a quarter of an hour at 100 a second.
	DefaultQueueRows = 100_000
	// DefaultQueueBytes limits what they take in memory: an event with all of its attributes
	// takes some 250 bytes. One batch takes 6 MB more while it is written.
	DefaultQueueBytes = 32 << 20
	// DefaultInterval is the time between two batches that are not full. Each batch makes
	// a part of the table, and ClickHouse merges parts: many writers with small batches
	// keep it busy (https://clickhouse.com/docs/optimize/bulk-inserts).
	DefaultInterval = 5 * time.Second
	// DefaultTimeout limits one attempt to write a batch.
	DefaultTimeout = 30 * time.Second

	// batchRows is the size of a full batch, which has up to a segment more. ClickHouse
	// recommends 10,000 to 100,000 rows.
	batchRows = 10_000

	minQueueBytes = 1 << 20
	maxInterval   = time.Minute
	maxTimeout    = 10 * time.Minute
)

// An Option changes a setting. Options win over the variables.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	connection        connection.Settings
	rows, bytes       int
	interval, timeout time.Duration
	handlers          []func(error)
}

// WithURL sets the server and the database: http(s)://host:port/database for ClickHouse's
// HTTP interface, clickhouse(s)://host:port/database for its native protocol. The variable
// is ARGUS_CLICKHOUSE_URL, the default http://127.0.0.1:8123/argus.
func WithURL(url string) Option {
	return optionFunc(func(c *config) { c.connection.URL = url })
}

// WithUser sets the user. The variable is ARGUS_CLICKHOUSE_USER, the default "default".
func WithUser(name string) Option {
	return optionFunc(func(c *config) { c.connection.User = name })
}

// WithPasswordFile sets the file with the user's password. It is read at each connection,
// so a password that changes needs no restart. The variable is
// ARGUS_CLICKHOUSE_PASSWORD_FILE.
func WithPasswordFile(path string) Option {
	return optionFunc(func(c *config) { c.connection.PasswordFile = path })
}

// WithTLSFiles sets files of a connection with TLS: the CA certificates of the server, and a
// certificate of the client with its key. Each may be empty. They are read at each
// connection. The variables are ARGUS_CLICKHOUSE_CA_FILE, ARGUS_CLICKHOUSE_CERT_FILE and
// ARGUS_CLICKHOUSE_KEY_FILE.
func WithTLSFiles(ca, cert, key string) Option {
	return optionFunc(func(c *config) {
		c.connection.CAFile, c.connection.CertFile, c.connection.KeyFile = ca, cert, key
	})
}

// WithQueue sets how many events wait while ClickHouse is away, and how many bytes of
// memory they take at most.
func WithQueue(rows, bytes int) Option {
	return optionFunc(func(c *config) { c.rows, c.bytes = rows, bytes })
}

// WithInterval sets the time between two batches that are not full, 1 minute at most.
func WithInterval(d time.Duration) Option {
	return optionFunc(func(c *config) { c.interval = d })
}

// WithTimeout limits one attempt to write a batch, 10 minutes at most.
func WithTimeout(d time.Duration) Option {
	return optionFunc(func(c *config) { c.timeout = d })
}

// WithErrorHandler sets the handler for failures: an [*ExportError] for a batch that was not
// written, a [*LossError] for events that were dropped without one. Of each kind the first is
// reported at once, then at most one a minute. The default, also for nil, is OpenTelemetry's
// global error handler. It must be safe for concurrent use and must not call Shutdown.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) {
		if h != nil {
			c.handlers = append(c.handlers, report.Guard(h.Handle))
		}
	})
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		connection: clickhousesettings.FromEnvironment(os.LookupEnv),
		rows:       DefaultQueueRows, bytes: DefaultQueueBytes,
		interval: DefaultInterval, timeout: DefaultTimeout,
	}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	errs := []error{c.connection.Check()}
	if c.rows < batchRows {
		errs = append(errs, fmt.Errorf("WithQueue: %d events are less than a batch, which has %d", c.rows, batchRows))
	}
	if c.bytes < minQueueBytes {
		errs = append(errs, fmt.Errorf("WithQueue: %d bytes are less than %d", c.bytes, minQueueBytes))
	}
	if c.interval <= 0 || c.interval > maxInterval {
		errs = append(errs, fmt.Errorf("WithInterval: %v is not more than 0 and at most %v", c.interval, maxInterval))
	}
	if c.timeout <= 0 || c.timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("WithTimeout: %v is not more than 0 and at most %v", c.timeout, maxTimeout))
	}
	return c, errors.Join(errs...)
}
