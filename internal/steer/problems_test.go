package steer_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hashicorp/go-multierror"
	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/internal/steer"
)

// No problem is lost for the form in which it is told.
func TestProblems(t *testing.T) {
	many := multierror.Append(nil, errBroken, errors.New("late"))
	assert.Empty(t, steer.Problems("Stage.Hours: ", nil))
	for err, want := range map[error][]string{
		errBroken:                       {"Stage.Hours: broken"},
		many:                            {"Stage.Hours: broken", "Stage.Hours: late"},
		fmt.Errorf("read it: %w", many): {"Stage.Hours: read it: " + many.Error()},
	} {
		var got []string
		for _, p := range steer.Problems("Stage.Hours: ", err) {
			got = append(got, p.Error())
		}
		assert.Equal(t, want, got)
	}
}
