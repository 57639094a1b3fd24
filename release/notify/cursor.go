package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// CursorStore keeps how far each channel is. Its methods are called from one goroutine for each channel, and by several for different ones.
type CursorStore interface {
	// Load gives what was saved last for the channel; nil where nothing ever was. An error is tried again, as the channel must neither begin anew nor
	// stay silent.
	Load(ctx context.Context, channel string) ([]byte, error)
	// Save keeps the cursor in place of the one before: as a whole or not at all, whatever happens to the host meanwhile.
	Save(ctx context.Context, channel string, cursor []byte) error
}

// MemoryCursors keep cursors for as long as the process lives. The zero value is empty.
type MemoryCursors struct {
	mu   sync.Mutex
	kept map[string][]byte
}

var _ CursorStore = (*MemoryCursors)(nil)

// Load gives what was saved last.
func (m *MemoryCursors) Load(_ context.Context, channel string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept[channel]), nil
}

// Save keeps the cursor.
func (m *MemoryCursors) Save(_ context.Context, channel string, cursor []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	m.kept[channel] = slices.Clone(cursor)
	return nil
}

// version is that of the form in which cursors are kept.
const version = 1

// record is all that a channel has to know after a restart.
type record struct {
	Version int `json:"version"`
	// Since is from when on events are told, where the options say so; zero: all that are not in Releases. Begun is when the channel was first run, or
	// Since.
	Since time.Time `json:"since,omitzero"`
	Begun time.Time `json:"begun"`
	// Through is a release up to which, in the order of the store, all are over and told of, and Told the latest time of an event of
	// theirs. They are not in Releases any more. Floor is what Told was when the store had lost Through: releases that the box does not know are
	// told of from then on.
	Through string    `json:"through,omitempty"`
	Told    time.Time `json:"told,omitzero"`
	Floor   time.Time `json:"floor,omitzero"`
	// Releases are how far each release was taken in.
	Releases map[string]*stand `json:"releases,omitempty"`
	// Lags are the recipients who are further behind than that, by release and by their keys.
	Lags map[string]map[string]*lag `json:"lags,omitempty"`
	// Letters are what was taken in and is not sent, in that order.
	Letters []*letter `json:"letters,omitempty"`
	// Alike is what was told last, for Rule.Dedupe.
	Alike map[string]*told `json:"alike,omitempty"`
	// Dead are the last letters that were given up.
	Dead []DeadLetter `json:"dead,omitempty"`
}

// stand is how far a release was taken in.
type stand struct {
	Seq  uint64    `json:"seq"`
	Over bool      `json:"over,omitempty"`
	Last time.Time `json:"last,omitzero"` // of its events, once it is over
	// Floor is that of the record when the release was begun to be read.
	Floor time.Time `json:"floor,omitzero"`
	// Climbed is up to when the escalation of each open question was followed, by the question.
	Climbed map[string]time.Time `json:"climbed,omitempty"`
}

// letter is a message on its way.
type letter struct {
	Message Message `json:"message"`
	// Key is the recipient's. Due is when it may be sent; Set is when that was found, as the clock may be put back since.
	Key string    `json:"key,omitempty"`
	Due time.Time `json:"due"`
	Set time.Time `json:"set"`
	// Collected says that it waits to become a part of a digest.
	Collected bool `json:"collected,omitempty"`
	// Tries counts those that failed; First is when the first did, Error how the last one did.
	Tries int       `json:"tries,omitempty"`
	First time.Time `json:"first,omitzero"`
	Error string    `json:"error,omitempty"`

	sealed uint64 // the version of the record that has to be saved before it is sent; 0: none
}

// told is what was told of things that are alike.
type told struct {
	At   time.Time     `json:"at"`
	Left int           `json:"left,omitempty"`
	Span time.Duration `json:"span_ns"`
}

// DeadLetter is a message that was given up. The parts of a digest have no Text any more.
type DeadLetter struct {
	Message Message   `json:"message"`
	Tries   int       `json:"tries"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Error   string    `json:"error"`
}

// parseRecord reads a cursor. The error wraps ErrCursor.
func parseRecord(text []byte) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	if r.Version != version {
		return nil, fmt.Errorf("%w: it is of version %d, and this program knows %d", ErrCursor, r.Version, version)
	}
	r.fill()
	for id, s := range r.Releases {
		if s == nil {
			return nil, fmt.Errorf("%w: release %s has no place", ErrCursor, id)
		}
	}
	for id, list := range r.Lags {
		for key, l := range list {
			if l == nil || l.Seq == 0 {
				return nil, fmt.Errorf("%w: recipient %q has no place in release %s", ErrCursor, key, id)
			}
		}
	}
	for _, l := range r.Letters {
		if l == nil || l.Message.ID == "" {
			return nil, fmt.Errorf("%w: a letter without an ID", ErrCursor)
		}
	}
	for _, t := range r.Alike {
		if t == nil {
			return nil, fmt.Errorf("%w: something was told at no time", ErrCursor)
		}
	}
	return r, nil
}

func (r *record) fill() {
	if r.Releases == nil {
		r.Releases = map[string]*stand{}
	}
	if r.Alike == nil {
		r.Alike = map[string]*told{}
	}
}
