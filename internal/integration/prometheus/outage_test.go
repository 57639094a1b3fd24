package prometheus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics"
	source "github.com/davit-sdk/davit/metrics/prometheus"
)

// Prometheus is stopped and started again while many read: each gets the truth, or an error which says that
// the source is down; never anything between, and never that there is no data.
func TestStoppedInMidQuery(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	h := &history{begin: time.Now().Add(-time.Hour).Truncate(time.Second).UTC(), lines: map[string][]string{}}
	h.play(mathrand.New(mathrand.NewPCG(3, 3)), "1.1.0", 12)
	backfill(t, dir, h.text())
	p := newServer(t, dir, "global: {scrape_interval: 1s}\n")
	p.up()
	s := newSource(t, h.options(p.url))
	from, to := h.begin, h.begin.Add(300*time.Second)
	first, err := s.Read(t.Context(), metrics.Query{Group: "1.1.0", From: from, To: to})
	require.NoError(t, err)
	want := h.truth(first.From, first.To)
	require.Equal(t, want.Requests, first.Requests)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	var mu sync.Mutex
	right, failed := 0, 0
	var last error
	counts := func() (int, int) {
		mu.Lock()
		defer mu.Unlock()
		return right, failed
	}
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				got, err := s.Read(ctx, metrics.Query{Group: "1.1.0", From: from, To: to})
				mu.Lock()
				switch {
				case ctx.Err() != nil:
				case err == nil:
					right++
					assert.Equal(t, []uint64{want.Requests, want.Errors, want.Latency.Count()}, []uint64{got.Requests, got.Errors, got.Latency.Count()})
				default:
					failed, last = failed+1, err
					assert.NotErrorIs(t, err, metrics.ErrNoData)
					assert.NotErrorIs(t, err, metrics.ErrUnknownGroup)
				}
				mu.Unlock()
			}
		})
	}
	more := func(what string, which func(right, failed int) int) {
		t.Helper()
		before := which(counts())
		await(t, what, func() error {
			if which(counts()) <= before {
				return errors.New("none")
			}
			return nil
		})
	}
	good := func(right, _ int) int { return right }
	bad := func(_, failed int) int { return failed }
	for range 3 {
		more("an answer", good)
		p.down()
		more("an error", bad)
		p.up()
	}
	more("an answer", good)
	stop()
	all.Wait()
	t.Logf("%d answers, %d errors, the last one: %v", right, failed, last)
}

// hashed is the password below, as the web config wants it.
const (
	password = "c4nary-s3cret"
	hashed   = "$2a$04$OWhmhncuhFg8tzaJ4D6SNejFFbQENV2aU4jRF.i/O9yDbGOUbFlcO"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir string) *authority {
	a := &authority{t: t, dir: dir}
	a.key, a.cert = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign writes NAME.pem and NAME.key.
func (a *authority) sign(name string, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	require.NoError(a.t, err)
	raw, err := x509.MarshalECPrivateKey(key)
	require.NoError(a.t, err)
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "EC PRIVATE KEY", raw)
	cert, err := x509.ParseCertificate(der)
	require.NoError(a.t, err)
	return key, cert
}

func (a *authority) write(name, kind string, der []byte) {
	require.NoError(a.t, os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// A server that wants a certificate and a password gets them; whatever is wrong with either is an error without
// a secret in it.
func TestAccess(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	h := &history{begin: time.Now().Add(-time.Hour).Truncate(time.Second).UTC(), lines: map[string][]string{}}
	h.play(mathrand.New(mathrand.NewPCG(5, 5)), "1.1.0", 1)
	backfill(t, dir, h.text())
	a := newAuthority(t, dir)
	a.sign("server", &x509.Certificate{DNSNames: []string{"prometheus.test"}, IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.sign("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, os.WriteFile(a.path("web.yml"), []byte(fmt.Sprintf("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\nbasic_auth_users:\n  ada: %s\n", hashed)), 0o600))
	p := newServer(t, dir, "global: {scrape_interval: 1s}\n", "--web.config.file="+a.path("web.yml"))
	p.url = "https://" + p.addr
	pair, err := tls.LoadX509KeyPair(a.path("client.pem"), a.path("client.key"))
	require.NoError(t, err)
	trust := x509.NewCertPool()
	trust.AddCert(a.cert)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, Certificates: []tls.Certificate{pair}}}}
	defer client.CloseIdleConnections()
	p.ask = func(path string) (*http.Response, error) {
		req, err := http.NewRequest(http.MethodGet, p.url+path, nil)
		if err != nil {
			return nil, err
		}
		req.SetBasicAuth("ada", password)
		return client.Do(req)
	}
	p.up()

	secret := filepath.Join(dir, "password")
	require.NoError(t, os.WriteFile(secret, []byte(password+"\n"), 0o600))
	good := source.Server{URL: p.url, Username: "ada", PasswordFile: secret, TLS: source.TLS{CAFile: a.path("ca.pem"), CertFile: a.path("client.pem"), KeyFile: a.path("client.key")}}
	for _, c := range []struct {
		name string
		edit func(s *source.Server)
		want string
		kind error
	}{
		{"all is right", func(*source.Server) {}, "", nil},
		{"by name", func(s *source.Server) { s.TLS.ServerName = "prometheus.test" }, "", nil},
		{"a wrong password", func(s *source.Server) { s.PasswordFile, s.Password = "", password+"x" }, "status 401", source.ErrDenied},
		{"no password", func(s *source.Server) { s.Username, s.PasswordFile = "", "" }, "status 401", source.ErrDenied},
		{"a token", func(s *source.Server) { s.Username, s.PasswordFile, s.Bearer = "", "", password }, "status 401", source.ErrDenied},
		{"no certificate", func(s *source.Server) { s.TLS.CertFile, s.TLS.KeyFile = "", "" }, "", errAny},
		{"nobody's certificate", func(s *source.Server) { s.TLS.CAFile = "" }, "certificate", errAny},
		{"another name", func(s *source.Server) { s.TLS.ServerName = "other.test" }, "certificate", errAny},
		{"no TLS", func(s *source.Server) { s.URL, s.TLS = "http://"+p.addr, source.TLS{} }, "HTTP request to an HTTPS server", errAny},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := h.options("")
			o.Server = good
			c.edit(&o.Server)
			_, err := newSource(t, o).Read(t.Context(), metrics.Query{Group: "1.1.0", From: h.begin, To: h.begin.Add(250 * time.Second)})
			if c.kind == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			if c.kind != errAny {
				require.ErrorIs(t, err, c.kind)
			}
			assert.NotErrorIs(t, err, metrics.ErrNoData)
			assert.NotContains(t, err.Error(), password)
			t.Log(err)
		})
	}
}

var errAny = errors.New("any error")
