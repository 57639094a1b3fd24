package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/davit-sdk/davit/internal/post"
	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/stage"
)

// Channel sends to one webhook.
type Channel struct {
	// URL is that of the webhook. Whoever knows it may write there. It must be given.
	URL stage.Secret
	// Insecure allows http to other machines.
	Insecure bool
	// Transport makes the requests. Nil: http.DefaultTransport.
	Transport http.RoundTripper
}

var (
	_ notify.Channel   = (*Channel)(nil)
	_ notify.Validator = (*Channel)(nil)
)

// Validate reports a URL to which nothing may be sent.
func (c *Channel) Validate() error {
	if err := post.Check(c.URL.Reveal(), c.Insecure); err != nil {
		return fmt.Errorf("URL: %w", err)
	}
	return nil
}

// payload is what a webhook takes.
type payload struct {
	Text    string `json:"text"`
	Channel string `json:"channel,omitempty"`
	Format  bool   `json:"mrkdwn"`
}

// maxText is how much text Slack shows of one message, less a good part.
const maxText = 30_000

// Send posts the message.
func (c *Channel) Send(ctx context.Context, m notify.Message) error {
	text := m.Text
	if !strings.HasPrefix(text, m.Subject) {
		text = m.Subject + "\n" + text
	}
	body, err := json.Marshal(payload{Text: escape(text, maxText), Channel: m.Address})
	if err != nil {
		return notify.Permanent(err)
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Idempotency-Key": {m.ID}}
	return post.Send(ctx, c.Transport, c.URL.Reveal(), header, body)
}

// everybody is what calls a whole room on some servers, even without brackets.
var everybody = regexp.MustCompile(`(?i)@(channel|here|all|everyone)\b`)

// escape is the text in which nothing is a command, in at most so many bytes.
func escape(text string, most int) string {
	text = everybody.ReplaceAllString(text, "@\u200b$1")
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "") {
		piece := string(r)
		switch r {
		case '&':
			piece = "&amp;"
		case '<':
			piece = "&lt;"
		case '>':
			piece = "&gt;"
		}
		if b.Len()+len(piece) > most {
			b.WriteString(" ...")
			break
		}
		b.WriteString(piece)
	}
	return b.String()
}
