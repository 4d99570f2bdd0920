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

// maxPEM is far above the authorities of any system, in bytes.
const maxPEM = 16 << 20

// checkCertificates: the exporter goes on with the system's authorities when
// it cannot read the file.
func checkCertificates(file string) error {
	pem, err := settingfile.Read(file, maxPEM)
	if err != nil {
		return fmt.Errorf("cannot read the authorities: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("%q holds no certificate in PEM form", file)
	}
	return nil
}

// checkClientCertificate: the exporter goes on without a client certificate
// when one of the two files is missing or broken.
func checkClientCertificate() []error {
	var errs []error
	for _, prefix := range []string{general, signal} {
		cert := strings.TrimSpace(os.Getenv(prefix + "CLIENT_CERTIFICATE"))
		key := strings.TrimSpace(os.Getenv(prefix + "CLIENT_KEY"))
		switch {
		case cert == "" && key == "":
		case cert == "" || key == "":
			errs = append(errs, errors.New(prefix+"CLIENT_CERTIFICATE and "+prefix+"CLIENT_KEY belong together: one of them is not set"))
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
