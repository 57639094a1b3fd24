package changelog

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// channel is the channel that is released to, "" for a final release.
func (p Policy) channel() string {
	if p.Final {
		return ""
	}
	return p.Channel
}

// checkChannel fails for what cannot be the name of a channel.
func checkChannel(name string) error {
	parts := strings.Split(name, ".")
	for _, part := range parts {
		if !isAll(part, func(c byte) bool { return isSlug(c) }) {
			return fmt.Errorf("%s is not made of letters, digits and hyphens", inQuotes(name))
		}
		if _, ok := number(part); !ok && isAll(part, isDigit) {
			return fmt.Errorf("%s has a number with a zero before it", inQuotes(name))
		}
	}
	if isAll(parts[len(parts)-1], isDigit) {
		return fmt.Errorf("%s ends in a number, which is the counter's place", inQuotes(name))
	}
	return nil
}

// channelOf parts a pre-release into its channel and its counter: beta.2 into beta and 2. Without a counter that is 0,
// and what is a number alone is of no channel.
func channelOf(prerelease string) (channel string, counter uint64) {
	i := strings.LastIndexByte(prerelease, '.')
	n, ok := number(prerelease[i+1:])
	switch {
	case !ok:
		return prerelease, 0
	case i < 0:
		return "", n
	}
	return prerelease[:i], n
}

// onChannel is the next pre-release of a version on a channel, and why it has that counter. The counter goes on from the
// highest tag that counts.
func (v *view) onChannel(base *semver.Version, channel string) (*semver.Version, string, error) {
	why := fmt.Sprintf("%s has no pre-release on the channel %s yet, so that the counter begins", base, channel)
	var counter uint64
	for _, t := range v.tags {
		name, n := channelOf(t.Version.Prerelease())
		if name != channel || !sameBase(t.Version, base) || !t.counts {
			continue
		}
		counter, why = n, fmt.Sprintf("%s is the last pre-release of %s on the channel %s", t.Name, base, channel)
		break
	}
	if counter == math.MaxUint64 {
		return nil, "", fmt.Errorf("%w: the counter of %s", ErrOverflow, why)
	}
	next := semver.New(base.Major(), base.Minor(), base.Patch(), channel+"."+strconv.FormatUint(counter+1, 10), "")
	return next, why, nil
}

// ErrOverflow says that a number has no successor: it is the largest there is.
var ErrOverflow = errors.New("the number is the largest there is")
