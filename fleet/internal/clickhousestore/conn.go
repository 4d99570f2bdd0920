package clickhousestore

import (
	"context"
	"sync"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// A conn can be opened anew: the files that its settings name may have changed.
type conn struct {
	open func() (driver.Conn, error)

	mu      sync.RWMutex
	current driver.Conn
}

func openConn(open func() (driver.Conn, error)) (*conn, error) {
	current, err := open()
	if err != nil {
		return nil, err
	}
	return &conn{open: open, current: current}, nil
}

// renew opens it anew. After an error it is as before.
func (c *conn) renew() error {
	next, err := c.open()
	if err != nil {
		return err
	}
	c.mu.Lock()
	last := c.current
	c.current = next
	c.mu.Unlock()
	return last.Close()
}

func (c *conn) get() driver.Conn {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.current
}

func (c *conn) Close() error { return c.get().Close() }

// Exec, Select and PrepareBatch implement analytics.Conn.
func (c *conn) Exec(ctx context.Context, query string, args ...any) error {
	return c.get().Exec(ctx, query, args...)
}

func (c *conn) Select(ctx context.Context, into any, query string, args ...any) error {
	return c.get().Select(ctx, into, query, args...)
}

func (c *conn) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	return c.get().PrepareBatch(ctx, query, opts...)
}
