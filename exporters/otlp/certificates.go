package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/argus-dgo/argus/internal/settingfile"
)

// maxPEM is the size limit of a file in bytes, far above any system's CA certificates.
const maxPEM = 16 << 20

// checkCertificates returns an error for an invalid file. OpenTelemetry's exporter
// would use the system's CA certificates instead.
func checkCertificates(file string) error {
	pem, err := settingfile.Read(file, maxPEM)
	if err != nil {
		return fmt.Errorf("cannot read the CA certificates: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("%q contains no PEM certificate", file)
	}
	return nil
}

// checkClientCertificate returns errors for missing or invalid files.
// OpenTelemetry's exporter would connect without a client certificate.
func (c *config) checkClientCertificate() []error {
	var errs []error
	for _, prefix := range []string{general, c.signal.prefix()} {
		cert := strings.TrimSpace(os.Getenv(prefix + "CLIENT_CERTIFICATE"))
		key := strings.TrimSpace(os.Getenv(prefix + "CLIENT_KEY"))
		switch {
		case cert == "" && key == "":
		case cert == "" || key == "":
			errs = append(errs, errors.New(prefix+"CLIENT_CERTIFICATE and "+prefix+"CLIENT_KEY must be set together: one of them is missing"))
		default:
			if err := checkKeyPair(cert, key); err != nil {
				errs = append(errs, fmt.Errorf("%sCLIENT_CERTIFICATE %q with %sCLIENT_KEY %q: %w", prefix, cert, prefix, key, err))
			}
		}
	}
	return errs
}

func checkKeyPair(certFile, keyFile string) error {
	_, err := readKeyPair(certFile, keyFile)
	return err
}

func readKeyPair(certFile, keyFile string) (tls.Certificate, error) {
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
