package fleet

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// certificateEvery is how often the files of a certificate are looked at.
const certificateEvery = 10 * time.Second

// A certificate is read anew when its files change.
type certificate struct {
	cert, key string
	report    func(error)

	mu      sync.Mutex
	current *tls.Certificate
	looked  time.Time
	changed [2]time.Time
}

func (c *certificate) load() error {
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err == nil {
		c.current = &loaded
	}
	c.changed, c.looked = c.times(), time.Now()
	return err
}

func (c *certificate) times() (t [2]time.Time) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			t[i] = info.ModTime()
		}
	}
	return t
}

// get implements tls.Config's GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) >= certificateEvery {
		c.looked = time.Now()
		if c.times() != c.changed {
			if err := c.load(); err != nil {
				c.report(err) // the one from before stays
			}
		}
	}
	return c.current, nil
}
