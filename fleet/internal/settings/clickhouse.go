package settings

import (
	"errors"
	"strings"
)

// checkClickHouse reads the files, too.
func (s *Settings) checkClickHouse() []error {
	c := s.ClickHouse
	if c.URL == "" {
		if c.PasswordFile != "" || c.CAFile != "" || c.CertFile != "" || c.KeyFile != "" {
			return []error{errors.New("ARGUS_FLEET_CLICKHOUSE_URL is not set, but other settings of ClickHouse are: set it, or leave them out")}
		}
		return nil
	}
	var errs []error
	if !s.Events {
		errs = append(errs, errors.New("ARGUS_FLEET_CLICKHOUSE_URL is set, and ARGUS_FLEET_EVENTS is off: set it to on, or leave the URL out"))
	}
	if err := c.Check(); err != nil {
		errs = append(errs, clickHouseError{err})
	}
	return errs
}

// clickHouseError has the names of the fleet's settings instead of those that other
// programs have.
type clickHouseError struct{ err error }

func (e clickHouseError) Error() string {
	return strings.ReplaceAll(e.err.Error(), "ARGUS_CLICKHOUSE_", Prefix+"CLICKHOUSE_")
}

func (e clickHouseError) Unwrap() error { return e.err }
