package calendar

import (
	"fmt"
	"path"
	"strings"
)

// Scope says what a calendar is for, by patterns of path.Match: "shop-*". An empty list stands for all there are, and so does
// the pattern "*". In any other, "*" and "?" stand for no slash: "shop/*" covers shop/api and not shop/api/v2, and there is
// no "**". What is told by several lists must be in each: the service shop in the environment production.
//
// Names are compared byte by byte. A freeze of "Shop" does not cover shop, so Compile refuses a subject that differs from what a scope covers in
// case or outer spaces alone.
type Scope struct {
	Teams        []string `json:"teams,omitempty"`
	Services     []string `json:"services,omitempty"`
	Environments []string `json:"environments,omitempty"`
}

// Subject is what is to be released, and where. A field that is empty is not known: then every calendar that asks
// for it might be meant, and is.
type Subject struct {
	Team        string `json:"team,omitempty"`
	Service     string `json:"service,omitempty"`
	Environment string `json:"environment,omitempty"`
}

// Covers reports whether the calendar of that scope is for the subject.
func (s Scope) Covers(subject Subject) bool {
	return matches(s.Teams, subject.Team) && matches(s.Services, subject.Service) && matches(s.Environments, subject.Environment)
}

// misspells reports a subject that the scope would cover if names were compared without regard to case and outer spaces, and does not.
func (s Scope) misspells(subject Subject) error {
	plain := Scope{folded(s.Teams...), folded(s.Services...), folded(s.Environments...)}
	names := folded(subject.Team, subject.Service, subject.Environment)
	if s.Covers(subject) || !plain.Covers(Subject{names[0], names[1], names[2]}) {
		return nil
	}
	for _, one := range []struct {
		field, name string
		patterns    []string
	}{{"Teams", subject.Team, s.Teams}, {"Services", subject.Service, s.Services}, {"Environments", subject.Environment, s.Environments}} {
		if !matches(one.patterns, one.name) {
			return fmt.Errorf("Scope: %s: the subject has %.100q, which is spelled otherwise here: spell both alike", one.field, one.name)
		}
	}
	return nil
}

// folded are names in lower case, without outer spaces.
func folded(names ...string) []string {
	plain := make([]string, len(names))
	for i, name := range names {
		plain[i] = strings.ToLower(strings.TrimSpace(name))
	}
	return plain
}

// Validate reports all patterns that are none.
func (s Scope) Validate() error {
	return together(s.problems())
}

func (s Scope) problems() (all []error) {
	for _, list := range []struct {
		field    string
		patterns []string
	}{{"Teams", s.Teams}, {"Services", s.Services}, {"Environments", s.Environments}} {
		for i, p := range list.patterns {
			if _, err := path.Match(p, ""); err != nil || p == "" {
				all = append(all, fmt.Errorf("%s[%d]: %.40q is no pattern such as shop or shop-*", list.field, i, p))
			} else if strings.Contains(p, "**") {
				all = append(all, fmt.Errorf("%s[%d]: %.40q: there is no **: * stands for all, and beside other letters for all but a slash", list.field, i, p))
			}
		}
	}
	return all
}

func matches(patterns []string, name string) bool {
	if len(patterns) == 0 || name == "" {
		return true
	}
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok || p == "*" {
			return true
		}
	}
	return false
}
