package post

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/davit-sdk/davit/release/notify"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 4 << 10

// Check reports an address to which nothing may be sent: only https, or http to this machine, unless insecure allows it. The error does not
// show the address.
func Check(address string, insecure bool) error {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return errors.New("it is empty")
	case err != nil:
		return errors.New("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("it is no URL of http or https")
	case u.Fragment != "":
		return errors.New("it has a fragment")
	case u.Scheme == "http" && !insecure && !loopback(u.Hostname()):
		return errors.New("it is not encrypted: use https, or allow it with Insecure")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send posts a body, and reports what is not answered by 2xx. The error is Permanent where the answer says that this message will never be taken,
// and an AfterError where it says when to come again. A nil transport is http.DefaultTransport.
func Send(ctx context.Context, transport http.RoundTripper, address string, header http.Header, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL is none")
	}
	r.Header = header.Clone()
	r.Header.Set("User-Agent", "davit")
	// A request that looks like one that can be sent again is, by the transport itself, where a connection was cut: that is for the notifier.
	r.GetBody = nil
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		var shown *url.Error
		if errors.As(err, &shown) {
			err = shown.Err
		}
		return fmt.Errorf("%s: %w", r.URL.Hostname(), err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode/100 == 2 {
		if err != nil {
			return fmt.Errorf("%s: its answer: %w", r.URL.Hostname(), err)
		}
		return nil
	}
	return judge(answer, r.URL.Hostname(), string(text), time.Now())
}

// judge makes an error of an answer that is no success.
func judge(answer *http.Response, host, text string, now time.Time) error {
	err := fmt.Errorf("%s: %s%s", host, answer.Status, shown(text))
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return notify.Permanent(err)
	}
	if answer.StatusCode/100 == 3 {
		err = fmt.Errorf("%w: redirects are not followed", err)
	}
	if wait := after(answer.Header.Get("Retry-After"), now); wait > 0 {
		return &notify.AfterError{Wait: wait, Err: err}
	}
	return err
}

// after is what Retry-After says: seconds, or a time.
func after(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now)
	}
	return 0
}

// shown is the begin of an answer, in one line.
func shown(text string) string {
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
	if text == "" {
		return ""
	}
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + " ..."
	}
	return ": " + text
}
