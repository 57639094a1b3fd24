package changelog

import (
	"bytes"
	"fmt"
	"io"
	"text/template"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Form is what a template writes, which says how the texts of commits are made inert in it.
type Form string

const (
	// FormMarkdown escapes as Escape does. It is the default.
	FormMarkdown Form = "markdown"
	// FormHTML escapes for HTML, between tags and within quoted attributes. Backticks stay backticks.
	FormHTML Form = "html"
	// FormText puts U+FFFD in the place of control characters and of those that turn the direction of writing, and
	// makes each text one line.
	FormText Form = "text"
)

// Template is a caller's own form of notes.
//
// The data of the template, with the names that it uses:
//
//	.Title .Component .Version .Tag .PreviousTag .Date .Audience .Short
//	.URL .Link                       what has come since the version before; the title as a link there
//	.Sections                        each with .Kind .Title .LeftOut .Items
//	  .Items                         each with .Type .Scope .Text .Notes .Commit .References .Authors
//	    .Notes                       paragraphs
//	    .Commit                      .ID .Short .URL .Link; false where there is none
//	    .References                  each with .Action .Target .URL .Link
//	    .Authors                     each as a contributor
//	.With                            components that it is released with, where there are no sections
//	.Contributors                    each with .Name .Login .First .URL .Link
//	.MoreContributors
//
// Texts escape themselves however they are printed, also by printf and through pipes. What was written, as it was, is .Text.Raw, and the
// same for every other text; whoever asks for it has to escape it. URLs are empty where nothing is linked, and
// a Link is then the text alone. A Date is "2006-01-02" or empty, a Version is empty for what is not
// released. Texts compare with strings: {{if eq .Type "feat"}}, and are false when they are empty.
type Template struct {
	template *template.Template
	data     func(Notes) any
}

// TemplateOptions say how a template is read.
type TemplateOptions struct {
	// Form is what the template writes. Default: FormMarkdown.
	Form Form `json:"form,omitempty"`
}

// ParseTemplate reads a template of text/template. It is tried on notes that hold one of everything, so that a field that
// does not exist is an error now rather than in a release.
func ParseTemplate(text string, o TemplateOptions) (*Template, error) {
	t := &Template{}
	switch o.Form {
	case "", FormMarkdown:
		t.data = viewer[markdownText]{link: linked, address: destination}.notes
	case FormHTML:
		t.data = viewer[htmlText]{link: linkedHTML, address: escapeHTML}.notes
	case FormText:
		t.data = viewer[plainText]{link: func(text, _ string) string { return text }, address: oneLine}.notes
	default:
		return nil, fmt.Errorf("template: Form: %q is none of %q, %q and %q", o.Form, FormMarkdown, FormHTML, FormText)
	}
	var err error
	if t.template, err = template.New("notes").Parse(text); err != nil {
		return nil, err // it begins with "template: notes:", the line, and what is wrong
	}
	if err := t.Execute(io.Discard, specimen()); err != nil {
		return nil, err
	}
	return t, nil
}

// Execute writes the notes. A template that fails writes nothing.
func (t *Template) Execute(w io.Writer, n Notes) error {
	var b bytes.Buffer
	if err := t.template.Execute(&b, t.data(n)); err != nil {
		return err
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("template: write the notes: %w", err)
	}
	return nil
}

// specimen are notes that hold one of everything.
func specimen() Notes {
	people := []Contributor{{Name: "Ana", Login: "ana", First: true}}
	n := Notes{
		Component: "boat", Version: semver.New(1, 2, 3, "", ""), Tag: "v1.2.3", PreviousTag: "v1.2.2", Date: time.Unix(0, 0).UTC(), Audience: Users,
		Contributors: people, MoreContributors: 1, With: []string{"other"},
		Links: Links{
			Commit: "https://git.example.org/{id}", Compare: "https://git.example.org/{from}...{to}", Tag: "https://git.example.org/{tag}",
			Issue: "https://git.example.org/{number}", Author: "https://git.example.org/{login}",
		},
	}
	for _, s := range sections {
		n.Sections = append(n.Sections, Section{Kind: s.kind, LeftOut: 1, Items: []Item{{
			Type: "feat", Scope: "scope", Text: "text", Notes: []string{"note"}, Commit: "c0ffee0000", Authors: people,
			References: []Reference{{Action: "Closes", Target: "#1"}},
		}}})
	}
	return n
}
