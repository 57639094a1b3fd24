package notify

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/davit-sdk/davit/stage"
)

// Template is how messages read, in the language of text/template. Both are given the Message, whose Subject and Text are still empty: {{.Name}} is
// the release as people call it, {{.Local .Until}} a time by the clock of the recipient, {{.Reason}} what is said of it. What comes
// out is cut and cleaned as Message says. An empty Subject or Text is that of the default.
type Template struct{ Subject, Text string }

// form is a template that was parsed.
type form struct{ subject, text *template.Template }

// parse parses a template, and tries it out on each of the kinds. The error names each part that is wrong.
func parse(t Template, kinds []Kind) (*form, error) {
	f := &form{}
	var errs []error
	for _, part := range []struct {
		name, text string
		into       **template.Template
	}{{"Subject", t.Subject, &f.subject}, {"Text", t.Text, &f.text}} {
		if part.text == "" {
			continue
		}
		parsed, err := template.New(part.name).Option("missingkey=error").Parse(part.text)
		for _, k := range kinds {
			if err == nil {
				_, err = execute(parsed, sample(k))
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.name, err))
		}
		*part.into = parsed
	}
	return f, errors.Join(errs...)
}

// sample is a message to try templates out.
func sample(k Kind) Message {
	at := time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)
	o := Occurrence{
		Kind: k, Severity: k.Severity(), Seq: 7, Time: at, Release: stage.Release{ID: "shop-42", Service: "shop", RequestedBy: "ada", Reason: "weekly"},
		Pipeline: "shop", By: "grace", Reason: "why it is so", Version: "1.5.0", Previous: "1.4.0", Artifact: &stage.Artifact{Digest: "sha256:0"},
	}
	if strings.HasPrefix(string(k), "release.") {
		o.Environments = []string{"production"}
	} else {
		o.Stage, o.Environment, o.Attempt, o.Gate = "deploy", "production", 1, "errors"
	}
	switch k {
	case StageWaiting, StageRetrying, ApprovalAsked:
		o.Until = at.Add(time.Hour)
	case StageSignalled:
		o.Said = stage.Promote
	case ApprovalAnswered:
		o.Said = stage.Approve
	case ApprovalEscalated:
		o.Since, o.Step = at.Add(-time.Hour), 1
	}
	return Message{ID: idOf("sample"), Occurrence: o, Rule: "rule", Group: "group", To: "ada"}
}

// errTooLong ends a template that says more than fits into a message.
var errTooLong = errors.New("too long")

// bounded takes text until it is full.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 4*maxText {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}

// execute is what a template says. What is too long is cut later.
func execute(t *template.Template, m Message) (string, error) {
	var b bounded
	if err := t.Execute(&b, m); err != nil && !errors.Is(err, errTooLong) {
		return b.String(), err
	}
	return b.String(), nil
}

// fill gives the message its subject and its text. The error is that of a template; then the default text stands in for it, and says so.
func (f *form) fill(m *Message) error {
	s, err1 := orDefault(f.subject, subjects[m.Kind], m)
	t, err2 := orDefault(f.text, texts[m.Kind], m)
	err := errors.Join(err1, err2)
	if err != nil {
		t += "\n(The template for this message failed: " + line(err.Error(), maxSubject) + ")\n"
	}
	m.Subject, m.Text = line(s, maxSubject), strings.TrimRight(plain(t, maxText), "\n")+"\n"
	return err
}

// orDefault is what the template says, or where there is none or it fails, what the default says. Defaults do not fail: the tests try each.
func orDefault(t, standard *template.Template, m *Message) (text string, err error) {
	if t != nil {
		if text, err = execute(t, *m); err == nil {
			return text, nil
		}
	}
	text, _ = execute(standard, *m)
	return text, err
}

// words are the default words for an occurrence, which are the same for all recipients of a zone.
type words struct {
	zone     string
	repeated int
}

// spoken are those that were made for one occurrence.
type spoken map[words][2]string

// fill is like that of a form, for the default words.
func (s spoken) fill(m *Message) {
	key := words{m.zone.String(), m.Repeated}
	known, ok := s[key]
	if !ok {
		_ = (&form{}).fill(m) // defaults do not fail
		s[key] = [2]string{m.Subject, m.Text}
		return
	}
	m.Subject, m.Text = known[0], known[1]
}
