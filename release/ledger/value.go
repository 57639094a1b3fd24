package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/davit-sdk/davit/stage"
)

// Value is the value of a key in a release. The error is stage.ErrNoValue where it has none.
func Value[T any](s *State, k stage.Key[T]) (T, error) {
	var v T
	raw, ok := s.Value(k.Ref().Name)
	if !ok {
		return v, fmt.Errorf("key %s: %w", k, stage.ErrNoValue)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		var none T
		return none, fmt.Errorf("key %s: the value does not fit %s: %w", k, k.Ref().Type, err)
	}
	return v, nil
}
