package scrape

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/settingfile"
)

// An Access says how servers are reached: over TLS or not, and as whom.
type Access struct {
	TLS        *tls.Config // nil for plain HTTP
	Credential credential.Credential
}

// AccessFlags are the flags that say how servers are reached.
type AccessFlags struct {
	on                    bool
	ca, cert, key, server string
	user, password        string
	token                 credential.Credential
	flags                 *flag.FlagSet
}

// NewAccessFlags adds the flags. servers is what they are of, such as "the targets".
func NewAccessFlags(flags *flag.FlagSet, servers string) *AccessFlags {
	f := &AccessFlags{flags: flags}
	flags.Func("token-file", "`file` with the bearer token of "+servers, func(text string) (err error) {
		f.token, err = ReadToken(text)
		return err
	})
	flags.StringVar(&f.user, "username", "", "`name` for the basic authentication of "+servers)
	flags.Func("password-file", "`file` with the password for the basic authentication of "+servers, func(text string) (err error) {
		if f.password, err = readSecret(text, "password"); err == nil && f.password == "" {
			err = errors.New("the file is empty")
		}
		return err
	})
	flags.BoolVar(&f.on, "tls", false, "use TLS; implied by --ca-file, --server-name and --cert-file")
	flags.StringVar(&f.ca, "ca-file", "", "`file` with the CA certificates of "+servers+", in PEM form (default: those of the system)")
	flags.StringVar(&f.server, "server-name", "", "`name` that the certificate of "+servers+" is for, if it is not the host's")
	flags.StringVar(&f.cert, "cert-file", "", "`file` with a client certificate, in PEM form")
	flags.StringVar(&f.key, "key-file", "", "`file` with the key of the client certificate, in PEM form")
	return f
}

// Access is what the flags come to, once they are parsed.
func (f *AccessFlags) Access() (Access, error) {
	given := map[string]bool{}
	f.flags.Visit(func(g *flag.Flag) { given[g.Name] = true })
	var a Access
	switch {
	case given["token-file"] && (given["username"] || given["password-file"]):
		return a, errors.New("--token-file and --username: a request has one kind of credentials")
	case given["username"] != given["password-file"]:
		return a, errors.New("--username and --password-file need each other")
	case given["cert-file"] != given["key-file"]:
		return a, errors.New("--cert-file and --key-file need each other")
	case strings.Contains(f.user, ":"):
		return a, fmt.Errorf("--username %q: must not contain a colon", f.user)
	}
	a.Credential = f.token
	if given["username"] {
		a.Credential = credential.Password(f.user, f.password)
	}
	if !f.on && !given["ca-file"] && !given["server-name"] && !given["cert-file"] {
		return a, nil
	}
	a.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.server}
	if given["ca-file"] {
		pool, err := readCertificates(f.ca)
		if err != nil {
			return a, fmt.Errorf("--ca-file: %w", err)
		}
		a.TLS.RootCAs = pool
	}
	if given["cert-file"] {
		certificate, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return a, fmt.Errorf("--cert-file %q: %w", f.cert, err)
		}
		a.TLS.Certificates = []tls.Certificate{certificate}
	}
	return a, nil
}

// maxPEM is far above any system's CA certificates, in bytes.
const maxPEM = 16 << 20

// readCertificates reads a file with certificates in PEM form.
func readCertificates(file string) (*x509.CertPool, error) {
	pem, err := settingfile.Read(file, maxPEM)
	if err != nil {
		return nil, fmt.Errorf("cannot read the CA certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%q contains no PEM certificate", file)
	}
	return pool, nil
}
