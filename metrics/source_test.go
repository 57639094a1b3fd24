package metrics_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/davit-sdk/davit/metrics"
)

func TestErrorRate(t *testing.T) {
	assert.InDelta(t, 0.25, metrics.Window{Requests: 8, Errors: 2}.ErrorRate(), 0)
	assert.Zero(t, metrics.Window{}.ErrorRate(), "no request is no error; Requests says that there was none")
}
