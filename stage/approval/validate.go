package approval

import (
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"
)

// Validate reports every field that is wrong.
func (s Stage) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) { errs = multierror.Append(errs, fmt.Errorf(format, args...)) }
	if len(s.Ask) > 500 {
		bad("Approval.Ask: %d bytes, at most 500 are allowed", len(s.Ask))
	}
	if s.Quorum < 0 {
		bad("Approval.Quorum: %d is below zero", s.Quorum)
	}
	names("Approval.People", s.People, bad)
	if len(s.Groups) > 0 {
		s.checkGroups(bad)
	} else if g := s.groups()[0]; len(s.People) > 0 && g.quorum() > len(s.People) {
		bad("Approval.Quorum: %d people must approve, but only %d may", g.quorum(), len(s.People))
	}
	if s.Deadline < 0 {
		bad("Approval.Deadline: %s is below zero", s.Deadline)
	}
	switch s.Default {
	case "":
	case Approve, Reject:
		if s.Deadline == 0 {
			bad("Approval.Default: %s is for when a deadline has passed, and there is none", s.Default)
		}
	default:
		bad("Approval.Default: %q is neither %s nor %s", s.Default, Approve, Reject)
	}
	return errs.ErrorOrNil()
}

// names reports names that are empty or there twice.
func names(field string, people []string, bad func(format string, args ...any)) {
	for i, name := range people {
		if same(name, "") {
			bad("%s[%d]: it is empty", field, i)
		}
		if slices.ContainsFunc(people[:i], func(other string) bool { return same(name, other) }) {
			bad("%s[%d]: %s is named twice", field, i, name)
		}
	}
}

func (s Stage) checkGroups(bad func(format string, args ...any)) {
	if s.Quorum != 0 {
		bad("Approval.Quorum: each of the Groups has its own")
	}
	if len(s.People) > 0 {
		bad("Approval.People: they are those of the Groups")
	}
	each := true
	for i, g := range s.Groups {
		field := fmt.Sprintf("Approval.Groups[%d]", i)
		switch {
		case same(g.Name, ""):
			bad("%s.Name: it is empty", field)
		case len(g.Name) > 100:
			bad("%s.Name: %d bytes, at most 100 are allowed", field, len(g.Name))
		}
		if slices.ContainsFunc(s.Groups[:i], func(other Group) bool { return same(g.Name, other.Name) }) {
			bad("%s.Name: %s is there twice", field, g.Name)
		}
		names(field+".People", g.People, bad)
		if g.Quorum < 0 {
			bad("%s.Quorum: %d is below zero", field, g.Quorum)
		}
		if g.quorum() > len(g.People) {
			bad("%s.Quorum: %d people must approve, but only %d may", field, g.quorum(), len(g.People))
			each = false
		}
	}
	if places := seat(s.Groups, everybody(s.Groups)); each && places.lacking(s.Groups) {
		bad("Approval.Groups: nobody counts in more than one of them, and so there are not enough people: %s", places.text(s.Groups, nil))
	}
}
