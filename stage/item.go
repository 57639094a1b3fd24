package stage

import (
	"encoding/json"
	"fmt"
)

// Item is what one of several stages is made for, where a pipeline makes one for each item of a list:
// a service, a region, a shard.
type Item struct {
	// Name tells the items of a list apart: "eu-west".
	Name string `json:"name"`
	// Value is what the list holds under the name; nil where it is a list of names only.
	Value json.RawMessage `json:"value,omitempty"`
}

// Item is what the stage is made for; the zero Item where it is not made for one of several.
func (t *Task) Item() Item { return t.setup.Item }

// Decode reads the item's value. The error is ErrNoValue where there is none.
func (i Item) Decode(v any) error {
	if i.Value == nil {
		return fmt.Errorf("item %q: %w", i.Name, ErrNoValue)
	}
	if err := json.Unmarshal(i.Value, v); err != nil {
		return fmt.Errorf("item %s: the value does not fit %T: %w", i.Name, v, err)
	}
	return nil
}
