package prometheus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// The defaults of a Server.
const (
	DefaultTimeout = 10 * time.Second
	DefaultMaxBody = 32 << 20
)

// Server says where Prometheus is, or whatever speaks its HTTP API (Thanos, Mimir, VictoriaMetrics), and how it
// is asked.
type Server struct {
	// URL is where the API is, without /api/v1: "https://prometheus.example:9090/prefix". http or https. A query
	// in it goes along with each question: "?partial_response=false" for Thanos. Errors hold none of its values.
	URL string

	// Bearer is a token that goes along with each question, BearerFile a file that holds one, which is read
	// for each question: so it may be renewed. At most one of them, and neither together with Username.
	Bearer     string
	BearerFile string
	// Username and Password are those of basic authentication; PasswordFile is a file that holds the password,
	// which is read for each question.
	Username, Password string
	PasswordFile       string
	// Header gives further headers of each request, the tenant's X-Scope-OrgID for example. It is called by many
	// at once, and should respect ctx. Nil: none.
	Header func(ctx context.Context) (http.Header, error)
	// TLS is for https.
	TLS TLS

	// Timeout bounds one question of the API, from the call to the last byte. The server is told of it, so that
	// it does not go on for nobody. Default: DefaultTimeout.
	Timeout time.Duration
	// MaxBody is how large an answer may be, in bytes, after decompression. A sample of a series takes some 30
	// of them. Default: DefaultMaxBody.
	MaxBody int64
	// Redirects is how many redirects are followed, to the same scheme and host only, so that no secret goes
	// elsewhere. Default: none.
	Redirects int
	// AllowWarnings takes answers with warnings, AllowInfos those with infos. By default both are errors
	// (ErrPartial): by a warning Thanos and others tell that a part of the data is missing, and by an info
	// Prometheus tells that an expression does not mean what it seems to.
	AllowWarnings, AllowInfos bool
	// Transport does the requests, in place of one of its own; TLS is zero then.
	Transport http.RoundTripper
}

// TLS says whom to trust, and who is asking. The zero value trusts whom the system does, and tells nobody's name.
type TLS struct {
	// CAFile holds the certificates that sign the server's, in PEM. It is read once. Empty: those of the system.
	CAFile string
	// CertFile and KeyFile are the client's certificate and its key, in PEM. They are read anew for each
	// connection: so they may be renewed.
	CertFile, KeyFile string
	// ServerName is the name that the server's certificate must have. Empty: the host of the URL.
	ServerName string
}

func (t TLS) isZero() bool { return t == TLS{} }

// problems are what is wrong with the server, each with its field.
func (s Server) problems() (base *url.URL, all []error) {
	bad := func(format string, args ...any) { all = append(all, fmt.Errorf("Server."+format, args...)) }
	base, err := url.Parse(s.URL)
	switch {
	case err != nil:
		bad("URL: cannot be read") // the error of url.Parse holds it all
	case base.Scheme != "http" && base.Scheme != "https":
		bad("URL: it must be one of http or https")
	case base.Host == "":
		bad("URL: it has no host")
	case base.User != nil:
		bad("URL: it names a user: that belongs into Username and Password")
	case base.Fragment != "":
		bad("URL: it has a fragment")
	case strings.HasSuffix(strings.TrimRight(base.Path, "/"), "/api/v1"):
		bad("URL: it is named without /api/v1")
	case !s.TLS.isZero() && base.Scheme != "https":
		bad("TLS: the URL is not one of https")
	}
	ways := 0
	for _, set := range []bool{s.Bearer != "", s.BearerFile != "", s.Username != ""} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		bad("Bearer, BearerFile, Username: there are several, and one alone can be used")
	}
	if s.Username == "" && (s.Password != "" || s.PasswordFile != "") {
		bad("Username: is missing beside a password")
	}
	if s.Password != "" && s.PasswordFile != "" {
		bad("Password: there is a PasswordFile, too")
	}
	if (s.TLS.CertFile == "") != (s.TLS.KeyFile == "") {
		bad("TLS.CertFile, TLS.KeyFile: one of them is missing")
	}
	if s.Transport != nil && !s.TLS.isZero() {
		bad("TLS: there is a Transport, which has its own")
	}
	if s.Timeout < 0 {
		bad("Timeout: %s is below zero", s.Timeout)
	}
	if s.MaxBody < 0 {
		bad("MaxBody: %d is below zero", s.MaxBody)
	}
	if s.Redirects < 0 {
		bad("Redirects: %d is below zero", s.Redirects)
	}
	return base, all
}

// transport is one of its own, with what TLS says.
func (s Server) transport() (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = 64 << 10
	t.MaxIdleConnsPerHost = atOnce
	if s.TLS.isZero() {
		return t, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.TLS.ServerName}
	if s.TLS.CAFile != "" {
		pem, err := os.ReadFile(s.TLS.CAFile)
		if err != nil {
			return nil, fmt.Errorf("Server.TLS.CAFile: %w", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("Server.TLS.CAFile: there is no certificate in it")
		}
	}
	if s.TLS.CertFile != "" {
		pair := func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(s.TLS.CertFile, s.TLS.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("the client's certificate: %w", err)
			}
			return &pair, nil
		}
		if _, err := pair(); err != nil {
			return nil, fmt.Errorf("Server.TLS.CertFile: %w", err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair() }
	}
	t.TLSClientConfig = c
	return t, nil
}

// authorize sets what the server wants to see, and tells what must not be seen elsewhere.
func (s Server) authorize(ctx context.Context, h http.Header) (secrets []string, err error) {
	if s.Header != nil {
		further, err := s.Header(ctx)
		for name, values := range further {
			h[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
			secrets = append(secrets, values...)
		}
		if err != nil {
			return secrets, fmt.Errorf("the headers: %w", err)
		}
	}
	bearer, password := s.Bearer, s.Password
	for _, file := range []struct {
		field, name string
		to          *string
	}{{"BearerFile", s.BearerFile, &bearer}, {"PasswordFile", s.PasswordFile, &password}} {
		if file.name == "" {
			continue
		}
		if *file.to, err = secretIn(file.name); err != nil {
			return secrets, fmt.Errorf("Server.%s: %w", file.field, err)
		}
	}
	secrets = append(secrets, bearer, password)
	if bearer != "" {
		h.Set("Authorization", "Bearer "+bearer)
	}
	if s.Username != "" {
		req := http.Request{Header: h}
		req.SetBasicAuth(s.Username, password)
		secrets = append(secrets, h.Get("Authorization"))
	}
	return secrets, nil
}

// secretIn is the secret that a file holds, without the blanks around it.
func secretIn(name string) (string, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(raw))
	switch {
	case text == "":
		return "", errors.New("the file is empty")
	case len(text) > 64<<10 || strings.ContainsAny(text, "\r\n"):
		return "", errors.New("the file holds more than one line")
	}
	return text, nil
}
