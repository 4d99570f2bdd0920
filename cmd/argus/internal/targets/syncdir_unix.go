//go:build unix

package targets

import (
	"errors"
	"os"
)

// syncDir makes the new name last.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator names the file in it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
