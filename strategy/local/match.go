package local

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/davit-sdk/davit/strategy"
)

// rule sends requests that carry a header or cookie to a group.
type rule struct {
	header, cookie, value string
	group                 *routeGroup
}

func newRule(m strategy.Match, g *routeGroup) rule {
	return rule{http.CanonicalHeaderKey(m.Header), m.Cookie, m.Value, g}
}

// matches reports whether any of the header's values, or of the cookies of that name, is the
// rule's.
func (ru rule) matches(req *http.Request) bool {
	switch {
	case ru.header == "Host": // net/http takes it out of the header
		return req.Host == ru.value
	case ru.header != "":
		for _, v := range req.Header[ru.header] {
			if v == ru.value {
				return true
			}
		}
	default:
		for _, c := range req.CookiesNamed(ru.cookie) {
			if c.Value == ru.value {
				return true
			}
		}
	}
	return false
}

// matchable reports why no request could ever match, if so.
func matchable(m strategy.Match) error {
	switch {
	case (m.Header == "") == (m.Cookie == ""):
		return errors.New("a match wants exactly one of Header and Cookie")
	case m.Header != "":
		if err := matchableHeader(m.Header); err != nil {
			return err
		}
		if m.Value != strings.Trim(m.Value, " \t") || strings.ContainsFunc(m.Value, isControl) {
			return fmt.Errorf("no header can have the value %q", m.Value)
		}
	case !isToken(m.Cookie):
		return fmt.Errorf("%q is not the name of a cookie", m.Cookie)
	default:
		c := http.Cookie{Name: m.Cookie, Value: m.Value}
		if err := c.Valid(); err != nil {
			return fmt.Errorf("no cookie can have the value %q", m.Value)
		}
	}
	return nil
}

// matchableHeader reports why no handler could ever see such a header, if so.
func matchableHeader(name string) error {
	if !isToken(name) {
		return fmt.Errorf("%q is not the name of a header", name)
	}
	switch http.CanonicalHeaderKey(name) {
	case "Transfer-Encoding", "Trailer", "Connection":
		return fmt.Errorf("header %s is of the connection, not of the request", name)
	}
	return nil
}

// isToken reports whether s is a token of RFC 9110 (section 5.6.2), as names of headers and cookies
// are.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
