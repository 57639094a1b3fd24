package notifytest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/notify"
	"github.com/davit-sdk/davit/release/notify/notifytest"
	"github.com/stretchr/testify/assert"
)

// memory is a place in memory, with a channel that keeps the laws unless its mutant says otherwise.
type memory struct {
	mu      sync.Mutex
	arrived []notifytest.Arrival
	failure notifytest.Failure
	broken  bool // by a failure before
	mutant  string
}

func (p *memory) Arrived() []notifytest.Arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]notifytest.Arrival(nil), p.arrived...)
}

func (p *memory) Close() {}

func (p *memory) Fail(f notifytest.Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = f
}

func (p *memory) Send(ctx context.Context, m notify.Message) error {
	p.mu.Lock()
	failure := p.failure
	p.mu.Unlock()
	if ctx.Err() != nil && p.mutant != "cancelled" {
		return ctx.Err()
	}
	if p.mutant == "untouched" && len(m.Parts) > 0 {
		m.Parts[0].Text = "changed"
	}
	switch failure {
	case notifytest.Refuse:
		p.broken = p.mutant == "recovers"
		if p.mutant == "refused" {
			return notify.Permanent(errors.New("503"))
		}
		return errors.New("503")
	case notifytest.Forbid:
		if p.mutant == "forbidden" {
			return errors.New("422")
		}
		return notify.Permanent(errors.New("422"))
	case notifytest.Cut:
		if p.mutant == "cut" {
			return nil
		}
		return errors.New("EOF")
	case notifytest.Hang:
		if p.mutant == "hang" {
			time.Sleep(4 * time.Second)
		}
		<-ctx.Done()
		return ctx.Err()
	}
	if p.broken {
		return errors.New("it is closed")
	}
	return p.deliver(m)
}

func (p *memory) deliver(m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := notifytest.Arrival{ID: m.ID, Text: m.Subject + "\n" + m.Text}
	switch {
	case p.mutant == "arrives" && len(p.arrived) == 1 && strings.HasSuffix(a.ID, "da718") && strings.HasPrefix(m.Subject, "shop"):
		return nil
	case p.mutant == "words":
		a.Text = "something happened"
	case p.mutant == "same" && len(p.arrived) == 1 && p.arrived[0].ID == a.ID:
		a.ID = "another"
	case p.mutant == "digest" && m.Kind == notify.Digest:
		a.ID = m.Parts[0].ID
	case p.mutant == "odd" && strings.Contains(m.Subject, "\r\n"):
		p.arrived = append(p.arrived, notifytest.Arrival{ID: "bcc"})
	}
	p.arrived = append(p.arrived, a)
	return nil
}

func suite(mutant string) notifytest.Suite {
	return notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
		p := &memory{mutant: mutant}
		return p, p
	}}
}

func TestAChannelThatKeepsTheLaws(t *testing.T) {
	assert.NoError(t, suite("").Check())
	suite("").Run(t)
}

// Each law has a mutant that breaks it, and no other.
func TestEachLawFindsItsMutant(t *testing.T) {
	for _, law := range []string{"arrives", "words", "same", "digest", "odd", "untouched", "cancelled", "refused", "forbidden", "cut", "hang", "recovers"} {
		t.Run(law, func(t *testing.T) {
			t.Parallel()
			err := suite(law).Check()
			var v *notifytest.Violation
			if assert.ErrorAs(t, err, &v) {
				assert.Equal(t, law, v.Law, err)
				assert.Equal(t, 1, strings.Count(err.Error(), "law "), err)
			}
		})
	}
}

// quiet is a place that cannot fail.
type quiet struct{ notifytest.Place }

func TestAPlaceThatCannotFail(t *testing.T) {
	s := notifytest.Suite{New: func() (notify.Channel, notifytest.Place) {
		p := &memory{mutant: "refused"}
		return p, quiet{p}
	}}
	assert.NoError(t, s.Check())
}

type picky struct{ *memory }

func (picky) Validate() error { return errors.New("URL: it is empty") }

func TestAChannelThatIsNotValid(t *testing.T) {
	s := notifytest.Suite{New: func() (notify.Channel, notifytest.Place) { return picky{&memory{}}, &memory{} }}
	assert.ErrorContains(t, s.Check(), "law arrives: the channel is not valid: URL: it is empty")
}
