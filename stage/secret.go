package stage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrSecret says that a secret was about to be written down.
var ErrSecret = errors.New("a secret is never written down")

// hidden is what a Secret shows of itself.
const hidden = "(secret)"

// Secret is a value that must not be seen: a password, a token. Printing it in any way shows nothing
// of it, and it cannot be written as JSON, so that it gets neither into a key, a checkpoint or a
// detail, nor into a log. What a stage's host has given it as a secret is moreover masked in all that
// the stage says, should it reveal it by mistake.
type Secret struct{ value string }

// NewSecret makes a secret of a value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal is the value itself, for the one call that needs it.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == "" }

// String shows nothing of the value.
func (s Secret) String() string { return hidden }

// GoString shows nothing of the value.
func (s Secret) GoString() string { return hidden }

// Format shows nothing of the value, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON refuses with ErrSecret: a secret that were written down as a placeholder would be read
// back as one.
func (s Secret) MarshalJSON() ([]byte, error) { return nil, ErrSecret }

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
