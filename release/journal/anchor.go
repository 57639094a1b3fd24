package journal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// Head is the end of a release's chain of hashes. Whoever keeps it elsewhere, where no one who can
// write to the folder can reach it, can tell with Holds that nothing up to there was changed or cut
// off.
type Head struct {
	// Release is the release's ID.
	Release string `json:"release"`
	// Seq is the number of the last event that the hash is over.
	Seq uint64 `json:"seq"`
	// Hash is a SHA-256 in 64 lower-case hex digits. The hash of a release without events is empty.
	Hash string `json:"hash"`
}

// Head is where the release's chain stands. A release that is not known has the Seq 0.
func (j *Journal) Head(ctx context.Context, id string) (Head, error) {
	if err := ctx.Err(); err != nil {
		return Head{}, err
	}
	e, _, err := j.look(id)
	if err != nil {
		return Head{}, fmt.Errorf("release %s: head: %w", id, err)
	}
	if e == nil {
		return Head{Release: id}, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return Head{Release: id, Seq: e.last, Hash: hex.EncodeToString(e.head[:])}, nil
}

// errAltered is the reason of the error of Holds.
var errAltered = errors.New("the release was altered")

// Holds checks that the release still begins with the events that it had when the head was taken:
// it reads them, and follows their hashes. Where they are others, or fewer, the error is a
// *CorruptError.
func (j *Journal) Holds(ctx context.Context, h Head) error {
	if h.Seq == 0 {
		return ctx.Err()
	}
	var at location
	found := false
	err := j.records(ctx, h.Release, 1, func(r record, where location) (bool, error) {
		at = where
		found = r.last() == h.Seq && hex.EncodeToString(r.sum[:]) == h.Hash
		return r.last() < h.Seq, ctx.Err()
	})
	if err == nil && !found {
		file := ""
		if at.volume != nil {
			file = at.volume.name
		}
		err = &CorruptError{File: file, Offset: at.at, Reason: fmt.Sprintf("it does not have the hash at event %d that it had", h.Seq), Err: errAltered}
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", h.Release, err)
	}
	return nil
}
