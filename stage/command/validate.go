package command

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/stage"
	"github.com/hashicorp/go-multierror"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate reports every field that is wrong. Whether the program is there is seen when it is run.
func (s Stage) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(s.Args) == 0 || s.Args[0] == "" {
		bad("Command.Args: there is no program")
	}
	for i, text := range slices.Concat(s.Args, s.Env, []string{s.Dir, s.Artifact, s.Log}) {
		if strings.ContainsRune(text, 0) {
			bad("Command: text %d of Args, Env, Dir, Artifact and Log holds a zero byte", i)
		}
	}
	for i, v := range s.Env {
		if name, _, ok := strings.Cut(v, "="); !ok || !variableName.MatchString(name) {
			bad("Command.Env[%d]: it is not of the form NAME=value", i) // and may hold a secret
		}
	}
	s.checkSecrets(bad)
	for i, name := range s.Inherit {
		if !variableName.MatchString(name) {
			bad("Command.Inherit[%d]: %q is not the name of a variable", i, name)
		}
	}
	for i, k := range s.Values {
		uses := func(text string) bool { return strings.Contains(text, placeholder(k)) }
		if !slices.ContainsFunc(s.Args, uses) && !slices.ContainsFunc(s.Env, uses) && !uses(s.Artifact) {
			bad("Command.Values[%d]: %s occurs neither in Args nor in Env nor in Artifact", i, placeholder(k))
		}
	}
	switch {
	case !slices.Contains(stage.Effects(), s.Class):
		bad("Command.Class: there is no class %q", s.Class)
	case s.Class == stage.Pure && s.Artifact != "":
		bad("Command.Class: a program that makes an artifact is not pure")
	}
	if s.MaxLog < 0 {
		bad("Command.MaxLog: %d is below zero", s.MaxLog)
	}
	if s.Grace < 0 {
		bad("Command.Grace: %s is below zero", s.Grace)
	}
	return errs.ErrorOrNil()
}

func placeholder(k stage.Key[string]) string { return "${" + k.String() + "}" }

func (s Stage) checkSecrets(bad func(format string, args ...any)) {
	for _, variable := range slices.Sorted(maps.Keys(s.Secret)) {
		if !variableName.MatchString(variable) {
			bad("Command.Secret[%q]: it is not the name of a variable", variable)
		}
		if s.Secret[variable] == "" {
			bad("Command.Secret[%q]: it does not name a secret", variable)
		}
		if _, both := s.SecretValue[variable]; both {
			bad("Command.SecretValue[%q]: the variable is among Secret, too", variable)
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(s.SecretValue)) {
		if !variableName.MatchString(variable) {
			bad("Command.SecretValue[%q]: it is not the name of a variable", variable)
		}
		if wrong := unfit(s.SecretValue[variable].Reveal()); wrong != "" {
			bad("Command.SecretValue[%q]: the value %s", variable, wrong)
		}
	}
}
