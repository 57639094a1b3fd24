package preset

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/davit-sdk/davit/metrics/gate"
)

// memory is what a preset remembers between two questions.
type memory[Run any] struct {
	// Preset and Settings say whose it is: a run goes on only under the rules that it began with.
	Preset   string `json:"preset"`
	Settings string `json:"settings"`
	// Since is when the bake began to which the last look belongs.
	Since time.Time `json:"since"`
	Run   Run       `json:"run"`
}

// recall gives back what was remembered; the zero memory where nothing was.
func recall[Run any](s gate.Subject, preset, settings string) (memory[Run], error) {
	m := memory[Run]{Preset: preset, Settings: settings}
	if len(s.Memory) == 0 {
		return m, nil
	}
	var before memory[Run]
	if err := json.Unmarshal(s.Memory, &before); err != nil {
		return m, fmt.Errorf("the memory of a %s gate cannot be read: %w", preset, err)
	}
	if before.Preset != preset || before.Settings != settings {
		return m, fmt.Errorf("the memory is of a %q gate with settings %s, and this is a %s gate with settings %s", before.Preset, before.Settings, preset, settings)
	}
	return before, nil
}

// remember puts the memory into a verdict.
func remember[Run any](v gate.Verdict, m memory[Run]) (gate.Verdict, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return gate.Verdict{}, fmt.Errorf("the memory of a %s gate cannot be written: %w", m.Preset, err)
	}
	v.Memory = text
	return v, nil
}

// fingerprint tells settings apart.
func fingerprint(settings ...any) string {
	h := fnv.New64a()
	for _, s := range settings {
		fmt.Fprintf(h, "%v\x00", s)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
