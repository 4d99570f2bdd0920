package clickhousestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

const (
	defaultSilence = 10 * time.Second
	checkTimeout   = 30 * time.Second
)

// Config configures [Open].
type Config struct {
	Connection connection.Settings
	// Silence is how long the server may be silent: 10 s if it is 0.
	Silence time.Duration
	Now     func() time.Time
	// Report is told what somebody has to do something about.
	Report func(error)
}

// A Store is open until [Store.Close]. It is safe for concurrent use.
type Store struct {
	figures.Reader

	cfg    Config
	server clickhousesettings.Server
	conn   *conn
	store  *analytics.Store
	ready  atomic.Bool
	told   string // what was wrong at the last look; of Run alone
}

// Open makes a store. Errors are those of the settings: the server is not asked.
func Open(cfg Config) (*Store, error) {
	server, err := cfg.Connection.Server()
	if err != nil {
		return nil, err
	}
	conn, err := openConn(func() (driver.Conn, error) {
		return connection.Open(cfg.Connection, cmp.Or(cfg.Silence, defaultSilence))
	})
	if err != nil {
		return nil, err
	}
	store, err := analytics.New(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Store{Reader: store, cfg: cfg, server: server, conn: conn, store: store}, nil
}

// Close ends the connections. No other call may come after it.
func (s *Store) Close() error { return s.conn.Close() }

// Run looks at the schema at once and at each tick, until the context ends. It reports
// what is wrong when that changes.
func (s *Store) Run(ctx context.Context, tick <-chan time.Time) {
	for {
		s.look(ctx)
		select {
		case <-tick:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Store) look(ctx context.Context) {
	err := s.Check(ctx)
	switch {
	case ctx.Err() != nil:
	case err == nil:
		s.told = ""
	case err.Error() != s.told:
		s.told = err.Error()
		s.cfg.Report(fmt.Errorf("no events are taken for now: %w", err))
	}
}

// Check asks the server whether its tables are those that this version knows. Events are
// taken only then. Its error is a [CheckError]. If the server does not answer, or refuses
// the user, it reads the files of the settings again.
func (s *Store) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	status, err := s.store.Status(ctx)
	if err != nil && s.conn.renew() == nil {
		status, err = s.store.Status(ctx)
	}
	var p *CheckError
	if err != nil {
		p = s.unanswered(err)
	} else {
		p = fit(status)
	}
	s.ready.Store(p == nil)
	if p != nil {
		return p
	}
	return nil
}

// Retention asks the server for how long its tables keep events and their sums. ClickHouse
// sees to that itself.
func (s *Store) Retention(ctx context.Context) (raw, hourly time.Duration, err error) {
	status, err := s.store.Status(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("ClickHouse: %w", connection.Reason(err))
	}
	const day = 24 * time.Hour
	return time.Duration(status.Retention.RawDays) * day, time.Duration(status.Retention.HourlyDays) * day, nil
}

// EraseGuild removes a guild from all tables that have ids of guilds. It returns how many
// events there were.
func (s *Store) EraseGuild(ctx context.Context, guild uint64) (int64, error) {
	events, err := s.store.EraseGuild(ctx, guild)
	if err != nil {
		return 0, fmt.Errorf("ClickHouse cannot erase a guild: %w", connection.Reason(err))
	}
	return int64(events), nil //nolint:gosec // a count
}
