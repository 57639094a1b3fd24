package approval_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/davit-sdk/davit/stage"
	"github.com/davit-sdk/davit/stage/approval"
	"github.com/davit-sdk/davit/stage/stagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who is still asked is told with the question: not those who have said yes or may not, and the first of many.
func TestWhoIsStillAsked(t *testing.T) {
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("p%d", i))
	}
	for name, c := range map[string]struct {
		stage approval.Stage
		yes   []string
		want  string
	}{
		"everybody may":  {approval.Stage{Quorum: 2}, []string{"ada"}, "approve subject? 1 of 2 approvals"},
		"some may":       {approval.Stage{Quorum: 2, People: []string{"ada", "grace", "linus"}}, []string{" ADA"}, "approve subject? 1 of 2 approvals (still asked: grace, linus)"},
		"four eyes":      {approval.Stage{People: []string{"requester", "grace"}, FourEyes: true}, nil, "approve subject? 0 of 1 approvals (still asked: grace)"},
		"many":           {approval.Stage{People: many}, nil, "approve subject? 0 of 1 approvals (still asked: p0, p1, p2, p3, p4, p5, p6, p7 and 12 more)"},
		"with a name":    {approval.Stage{People: []string{"a\nb", strings.Repeat("x", 100)}}, nil, "approve subject? 0 of 1 approvals (still asked: a b, " + strings.Repeat("x", 60) + "…)"},
		"a group is met": {approval.Stage{Groups: []approval.Group{{Name: "team", People: []string{"ada", "grace"}}, {Name: "law", People: []string{"eve"}}}}, []string{"ada"}, "approve subject? team 1 of 1, law 0 of 1 (still asked: eve)"},
		"whoever is in two": {approval.Stage{Groups: []approval.Group{{Name: "team", People: []string{"ada", "grace"}}, {Name: "law", People: []string{"ada", "eve"}}}}, []string{"ada"},
			"approve subject? team 1 of 1, law 0 of 1 (still asked: eve)"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, c.stage.Validate())
			host := stagetest.NewHost(c.stage)
			for _, who := range c.yes {
				host.Send(stage.Approve, who, "")
			}
			var waits *stage.Error
			require.True(t, errors.As(c.stage.Run(t.Context(), host.Task()), &waits))
			assert.Equal(t, c.want, waits.Reason)
			assert.Equal(t, c.want, host.Shown()[len(host.Shown())-1].Text)
		})
	}
	long := approval.Stage{Ask: strings.Repeat("?", 500), Deadline: time.Hour}
	for i := range 30 {
		long.Groups = append(long.Groups, approval.Group{Name: strings.Repeat("g", 90) + fmt.Sprint(i), People: []string{fmt.Sprint("p", i)}})
	}
	host := stagetest.NewHost(long)
	var waits *stage.Error
	require.True(t, errors.As(long.Run(t.Context(), host.Task()), &waits))
	assert.Less(t, len(waits.Reason), 1000)
	assert.Contains(t, waits.Reason, "…, until ")
}
