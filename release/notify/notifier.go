package notify

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

// Options set a Notifier up. Store, Channels, Groups and Rules must be given.
type Options struct {
	// Store is where the events are read. The notifier writes nothing to it.
	Store release.Store
	// Cursors keep how far each channel is. Nil: in memory, so that a restart begins anew.
	Cursors CursorStore
	// Channels are the ways to send, by name: lower-case letters, digits and inner dashes or dots.
	Channels map[string]Channel
	// Groups are those who are told.
	Groups []Group
	// Rules say who is told of what, the first one that fits first.
	Rules []Rule
	// Templates are how messages of a kind read where the rule says nothing. Nil: as the defaults are.
	Templates map[Kind]Template
	// Deploys says which stages are deployments, beside those that move a rollout or say so themselves (stage.Deploys). Nil: none.
	Deploys func(s ledger.Stage) bool
	// Severity is how severe an occurrence is. It must say the same each time that it is asked. Nil: Kind.Severity.
	Severity func(o Occurrence) Severity
	// Since is from when on events are told on a channel that has no cursor yet. Zero: from when it is first run on. A program that begins
	// a release right behind the go statement with Run, as a small one does, gives the time of its own beginning, or it may hear nothing.
	Since time.Time
	// Alarms is the name of the group that is told of dead letters, channels that fail to run and releases that cannot be read, on all channels but the
	// one that it is about. Empty: the log alone tells.
	Alarms string
	// Poll is how often the store is looked at. A release that begins and ends between two looks is seen some seconds later, where the store is no
	// release.Changer. Zero: DefaultPoll.
	Poll time.Duration
	// Timeout bounds each call of a channel. Zero: DefaultTimeout.
	Timeout time.Duration
	// Retry says how a message is sent again that was not taken.
	Retry Retry
	// Logger hears of what fails. Nil: nothing is logged.
	Logger hclog.Logger
}

// The defaults of Options.
const (
	DefaultPoll    = time.Second
	DefaultTimeout = 30 * time.Second
)

// Retry says how a message is sent again that was not taken.
type Retry struct {
	// Attempts and Within bound how often, and from the first failure on for how long, it is tried before it is a dead letter. Zero: as often as
	// there is time for, and DefaultWithin.
	Attempts int
	Within   time.Duration
	// Backoff is the wait after the first failure; it doubles with each further one, up to MaxBackoff. It is between a half and the
	// whole of that, drawn from the message. Zero: ledger.DefaultBackoff, and ledger.DefaultMaxBackoff or Backoff, whichever is longer.
	Backoff    time.Duration
	MaxBackoff time.Duration
}

// DefaultWithin is for how long a message is tried where Retry does not say.
const DefaultWithin = 24 * time.Hour

// Notifier tells people and programs of what happens to releases. Make one with New.
type Notifier struct {
	o       Options
	store   release.Store
	cursors CursorStore
	logger  hclog.Logger
	rules   []*rule
	forms   map[Kind]*form
	alarms  *crew // nil: there is none
	boxes   []*box
	hurry   chan struct{} // the reader has something to do
	opened  atomic.Bool   // a channel was opened, for which the reader has not gone through all releases

	mu      sync.Mutex
	running bool
	asks    map[string]map[string]*question // by release, and by stage and region
}

// New makes a notifier. The error names each field that makes no sense.
func New(o Options) (*Notifier, error) {
	c := check{o: o, crews: map[string]*crew{}, boxes: map[string]*box{}}
	n := &Notifier{o: o, store: o.Store, cursors: o.Cursors, logger: o.Logger, hurry: make(chan struct{}, 1), asks: map[string]map[string]*question{}}
	c.all(n)
	if err := c.errs.ErrorOrNil(); err != nil {
		return nil, err
	}
	if n.cursors == nil {
		n.cursors = new(MemoryCursors)
	}
	if n.logger == nil {
		n.logger = hclog.NewNullLogger()
	}
	n.logger = n.logger.Named("notify")
	if n.o.Poll == 0 {
		n.o.Poll = DefaultPoll
	}
	if n.o.Timeout == 0 {
		n.o.Timeout = DefaultTimeout
	}
	if n.o.Retry.Within == 0 {
		n.o.Retry.Within = DefaultWithin
	}
	return n, nil
}

// errRunning says that Run was called twice.
var errRunning = errors.New("the notifier runs already")

// Run follows the store and sends what there is to tell, until ctx ends. Then it gives messages under way a few seconds, records how far it has
// come, and returns nil; the error names the channels that still hang then (ErrHangs), and those whose cursors could not be saved. What was not
// sent goes out with the next Run. It can be called again, but not twice at once.
func (n *Notifier) Run(ctx context.Context) error {
	n.mu.Lock()
	if n.running {
		n.mu.Unlock()
		return errRunning
	}
	n.running = true
	n.mu.Unlock()
	var group multierror.Group
	for _, b := range n.boxes {
		group.Go(func() error { return n.serve(ctx, b) })
	}
	n.follow(ctx)
	err := group.Wait().ErrorOrNil()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running = false
	clear(n.asks)
	return err
}

// ChannelStatus is how a channel does.
type ChannelStatus struct {
	Name string `json:"name"`
	// Open says that its cursor was loaded.
	Open bool `json:"open"`
	// Waiting are the messages that are to be sent, and of these Collected those that wait for a digest. Behind says that more are in the event log
	// that do not fit, for one recipient at least. Held are the recipients who cannot be told now: they keep no other waiting.
	Waiting   int    `json:"waiting"`
	Collected int    `json:"collected,omitempty"`
	Behind    bool   `json:"behind,omitempty"`
	Held      []Held `json:"held,omitempty"`
	// Failing is how the last try failed, and Since is since when none has succeeded; empty: the last one has. Where messages are taken it is how the
	// cursor could not be saved. Hangs says that the channel has not returned in time.
	Failing string    `json:"failing,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Hangs   bool      `json:"hangs,omitempty"`
	// Dead are the last messages that were given up, at most 100.
	Dead []DeadLetter `json:"dead,omitempty"`
}

// Status is how the channels do, by name.
func (n *Notifier) Status() []ChannelStatus {
	var all []ChannelStatus
	for _, b := range n.boxes {
		all = append(all, b.status())
	}
	return all
}

func (b *box) status() ChannelStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := ChannelStatus{Name: b.name, Open: b.rec != nil, Failing: b.failing, Since: b.since, Hangs: b.hangs}
	if s.Failing == "" {
		s.Failing, s.Since = b.unkept, b.unkeptSince
	}
	if b.rec != nil {
		s.Waiting = len(b.rec.Letters)
		s.Held, s.Behind = b.holding(time.Now()), len(b.rec.Lags) > 0
		for _, h := range b.held { // they are counted
			s.Collected += h.collected
			s.Behind = s.Behind || h.full
		}
		s.Dead = slices.Clone(b.rec.Dead)
	}
	return s
}

// sorted puts the boxes in the order of their names.
func sorted(boxes map[string]*box) []*box {
	var all []*box
	for _, b := range boxes {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *box) int { return strings.Compare(a.name, b.name) })
	return all
}
