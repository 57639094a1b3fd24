package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// ErrSecret says that a secret was about to be written down.
var ErrSecret = errors.New("a secret is never written down")

// hidden is what a Secret shows of itself.
const hidden = "(secret)"

// Secret is a value that must not be seen: a password, a token. Printing it in any way shows nothing
// of it, also where it lies in a field that nobody else can see, and it cannot be written as JSON nor
// as text, so that it gets into no key, no checkpoint and no detail. As a value of a line of the task's
// logger it shows that it is one. What a stage's host has given it as a secret is moreover masked in all
// that the stage says, should it reveal it by mistake.
//
// The zero Secret has no value. Secrets are compared by Reveal, never by ==.
type Secret struct {
	// A pointer, because fmt prints what it finds in unexported fields without asking their methods.
	value *string
}

// NewSecret makes a secret of a value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal is the value itself, for the one call that needs it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String shows nothing of the value.
func (s Secret) String() string { return hidden }

// GoString shows nothing of the value.
func (s Secret) GoString() string { return hidden }

// Format shows nothing of the value, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue shows nothing of the value to a logger of the standard library.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON refuses with ErrSecret: a secret that were written down as a placeholder would be read
// back as one.
func (s Secret) MarshalJSON() ([]byte, error) { return nil, ErrSecret }

// MarshalText refuses as MarshalJSON does; it is what XML and the keys of JSON objects are made of.
func (s Secret) MarshalText() ([]byte, error) { return nil, ErrSecret }

// GobEncode refuses as MarshalJSON does.
func (s Secret) GobEncode() ([]byte, error) { return nil, ErrSecret }

// Vault is a Host that has secrets.
type Vault interface {
	// Secret is the named secret. What it returns is masked in all that the stage records.
	Secret(ctx context.Context, name string) (Secret, error)
}

// Secret asks the host for a secret by its name. The error is ErrUndeclared where the stage does not
// declare the name as a [SecretReader]. Secrets are not kept: each attempt asks anew.
func (t *Task) Secret(ctx context.Context, name string) (Secret, error) {
	if !slices.Contains(t.setup.Secrets, name) {
		return Secret{}, t.deny("asks for secret "+name, "Secrets must name it")
	}
	vault, ok := t.host.(Vault)
	if !ok {
		return Secret{}, fmt.Errorf("secret %s: the host has no secrets", name)
	}
	if err := t.alive(); err != nil {
		return Secret{}, err
	}
	s, err := vault.Secret(ctx, name)
	if err != nil {
		return Secret{}, fmt.Errorf("secret %s: %w", name, err)
	}
	return s, nil
}
