// Package reason says in few words why an HTTP request had no answer. net/http's errors
// have the URL, which may be long or secret, and the words of whoever answered.
package reason

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/argus-dgo/argus/internal/excerpt"
)

// Reasons that a caller may have something to add to.
var (
	ErrTimeout = errors.New("no answer in time")
	ErrNotTLS  = errors.New("it does not speak TLS")
)

// maxQuoted is how much of a server's own words an error has.
const maxQuoted = 200

// Of is the reason of a failed request. The texts complete a sentence that begins with
// the server.
func Of(err error) error {
	var (
		dns       *net.DNSError
		op        *net.OpError
		unknown   x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		wrongCert *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return ErrTimeout
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return errors.New("cannot connect to the proxy that HTTP_PROXY or HTTPS_PROXY names")
	case errors.As(err, &dns) && dns.IsNotFound:
		return errors.New("host name not found in DNS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused: nothing listens there")
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return ErrNotTLS
	case errors.As(err, &unknown):
		return errors.New("its certificate is signed by an unknown authority: give the CA file of its certificate")
	case errors.As(err, &hostname):
		return fmt.Errorf("its certificate is not valid for %s", hostname.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errors.New("its certificate has expired, or is not valid yet: check the clocks")
	case errors.As(err, &wrongCert):
		return fmt.Errorf("its certificate is invalid: %w", wrongCert.Err)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return errors.New("it does not speak HTTP")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return errors.New("the connection was closed without a response")
	case errors.As(err, &op) && op.Err != nil:
		err = op.Err // not the address, which the caller names
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	if text := excerpt.Line(err.Error(), maxQuoted); text != err.Error() { // net/http quotes what the server said
		return errors.New(text)
	}
	return err
}
