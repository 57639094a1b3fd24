package main

import (
	"encoding/json"
	"io"

	"github.com/Masterminds/semver/v3"

	"github.com/davit-sdk/davit/changelog"
)

// planJSON is a plan as -json tells it. All fields are always there, but for the umbrella. A version or a tag that there is none of is "", and never null.
type planJSON struct {
	Head       string           `json:"head"`
	Components []decisionJSON   `json:"components"`
	Umbrella   *decisionJSON    `json:"umbrella,omitempty"`
	Skipped    []skippedJSON    `json:"skipped"`
	Ignored    []tagJSON        `json:"ignored_tags"`
	Notes      []diagnosticJSON `json:"diagnostics"`
}

// decisionJSON is a component.
type decisionJSON struct {
	Name          string           `json:"name"`
	Previous      string           `json:"previous"`
	PreviousTag   string           `json:"previous_tag"`
	PreviousWhy   string           `json:"previous_why"`
	Prerelease    string           `json:"prerelease"`
	PrereleaseTag string           `json:"prerelease_tag"`
	Next          string           `json:"next"`
	NextTag       string           `json:"next_tag"`
	Level         changelog.Level  `json:"level"`
	Why           string           `json:"why"`
	Reasons       []reasonJSON     `json:"reasons"`
	Merged        []reasonJSON     `json:"merged"`
	Dependencies  []dependencyJSON `json:"dependencies"`
	Skipped       []skippedJSON    `json:"skipped"`
	Ignored       []tagJSON        `json:"ignored_tags"`
}

type reasonJSON struct {
	Commit  string          `json:"commit"`
	Rule    string          `json:"rule"`
	Level   changelog.Level `json:"level"`
	Subject string          `json:"subject"`
}

type dependencyJSON struct {
	Name     string          `json:"name"`
	Previous string          `json:"previous"`
	Next     string          `json:"next"`
	Level    changelog.Level `json:"level"`
}

type skippedJSON struct {
	Commit  string `json:"commit"`
	Why     string `json:"why"`
	Subject string `json:"subject"`
}

type tagJSON struct {
	Tag string `json:"tag"`
	Why string `json:"why"`
}

type diagnosticJSON struct {
	Commit string         `json:"commit"`
	Code   changelog.Code `json:"code"`
	Text   string         `json:"text"`
}

// writeJSON tells a plan to programs.
func writeJSON(plan changelog.Plan, out io.Writer) error {
	all := planJSON{
		Head: plan.Head, Components: each(plan.Components, tellDecision), Skipped: each(plan.Skipped, tellSkipped), Ignored: each(plan.IgnoredTags, tellTag),
		Notes: each(plan.Diagnostics, func(d changelog.Diagnostic) diagnosticJSON { return diagnosticJSON{d.Commit, d.Code, d.Text} }),
	}
	if plan.Umbrella != nil {
		over := tellDecision(*plan.Umbrella)
		all.Umbrella = &over
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

func tellDecision(d changelog.Decision) decisionJSON {
	return decisionJSON{
		Name: d.Name, Previous: version(d.Previous), PreviousTag: d.PreviousTag, PreviousWhy: d.PreviousWhy,
		Prerelease: version(d.Prerelease), PrereleaseTag: d.PrereleaseTag, Next: version(d.Next), NextTag: d.NextTag, Level: d.Level, Why: d.Why,
		Reasons: each(d.Reasons, tellReason), Merged: each(d.Merged, tellReason),
		Dependencies: each(d.Dependencies, func(on changelog.Dependency) dependencyJSON {
			return dependencyJSON{on.Name, version(on.Previous), version(on.Next), on.Level}
		}),
		Skipped: each(d.Skipped, tellSkipped), Ignored: each(d.IgnoredTags, tellTag),
	}
}

func tellReason(r changelog.Reason) reasonJSON { return reasonJSON{r.ID, r.Rule, r.Level, r.Subject} }

func tellSkipped(s changelog.Skipped) skippedJSON { return skippedJSON{s.ID, s.Why, s.Subject} }

func tellTag(t changelog.IgnoredTag) tagJSON { return tagJSON{t.Tag, t.Why} }

func version(v *semver.Version) string {
	if v == nil {
		return ""
	}
	return v.String()
}

// each is never nil, so that a list without elements is [] and not null.
func each[T, R any](list []T, tell func(T) R) []R {
	all := make([]R, 0, len(list))
	for _, element := range list {
		all = append(all, tell(element))
	}
	return all
}
