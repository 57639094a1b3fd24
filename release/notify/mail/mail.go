package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Channel sends by one server.
type Channel struct {
	// Server is its host and port: "smtp.example.com:587". It must be given.
	Server string
	// From is the sender's address, with or without a name. It must be given.
	From string
	// Username and Password are for the login, by PLAIN or else LOGIN, whichever the server offers. Empty: there is no login.
	Username string
	Password stage.Secret
	// ImplicitTLS encrypts from the first byte, as is usual at port 465. False: by STARTTLS.
	ImplicitTLS bool
	// Insecure sends mails, but no password, where the server offers no encryption.
	Insecure bool
	// TLS is how the connection is encrypted. Nil: by the certificates of the system, at least TLS 1.2. An empty ServerName is the host of Server.
	TLS *tls.Config
	// Hello is the name under which this host shows up. Empty: localhost.
	Hello string
}

var (
	_ notify.Channel   = (*Channel)(nil)
	_ notify.Validator = (*Channel)(nil)
)

// Validate reports each field that makes no sense.
func (c *Channel) Validate() error {
	var errs *multierror.Error
	if host, port, err := net.SplitHostPort(c.Server); err != nil || host == "" || port == "" {
		errs = multierror.Append(errs, fmt.Errorf("Server: %q is no host and port", c.Server))
	}
	if _, err := parse(c.From); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("From: %q is no address: %w", c.From, err))
	}
	if c.Username == "" && !c.Password.IsZero() {
		errs = multierror.Append(errs, errors.New("Username: it is empty, though there is a Password"))
	}
	if c.Username != "" && c.Password.IsZero() {
		errs = multierror.Append(errs, errors.New("Password: it is empty, though there is a Username"))
	}
	if strings.ContainsAny(c.Hello, " \r\n") {
		errs = multierror.Append(errs, fmt.Errorf("Hello: %q is no name", c.Hello))
	}
	return errs.ErrorOrNil()
}

// patience bounds a mail where ctx has no deadline.
const patience = time.Minute

// Send sends the message as one mail.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	from, err := parse(c.From)
	if err != nil {
		return fmt.Errorf("From: %w", err)
	}
	to, err := parse(m.Address)
	if err != nil {
		return notify.Permanent(fmt.Errorf("the address of %s: %w", m.To, err))
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = c.deliver(ctx, from, to, m)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

// parse reads an address. One that would have to be quoted on its way is none here: it is sent to servers as it is read, without its quotes.
func parse(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, err
	}
	local, _, _ := strings.Cut(a.Address, "@") // it has one
	if strings.Count(a.Address, "@") != 1 || strings.ContainsFunc(a.Address, unicode.IsSpace) || strings.ContainsAny(local, `<>()[]:;\,"`) {
		return nil, fmt.Errorf("%q: a quoted name before the @ is not supported", a.Address)
	}
	return a, nil
}

func (c *Channel) deliver(ctx context.Context, from, to *mail.Address, m notify.Message) error {
	client, hangUp, err := c.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	if err := c.greet(client); err != nil {
		return err
	}
	if err := client.Mail(from.Address); err != nil {
		return fmt.Errorf("the sender: %w", err)
	}
	if err := client.Rcpt(to.Address); err != nil {
		return refused("the recipient", err)
	}
	w, err := client.Data()
	if err != nil {
		return fmt.Errorf("the mail: %w", err)
	}
	if _, err := w.Write(compose(from, to, m)); err != nil {
		return fmt.Errorf("the mail: %w", err)
	}
	if err := w.Close(); err != nil {
		return refused("the mail", err)
	}
	_ = client.Quit() // it is sent
	return nil
}

// refused is an error that is for good where the server says so.
func refused(what string, err error) error {
	wrapped := fmt.Errorf("%s: %w", what, err)
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code/100 == 5 {
		return notify.Permanent(wrapped)
	}
	return wrapped
}

// dial connects. The connection ends with ctx, and when hangUp is called.
func (c *Channel) dial(ctx context.Context) (client *smtp.Client, hangUp func(), err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.Server)
	if err != nil {
		return nil, nil, err
	}
	unhook := context.AfterFunc(ctx, func() { _ = conn.Close() })
	hangUp = func() {
		unhook()
		_ = conn.Close()
	}
	if c.ImplicitTLS {
		secured := tls.Client(conn, c.config())
		if err := secured.HandshakeContext(ctx); err != nil {
			hangUp()
			return nil, nil, fmt.Errorf("encryption: %w", err)
		}
		conn = secured
	}
	host, _, _ := net.SplitHostPort(c.Server) // Validate has split it
	client, err = smtp.NewClient(conn, host)
	if err != nil {
		hangUp()
		return nil, nil, fmt.Errorf("the greeting: %w", err)
	}
	return client, hangUp, nil
}

// greet says hello, encrypts, and logs in.
func (c *Channel) greet(client *smtp.Client) error {
	name := c.Hello
	if name == "" {
		name = "localhost"
	}
	if err := client.Hello(name); err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	encrypted := c.ImplicitTLS
	if offered, _ := client.Extension("STARTTLS"); !encrypted && offered {
		if err := client.StartTLS(c.config()); err != nil {
			return fmt.Errorf("encryption: %w", err)
		}
		encrypted = true
	}
	if !encrypted && !c.Insecure {
		return errors.New("the server offers no encryption (STARTTLS), and nothing is sent without")
	}
	if c.Username == "" {
		return nil
	}
	if !encrypted {
		return errors.New("the server offers no encryption (STARTTLS), and no password is sent without")
	}
	_, ways := client.Extension("AUTH")
	login := &login{username: c.Username, password: c.Password, plain: !strings.Contains(" "+ways+" ", " LOGIN ") || strings.Contains(" "+ways+" ", " PLAIN ")}
	if err := client.Auth(login); err != nil {
		return fmt.Errorf("the login: %w", err)
	}
	return nil
}

func (c *Channel) config() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLS != nil {
		config = c.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(c.Server) // Validate has split it
	}
	return config
}

// login is a login by PLAIN (RFC 4616) or LOGIN, on a connection that is known to be encrypted.
type login struct {
	username string
	password stage.Secret
	plain    bool
}

// Start begins the login.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errors.New("the connection is not encrypted")
	}
	if l.plain {
		return "PLAIN", []byte("\x00" + l.username + "\x00" + l.password.Reveal()), nil
	}
	return "LOGIN", nil, nil
}

// Next answers what the server asks for.
func (l *login) Next(question []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch asked := strings.ToLower(string(question)); {
	case !l.plain && strings.HasPrefix(asked, "user"):
		return []byte(l.username), nil
	case !l.plain && strings.HasPrefix(asked, "pass"):
		return []byte(l.password.Reveal()), nil
	}
	return nil, fmt.Errorf("the server asks for %.40q", question)
}
