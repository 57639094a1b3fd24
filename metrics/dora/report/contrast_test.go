package report_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/davit-sdk/davit/metrics/dora"
	"github.com/davit-sdk/davit/metrics/dora/report"
)

// luminance is that of a colour such as #fff or #1a2027 (WCAG 2.2, relative luminance).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	digits := strings.TrimPrefix(colour, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		require.NoError(t, err)
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// What can be read, and what stands for a number, can be told from what is behind it, in light, in dark and on paper.
func TestContrast(t *testing.T) {
	page := written(t, form{"html", report.HTML}, reported(t, nil, dora.Rules{}, weeks(1)), report.Options{})
	schemes := regexp.MustCompile(`(?s):root\{([^}]*--card[^}]*)\}`).FindAllStringSubmatch(page, -1)
	require.Len(t, schemes, 3)
	for i, scheme := range schemes {
		colours := map[string]string{}
		for _, c := range regexp.MustCompile(`--([a-z0-9]+):(#[0-9a-f]+)`).FindAllStringSubmatch(scheme[1], -1) {
			colours[c[1]] = c[2]
		}
		for name, least := range map[string]float64{"ink": 4.5, "soft": 4.5, "accent": 4.5, "warn": 4.5, "count": 3, "s0": 3, "s1": 3, "s2": 3, "s3": 3, "n": 3} {
			for _, behind := range []string{"card", "page"} {
				if behind == "page" && least < 4.5 || name == "warn" && behind == "page" {
					continue
				}
				a, b := luminance(t, colours[name]), luminance(t, colours[behind])
				assert.GreaterOrEqual(t, (max(a, b)+0.05)/(min(a, b)+0.05), least, "scheme %d: %s on %s", i, name, behind)
			}
		}
	}
}
