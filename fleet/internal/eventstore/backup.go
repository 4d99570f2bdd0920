package eventstore

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Backup writes a copy to a new file, as of one moment. Events can be written meanwhile.
func (s *Store) Backup(ctx context.Context, file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator names the folder
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = s.copy(ctx, file)
	}
	if err != nil {
		return fmt.Errorf("the events: %w", err)
	}
	return nil
}

// copy has a connection of its own: those that read may not write anything.
func (s *Store) copy(ctx context.Context, file string) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", file)
	return errors.Join(err, db.Close())
}
