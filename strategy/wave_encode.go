package strategy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// ParseWavePlan reads a plan from JSON as it is written by json.Marshal, as strictly as ParsePlan.
func ParseWavePlan(text []byte) (WavePlan, error) {
	var p WavePlan
	if err := decodeStrictly(text, &p); err != nil {
		return WavePlan{}, fmt.Errorf("parse plan: %w", err)
	}
	if err := p.Validate(); err != nil {
		return WavePlan{}, fmt.Errorf("parse plan: %w", err)
	}
	return p, nil
}

// Hash identifies the plan, with those of all its regions, as that of a Plan does.
func (p WavePlan) Hash() string {
	text, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

type wavePlanJSON struct {
	To       Revision      `json:"to"`
	Waves    []PlannedWave `json:"waves"`
	TakeBack Extent        `json:"take_back"`
	Same     []string      `json:"same,omitempty"`
}

// MarshalJSON writes the plan.
func (p WavePlan) MarshalJSON() ([]byte, error) {
	return json.Marshal(wavePlanJSON{p.To, p.Waves, p.TakeBack, p.Same})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParseWavePlan does.
func (p *WavePlan) UnmarshalJSON(text []byte) error {
	var j wavePlanJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	*p = WavePlan{j.To, j.Waves, j.TakeBack, j.Same}
	return nil
}

type plannedWaveJSON struct {
	Name    string       `json:"name,omitempty"`
	AtOnce  int          `json:"at_once"`
	Pause   *Pause       `json:"pause,omitempty"`
	Regions []RegionPlan `json:"regions"`
}

// MarshalJSON writes the wave.
func (w PlannedWave) MarshalJSON() ([]byte, error) {
	return json.Marshal(plannedWaveJSON{w.Name, w.AtOnce, w.Pause, w.Regions})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParseWavePlan does.
func (w *PlannedWave) UnmarshalJSON(text []byte) error {
	var j plannedWaveJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	*w = PlannedWave{j.Name, j.AtOnce, j.Pause, j.Regions}
	return nil
}

type regionPlanJSON struct {
	Region string `json:"region"`
	Plan   *Plan  `json:"plan"` // a pointer: a region without one is not one where nothing is to do
}

// MarshalJSON writes the region and its plan.
func (r RegionPlan) MarshalJSON() ([]byte, error) {
	return json.Marshal(regionPlanJSON{r.Region, &r.Plan})
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what ParseWavePlan does.
func (r *RegionPlan) UnmarshalJSON(text []byte) error {
	var j regionPlanJSON
	if err := decodeStrictly(text, &j); err != nil {
		return err
	}
	if j.Plan == nil {
		return fmt.Errorf("region %q has no plan", j.Region)
	}
	*r = RegionPlan{j.Region, *j.Plan}
	return nil
}
