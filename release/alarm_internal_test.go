package release

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestALongWaitLooksAtTheClock(t *testing.T) {
	for _, wait := range []time.Duration{-time.Hour, 0, time.Second, time.Minute} {
		assert.Equal(t, wait, nap(wait))
	}
	for _, wait := range []time.Duration{2 * time.Minute, time.Hour, 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		naps := 0
		for left := wait; left > 0; left -= nap(left) {
			assert.LessOrEqual(t, nap(left), max(left/16, time.Minute))
			naps++
		}
		assert.Less(t, naps, 400, "it takes little even for a century")
	}
}
