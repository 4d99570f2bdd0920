package clickhousesettings

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/argus-dgo/argus/internal/settingfile"
)

// maxPEM is the size of a file in bytes, far above any system's CA certificates.
const maxPEM = 16 << 20

// TLS reads the certificates, and returns nil if the URL has a scheme without TLS.
func (s Settings) TLS() (*tls.Config, error) {
	server, err := s.Server()
	if err != nil {
		return nil, err
	}
	if !server.TLS {
		for name, file := range map[string]string{EnvCAFile: s.CAFile, EnvCertFile: s.CertFile, EnvKeyFile: s.KeyFile} {
			if file != "" {
				return nil, fmt.Errorf("%s: %s %w", name, file, errNoTLS)
			}
		}
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		if c.RootCAs, err = authorities(s.CAFile); err != nil {
			return nil, fmt.Errorf("%s: %w", EnvCAFile, err)
		}
	}
	if s.CertFile == "" && s.KeyFile == "" {
		return c, nil
	}
	if s.CertFile == "" || s.KeyFile == "" {
		return nil, fmt.Errorf("%s and %s must be set together: one of them is missing", EnvCertFile, EnvKeyFile)
	}
	pair, err := keyPair(s.CertFile, s.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%s %s with %s %s: %w", EnvCertFile, s.CertFile, EnvKeyFile, s.KeyFile, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

func authorities(file string) (*x509.CertPool, error) {
	pem, err := settingfile.Read(file, maxPEM)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no PEM certificate", file)
	}
	return pool, nil
}

func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := settingfile.Read(certFile, maxPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := settingfile.Read(keyFile, maxPEM)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}
