package cdevents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/davit-sdk/davit/internal/post"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// Channel sends to one address.
type Channel struct {
	// URL is where, by https, or by http on this machine. It must be given.
	URL string
	// Source is where the events come from, as a URI reference: "/davit/shop". It must be given.
	Source string
	// Binary puts the attributes of CloudEvents into headers, and the CDEvent into the body. False: the structured mode, all in one JSON object.
	Binary bool
	// Token goes into the header Authorization, behind "Bearer". Zero: there is no such header.
	Token stage.Secret
	// Insecure allows http to other machines.
	Insecure bool
	// Transport makes the requests. Nil: http.DefaultTransport.
	Transport http.RoundTripper
}

var (
	_ notify.Channel   = (*Channel)(nil)
	_ notify.Validator = (*Channel)(nil)
)

// Validate reports each field that makes no sense.
func (c *Channel) Validate() error {
	var errs *multierror.Error
	if err := post.Check(c.URL, c.Insecure); err != nil {
		errs = multierror.Append(errs, fmt.Errorf("URL: %w", err))
	}
	if u, err := url.Parse(c.Source); c.Source == "" || err != nil || u.String() != c.Source {
		errs = multierror.Append(errs, fmt.Errorf("Source: %q is no URI reference", c.Source))
	}
	if strings.ContainsAny(c.Token.Reveal(), "\r\n\x00 ") {
		errs = multierror.Append(errs, errors.New("Token: it holds spaces or ends of lines"))
	}
	return errs.ErrorOrNil()
}

// cloud is a CloudEvent in the structured mode.
type cloud struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        Event     `json:"data"`
}

// Send posts the events that the message is, one after the other. A message that is none is no error.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	for _, part := range m.Parts {
		if err := c.Send(ctx, part); err != nil {
			return err
		}
	}
	for _, e := range Events(c.Source, m) {
		if err := c.post(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.Context.Type, err)
		}
	}
	return nil
}

func (c *Channel) post(ctx context.Context, e Event) error {
	header := http.Header{}
	if !c.Token.IsZero() {
		header.Set("Authorization", "Bearer "+c.Token.Reveal())
	}
	var body []byte
	var err error
	if c.Binary {
		for name, value := range map[string]string{
			"specversion": "1.0", "id": e.Context.ID, "source": e.Context.Source, "type": e.Context.Type, "subject": e.Subject.ID,
			"time": e.Context.Timestamp.Format(time.RFC3339Nano),
		} {
			header.Set("ce-"+name, percent(value))
		}
		header.Set("Content-Type", "application/json; charset=utf-8")
		body, err = json.Marshal(e)
	} else {
		header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
		body, err = json.Marshal(cloud{"1.0", e.Context.ID, e.Context.Source, e.Context.Type, e.Subject.ID, e.Context.Timestamp, "application/json", e})
	}
	if err != nil {
		return notify.Permanent(err)
	}
	return post.Send(ctx, c.Transport, c.URL, header, body)
}

// percent is a value as it stands in a header: what is not printable ASCII, and the space, quotation mark and percent sign, are encoded, as the HTTP binding of CloudEvents has it.
func percent(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
