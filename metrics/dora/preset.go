package dora

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrUnknownPreset is the error of Preset for a name that it does not know.
var ErrUnknownPreset = errors.New("unknown preset")

// Presets are the names that Preset knows, the default one first.
func Presets() []string {
	return slices.Clone(presets)
}

var presets = []string{"dora-2024", "fourkeys", "devlake-2021", "devlake-2023", "gitlab", "octopus", "datadog", "middleware"}

// Preset answers the rules by which a well-known tool computes its figures, as far as the events can tell.
// What such a tool does beyond rules (cut windows short, divide integers) is not imitated. None of the tools lets failures that are
// open tell in its recovery time.
//
//   - dora-2024: what this package takes for right; the zero Rules.
//   - fourkeys: incidents are counted, not deployments; redeployed changes count again; minutes and hours are cut;
//     weeks begin on Sunday; nothing is zero.
//   - devlake-2021, devlake-2023: an incident is the latest deployment's; the first deployment has no lead times;
//     lower medians. In 2021 the time to restore is that of incidents.
//   - gitlab: from merge to deployment; all incidents by deployments.
//   - octopus: failed deployments are the failures, and recovery is the next success; means. A release's creation
//     is taken to be the merge.
//   - datadog: failures are what was rolled back or fixed forward, the first deployment after the target; the first deployment, and
//     one more than 60 days after the one before it, has no lead times.
//   - middleware: an incident is the latest deployment's; failed attempts are among what failures are divided by; means.
func Preset(name string) (Rules, error) {
	devlake := Rules{
		Name: name, Start: StartFirstCommit, Baseline: BaselineSkipped, LeadRounding: RoundStages, RecoveryRounding: RoundMinutes,
		Attribution: AttributionLatest, Blame: BlameNone, Recovery: RecoveryIncident, Open: OpenDropped, RecoveryWindow: RecoveryWithin,
		Quantile: QuantileLower, Weeks: WeeksAll, Tiers: name,
	}
	switch name {
	case "", "dora-2024":
		return Rules{Name: "dora-2024"}, nil
	case "fourkeys":
		return Rules{
			Name: name, Groups: GroupsEach, Start: StartChange, Redeployed: RedeployedEach, LeadRounding: RoundMinutes, RecoveryRounding: RoundHours,
			Blame: BlameNone, Numerator: NumeratorIncidents, Denominator: DenominatorChanged, Recovery: RecoveryEarliest, Open: OpenDropped,
			Empty: EmptyZero, WeekStart: "sunday", Weeks: WeeksAll, Tiers: name,
		}, nil
	case "devlake-2021":
		devlake.Recovery, devlake.RecoveryWindow = RecoveryOpened, RecoveryBegun
		return devlake, nil
	case "devlake-2023":
		return devlake, nil
	case "gitlab":
		return Rules{
			Name: name, Start: StartMerged, Attribution: AttributionNone, Blame: BlameNone, Numerator: NumeratorAll,
			Recovery: RecoveryOpened, Open: OpenDropped, Tiers: "none",
		}, nil
	case "octopus":
		return Rules{
			Name: name, Attempts: AttemptsFail, Start: StartMerged, Samples: SamplesOldest, Attribution: AttributionNone, Blame: BlameNone,
			Recovery: RecoveryNext, Open: OpenDropped, Typical: TypicalMean, Tiers: "none",
		}, nil
	case "datadog":
		return Rules{
			Name: name, Baseline: BaselineSkipped, BaselineGap: Duration(60 * 24 * time.Hour), Attribution: AttributionNone, Blame: BlameFirst, Open: OpenDropped, Tiers: "none",
		}, nil
	case "middleware":
		return Rules{
			Name: name, Attempts: AttemptsInRate, Start: StartFirstCommit, Attribution: AttributionLatest, Blame: BlameNone,
			Recovery: RecoveryAttributed, Open: OpenDropped, Typical: TypicalMean, Empty: EmptyZero, Weeks: WeeksAll, Tiers: name,
		}, nil
	}
	return Rules{}, fmt.Errorf("%w %q; there are %q", ErrUnknownPreset, name, presets)
}
