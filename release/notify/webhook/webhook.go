package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/internal/post"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

// MaxBody is how long a body is at most, in bytes.
const MaxBody = 1 << 20

// Channel sends to one address.
type Channel struct {
	// URL is where, by https, or by http on this machine. It must be given.
	URL string
	// Keys sign, the first one first. At least one must be given. A key is as long as minKey, or "whsec_" and the base64 of one that is.
	Keys []stage.Secret
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
	if len(c.Keys) == 0 {
		errs = multierror.Append(errs, fmt.Errorf("Keys: there is none"))
	}
	for i, k := range c.Keys {
		if _, err := secret(k); err != nil {
			errs = multierror.Append(errs, fmt.Errorf("Keys[%d]: %w", i, err))
		}
	}
	return errs.ErrorOrNil()
}

// Send posts the message.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	body, err := encode(m)
	if err != nil {
		return notify.Permanent(err)
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	var signatures []string
	for _, k := range c.Keys {
		s, err := sign(k, m.ID, at, body)
		if err != nil {
			return err
		}
		signatures = append(signatures, s)
	}
	return post.Send(ctx, c.Transport, c.URL, http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, HeaderID: {m.ID}, HeaderTimestamp: {at}, HeaderSignature: {strings.Join(signatures, " ")},
	}, body)
}

// encode is the message as JSON of at most MaxBody bytes.
func encode(m notify.Message) ([]byte, error) {
	body, err := json.Marshal(m)
	for _, shorten := range []func(*notify.Message){
		func(p *notify.Message) { p.Text = "" },
		func(p *notify.Message) { p.Reason = "" },
	} {
		if err != nil || len(body) <= MaxBody {
			break
		}
		m.Parts = slices.Clone(m.Parts)
		for i := range m.Parts {
			shorten(&m.Parts[i])
		}
		body, err = json.Marshal(m)
	}
	if err == nil && len(body) > MaxBody {
		err = fmt.Errorf("the message has %d bytes, at most %d are sent", len(body), MaxBody)
	}
	return body, err
}
