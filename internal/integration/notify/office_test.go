package notify_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// office is a server of SMTP on this machine.
type office struct {
	address string
	ca      string // its certificate
	server  *smtp.Server
	over    chan struct{}

	mu       sync.Mutex
	arrived  []notifytest.Arrival
	raw      map[string][]string // whole mails, by ID
	failure  notifytest.Failure
	later    bool // it cuts connections when it has taken a mail, and before it says so
	slow     time.Duration
	logins   []string
	password string
	ways     []string
}

var (
	_ notifytest.Place  = (*office)(nil)
	_ notifytest.Failer = (*office)(nil)
)

// newOffice opens an office. Without encryption it offers none.
func newOffice(encrypted bool) *office {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	defer certified.Close()
	o := &office{
		over: make(chan struct{}), raw: map[string][]string{}, password: "open sesame", ways: []string{sasl.Plain, sasl.Login},
		ca: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})),
	}
	o.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{o, c}, nil }))
	o.server.Domain, o.server.ErrorLog = "office", log.New(io.Discard, "", 0)
	if encrypted {
		o.server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	o.address = l.Addr().String()
	go o.server.Serve(l)
	return o
}

// trust is a client's way to encrypt, which knows the office.
func trust(ca string) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ca))
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func (o *office) Arrived() []notifytest.Arrival {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.arrived)
}

func (o *office) Fail(f notifytest.Failure) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failure = f
}

func (o *office) Close() {
	close(o.over)
	_ = o.server.Close()
}

type session struct {
	*office
	conn *smtp.Conn
}

func (s *session) AuthMechanisms() []string { return s.ways }

func (s *session) Auth(way string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "davit" || password != s.password {
			return smtp.ErrAuthFailed
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.logins = append(s.logins, way)
		return nil
	}
	if way == sasl.Login {
		return &asking{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// asking is the server's part of a login by LOGIN.
type asking struct {
	check func(user, password string) error
	step  int
	user  string
}

func (a *asking) Next(answer []byte) ([]byte, bool, error) {
	a.step++
	switch a.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		a.user = string(answer)
		return []byte("Password:"), false, nil
	}
	return nil, true, a.check(a.user, string(answer))
}

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	failure, later, slow := s.failure, s.later, s.slow
	s.mu.Unlock()
	time.Sleep(slow)
	switch failure {
	case notifytest.Refuse:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now"}
	case notifytest.Forbid:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "never"}
	case notifytest.Cut:
		return s.conn.Conn().Close()
	case notifytest.Hang:
		<-s.over
		return nil
	}
	if err := s.keep(string(text)); err != nil {
		return err
	}
	if later {
		return s.conn.Conn().Close()
	}
	return nil
}

// keep reads a mail as a mail program does.
func (o *office) keep(text string) error {
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return err
	}
	id, _, ok := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-ID"), "<"), "@")
	if !ok || m.Header.Get("Bcc") != "" {
		return errors.New("that is no mail of a notifier")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.arrived = append(o.arrived, notifytest.Arrival{ID: id, Text: subject + "\n" + string(body)})
	o.raw[id] = append(o.raw[id], text)
	return nil
}
