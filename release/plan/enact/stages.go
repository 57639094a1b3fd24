package enact

import (
	"fmt"
	"slices"

	"github.com/davit-sdk/davit/metrics/gate"
	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/plan"
	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	gates "github.com/davit-sdk/davit/stage/gate"
	"github.com/hashicorp/go-multierror"
)

// Parts are what a plan names and does not have.
type Parts struct {
	// Gates are the gates of criteria, by their names.
	Gates map[string]gate.Gate
	// Subject and Read are those of the stages that ask them: see package stage/gate. Nil: gates that need no groups.
	Subject func(t *stage.Task) (gate.Subject, error)
	Read    []stage.Ref
	// Remedies are what the stages of mitigations do, by their names.
	Remedies map[string]stage.Stage
}

// Pipeline is a pipeline with the criteria and remedies of a plan, behind those that it has. The error is that of Criteria and Remedies, or
// reports a stage that there is already.
func Pipeline(base release.Pipeline, p plan.Plan, parts Parts) (release.Pipeline, error) {
	if err := p.Bound(); err != nil {
		return release.Pipeline{}, err
	}
	var errs *multierror.Error
	criteria, err := Criteria(p, parts)
	errs = multierror.Append(errs, err)
	remedies, err := Remedies(p, parts)
	errs = multierror.Append(errs, err)
	named := func(list []release.Stage, name string) bool {
		return slices.ContainsFunc(list, func(s release.Stage) bool { return s.Name == name })
	}
	for _, s := range slices.Concat(criteria.Activate, criteria.Succeed, remedies) {
		if named(base.Stages, s.Name) || named(base.Criteria.Activate, s.Name) || named(base.Criteria.Succeed, s.Name) {
			errs = multierror.Append(errs, fmt.Errorf("plan %s: pipeline %s has a stage %s already", p.Name, base.Name, s.Name))
		}
	}
	if err := errs.ErrorOrNil(); err != nil {
		return release.Pipeline{}, err
	}
	base.Stages = slices.Concat(base.Stages, remedies)
	base.Criteria.Activate = slices.Concat(base.Criteria.Activate, criteria.Activate)
	base.Criteria.Succeed = slices.Concat(base.Criteria.Succeed, criteria.Succeed)
	return base, nil
}

// Criteria are the criteria of a plan as those of a pipeline: a stage that asks a gate, or one that asks people. Where one of Succeed does not
// hold, and the plan has a rollback that is automatic, the release is taken back; else it stops. Of a plan that is not what was approved the error
// is that of plan.Plan.Bound.
func Criteria(p plan.Plan, parts Parts) (release.Criteria, error) {
	if err := p.Bound(); err != nil {
		return release.Criteria{}, err
	}
	var c release.Criteria
	var errs *multierror.Error
	for _, list := range []struct {
		field string
		from  []plan.Criterion
		to    *[]release.Stage
	}{{"Activate", p.Activate, &c.Activate}, {"Succeed", p.Succeed, &c.Succeed}} {
		for i, one := range list.from {
			s := release.Stage{Name: one.Name, Environment: p.Environment}
			if list.field == "Succeed" && p.Rollback.Automatic {
				s.OnFailure = release.Undo
			}
			var err error
			if s.Do, err = does(p, one, parts); err != nil {
				errs = multierror.Append(errs, fmt.Errorf("plan %s: %s[%d] (%s): %w", p.Name, list.field, i, one.Name, err))
			}
			*list.to = append(*list.to, s)
		}
	}
	return c, errs.ErrorOrNil()
}

// does is what the stage of a criterion does.
func does(p plan.Plan, c plan.Criterion, parts Parts) (stage.Stage, error) {
	if c.Gate == "" {
		s, err := Approval(p, c.Ask)
		s.Deadline = c.Within
		if c.Text != "" {
			s.Ask = c.Text
		}
		return s, err
	}
	g := parts.Gates[c.Gate]
	if g == nil {
		return nil, fmt.Errorf("Gate: Parts.Gates has no %q", c.Gate)
	}
	return gates.Stage{Name: c.Gate, Gate: g, Bake: c.Bake, Patience: c.Within, Subject: parts.Subject, Read: parts.Read}, nil
}

// Approval is a stage that asks the people of a plan. The error says that the plan has no such group.
func Approval(p plan.Plan, a plan.Ask) (approval.Stage, error) {
	i := slices.IndexFunc(p.Groups, func(g plan.Group) bool { return g.Name == a.Group })
	if i < 0 {
		return approval.Stage{}, fmt.Errorf("Ask.Group: plan %s has no group %q", p.Name, a.Group)
	}
	return approval.Stage{
		Groups:   []approval.Group{{Name: a.Group, People: slices.Clone(p.Groups[i].People), Quorum: a.Quorum}},
		FourEyes: a.FourEyes,
	}, nil
}

// Remedies are the stages that mitigate the risks of a plan: each runs when the stage of its trigger has ended as that says, however the
// release goes on, and is skipped otherwise. Of a plan that is not what was approved the error is that of plan.Plan.Bound.
func Remedies(p plan.Plan, parts Parts) ([]release.Stage, error) {
	if err := p.Bound(); err != nil {
		return nil, err
	}
	var stages []release.Stage
	var errs *multierror.Error
	for i, r := range p.Risks {
		name := r.Mitigation.Stage
		if name == "" {
			continue
		}
		do := parts.Remedies[name]
		switch {
		case do == nil:
			errs = multierror.Append(errs, fmt.Errorf("plan %s: Risks[%d] (%s).Mitigation.Stage: Parts.Remedies has no %q", p.Name, i, r.Name, name))
		case r.Trigger.Stage == "" || len(r.Trigger.Ends) == 0:
			errs = multierror.Append(errs, fmt.Errorf("plan %s: Risks[%d] (%s).Trigger: a stage can only wait for the end of another one", p.Name, i, r.Name))
		}
		stages = append(stages, release.Stage{
			Name: name, Do: do, Environment: p.Environment, Needs: []string{r.Trigger.Stage}, Always: true,
			When: []release.Condition{{Stage: r.Trigger.Stage, Is: slices.Clone(r.Trigger.Ends)}},
		})
	}
	return stages, errs.ErrorOrNil()
}
