package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/release/ledger"
)

func TestACriterionThatThereIsNot(t *testing.T) {
	for c, want := range map[ledger.Criterion]string{"": "", ledger.Activate: "", ledger.Succeed: "", "hope": `stage a: Criterion: "hope" is none`} {
		err := ledger.Pipeline{Name: "shop", Stages: []ledger.Stage{{Name: "a", Criterion: c}}}.Validate()
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, want)
	}
}
