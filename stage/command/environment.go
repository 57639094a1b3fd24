package command

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/stage"
)

// secret is a variable whose value is hidden.
type secret struct{ variable, value string }

// secrets asks for what the host keeps, and adds what the code gives.
func (s Stage) secrets(ctx context.Context, t *stage.Task) ([]secret, error) {
	var all []secret
	add := func(variable string, v stage.Secret) error {
		value := v.Reveal()
		if wrong := unfit(value); wrong != "" {
			return fmt.Errorf("the secret for %s %s", variable, wrong)
		}
		all = append(all, secret{variable, value})
		return nil
	}
	for _, variable := range slices.Sorted(maps.Keys(s.Secret)) {
		v, err := t.Secret(ctx, s.Secret[variable])
		if err == nil {
			err = add(variable, v)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(s.SecretValue)) {
		if err := add(variable, s.SecretValue[variable]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// unfit says what keeps a value from being hidden or handed on; empty where nothing does.
func unfit(value string) string {
	switch {
	case len(value) < minSecret:
		return fmt.Sprintf("has fewer than %d bytes, and would hide too much", minSecret)
	case strings.ContainsRune(value, 0):
		return "holds a zero byte, which no program can be given"
	}
	return ""
}

// environment is the program's environment; of two variables with one name the later counts, and those
// that the stage sets itself come last.
func (s Stage) environment(t *stage.Task, expand *strings.Replacer, secrets []secret) []string {
	inherit := s.Inherit
	if inherit == nil {
		inherit = Inherited()
	}
	var env []string
	for _, name := range inherit {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for _, v := range s.Env {
		env = append(env, expand.Replace(v))
	}
	for _, v := range secrets {
		env = append(env, v.variable+"="+v.value)
	}
	return append(env,
		"DAVIT_RELEASE="+t.Release().ID, "DAVIT_SERVICE="+t.Release().Service, "DAVIT_STAGE="+t.Stage(),
		"DAVIT_ENVIRONMENT="+t.Environment(), fmt.Sprintf("DAVIT_ATTEMPT=%d", t.Attempt()), "DAVIT_TOKEN="+t.Token(),
		"DAVIT_ITEM="+t.Item().Name, fmt.Sprintf("DAVIT_FENCE=%d", t.Fence()))
}
