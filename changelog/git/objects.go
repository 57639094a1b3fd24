package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/davit-sdk/davit/changelog"
)

// described says of references what they point at, and when they were made, by one process that gives their objects out. Tags of
// tags are left as they are, and returned by their indices, as are those without a date.
func (r *Repository) described(ctx context.Context, all []named) (refs []changelog.Ref, nested, undated []int, err error) {
	refs = make([]changelog.Ref, len(all))
	var questions strings.Builder
	questions.Grow(len(all) * (len(all[0].id) + 1))
	for _, ref := range all {
		questions.WriteString(ref.id + "\n")
	}
	err = r.dialogue(ctx, questions.String(), func(out *bufio.Reader) error {
		for i, ref := range all {
			o, err := readObject(out, ref.id)
			if err != nil {
				return fmt.Errorf("git cat-file: %s: %w", ref.name, err)
			}
			refs[i] = changelog.Ref{Name: ref.name, Object: o.kind, Commit: ref.id, Time: o.made}
			if o.kind == "tag" {
				refs[i].Object, refs[i].Commit = o.to, o.target
			}
			switch refs[i].Object {
			case "tag":
				nested = append(nested, i)
			case "commit":
			default:
				refs[i].Commit = ""
			}
			if o.made.IsZero() {
				undated = append(undated, i)
			}
		}
		return nil
	}, "cat-file", "--batch", "--buffer")
	return refs, nested, undated, err
}

// object is what of a tag or a commit is of use here.
type object struct {
	kind string
	// to and target are the kind and the id of what a tag points at.
	to, target string
	made       time.Time // zero where it does not say
}

// largestHeader is how much of an object is looked at.
const largestHeader = 16 << 10

var errObject = errors.New("unexpected answer")

// readObject reads the answer to a question after an object.
func readObject(out *bufio.Reader, id string) (object, error) {
	line, err := out.ReadSlice('\n')
	if err != nil {
		return object{}, err
	}
	asked, rest, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	kind, digits, _ := bytes.Cut(rest, []byte(" "))
	size, err := strconv.Atoi(string(digits))
	if string(asked) != id || err != nil || size < 0 {
		return object{}, fmt.Errorf("%w %q", errObject, line)
	}
	o := object{kind: word(kind)}
	text, err := out.Peek(min(size, largestHeader))
	if err != nil {
		return object{}, err
	}
	switch o.kind {
	case "tag":
		err = o.readTag(text)
	case "commit":
		o.made = dated(text, "\ncommitter ")
	}
	if err != nil {
		return object{}, err
	}
	_, err = out.Discard(size + len("\n"))
	return o, err
}

// readTag reads what a tag points at.
func (o *object) readTag(text []byte) error {
	id, rest, _ := bytes.Cut(text, []byte("\n"))
	kind, _, _ := bytes.Cut(rest, []byte("\n"))
	id, found := bytes.CutPrefix(id, []byte("object "))
	kind, also := bytes.CutPrefix(kind, []byte("type "))
	if o.target, o.to = string(id), word(kind); !found || !also || !isObject(o.target) {
		return fmt.Errorf("%w: a tag that points at nothing", errObject)
	}
	o.made = dated(text, "\ntagger ")
	return nil
}

// word is a kind of object, without a copy of the known ones.
func word(kind []byte) string {
	for _, known := range [...]string{"commit", "tag", "tree", "blob"} {
		if string(kind) == known {
			return known
		}
	}
	return string(kind)
}

// dated is the date on a line of an object's header: that behind the address.
func dated(text []byte, line string) time.Time {
	if end := bytes.Index(text, []byte("\n\n")); end >= 0 {
		text = text[:end+1]
	}
	begin := bytes.Index(text, []byte(line))
	if begin < 0 {
		return time.Time{}
	}
	text, _, _ = bytes.Cut(text[begin+len(line):], []byte("\n"))
	_, date, _ := bytes.Cut(text, []byte("> "))
	digits, _, _ := bytes.Cut(date, []byte(" "))
	if made, err := strconv.ParseInt(string(digits), 10, 64); err == nil && made != 0 {
		return time.Unix(made, 0).UTC()
	}
	return time.Time{}
}

// dialogue runs git with an input, and has its output read as it comes.
func (r *Repository) dialogue(ctx context.Context, input string, read func(*bufio.Reader) error, args ...string) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	cmd, said := r.command(inner, args...)
	cmd.Stdin = strings.NewReader(input)
	if in := filled(input); in != nil {
		defer in.Close()
		cmd.Stdin = in
	}
	out, in, err := pipe()
	if err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	defer out.Close()
	cmd.Stdout = in
	err = cmd.Start()
	in.Close()
	if err != nil {
		return failure(ctx, args, said, err)
	}
	readErr := read(bufio.NewReaderSize(out, largestHeader))
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		stop()
	}
	if err := cmd.Wait(); err != nil && (readErr == nil || ctx.Err() != nil || errors.Is(readErr, io.EOF)) {
		return failure(ctx, args, said, err)
	}
	return readErr
}
