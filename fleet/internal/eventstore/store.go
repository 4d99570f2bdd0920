package eventstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/argus-dgo/argus/analytics/figures"
)

const (
	readers     = 4
	openTimeout = 30 * time.Second
)

// Config configures [Open].
type Config struct {
	File string
	// Retention is how long events are kept, and Hourly how long sums are. Both are whole
	// days.
	Retention, Hourly time.Duration
	MaxEvents         int64
	Now               func() time.Time
	// Dropped is told when a day was dropped before its time. It is called while the store
	// is locked.
	Dropped func(day time.Time, events int64)
}

// A Store is open until [Store.Close]. It is safe for concurrent use.
type Store struct {
	cfg   Config
	read  *sql.DB
	write *sql.DB
	conn  *sql.Conn // the only one that writes

	closing sync.Once
	closed  error

	turn  chan struct{} // who has it may write
	stmts map[string]*sql.Stmt
	texts *texts

	mu      sync.Mutex
	days    map[int64]day
	dropped uint64
}

var _ figures.Reader = (*Store)(nil)

// Open opens the store in a file, or makes one. It leaves a file alone that is damaged or
// of a newer version. Errors name the file.
func Open(cfg Config) (*Store, error) {
	s := &Store{cfg: cfg, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("the store of events %s %w", cfg.File, err), s.release())
	}
	return s, nil
}

func (s *Store) open() error {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(s.cfg.File), 0o750); err != nil {
		return fmt.Errorf("cannot be made: %w", err)
	}
	f, err := os.OpenFile(s.cfg.File, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("cannot be opened: %w", err)
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("cannot be opened: %w", err)
	}
	err = errEmpty
	if info.Size() > 0 {
		err = s.inspect(ctx)
	}
	empty := errors.Is(err, errEmpty) // also if a process was killed before it made the tables
	if err != nil && !empty {
		return err
	}
	if s.write, err = s.database("auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(full)", "secure_delete(on)", "cache_size(-65536)"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	if empty {
		if err := prepare(ctx, s.conn); err != nil {
			return err
		}
	}
	if s.texts, err = loadTexts(ctx, s.conn); err != nil {
		return err
	}
	if s.days, err = loadDays(ctx, s.conn); err != nil {
		return err
	}
	// What a month of 20,000 guilds takes to sort is to fit into the cache.
	if s.read, err = s.database("query_only(on)", "cache_size(-32768)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	return nil
}

// inspect looks at a file without changing it.
func (s *Store) inspect(ctx context.Context) (err error) {
	db, err := s.database("query_only(on)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	return errors.Join(check(ctx, conn), conn.Close())
}

func (s *Store) database(pragmas ...string) (*sql.DB, error) {
	return database(s.cfg.File, append([]string{"busy_timeout(10000)"}, pragmas...)...)
}

func database(file string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": pragmas}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: q.Encode()}).String())
}

// Close waits for who writes, and ends everything. No other call may come after it.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.turn <- struct{}{}
		s.closed = s.release()
	})
	return s.closed
}

func (s *Store) release() error {
	var errs []error
	for _, stmt := range s.stmts {
		errs = append(errs, stmt.Close())
	}
	if s.read != nil { // before the writer, which then folds the log into the file
		errs = append(errs, s.read.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(errs...)
}

// enter waits for the turn to write.
func (s *Store) enter(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) leave() { <-s.turn }

// prepared returns a statement of the connection that writes. The caller has the turn.
func (s *Store) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, there := s.stmts[text]; there {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err == nil {
		s.stmts[text] = stmt
	}
	return stmt, err
}

// exec runs a statement, and returns the number of rows that it changed.
func (s *Store) exec(ctx context.Context, text string, args ...any) (int64, error) {
	stmt, err := s.prepared(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Stats are what a store has.
type Stats struct {
	Events  int64
	Days    int
	Bytes   int64  // of its files
	Dropped uint64 // events that were dropped before their time, since the start
}

// Stats returns what the store has now.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	stats := Stats{Days: len(s.days), Dropped: s.dropped}
	for _, d := range s.days {
		stats.Events += d.events
	}
	s.mu.Unlock()
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(s.cfg.File + suffix); err == nil {
			stats.Bytes += info.Size()
		}
	}
	return stats
}
