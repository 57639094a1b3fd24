package git

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// Range is a stretch of history: what can be reached from To and not from From.
type Range struct {
	// From is a revision that is left out with all its ancestors. Empty: nothing is left out.
	From string
	// To is the revision to begin at. Empty: HEAD.
	To string
	// Paths asks for the files that each commit changes, which costs git about three times the work. A renamed
	// file counts under both names, and a merge has what it changes against its first parent.
	Paths bool
}

// format has a NUL behind every field: the one byte that neither a name, a message nor a path can
// hold. Each commit begins with an empty field, which tells it from the paths of the one before,
// whatever those are called.
const (
	format = "--format=tformat:%x00%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%B"
	fields = 7
)

// changes are the arguments for or against paths: each overrules what a configuration could say.
func (b Range) changes() []string {
	if !b.Paths {
		return []string{"--no-patch"}
	}
	return []string{
		"--name-only", "--no-renames", "--diff-merges=first-parent", "--no-relative", "--ignore-submodules=none", "-O" + os.DevNull,
	}
}

// Commits reads the commits of a range, children before their parents, in one stream from one
// process. Leaving the loop early ends the process. An error is the last thing that comes.
func (r *Repository) Commits(ctx context.Context, between Range) iter.Seq2[changelog.Commit, error] {
	return func(yield func(changelog.Commit, error) bool) {
		revisions, err := r.revisions(ctx, between)
		if err != nil {
			yield(changelog.Commit{}, err)
			return
		}
		args := append([]string{"log", "-z", "--topo-order", "--no-color", "--no-decorate", format}, between.changes()...)
		args = append(args, revisions...)
		inner, stop := context.WithCancel(ctx)
		defer stop()
		cmd, said := r.command(inner, append(args, "--")...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			yield(changelog.Commit{}, fmt.Errorf("git log: %w", err))
			return
		}
		if err := cmd.Start(); err != nil {
			yield(changelog.Commit{}, failure(ctx, args, said, err))
			return
		}
		readErr, stopped := read(out, yield)
		cut := errors.Is(readErr, io.EOF) // git ended too early, and Wait says why
		if stopped || readErr != nil && !cut {
			stop()
		}
		waitErr := cmd.Wait()
		switch {
		case stopped:
		case ctx.Err() != nil || waitErr != nil && (readErr == nil || cut):
			yield(changelog.Commit{}, failure(ctx, args, said, waitErr))
		case readErr != nil:
			yield(changelog.Commit{}, readErr)
		}
	}
}

// revisions are the arguments of a range, as ids, so that no revision can be taken for an option.
func (r *Repository) revisions(ctx context.Context, between Range) ([]string, error) {
	if between.To == "" {
		between.To = "HEAD"
	}
	to, err := r.resolve(ctx, between.To)
	if err != nil {
		return nil, err
	}
	if between.From == "" {
		return []string{to}, nil
	}
	from, err := r.resolve(ctx, between.From)
	if err != nil {
		return nil, err
	}
	return []string{to, "^" + from}, nil
}

// read hands every commit of the stream on. It says whether the receiver wants no more.
func read(stream io.Reader, yield func(changelog.Commit, error) bool) (err error, stopped bool) {
	in := bufio.NewReaderSize(stream, 64<<10)
	begin, err := in.ReadString(0)
	if errors.Is(err, io.EOF) && begin == "" {
		return nil, false
	}
	for last := false; !last; {
		if err != nil || begin != "\x00" {
			return fmt.Errorf("git log: the output has %q where a commit must begin: %w", begin, cmp.Or(err, errFraming)), false
		}
		var record [fields]string
		for i := range record {
			text, err := in.ReadString(0)
			if err != nil {
				return fmt.Errorf("git log: the output ends within a commit: %w", err), false
			}
			record[i] = text[:len(text)-1]
		}
		c, err := commitOf(record)
		if err != nil {
			return err, false
		}
		if c.Paths, last, err = paths(in); err != nil {
			return err, false
		}
		if !yield(c, nil) {
			return nil, true
		}
		begin = "\x00"
	}
	return nil, false
}

var errFraming = errors.New("unexpected output")

// paths reads the paths of a commit, and the empty field that the next commit begins with. It says whether
// the output ends here. Git parts the paths from the message with a line feed.
func paths(in *bufio.Reader) (all []string, last bool, err error) {
	for {
		text, err := in.ReadString(0)
		switch {
		case errors.Is(err, io.EOF) && text == "":
			return all, true, nil
		case err != nil:
			return nil, false, fmt.Errorf("git log: the output ends within a path: %w", err)
		case text == "\x00":
			return all, false, nil
		}
		text = text[:len(text)-1]
		if all == nil {
			if text[0] != '\n' || len(text) == 1 {
				return nil, false, fmt.Errorf("git log: %q where a path must begin: %w", text, errFraming)
			}
			text = text[1:]
		}
		all = append(all, text)
	}
}

func commitOf(record [fields]string) (changelog.Commit, error) {
	authored, err := seconds(record[4])
	if err != nil {
		return changelog.Commit{}, fmt.Errorf("git log: commit %s: author date: %w", record[0], err)
	}
	committed, err := seconds(record[5])
	if err != nil {
		return changelog.Commit{}, fmt.Errorf("git log: commit %s: commit date: %w", record[0], err)
	}
	return changelog.Commit{
		ID: record[0], Parents: strings.Fields(record[1]),
		Author: record[2], AuthorEmail: record[3], Authored: authored, Committed: committed,
		Text: record[6],
	}, nil
}

// seconds reads a count of seconds since 1970. Git leaves out a date that it cannot read itself;
// that gives the zero time.
func seconds(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(n, 0).UTC(), nil
}
