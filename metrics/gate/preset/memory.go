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

// recall gives back what was remembered; the zero memory where nothing was, or where it is not that of this
// gate as it is set now. Then lost says why, and the gate begins anew.
func recall[Run any](s gate.Subject, preset, settings string, check func(m memory[Run]) error) (m memory[Run], lost error) {
	nothing := memory[Run]{Preset: preset, Settings: settings}
	if len(s.Memory) == 0 {
		return nothing, nil
	}
	if err := json.Unmarshal(s.Memory, &m); err != nil {
		return nothing, fmt.Errorf("the memory of a %s gate cannot be read: %w", preset, err)
	}
	if m.Preset != preset || m.Settings != settings {
		return nothing, fmt.Errorf("the memory is of a %.50q gate with settings %.50s, and this is a %s gate with settings %s", m.Preset, m.Settings, preset, settings)
	}
	if err := check(m); err != nil {
		return nothing, fmt.Errorf("the memory is not of this gate: %w", err)
	}
	return m, nil
}

// anew tells in a verdict that the gate has lost its memory. It does not pass at such a look.
func anew(v gate.Verdict, lost error) gate.Verdict {
	if lost == nil {
		return v
	}
	if v.Outcome == gate.Pass {
		v.Outcome = gate.Continue
	}
	v.Reason = fmt.Sprintf("it begins anew, since %s; now: %s", lost, v.Reason)
	return v
}

// remember puts the memory into a verdict, and says why an older one was lost.
func remember[Run any](v gate.Verdict, m memory[Run], lost error) (gate.Verdict, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return gate.Verdict{}, fmt.Errorf("the memory of a %s gate cannot be written: %w", m.Preset, err)
	}
	v.Memory = text
	return anew(v, lost), nil
}

// fingerprint tells settings apart.
func fingerprint(settings ...any) string {
	h := fnv.New64a()
	for _, s := range settings {
		fmt.Fprintf(h, "%v\x00", s)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}
