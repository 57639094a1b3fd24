package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// Journal keeps how far a plan has got. A FileJournal is one.
type Journal interface {
	// Load is what was saved last, nil where nothing was.
	Load(ctx context.Context) (*Record, error)
	// Save replaces it. When it returns, the record outlives a power failure; when it fails, or the process dies, either
	// the old record is there or the new one, whole.
	Save(ctx context.Context, r *Record) error
}

// Record is how far a plan has got. Its JSON can be read back.
type Record struct {
	// Key is the plan's hash.
	Key string `json:"key"`
	// Plan is the plan.
	Plan changelog.Plan `json:"plan"`
	// Time is when it was begun.
	Time time.Time `json:"time"`
	// Branch is the branch that was checked out then, "" for none.
	Branch string `json:"branch,omitempty"`
	// Steps are all steps, and Done those that are done.
	Steps []string `json:"steps"`
	Done  []string `json:"done,omitempty"`
	// Files are the files that are changed.
	Files []FileRecord `json:"files,omitempty"`
	// Commit is the commit of the release, once there is one.
	Commit string `json:"commit,omitempty"`
	// Tagged are the tags that were there before.
	Tagged []string `json:"tagged,omitempty"`
	// Abandoned is what is taken back, nil as long as the plan is carried out.
	Abandoned *Abandoned `json:"abandoned,omitempty"`
	// Complete says that all steps are done, or that all is taken back.
	Complete bool `json:"complete,omitempty"`
}

// FileRecord is what becomes of a file.
type FileRecord struct {
	Path string `json:"path"`
	// Before and After are the SHA-256 sums of its text, Before is empty for a file that is new.
	Before string `json:"before,omitempty"`
	After  string `json:"after"`
	// Old is the text before of a file that changes, as long as it may be needed again.
	Old []byte `json:"old,omitempty"`
}

func (r *Record) done(s Step) bool { return slices.Contains(r.Done, s.String()) }

// left are the steps that are not done.
func (r *Record) left() []string {
	return slices.DeleteFunc(slices.Clone(r.Steps), func(s string) bool { return slices.Contains(r.Done, s) })
}

// pending says that the record is in the way of another plan.
func (r *Record) pending() *PendingError {
	return &PendingError{Head: r.Plan.Head, Tags: tagsOf(r.Plan), Left: r.left(), Abandoned: r.Abandoned != nil}
}

// complete ends the record.
func (r *Record) complete() {
	r.Complete = true
	for i := range r.Files {
		r.Files[i].Old = nil
	}
}

// own is the commit that was made for the release, "" for none.
func (r *Record) own() string {
	if r.Commit == r.Plan.Head {
		return ""
	}
	return r.Commit
}

// next is the first step that is not done.
func (r *Record) next() string {
	if left := r.left(); len(left) > 0 {
		return left[0]
	}
	return ""
}

// target is what is tagged.
func (r *Record) target() string {
	if r.Commit != "" {
		return r.Commit
	}
	return r.Plan.Head
}

// changed are the paths of the files that change.
func (r *Record) changed() []string {
	var paths []string
	for _, f := range r.Files {
		if f.Before != f.After {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

func (r *Record) unchanged() bool { return len(r.changed()) == 0 }

func sum(text []byte) string {
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

// FileJournal keeps a record in a file, outside of what is committed: git.Repository.Private knows a good place for a checkout
// that stays. In CI the file has to be kept from run to run; see the package. Beside it there is an empty file with .lock after its
// name, by which one process at a time is kept at work.
type FileJournal struct {
	// Path is the file. Its folder is made where it is missing.
	Path string

	at func(point string) error
}

var _ Journal = FileJournal{}

// Load reads the file.
func (j FileJournal) Load(context.Context) (*Record, error) {
	text, err := os.ReadFile(j.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r *Record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", j.Path, err)
	}
	if r == nil {
		return nil, fmt.Errorf("%s: there is no record in it", j.Path)
	}
	return r, nil
}

// Save replaces the file.
func (j FileJournal) Save(_ context.Context, r *Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.Path), 0o777); err != nil {
		return err
	}
	return replace(j.Path, text, 0o666, j.at)
}
