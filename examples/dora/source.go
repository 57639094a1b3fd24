package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/davit-sdk/davit/changelog"
	"github.com/davit-sdk/davit/changelog/git"
	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/importer"
	"github.com/davit-sdk/davit/release/delivery/tags"
)

//go:embed sample.jsonl
var sample []byte

// read reads the events that the flags name, and tells what should be known of them.
func (o options) read(ctx context.Context, told io.Writer) (*dora.History, error) {
	switch {
	case o.dir != "":
		return o.repository(ctx, told)
	case o.events != "":
		file, err := os.Open(o.events)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return fill(o.events, bufio.NewReaderSize(file, sniffed), told)
	}
	return collect("the sample", importer.Lines(bytes.NewReader(sample), importer.Options{}))
}

// fill reads a file in the form that it has.
func fill(name string, in *bufio.Reader, told io.Writer) (*dora.History, error) {
	begin, err := in.Peek(sniffed)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch formOf(name, begin) {
	case formCSV:
		return collect(name, importer.CSV(in, importer.Options{}))
	case formList:
		return nil, fmt.Errorf("%s: it is a list of events, and JSON lines have one object a line, without a list around them", name)
	case formCDEvents:
		return cdevents(name, in, told)
	}
	return collect(name, importer.Lines(in, importer.Options{}))
}

// collect takes all events, or says everything that is wrong with them.
func collect(name string, events iter.Seq2[dora.Event, error]) (*dora.History, error) {
	var history dora.History
	var wrong []error
	n := 0
	for e, err := range events {
		var line *importer.LineError
		switch {
		case errors.As(err, &line):
			wrong = append(wrong, err)
			continue
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := history.Add(e); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		n++
	}
	switch {
	case len(wrong) > 0:
		return nil, complain(name, wrong)
	case n == 0:
		return nil, fmt.Errorf("%s: there is no event in it", name)
	}
	return &history, nil
}

// cdevents tells what CDEvents leave open, one line a remark.
func cdevents(name string, in io.Reader, told io.Writer) (*dora.History, error) {
	all, err := importer.CDEvents(in, importer.CDEventsOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var wrong []error
	for _, r := range all.Remarks {
		if r.Code == importer.CodeBroken {
			wrong = append(wrong, &importer.LineError{Line: r.Line, Err: fmt.Errorf("%q, %q: %s", r.ID, r.Type, r.Text)})
			continue
		}
		fmt.Fprintf(told, "dora: note: line %d: %q, %q: %s", r.Line, r.ID, r.Type, r.Code)
		if r.Text != "" {
			fmt.Fprintf(told, ": %q", r.Text)
		}
		fmt.Fprintln(told)
	}
	for _, other := range all.Others {
		fmt.Fprintf(told, "dora: note: %d events of type %q say nothing about delivery\n", other.Count, other.Type)
	}
	if len(wrong) > 0 {
		return nil, complain(name, wrong)
	}
	return collect(name, func(yield func(dora.Event, error) bool) {
		for _, e := range all.Events {
			if !yield(e, nil) {
				return
			}
		}
	})
}

// repository tells of the versions of a git repository.
func (o options) repository(ctx context.Context, told io.Writer) (*dora.History, error) {
	repo, err := git.Open(ctx, o.dir, git.Options{})
	if err != nil {
		return nil, err
	}
	story, err := tags.Read(ctx, repo, changelog.Policy{}, tags.Options{Service: o.service()})
	if err != nil {
		return nil, err
	}
	var history dora.History
	if err := history.AddAll(story.Events...); err != nil {
		return nil, err
	}
	var first dora.Deployment
	for _, e := range story.Events {
		if d, ok := e.(dora.Deployment); ok && (first.ID == "" || d.Time.Before(first.Time)) {
			first = d
		}
	}
	if first.ID == "" {
		return nil, fmt.Errorf("%s: no tag is a version, such as v1.2.3, so that nothing is known of deployments", o.dir)
	}
	for _, r := range story.Remarks {
		fmt.Fprintln(told, "dora: note:", r)
	}
	if n := len(first.Changes); n > 1 && !first.Time.Before(o.query.From) {
		fmt.Fprintf(told, "dora: note: the first version, %s, brought all %d commits before it, which makes lead times longer; -from %s leaves it out\n",
			first.ID, n, first.Time.Add(time.Second).Format(time.RFC3339))
	}
	return &history, nil
}

// service is what a repository is called: by its folder.
func (o options) service() string {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return o.dir
	}
	return filepath.Base(dir)
}
