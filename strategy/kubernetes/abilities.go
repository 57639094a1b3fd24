package kubernetes

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"github.com/davit-sdk/davit/strategy"
)

// Grain is all of the traffic, where it is led to one slot at a time, and else none: an HTTPRoute splits
// to the millionth.
func (t *Target) Grain() strategy.Share {
	if _, ok := t.s.Traffic.(Gateway); ok {
		return strategy.Share{}
	}
	return strategy.All()
}

// Matches reports whether requests can be matched by the rule.
func (t *Target) Matches(m strategy.Match) error {
	g, ok := t.s.Traffic.(Gateway)
	switch {
	case !ok:
		return errors.New("a Service matches no requests: a Gateway does")
	case m.Cookie != "" && !g.CookieRegex:
		return errors.New("the Gateway API has no match for cookies: Gateway.CookieRegex matches the header Cookie by a regular expression, where your Gateway understands one")
	case m.Cookie != "" && (!isValue(m.Cookie+m.Value) || strings.ContainsAny(m.Cookie+m.Value, ";, \t") || len(m.Cookie)+len(m.Value) > 2000):
		return fmt.Errorf("%q is no cookie that a header can carry as it is", m)
	case m.Header != "" && !isToken(m.Header):
		return fmt.Errorf("%q is not the name of a header", m.Header)
	case m.Header != "" && (m.Value == "" || len(m.Value) > 4096):
		return fmt.Errorf("the value of header %s must have 1 to 4096 characters", m.Header)
	case m.Header != "" && !isValue(m.Value):
		return fmt.Errorf("%q is no value that a header can have: it is UTF-8 without control characters, and no white space is around it", m.Value)
	case textproto.CanonicalMIMEHeaderKey(m.Header) == "Host":
		return errors.New("the Gateway API matches hosts by the route's hostnames, not by a header")
	}
	return nil
}

// isValue reports whether a request can have a header of that value, and the API server takes it as it is.
func isValue(value string) bool {
	return utf8.ValidString(value) && strings.Trim(value, " \t") == value &&
		!strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F })
}

func isToken(name string) bool {
	return name != "" && len(name) <= 256 && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	}) < 0
}

// Mirrors reports whether so much of the traffic can be copied.
func (t *Target) Mirrors(strategy.Share) error {
	if _, ok := t.s.Traffic.(Gateway); !ok {
		return errors.New("a Service copies no requests: a Gateway does")
	}
	return nil
}

// Sticks is an error: the Gateway API's session persistence is not part of its standard channel, and
// differs from one Gateway to the next.
func (t *Target) Sticks() error {
	return errors.New("clients cannot be kept with their group: session persistence is not part of the Gateway API's standard channel, and a Service has none that knows of groups")
}

// Fits reports whether the target can be brought to the state: only a Gateway leads the traffic to several
// pools at once, and with Native there is but one Deployment.
func (t *Target) Fits(s strategy.State) error {
	if s.Sticky {
		return t.Sticks()
	}
	if _, ok := t.s.Traffic.(Gateway); ok {
		return nil
	}
	run := 0
	for role, g := range s.Groups() {
		if g.Replicas > 0 {
			run++
		}
		if len(g.Match) > 0 || !g.Mirror.IsZero() || !g.Share.IsZero() && g.Share != strategy.All() {
			return fmt.Errorf("a Service leads all traffic to one pool at a time, and %s is to get a part of it", role)
		}
	}
	if _, native := t.s.Traffic.(Native); native && run > 1 {
		return fmt.Errorf("%s has one Deployment, in which one revision takes the place of the other (strategy Native), and %d are to run side by side", t.s.Name, run)
	}
	return nil
}
