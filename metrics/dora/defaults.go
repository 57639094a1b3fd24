package dora

import (
	"encoding/json"
	"strconv"
)

// defaults are the knobs of the zero Rules, written out. What has no limit, or no weights, is not there.
func defaults() Rules {
	return Rules{
		Production: productionWords, Rollbacks: RollbacksCounted, Flags: FlagsCounted, Attempts: AttemptsApart, Groups: GroupsOne,
		Start: StartCommit, Redeployed: RedeployedOnce, Samples: SamplesChange, Baseline: BaselineCounted, LeadRounding: RoundNothing, RecoveryRounding: RoundNothing,
		Attribution: AttributionExplicit, Blame: BlameNamed, Numerator: NumeratorDeployments, Denominator: DenominatorAll,
		Recovery: RecoveryDeployment, Open: OpenCensored, RecoveryWindow: RecoveryBegun, Quantile: QuantileInterpolated, Typical: TypicalMedian, Empty: EmptyAbsent,
		Confidence: 0.95, WeekStart: "monday", Weeks: WeeksComplete, BusinessTime: BusinessNever, Iterations: 3, Tiers: "2024", QuickCheck: 2024,
	}
}

// knobs are those that two rules do not have in common, by name.
func knobs(a, b Rules) []Knob {
	all := []Knob{}
	mine, theirs := written(a), written(b)
	names := map[string]bool{}
	for _, some := range []map[string]string{mine, theirs} {
		for _, name := range sortedKeys(some) {
			names[name] = true
		}
	}
	for _, name := range sortedKeys(names) {
		if mine[name] != theirs[name] {
			all = append(all, Knob{name, mine[name], theirs[name]})
		}
	}
	return all
}

// written are the knobs of rules as text, with defaults where they are empty; what is in no JSON is the empty text. A tier model of one's
// own stands for the name of one.
func written(r Rules) map[string]string {
	all := map[string]string{}
	model := r.Model
	r.Model = nil
	for _, some := range []Rules{defaults(), r} {
		var fields map[string]json.RawMessage
		text, err := json.Marshal(some)
		if err == nil {
			err = json.Unmarshal(text, &fields)
		}
		if err != nil {
			return all // not for rules that have been validated
		}
		for _, name := range sortedKeys(fields) {
			value := string(fields[name])
			if bare, err := strconv.Unquote(value); err == nil {
				value = bare
			}
			if value != "0s" { // no limit
				all[name] = value
			}
		}
	}
	if model != nil {
		all["tiers"] = model.Name
	}
	delete(all, "name")
	return all
}
