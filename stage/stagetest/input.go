package stagetest

import (
	"encoding/json"

	"github.com/davit-sdk/davit/stage"
)

// Input is what a stage finds when it begins: the value of a key that a stage before has set, or a
// secret.
type Input struct {
	name   string
	raw    json.RawMessage
	secret *stage.Secret
	err    error
}

// Given is a value for a stage to read.
func Given[T any](k stage.Key[T], v T) Input {
	raw, err := k.Encode(v)
	return Input{name: k.Ref().Name, raw: raw, err: err}
}

// Secret is a secret that a stage may ask for by that name.
func Secret(name, value string) Input {
	secret := stage.NewSecret(value)
	return Input{name: name, secret: &secret}
}
